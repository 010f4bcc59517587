"""What a check may claim about a table: the rules every check text is parsed into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

Family = Literal["number", "text", "date", "bool", "other"]
Value = str | Decimal | date | bool
OPERATORS: Mapping[str, str] = {
    ">=": "ge", "<=": "le", "!=": "ne", ">": "gt", "<": "lt", "=": "eq",
}  # fmt: skip
_FAMILIES: Mapping[str, Family] = {
    "text": "text", "enum": "text", "string": "text",
    "integer": "number", "number": "number", "money": "number", "percent": "number",
    "tinyint": "number", "smallint": "number", "int": "number", "bigint": "number",
    "float": "number", "double": "number", "decimal": "number",
    "date": "date", "timestamp": "date",
    "bool": "bool", "boolean": "bool",
}  # fmt: skip


def family_of(type_name: str) -> Family:
    """What a column of this model type or Spark type can be compared with."""
    return _FAMILIES.get(type_name.partition("(")[0].strip().lower(), "other")


@dataclass(frozen=True)
class Share:
    """A share of rows, as a percentage."""

    percent: Decimal

    @classmethod
    def parse(cls, text: str) -> Share:
        """`60%`, or `0.6` as great-expectations writes it; ValueError otherwise."""
        number, sign, rest = text.strip().partition("%")
        plain = number.strip()
        if rest or not plain.replace(".", "", 1).isdigit():
            raise ValueError(f"{text!r} is no share; expected a percentage such as 60%")
        percent = Decimal(plain) if sign else Decimal(plain) * 100
        if percent > 100:  # noqa: PLR2004  a share is at most the whole
            raise ValueError(f"{text!r} is more than 100%")
        return cls(percent)

    def allowed_failures(self, judged: int) -> int:
        """How many of `judged` rows may fail while this share of them still passes."""
        return int(judged * self.failing)

    @property
    def failing(self) -> Decimal:
        """The share of rows that may fail, 0 to 1."""
        return (100 - self.percent) / 100

    def __str__(self) -> str:
        return f"{self.percent.normalize():f}%"


@dataclass(frozen=True)
class OtherColumn:
    """The right side of a comparison between two columns of a row."""

    name: str


@dataclass(frozen=True)
class Comparison:
    """`amount >= 0`, `valid_to >= valid_from`; a row with a missing side is not judged."""

    column: str
    operator: str
    value: Value | OtherColumn

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns read."""
        other = (self.value.name,) if isinstance(self.value, OtherColumn) else ()
        return (self.column, *other)

    @property
    def code(self) -> str:
        """A short stable name, unique among sensible checks of one table."""
        value = self.value.name if isinstance(self.value, OtherColumn) else _slug(self.value)
        return f"{self.column}_{OPERATORS[self.operator]}_{value}"


@dataclass(frozen=True)
class Between:
    """`discount between 0 and 100`, both ends included; a missing value is not judged."""

    column: str
    low: Value
    high: Value

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns read."""
        return (self.column,)

    @property
    def code(self) -> str:
        """A short stable name."""
        return f"{self.column}_between_{_slug(self.low)}_{_slug(self.high)}"


@dataclass(frozen=True)
class Among:
    """`status in [paid, refunded]`; a missing value is not judged."""

    column: str
    values: tuple[Value, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns read."""
        return (self.column,)

    @property
    def code(self) -> str:
        """A short stable name."""
        return f"{self.column}_in"


@dataclass(frozen=True)
class Matches:
    """`postcode matches '[0-9]{4}'` anywhere in the text; a missing value is not judged."""

    column: str
    pattern: str

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns read."""
        return (self.column,)

    @property
    def code(self) -> str:
        """A short stable name."""
        return f"{self.column}_matches"


@dataclass(frozen=True)
class Filled:
    """`card_no filled >= 60%`: neither missing nor an empty text in at least this share of rows."""

    column: str
    share: Share

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns read."""
        return (self.column,)

    @property
    def code(self) -> str:
        """A short stable name; without the share, so that tuning it keeps the code."""
        return f"{self.column}_filled"


@dataclass(frozen=True)
class Unique:
    """`[channel, order_id] unique`: no two rows agree in all of them; missing equals missing."""

    columns: tuple[str, ...]

    @property
    def code(self) -> str:
        """A short stable name."""
        return f"{'_'.join(self.columns)}_unique"


@dataclass(frozen=True)
class RowCount:
    """`rows >= 1`, `rows between 1 and 9`: how many rows there are; None leaves an end open."""

    low: int | None
    high: int | None

    columns: tuple[str, ...] = ()

    @property
    def code(self) -> str:
        """A short stable name."""
        return "rows"


@dataclass(frozen=True)
class Past:
    """The earlier nights a night is compared with: the last `runs` of them; 0: the same weekday of
    the last four weeks."""

    runs: int = 0

    def __str__(self) -> str:
        return f"last {self.runs} runs" if self.runs else "same weekday"


SAME_WEEKDAY = Past()


@dataclass(frozen=True)
class Within:
    """`rows within 40% of same weekday`: near what is usual, by a share of the usual itself.

    `what` is rows, filled (share of rows that have a value) or distinct (different values per
    value); a share of 60% within 10% of the usual lies between 54% and 66%.
    """

    what: Literal["rows", "filled", "distinct"]
    column: str
    percent: Decimal
    past: Past

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns read."""
        return (self.column,) if self.column else ()

    @property
    def code(self) -> str:
        """A short stable name; without the percentage, so that tuning it keeps the code."""
        return "_".join(filter(None, (self.column, self.what, "within")))


@dataclass(frozen=True)
class Coverage:
    """`coverage within 10% of last 7 runs`: every tag column filled as is usual for it."""

    columns: tuple[str, ...]
    percent: Decimal
    past: Past

    @property
    def code(self) -> str:
        """A short stable name; that of its column where it is about one tag."""
        only = f"{self.columns[0]}_" if len(self.columns) == 1 else ""
        return f"{only}coverage_within"


@dataclass(frozen=True)
class Psi:
    """`category psi < 0.25`: the population stability index of a column's mix of values."""

    column: str
    limit: Decimal
    is_strict: bool
    past: Past

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns read."""
        return (self.column,)

    @property
    def code(self) -> str:
        """A short stable name."""
        return f"{self.column}_psi"


RowRule = Comparison | Between | Among | Matches
PastRule = Within | Coverage | Psi
Rule = RowRule | Filled | Unique | RowCount | PastRule


@dataclass(frozen=True)
class Subject:
    """What checks of one slice of rows may name: a table's columns or a dataset's fields.

    `types` are model or Spark types; `values` all that an enum may hold, where that is known;
    `hidden` columns are high pii: whether and how often they are there may be asked, never what
    they hold, and of `untold` ones only whether; of `private` ones no value may be kept as a
    category; `tags` are tag columns; `value` is the column that a tag's check is about: it may say
    `value`, or no name. `identifiers` are the fields of a dataset that join people.
    """

    types: Mapping[str, str]
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    untold: frozenset[str] = frozenset()
    private: frozenset[str] = frozenset()
    tags: tuple[str, ...] = ()
    value: str = ""
    identifiers: tuple[str, ...] = ()


def _slug(value: Value) -> str:
    text = str(value)
    if isinstance(value, Decimal):
        text = text.replace("-", "minus_")
    return "".join(c if c.isascii() and c.isalnum() else "_" for c in text.lower())
