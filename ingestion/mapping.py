"""`into`: how a dataset's records become rows of canonical tables, checked and rendered once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ingestion.entries import DatasetEntry, IntoEntry
from language.aggregate_functions import ROLL_UPS
from language.aggregates import Aggregate, is_aggregate, parse_aggregate
from language.binding import quoted
from language.conditions import read_condition, render_condition
from language.expressions import Expression, parse_expression
from language.types import Columns, ValueType
from model.canonical import CanonicalColumn, CanonicalModel, CanonicalTable, Part
from model.errors import Location, Problems, did_you_mean
from model.strict_yaml import YamlList, YamlMap

# Two fields every record has: the path of its file, and its line there.
FILE, LINE = "_file", "_line"
# Which types of expressions a column of a type takes without inventing or losing anything.
FITTING: Mapping[str, frozenset[str]] = {
    "text": frozenset({"text", "enum", "integer", "date"}),
    "integer": frozenset({"integer"}),
    "number": frozenset({"number", "integer", "money", "percent"}),
    "money": frozenset({"money", "integer"}),
    "date": frozenset({"date"}),
    "timestamp": frozenset({"timestamp"}),
    "bool": frozenset({"bool"}),
    "enum": frozenset({"enum", "text"}),
}


@dataclass(frozen=True)
class MappedColumn:
    """One column of a table and the expression that gives it; `field` where that is a bare field.

    `value` is an Aggregate only in a roll-up. `part`: the column is this part of the value.
    """

    name: str
    column: CanonicalColumn
    value: Expression | Aggregate
    field: str | None
    part: Part | None = None

    @property
    def sql(self) -> str:
        """The expression as Spark SQL over one record; a roll-up's aggregate has none."""
        if isinstance(self.value, Aggregate):
            raise TypeError(f"{self.name}: an aggregate is no expression over one record")
        return self.value.sql

    @property
    def over_record(self) -> Expression | None:
        """What it takes from one record: its expression, or its aggregate's argument."""
        return self.value.argument if isinstance(self.value, Aggregate) else self.value

    @property
    def is_high(self) -> bool:
        """Whether the value is plain only inside tasks."""
        return self.column.pii == "high"


@dataclass(frozen=True)
class IntoTable:
    """One canonical table a dataset feeds; `where` is Spark SQL over the typed fields."""

    table: CanonicalTable
    columns: tuple[MappedColumn, ...]
    one_row_per: tuple[str, ...] = ()
    where: str | None = None

    @property
    def high_fields(self) -> frozenset[str]:
        """The fields its high-pii columns are made of."""
        high = (c.value.columns for c in self.columns if c.is_high and not c.part)
        return frozenset().union(*high)

    @property
    def key(self) -> tuple[MappedColumn, ...]:
        """The mapped columns of its key; the channel is no field."""
        return tuple(column for column in self.columns if column.name in self.table.key)

    def given(self, name: str | None) -> MappedColumn | None:
        """The mapped column of this name."""
        return next((column for column in self.columns if column.name == name), None)


def map_tables(
    entry: DatasetEntry, model: CanonicalModel, identifiers: frozenset[str], problems: Problems
) -> tuple[IntoTable, ...]:
    """The tables a dataset feeds, in the file's order; `identifiers` are its high-pii fields."""
    if not entry.into and isinstance(entry.written.get("into"), YamlMap):
        problems.add(entry.written.at("into"), "into names no table; expected at least one")
    found = []
    for name, into in entry.into.items():
        if name not in model.tables:
            hint = did_you_mean(name, list(model.tables))
            problems.add(into.location, f"into: unknown table {name!r}{hint}")
        else:
            found.append(_Mapper(entry, into, model.tables[name], problems).mapped())
    _refuse_shown(found, entry, identifiers, problems)
    rolled = {into.one_row_per for into in entry.into.values() if into.one_row_per}
    if len(rolled) > 1:
        message = "into: a dataset rolls its records up by one set of fields only, yet"
        problems.add(entry.written.at("into"), message)
    return tuple(found)


def _refuse_shown(
    tables: Sequence[IntoTable], entry: DatasetEntry, identifiers: frozenset[str],
    problems: Problems,
) -> None:
    """A field that is high pii anywhere may not reach a readable column anywhere."""
    high = identifiers.union(*(table.high_fields for table in tables))
    for table in tables:
        into = entry.into[table.table.name]
        for column in table.columns:
            # The model says how much of a whole a part tells.
            is_shown = not column.is_high and not column.part
            for field in sorted(column.value.columns & high) if is_shown else ():
                message = (
                    f"{column.name}: field {field!r} is high pii and would be readable here; "
                    "map it onto a column with pii: high"
                )
                problems.add(into.columns.at(column.name), message)
        for field in sorted(set(table.one_row_per) & high):
            problems.add(into.location, f"one_row_per: field {field!r} is high pii")


