"""The oracle's own reading of `measure` and `top` tags: YAML to DuckDB, and nothing it cannot read.

It knows the part of the language that the shipped tags use. Whatever else a tag says raises
UnknownWordsError, so that no tag is compared by half.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

SPOKEN = {
    "measure", "top", "from", "where", "over", "by", "absent", "type", "weights", "best", "give",
    "decay", "rarity", "every", "object", "per",
}  # fmt: skip
# Words that change no value of a cell.
SILENT = {
    "title", "title_en", "description", "unit", "owner", "status", "checks", "examples",
    "pii", "synonyms", "purposes", "replaces", "values",
}  # fmt: skip
DEFAULTS = {"from", "where", "absent", "type", "object"}  # those defaults that the oracle reads
COMPUTED = {"online", "testing"}
ZERO_WHEN_ABSENT = {"count", "distinct", "days"}
CALL = re.compile(r"(\w+)\(([^(),]*)(?:, ([.\d]+))?\)")
WITH_PARAMETER = {"percentile", "list"}
HALF_LIFE = re.compile(r"half every (\d+)d")
NEWEST = re.compile(r"last (\d+)")
OPERAND = re.compile(r"\w+(?: \+ \w+)*")
EQUALITY = re.compile(r"(\w+|lower\(\w+\)) = ('[\w ]+')")
LISTED = re.compile(r"(\w+) in \(('\w+'(?:, '\w+')*)\)")
TO_NUMBER = re.compile(r"(?:(weekday|hour|dayofmonth)\((\w+)\)|(\w+)) (>=|>|<=|<) (\d+)")
PARTS = {"weekday": "isodow({}) - 1", "hour": "hour({})", "dayofmonth": "day({})"}  # Monday is 0
PERSON, MEMBERS = "person", "members"
DAYS_BACK = re.compile(r"(?:(\d+)d\.\.)?(\d+)d")


class UnknownWordsError(Exception):
    """A tag says something that the oracle does not understand."""


@dataclass(frozen=True)
class Vote:
    """Rows of one source, each worth `weight`."""

    source: str
    weight: float


@dataclass(frozen=True)
class Tag:
    """A `measure` or a `top` tag, windows still in words.

    function, argument and parameter are a measure's; value and what stands below it are a top's.
    """

    name: str
    where: str
    windows: tuple[str, ...]
    is_windowed: bool  # each window is a column of its own name
    type: str | None
    every: str
    object: str = PERSON
    source: str = ""
    function: str = ""
    argument: str = ""
    parameter: str = ""
    by: str | None = None
    absent: Any = None
    value: str = ""
    votes: tuple[Vote, ...] = ()
    best: int | None = None
    give: tuple[str, ...] = field(default=("value",))
    half_life: int | None = None
    rarity: bool = False

    def columns(self) -> Iterator[tuple[str, str, str]]:
        """Every column with its window and the part it gives."""
        for window in self.windows:
            stem = "_".join([self.name, *([suffix(window)] if self.is_windowed else [])])
            for place, part in enumerate(self.give):
                yield (stem if place == 0 else f"{stem}_{part}"), window, part


def suffix(window: str) -> str:
    return window.replace("..", "_").replace(" ", "_")


def load_tags(folder: Path) -> list[Tag]:
    """The computed `measure` and `top` tags of a project's definitions, in the order of files."""
    tags = []
    for path in sorted(folder.rglob("*.yml")):
        node = yaml.safe_load(path.read_text(encoding="utf-8"))
        defaults = node.get("defaults", {})
        for name, own in node["tags"].items():
            status = own.get("status", defaults.get("status", "online"))
            if status in COMPUTED and {"measure", "top"} & set(own):
                tags.append(read_tag(name, defaults, own))
    return tags


def named_sources(model: Path) -> Mapping[str, tuple[str, str]]:
    """The named sources of a project's model: their table and their condition as SQL."""
    node = yaml.safe_load(model.read_text(encoding="utf-8"))
    return {
        name: (source["of"], condition(source["where"])) for name, source in node["sources"].items()
    }


def read_tag(name: str, defaults: Mapping[str, Any], own: Mapping[str, Any]) -> Tag:
    """One tag with the defaults behind it; UnknownWordsError where it says more than that."""
    strange = set(own) - SPOKEN - SILENT | set(defaults) - DEFAULTS - SILENT
    if strange:
        raise UnknownWordsError(f"{name}: {sorted(strange)}")
    node = {key: value for key, value in defaults.items() if key in DEFAULTS} | dict(own)
    over = node.get("over", "ever")
    windows = tuple(over) if isinstance(over, list) else (over,)
    common = {
        "name": name, "where": condition(node.get("where")), "windows": windows,
        "is_windowed": isinstance(over, list), "type": node.get("type"),
        "every": node.get("every", "day"), "object": node.get("object", PERSON),
    }  # fmt: skip
    return read_top(node, common) if "top" in node else read_measure(node, common)


