"""Rows of one table as the kernel takes them: in order of persons and time, with what cells ask.

A table is put in that order once, into a file; groups of persons are then stretches of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from language.binding import quoted
from language.local_sql import local_source, local_sql
from model.engines import Rows
from model.local_engine import LocalEngine
from tags.definitions import SourceTable
from tags.kernel.ranges import UnitRows
from tags.kernel.values import Integers, Truths, Values, presence_of, values_of
from tags.night import DAY, ONE_ID, Night

_PERSON, _PLACE, _DAY = "_person", "_place", "_day"


@dataclass(frozen=True)
class Asked:
    """What the cells of one table ask: conditions, values, whether the order within a day tells."""

    table: SourceTable
    columns: frozenset[str]
    conditions: tuple[str, ...]
    values: tuple[str, ...]
    needs_order: bool
    reach: str


@dataclass(frozen=True)
class People:
    """Some persons, by their numbers: from `start` up to, without, `end`."""

    start: int
    end: int

    @property
    def count(self) -> int:
        """How many they are."""
        return self.end - self.start


@dataclass(frozen=True)
class OrderedRows:
    """A table's rows that belong to persons, in a file, in order of persons' numbers and time."""

    asked: Asked
    rows: Rows
    count: int


def ordered(
    engine: LocalEngine, rows: Rows, persons: Rows, asked: Asked, night: Night
) -> OrderedRows:
    """Puts a table's rows in order, those within reach of a window and of `persons` (one_id,
    number from 0)."""
    order = asked.table.order if asked.needs_order else (DAY,)
    keys = ", ".join(f"r.{local_sql(quoted(name))}" for name in order)
    listed = "".join(f", r.{local_sql(quoted(name))}" for name in sorted(asked.columns | {DAY}))
    sql = f"""
        select p.number as {_PERSON} {listed}
        from these r join persons p on r.{ONE_ID} = p.one_id where {local_sql(asked.reach)}
        order by p.number, {keys}
    """
    file = engine.folder / f"ordered-{asked.table.name}.parquet"
    count = engine.write(engine.rows(asked.table.name, sql, these=rows, persons=persons), str(file))
    return OrderedRows(asked, engine.of_files([file], numbered=True), count)


@dataclass(frozen=True)
class PersonRows:
    """The rows of one table, those of a person together and in order; persons by their number."""

    rows: UnitRows
    found: pa.Table
    asked: Asked
    _values: dict[str, Values] = field(default_factory=dict, repr=False)
    _places: dict[str, Integers] = field(default_factory=dict, repr=False)

    def places(self, condition: str) -> Integers:
        """Which rows a condition keeps; an empty one keeps all."""
        if condition not in self._places:
            self._places[condition] = np.flatnonzero(self._truths(condition))
        return self._places[condition]

    def _truths(self, condition: str) -> Truths:
        if not condition:
            return np.ones(len(self.rows), bool)
        name = f"_c{self.asked.conditions.index(condition)}"
        kept: Truths = self.found[name].combine_chunks().to_numpy(zero_copy_only=False)
        return kept

    def values(self, sql: str) -> Values:
        """The values of an expression, as numbers."""
        if sql not in self._values:
            self._values[sql] = values_of(self.column(sql))
        return self._values[sql]

    def presence(self, sql: str) -> Values:
        """Where an expression has a value, of whatever type."""
        return presence_of(self.column(sql))

    def column(self, sql: str) -> pa.Array:
        """The values of an expression."""
        return self.found[f"_v{self.asked.values.index(sql)}"].combine_chunks()


def rows_of(engine: LocalEngine, table: OrderedRows, people: People, night: Night) -> PersonRows:
    """The rows of some persons, who are numbered from 0 again, with all that is asked of them."""
    asked = table.asked
    columns = [*_named(asked.conditions, "_c", night), *_named(asked.values, "_v", night)]
    types = {name: asked.table.columns[name] for name in asked.columns}
    found = engine.arrow(engine.rows(asked.table.name, f"""
        select {_PERSON} - {people.start} as {_PERSON}, file_row_number as {_PLACE},
               cast(day - date '1970-01-01' as bigint) as {_DAY}
               {''.join(f', {column}' for column in columns)}
        from {local_source('these', types)} r
        where {_PERSON} >= {people.start} and {_PERSON} < {people.end}
    """, these=table.rows))  # fmt: skip
    found = _in_place(found)
    person, day = (found[name].to_numpy() for name in (_PERSON, _DAY))
    return PersonRows(UnitRows(person, day, people.count), found, asked)


def _in_place(found: pa.Table) -> pa.Table:
    """The rows in the order of their file, which threads may have read in another."""
    place = found[_PLACE].to_numpy()
    return found if (place[1:] > place[:-1]).all() else found.take(pa.array(np.argsort(place)))


def _named(texts: Sequence[str], prefix: str, night: Night) -> Iterable[str]:
    for number, sql in enumerate(texts):
        yield f"{local_sql(night.bind(sql))} as {prefix}{number}"
