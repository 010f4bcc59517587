"""What a check may claim about a table: the rules every check text is parsed into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
        return int(judged * (100 - self.percent) // 100)

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


RowRule = Comparison | Between | Among | Matches
Rule = RowRule | Filled | Unique | RowCount


def _slug(value: Value) -> str:
    text = str(value)
    if isinstance(value, Decimal):
        text = text.replace("-", "minus_")
    return "".join(c if c.isascii() and c.isalnum() else "_" for c in text.lower())