def read_measure(node: Mapping[str, Any], common: Mapping[str, Any]) -> Tag:
    call = CALL.fullmatch(node["measure"])
    is_known = call and (not call[2] or OPERAND.fullmatch(call[2]))
    if not call or not is_known or (call[1] in WITH_PARAMETER) != bool(call[3]):
        raise UnknownWordsError(f"{common['name']}: {node['measure']}")
    function, argument, parameter, by = call[1], call[2], call[3] or "", node.get("by")
    source = MEMBERS if node.get("per") == MEMBERS else node["from"]
    absent = node.get("absent")
    if absent is None and function in ZERO_WHEN_ABSENT and by is None:
        absent = 0
    return Tag(
        **common, source=source, function=function, argument=argument, parameter=parameter,
        by=by, absent=absent,
    )  # fmt: skip


def read_top(node: Mapping[str, Any], common: Mapping[str, Any]) -> Tag:
    if not OPERAND.fullmatch(node["top"]) or {"by", "absent", "type", "per"} & set(node):
        raise UnknownWordsError(f"{common['name']}: {node['top']}")
    if common["object"] != PERSON:
        raise UnknownWordsError(f"{common['name']}: a top of {common['object']}")
    weights = node.get("weights") or {node["from"]: 1}
    votes = tuple(Vote(source, weight) for source, weight in weights.items())
    give = tuple(node.get("give", ["value"]))
    decay = HALF_LIFE.fullmatch(node["decay"]) if "decay" in node else None
    if "decay" in node and decay is None:
        raise UnknownWordsError(f"{common['name']}: {node['decay']}")
    return Tag(
        **common, value=node["top"], votes=votes, best=node.get("best"), give=give,
        half_life=int(decay[1]) if decay else None, rarity=node.get("rarity", False),
    )  # fmt: skip


def condition(node: Any) -> str:
    """A filter of rows as SQL that is true or false, never null."""
    if node is None:
        return "true"
    if isinstance(node, dict) and list(node) == ["all"]:
        return " and ".join(condition(part) for part in node["all"])
    return f"coalesce({comparison(node)}, false)"


def comparison(node: Any) -> str:
    """One comparison of a column as SQL; of something missing it is null."""
    text = node if isinstance(node, str) else ""
    if equal := EQUALITY.fullmatch(text):
        return f"{equal[1]} = {equal[2]}"
    if listed := LISTED.fullmatch(text):
        return f"{listed[1]} in ({listed[2]})"
    if number := TO_NUMBER.fullmatch(text):
        part, of, column, sign, bound = number.groups()
        return f"{PARTS[part].format(of) if part else column} {sign} {bound}"
    raise UnknownWordsError(f"condition {node!r}")


def window_days(window: str, night: date) -> tuple[date, date]:
    """First and last day of a window; day 1 is the night's own, and both ends count."""
    if window == "ever" or NEWEST.fullmatch(window):
        return date.min, night
    if window == "this month":
        return night.replace(day=1), night
    if window == "last month":
        last = night.replace(day=1) - timedelta(days=1)
        assert last.day == calendar.monthrange(last.year, last.month)[1]
        return last.replace(day=1), last
    span = DAYS_BACK.fullmatch(window)
    if not span:
        raise UnknownWordsError(f"window {window!r}")
    near, far = int(span[1] or 1), int(span[2])
    return night - timedelta(days=far - 1), night - timedelta(days=near - 1)


def newest_rows(window: str) -> int | None:
    """How many of the newest rows a window takes; None for a window of days."""
    newest = NEWEST.fullmatch(window)
    return int(newest[1]) if newest else None


def is_due(every: str, nights: Sequence[date], night: date) -> bool:
    """Whether a tag is computed anew: on the first night, and on the last day of a week or month or
    the first night after it."""
    before = [other for other in nights if other < night]
    days = [before[-1] + timedelta(days=n) for n in range(1, 40)] if before else []
    since = [day for day in days if day <= night]
    ends = {
        "day": since,
        "week": [day for day in since if day.isoweekday() == 7],
        "month": [day for day in since if (day + timedelta(days=1)).day == 1],
    }
    return not before or bool(ends[every])


def all_columns(tags: Sequence[Tag]) -> list[str]:
    return [column for tag in tags for column, _, _ in tag.columns()]