@dataclass(frozen=True)
class _Mapper:
    """Checks one `into` table; a column with a problem is left out of the result."""

    entry: DatasetEntry
    into: IntoEntry
    table: CanonicalTable
    problems: Problems

    @property
    def fields(self) -> Columns:
        typed: dict[str, ValueType] = {
            name: field.type for name, field in self.entry.fields.items()
        }
        return {**typed, FILE: "text", LINE: "integer"}

    def mapped(self) -> IntoTable:
        for name in self.into.one_row_per:
            if name not in self.entry.fields:
                hint = did_you_mean(name, list(self.entry.fields))
                self.problem(None, f"one_row_per: unknown field {name!r}{hint}")
        for name in self.table.key:
            if name != "channel" and name not in self.into.columns:
                message = f"{self.table.name}: no expression gives {name!r}, which its key needs"
                self.problem(None, message)
        given = [self.column(name, text) for name, text in self.into.columns.items()]
        columns = [each for each in given if each]
        return IntoTable(
            self.table, (*columns, *self.parts(columns)), self.into.one_row_per, self.where()
        )

    def parts(self, given: Sequence[MappedColumn]) -> Iterator[MappedColumn]:
        """The columns that the table reads from given ones, where `into` does not map them itself.

        A roll-up reads none: it has many names, or none.
        """
        wholes = {} if self.into.one_row_per else {each.name: each for each in given}
        for name, column in self.table.columns.items():
            read_from = column.read_from
            if read_from and read_from.column in wholes and name not in self.into.columns:
                whole = wholes[read_from.column]
                yield MappedColumn(name, column, whole.value, whole.field, read_from.part)

    def where(self) -> str | None:
        if self.into.where is None:
            return None
        condition = read_condition(
            self.into.where, self.into.location, self.fields, {}, self.problems
        )
        return render_condition(condition) if condition is not None else None

    def column(self, name: str, text: Any) -> MappedColumn | None:
        column = self.table.columns.get(name)
        if column is None:
            hint = did_you_mean(name, list(self.table.columns))
            self.problem(name, f"{self.table.name} has no column {name!r}{hint}")
            return None
        value = self.value(name, text)
        if value is None or not self.fits(name, column, value):
            return None
        field = str(text) if text in self.entry.fields else None
        return MappedColumn(name, column, value, field)

    def value(self, name: str, text: Any) -> Expression | Aggregate | None:
        if isinstance(text, YamlMap | YamlList):
            self.problem(name, f"{name}: expected one expression or constant")
            return None
        where = self.into.columns.at(name)
        written = str(text).lower() if isinstance(text, bool) else str(text)
        if not self.into.one_row_per:
            return parse_expression(written, self.fields, where, self.problems)
        if is_aggregate(written):
            return self.roll_up(name, parse_aggregate(written, self.fields, where, self.problems))
        value = parse_expression(written, self.fields, where, self.problems)
        by = set(self.into.one_row_per)
        if value is not None and by <= set(self.entry.fields) and not value.columns <= by:
            message = (
                f"{name}: {written!r} differs between the records of one row; "
                f"expected an aggregate such as max({written})"
            )
            self.problem(name, message)
            return None
        return value

    def roll_up(self, name: str, aggregate: Aggregate | None) -> Aggregate | None:
        """The aggregate, if the rows of a table can be made by it."""
        if aggregate is None or aggregate.function in ROLL_UPS:
            return aggregate
        known = ", ".join(ROLL_UPS)
        self.problem(name, f"{name}: {aggregate.function}() is for tags; expected one of {known}")
        return None

    def fits(self, name: str, column: CanonicalColumn, value: Expression | Aggregate) -> bool:
        if value.columns & self.entry.doubtful:
            return False  # its field has a problem of its own
        before = len(self.problems.found)
        if value.type not in FITTING[column.type]:
            takes = " or ".join(sorted(FITTING[column.type]))
            self.problem(name, f"{name} takes {takes}; {value.text!r} is {value.type}")
        elif column.type == "enum":
            self.check_values(name, column, value)
        if column.pii == "high" and self.into.one_row_per:
            self.problem(name, f"{name} is high pii: a roll-up cannot carry it yet")
        return len(self.problems.found) == before

    def check_values(
        self, name: str, column: CanonicalColumn, value: Expression | Aggregate
    ) -> None:
        given = self.possible_values(value)
        if given is None:
            message = f"{name} takes {', '.join(column.values)}: map an enum field, or 'a value'"
            self.problem(name, message)
        for each in sorted(set(given or ()) - set(column.values)):
            self.problem(name, f"{name}: unknown value {each!r}{did_you_mean(each, column.values)}")

    def possible_values(self, value: Expression | Aggregate) -> tuple[str, ...] | None:
        """What an enum column may be given; None where that cannot be known."""
        inner = value.argument if isinstance(value, Aggregate) else value
        if inner is None:
            return None
        bare = next((name for name in inner.columns if inner.sql == quoted(name)), "")
        field = self.entry.fields.get(bare)
        if field is not None and field.type == "enum":
            return None if field.other == "keep" else tuple(field.value_map.values())
        literal = re.fullmatch(r"'(\w*)'", inner.sql)
        return (literal[1],) if literal else None

    def problem(self, column: str | None, message: str) -> None:
        where: Location = self.into.columns.at(column) if column else self.into.location
        self.problems.add(where, message)
