"""What a loaded tag is: one frozen dataclass per shape of body, and the book of them all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from language.aggregate_functions import Container
from language.aggregates import Aggregate
from language.conditions import Condition
from language.expressions import Expression
from language.types import SPARK_TYPES, ValueType
from model.contracts import Pii
from model.dates import Window
from model.errors import Location, Problem
from model.keeping import NO_WISH, KeepWish
from tags.choices import Choice
from tags.examples import Example
from tags.rule_shapes import Given, Sql, Stages, Steps

if TYPE_CHECKING:
    from tags.subjects import Subject

Status = Literal["draft", "testing", "online", "paused", "offline", "retired"]
COMPUTED: frozenset[Status] = frozenset({"testing", "online"})
KINDS: Mapping[str, str] = {
    "pick": "attribute", "given": "attribute",
    "measure": "statistic", "top": "statistic", "calc": "statistic",
    "bins": "rule", "cases": "rule", "rfm": "rule", "steps": "rule", "stages": "rule",
    "sql": "rule", "model": "model",
}
FUTURE_SHAPES = ("model",)
PERSON = "person"
EVER = Window("ever")
Code = str | int | float | bool
Every = Literal["day", "week", "month"]


@dataclass(frozen=True)
class TagColumn:
    """One column of the wide table; `type` is that of one value of it.

    `container` says whether a cell holds one value, a list of them, or a map from text to them.
    """

    name: str
    window: Window | None = None
    part: str = ""
    type: ValueType = "text"
    container: Container = "value"

    @property
    def spark_type(self) -> str:
        """The column's Spark type in the wide table."""
        one = SPARK_TYPES[self.type]
        return {"value": one, "list": f"array<{one}>", "map": f"map<string,{one}>"}[self.container]

    @property
    def type_text(self) -> str:
        """The type of a cell in words; of a list or a map with that of its values: list<text>."""
        return self.type if self.container == "value" else f"{self.container}<{self.type}>"

    @property
    def value_type(self) -> ValueType:
        """The type an expression sees that reads the column."""
        return self.type if self.container == "value" else self.container


@dataclass(frozen=True)
class Source:
    """The rows a tag reads: a canonical table's, or those of a named filter of one."""

    name: str
    table: str
    condition: Condition | None = None


@dataclass(frozen=True)
class Pick:
    """A column of the golden profile. `is_high`: the golden frame holds it as `<column>_mask`."""

    column: str
    type: ValueType
    is_high: bool = False
    choice: Choice | None = None


@dataclass(frozen=True)
class Measure:
    """One aggregate over a person's rows of a source; `by` makes a map from its value.

    `of_members`: the rows are a group's members, with the columns of their own tags.
    """

    source: Source
    aggregate: Aggregate
    where: Condition | None = None
    by: Expression | None = None
    of_members: bool = False


@dataclass(frozen=True)
class TopSource:
    """Rows that vote for `value`, each with `weight` votes."""

    source: Source
    value: Expression
    where: Condition | None = None
    weight: Decimal = Decimal(1)


@dataclass(frozen=True)
class Top:
    """The values with the highest scores; `best` of them as lists where `best` is given.

    `half_life`: days in which a vote loses half its weight; None: never. `rarity`: scores count
    more the fewer persons vote for the value.
    """

    sources: tuple[TopSource, ...]
    give: tuple[str, ...] = ("value",)
    best: int | None = None
    half_life: int | None = None
    rarity: bool = False


@dataclass(frozen=True)
class Calc:
    """One expression over tag columns."""

    expression: Expression


@dataclass(frozen=True)
class Bins:
    """Bands of a value: by `edges` (lower included), or by `shares` of the persons ranked by it.

    Shares are in hundredths of the persons, highest values first; the last takes the rest.
    """

    expression: Expression
    codes: tuple[str, ...]
    edges: tuple[Decimal, ...] = ()
    shares: tuple[Decimal, ...] = ()


@dataclass(frozen=True)
class Case:
    """One branch: `value` where `when` holds and no earlier branch did."""

    value: Code
    when: Condition


@dataclass(frozen=True)
class Cases:
    """First match wins; `otherwise` where none does (None: missing)."""

    cases: tuple[Case, ...]
    otherwise: Code | None = None


