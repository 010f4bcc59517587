"""The keys a tag may have in YAML, per shape: what `model.reading` turns a tag's mapping into."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from model.contracts import Pii
from model.identity_policy import Prefer
from model.keeping import NO_WISH, KeepWish
from model.strict_yaml import YamlMap
from tags.definitions import Code, Every, Status
from tags.rule_shapes import StagePart, StepPart

DeclaredType = Literal[
    "number", "integer", "money", "percent", "text", "enum", "bool", "date", "time", "list", "map"
]


@dataclass(frozen=True, kw_only=True)
class CommonKeys:
    """Keys every tag may have, whatever its shape."""

    title: str
    title_en: str = ""
    description: str = ""
    owner: str = ""
    status: Status = "online"
    object: str = "person"
    type: DeclaredType | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    absent: Code | None = None
    unit: str = ""
    pii: Pii | None = None
    mask: str = ""
    purposes: tuple[str, ...] = ()
    observed: bool = True
    table: str = ""
    keep: KeepWish = NO_WISH
    every: Every = "day"
    replaces: str = ""
    override: str = ""
    checks: tuple[str, ...] = ()
    synonyms: tuple[str, ...] = ()
    examples: tuple[Any, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PickKeys(CommonKeys):
    """A column of the golden profile, or of the accounts of some channels, by a rule of its own."""

    pick: str
    channels: tuple[str, ...] | None = None
    prefer: Prefer | None = None


@dataclass(frozen=True, kw_only=True)
class WindowKeys(CommonKeys):
    """Keys of the shapes that look back over windows."""

    over: str | tuple[str, ...] = "ever"


@dataclass(frozen=True, kw_only=True)
class SourceKeys(WindowKeys):
    """Keys of the shapes that read the rows of a source through a filter."""

    from_: str = field(default="", metadata={"key": "from"})
    where: Any = None


@dataclass(frozen=True, kw_only=True)
class MeasureKeys(SourceKeys):
    """One aggregate over rows, or over the tags of members."""

    measure: str
    by: str = ""
    per: Literal["members"] | None = None


@dataclass(frozen=True, kw_only=True)
class TopKeys(SourceKeys):
    """The values with the highest scores."""

    top: str
    weights: Mapping[str, float] = field(default_factory=dict)
    best: int | None = None
    give: tuple[Literal["value", "score", "share"], ...] = ("value",)
    decay: str | None = None
    rarity: bool = False


@dataclass(frozen=True, kw_only=True)
class CalcKeys(CommonKeys):
    """An expression over tag columns."""

    calc: str


@dataclass(frozen=True, kw_only=True)
class BinsKeys(CommonKeys):
    """Bands of an expression over tag columns."""

    bins: str
    edges: tuple[float, ...] = ()
    shares: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CasesKeys(CommonKeys):
    """Branches of conditions; each entry of `cases` is {value, when}."""

    cases: tuple[Any, ...]
    else_: Code | None = field(default=None, metadata={"key": "else"})


@dataclass(frozen=True)
class RfmColumns:
    """The tag columns that hold the three quantities."""

    recency: str
    frequency: str
    monetary: str


@dataclass(frozen=True)
class RfmEdges:
    """Three lists of edges that score the three quantities."""

    recency: tuple[float, ...]
    frequency: tuple[float, ...]
    monetary: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class RfmKeys(CommonKeys):
    """Recency, frequency and monetary scores, and the segment they make."""

    rfm: RfmColumns
    score: Literal["fifths"] | RfmEdges = "fifths"
    names: Literal["eight"] | None = None


@dataclass(frozen=True, kw_only=True)
class StepsKeys(WindowKeys):
    """Sources that follow each other in time."""

    steps: tuple[str, ...]
    within: str
    give: tuple[StepPart, ...] = ("furthest",)


@dataclass(frozen=True, kw_only=True)
class StagesKeys(CommonKeys):
    """Branches with a history; each entry of `stages` is {value, when}."""

    stages: tuple[Any, ...]
    else_: Code = field(metadata={"key": "else"})
    stay: str = "1d"
    give: tuple[StagePart, ...] = ("stage",)


@dataclass(frozen=True, kw_only=True)
class GivenKeys(CommonKeys):
    """Values that people set."""

    given: Literal["human"]


@dataclass(frozen=True, kw_only=True)
class SqlKeys(WindowKeys):
    """A query over rows by person."""

    sql: str


SHAPES: Mapping[str, type[CommonKeys]] = {
    "pick": PickKeys,
    "measure": MeasureKeys,
    "top": TopKeys,
    "calc": CalcKeys,
    "bins": BinsKeys,
    "cases": CasesKeys,
    "rfm": RfmKeys,
    "steps": StepsKeys,
    "stages": StagesKeys,
    "sql": SqlKeys,
    "given": GivenKeys,
}
# What `defaults:` may hold; `from` and `where` serve measure and top only.
DEFAULTS = frozenset({
    "object", "owner", "status", "type", "absent", "unit", "pii", "purposes", "observed", "every",
    "override", "checks", "from", "where", "table", "keep",
})
_OF_ROWS = frozenset({"from", "where"})  # which say nothing of members


def with_defaults(node: YamlMap, defaults: YamlMap, shape: str) -> YamlMap:
    """The tag's mapping with the file's defaults behind its own keys, each at its own line."""
    usual = DEFAULTS - _OF_ROWS if "per" in node else DEFAULTS
    known = {f.metadata.get("key", f.name) for f in dataclasses.fields(SHAPES[shape])}
    merged = YamlMap(node.location.file, node.location.line)
    for origin in (defaults, node):
        for key, value in origin.items():
            if origin is node or (key in known and key in usual):
                merged[key] = value
                merged.lines[key] = origin.lines[key]
    return merged
