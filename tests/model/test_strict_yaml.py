"""YAML is read strictly, and every complaint names its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from model.errors import Problems
from model.strict_yaml import YamlMap, load_yaml, parse_yaml


def _parsed(text: str) -> tuple[YamlMap, list[str]]:
    problems = Problems()
    value = parse_yaml(text, "f.yml", problems)
    return value, [str(problem) for problem in problems.found]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"), ("NO", "NO"), ("yes", "yes"), ("on", "on"), ("True", "True"),
        ("true", True), ("false", False), ("12", 12), ("-3", -3), ("012", "012"), ("0x1F", "0x1F"),
        ("1_000", "1_000"), ("22:30", "22:30"), ("2017-03-01", "2017-03-01"), ("1.50", 1.5),
        ("1.", "1."), (".5", ".5"), ("1e3", "1e3"), ("1.0e3", 1000.0), (".inf", ".inf"),
        ("null", "null"), ("~", "~"), ("'12'", "12"), ('"true"', "true"), ('""', ""),
    ],
)  # fmt: skip
def test_scalars_are_text_integers_floats_and_booleans_only(written: str, value: object) -> None:
    node, problems = _parsed(f"key: {written}")
    assert problems == []
    assert node["key"] == value
    assert type(node["key"]) is type(value)


def test_all_problems_of_a_file_are_found_at_once_with_their_lines() -> None:
    _, problems = _parsed("a: 1\na: 2\nb:\nc: &x 1\nd: *x\ne: !!str 3\n")
    assert problems == [
        "f.yml:2: 'a' is given twice; first on line 1",
        'f.yml:3: empty value; remove the key, or write ""',
        "f.yml:4: anchors and aliases (& and *) are not allowed; write it out",
        "f.yml:5: anchors and aliases (& and *) are not allowed; write it out",
        "f.yml:6: tags are not allowed; found tag:yaml.org,2002:str",
    ]


def test_broken_yaml_names_the_line() -> None:
    _, problems = _parsed("a: 1\nb: [1, 2\nc: 3\n")
    assert len(problems) == 1
    assert problems[0].startswith("f.yml:3: not valid YAML")


@pytest.mark.parametrize("text", ["", "# only a comment\n"])
def test_an_empty_file_is_an_empty_mapping(text: str) -> None:
    assert _parsed(text) == ({}, [])


def test_the_top_of_a_file_is_a_mapping() -> None:
    _, problems = _parsed("- 1\n- 2\n")
    assert problems == ["f.yml:1: expected a mapping (key: value) at the top of the file"]


def test_keys_and_items_know_their_lines() -> None:
    node, _ = _parsed("a:\n  b: 1\n  c: [x,\n      y]\n")
    assert str(node["a"].at("c")) == "f.yml:3"
    assert str(node["a"]["c"].at(1)) == "f.yml:4"
    assert str(node["a"].at("missing")) == "f.yml:2"


def test_files_that_cannot_be_read_are_problems(tmp_path: Path) -> None:
    problems = Problems()
    load_yaml(tmp_path / "none.yml", problems, "none.yml")
    (tmp_path / "gbk.yml").write_bytes("title: 客户".encode("gbk"))
    load_yaml(tmp_path / "gbk.yml", problems, "gbk.yml")
    assert [str(problem) for problem in problems.found] == [
        "none.yml:1: the file does not exist",
        "gbk.yml:1: not UTF-8 text (byte 7); save it as UTF-8",
    ]
