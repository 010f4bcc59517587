"""YAML becomes frozen dataclasses by their annotations, every problem at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from model.dates import Window
from model.errors import NOWHERE, Location, Problems
from model.reading import read
from model.strict_yaml import parse_yaml


@dataclass(frozen=True)
class Inner:
    size: float
    location: Location = NOWHERE


@dataclass(frozen=True)
class Outer:
    name: str
    count: int = 0
    is_open: bool = False
    colour: Literal["red", "blue"] = "red"
    parts: tuple[str, ...] = ()
    inner: Inner | None = None
    by_name: Mapping[str, Inner] = field(default_factory=dict)
    source: str | None = field(default=None, metadata={"key": "from"})
    over: Window | None = None


def _read(text: str) -> tuple[Outer | None, list[str]]:
    problems = Problems()
    value = read(Outer, parse_yaml(text, "f.yml", problems), problems)
    return value, [str(problem) for problem in problems.found]


def test_a_sound_mapping_becomes_its_dataclass() -> None:
    value, problems = _read(
        "name: n\ncount: 3\nis_open: true\ncolour: blue\nparts: [a, b]\n"
        "inner: {size: 2}\nby_name: {x: {size: 1.5}}\nfrom: orders\nover: 30d\n"
    )
    assert problems == []
    assert value == Outer(
        "n", 3, True, "blue", ("a", "b"), Inner(2.0, Location("f.yml", 6)),
        {"x": Inner(1.5, Location("f.yml", 7))}, "orders", Window.parse("30d"),
    )  # fmt: skip


def test_every_problem_is_named_with_what_was_expected_and_found() -> None:
    value, problems = _read(
        "count: many\nis_open: 1\ncolour: green\nparts: a\ninner: 3\nnmae: x\nby_name: {x: {}}\n"
        "over: 30\n"
    )
    assert value is None
    assert sorted(problems) == [
        "f.yml:1: 'name' is missing",
        "f.yml:1: count: expected an integer; found 'many'",
        "f.yml:2: is_open: expected true or false; found 1",
        "f.yml:3: colour: expected red or blue; found 'green'",
        "f.yml:4: parts: expected a list; found 'a'",
        "f.yml:5: inner: expected a mapping; found 3",
        "f.yml:6: unknown key 'nmae'; did you mean 'name'?",
        "f.yml:7: 'size' is missing",
        "f.yml:8: over: '30' is no window; expected 30d, 12w, 6m, 1y, ever, 31d..90d, this month "
        "or last month",
    ]
