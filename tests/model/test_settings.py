"""Settings: defaults < conf/base.yml < conf/<env>.yml < --set, each with its origin."""

from __future__ import annotations

from pathlib import Path

import pytest

from model.errors import Problems, UsageError
from model.project import load_project
from model.settings import Settings, flattened, merge_settings
from model.strict_yaml import parse_yaml

ROOT = Path(__file__).parents[2]


def _merged(*texts: str, assignments: tuple[str, ...] = ()):  # type: ignore[no-untyped-def]
    problems = Problems()
    files = [parse_yaml(text, f"conf/{n}.yml", problems) for n, text in enumerate(texts)]
    merged = merge_settings(files, list(assignments), problems)
    return merged, [str(problem) for problem in problems.found]


def test_base_yml_says_exactly_the_defaults() -> None:
    problems = Problems()
    base = parse_yaml((ROOT / "conf/base.yml").read_text(encoding="utf-8"), "base.yml", problems)
    merged = merge_settings([base], [], problems)
    assert problems.found == []
    assert merged.settings == Settings()
    unsaid = [key for key, origin in merged.origins.items() if origin == "default"]
    assert unsaid == ["spark.config"]  # an empty mapping has no keys to have come from


def test_no_table_keeps_less_than_a_day() -> None:
    text, said = "tags:\n  keep:\n    daily: 0\n", ("tags.keep.month_ends=-1",)
    _, problems = _merged(text, assignments=said)
    assert problems == [
        "conf/0.yml:3: tags.keep.daily: expected 1 or more; found 0",
        "--set:1: tags.keep.month_ends: expected 0 or more; found -1",
    ]


def test_later_layers_win_and_origins_say_which() -> None:
    merged, problems = _merged(
        "lake: {root: a}\nprivacy: {k: 3}\n",
        "lake: {root: b}\nspark: {config: {spark.x: one}}\n",
        assignments=("privacy.k=7", "spark.config.spark.y.z=two"),
    )
    assert problems == []
    assert merged.settings.lake.root == "b"
    assert merged.settings.privacy.k == 7
    assert merged.settings.spark.config == {"spark.x": "one", "spark.y.z": "two"}
    assert merged.origins["lake.root"] == "conf/1.yml:1"
    assert merged.origins["privacy.k"] == "--set"
    assert merged.origins["project.title"] == "default"


def test_unknown_keys_and_wrong_types_are_named() -> None:
    _, problems = _merged("lake: {rot: a}\nprivacy: {k: many}\n")
    assert problems == [
        "conf/0.yml:1: unknown key 'rot'; did you mean 'root'?",
        "conf/0.yml:1: 'root' is missing",
        "conf/0.yml:2: k: expected an integer; found 'many'",
    ]


@pytest.mark.parametrize("text", ["lake.rot=x", "lake.root", "nothing=1"])
def test_an_unknown_assignment_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="unknown setting"):
        _merged("", assignments=(text,))


def test_an_unknown_time_zone_is_a_problem() -> None:
    _, problems = _merged("project: {time_zone: Mars/Olympus}\n")
    assert problems == ["conf/0.yml:1: project.time_zone: unknown zone 'Mars/Olympus'"]


def test_every_setting_has_a_path() -> None:
    assert "ingestion.keep_raw" in flattened(Settings())


def test_a_folder_without_conf_or_an_unknown_env_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no conf/ folder"):
        load_project(tmp_path, "local", [], Problems())
    (tmp_path / "conf").mkdir()
    with pytest.raises(UsageError, match=r"no conf/prod\.yml"):
        load_project(tmp_path, "prod", [], Problems())
