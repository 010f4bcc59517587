"""Tag books for tests: loaded from YAML texts against the shipped canonical model."""

from collections.abc import Mapping
from pathlib import Path

from language.types import ValueType
from model.canonical import CanonicalModel, read_model
from model.errors import Problem, Problems
from model.project import yaml_files
from model.strict_yaml import load_yaml, parse_yaml
from tags.definitions import TagBook
from tags.loading import load_tags

ROOT = Path(__file__).parents[2]
_NOT_GOLDEN = ("account_id", "updated_at")


def shipped_model() -> CanonicalModel:
    """conf/model.yml."""
    problems = Problems()
    model = read_model(load_yaml(ROOT / "conf" / "model.yml", problems), problems)
    problems.raise_if_any()
    return model


MODEL = shipped_model()
GOLDEN: Mapping[str, ValueType] = {
    name: column.type
    for table in MODEL.golden_tables
    for name, column in table.columns.items()
    if name not in _NOT_GOLDEN
}


def try_book(*texts: str) -> tuple[TagBook, list[Problem]]:
    """The book of some files (a.yml, b.yml, …) and everything wrong with them, sorted."""
    problems = Problems()
    files = {
        f"{letter}.yml": parse_yaml(text, f"{letter}.yml", problems)
        for letter, text in zip("abcdef", texts, strict=False)
    }
    book = load_tags(files, MODEL, GOLDEN, problems)
    return book, sorted(problems.found)


def book_of(*texts: str) -> TagBook:
    """The book of files that have no problems."""
    book, found = try_book(*texts)
    assert not found, "\n".join(map(str, found))
    return book


def messages_of(*texts: str) -> list[str]:
    """Everything wrong with some files, as a user sees it."""
    return [str(problem) for problem in try_book(*texts)[1]]


def shipped_book() -> TagBook:
    """The tags under tag_definitions/."""
    problems = Problems()
    book = load_tags(yaml_files(ROOT, "tag_definitions", problems), MODEL, GOLDEN, problems)
    problems.raise_if_any()
    return book