@dataclass(frozen=True)
class Rfm:
    """Scores of three tag columns; `edges` per column in their order, or empty for fifths.

    `segments`: the tag's value is one of the eight segments, else the three scores side by side.
    """

    recency: str
    frequency: str
    monetary: str
    edges: tuple[tuple[Decimal, ...], ...] = ()
    segments: bool = False

    @property
    def inputs(self) -> tuple[str, str, str]:
        """The three tag columns scored."""
        return self.recency, self.frequency, self.monetary


Body = Pick | Measure | Top | Calc | Bins | Cases | Rfm | Steps | Stages | Sql | Given


@dataclass(frozen=True)
class Tag:
    """One tag as its file defines it, checked and typed; `reads` are the tag columns it needs.

    `replaces` is the retired or offline tag whose columns its own continue; empty: none. `object`
    is what it is about, `table` the wide table its columns stand in, `keep` what it asks of that.
    `own_definition` is the part of the hash that is the tag's own (tags.hashing).
    """

    name: str
    category: str
    shape: str
    title: str
    status: Status
    body: Body
    columns: tuple[TagColumn, ...]
    definition_hash: str
    location: Location
    own_definition: str = field(default="", repr=False)
    title_en: str = ""
    description: str = ""
    owner: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    absent: Code | None = None
    unit: str = ""
    pii: Pii = "none"
    override: str = "never"
    reads: frozenset[str] = frozenset()
    tables: frozenset[str] = frozenset()
    every: Every = "day"
    replaces: str = ""
    object: str = PERSON
    table: str = ""
    keep: KeepWish = NO_WISH
    checks: tuple[str, ...] = ()
    examples: tuple[Example, ...] = ()

    @property
    def kind(self) -> str:
        """attribute, statistic, rule or model."""
        return KINDS[self.shape]

    @property
    def is_computed(self) -> bool:
        """Whether the tag has a column in the wide table."""
        return self.status in COMPUTED

    @property
    def is_masked(self) -> bool:
        """Whether the wide table shows a mask in the place of the tag's value."""
        return isinstance(self.body, Pick) and self.body.is_high


@dataclass(frozen=True)
class SourceTable:
    """What computing needs to know of a canonical table: its columns, its time and its key."""

    name: str
    columns: Mapping[str, ValueType] = field(hash=False)
    time: str | None
    key: tuple[str, ...]

    @property
    def order(self) -> tuple[str, ...]:
        """Columns that order its rows totally: day, time, arrival, key (unique in current rows)."""
        time = (self.time,) if self.time else ()
        return ("day", *time, "arrived_date", *self.key)


@dataclass(frozen=True)
class TagBook:
    """Every sound tag by name, in dependency order, and what is worth a warning.

    `tables` are the canonical tables that tags about `object` can read, `sources` these and the
    named filters of them, `golden` the golden profile's columns with the types of their plain
    values, `high` those of them that are masked. `subjects` are all that tags can be about.
    """

    tags: Mapping[str, Tag]
    tables: Mapping[str, SourceTable]
    sources: Mapping[str, Source]
    golden: Mapping[str, ValueType]
    high: frozenset[str] = frozenset()
    warnings: tuple[Problem, ...] = ()
    subjects: Mapping[str, Subject] = field(default_factory=dict)
    object: str = PERSON

    def about(self, name: str) -> TagBook:
        """The same book, of which the tags about another object are computed."""
        subject = self.subjects[name]
        return replace(self, object=name, tables=subject.tables, sources=subject.sources)

    @property
    def computed(self) -> tuple[Tag, ...]:
        """The tags about `object` with columns in its wide tables, in dependency order."""
        return tuple(
            tag for tag in self.tags.values() if tag.is_computed and tag.object == self.object
        )

    @property
    def listed(self) -> tuple[Tag, ...]:
        """All tags as people read them: by file, then by line."""
        return tuple(sorted(self.tags.values(), key=lambda tag: tag.location))

    @property
    def owners(self) -> Mapping[str, Tag]:
        """Every tag column's tag."""
        return {column.name: tag for tag in self.tags.values() for column in tag.columns}
