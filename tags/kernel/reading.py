"""Rows of one table as the kernel takes them: in order of persons and time, with what cells ask."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from language.binding import quoted
from language.local_sql import local_source, local_sql
from model.engines import Engine, Rows
from tags.definitions import SourceTable
from tags.kernel.ranges import UnitRows
from tags.kernel.values import Integers, Truths, Values, presence_of, values_of
from tags.night import DAY, ONE_ID, Night

_PERSON, _DAY = "_person", "_day"


@dataclass(frozen=True)
class Asked:
    """What the cells of one table ask: conditions, values, whether the order within a day tells."""

    table: SourceTable
    conditions: tuple[str, ...]
    values: tuple[str, ...]
    needs_order: bool
    reach: str


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


def read_rows(engine: Engine, rows: Rows, persons: Rows, asked: Asked, night: Night) -> PersonRows:
    """The rows of a table that belong to a person (`persons`: one_id, number from 0) and lie within
    reach of a window."""
    order = asked.table.order if asked.needs_order else (DAY,)
    keys = ", ".join(f"r.{local_sql(quoted(name))}" for name in order)
    sql = f"""
        select p.number as {_PERSON}, cast(r.day - date '1970-01-01' as bigint) as {_DAY}
               {_listed(asked, night)}
        from {local_source('these', asked.table.columns)} r join persons p on r.{ONE_ID} = p.one_id
        where {local_sql(asked.reach)} order by p.number, {keys}
    """
    found = engine.arrow(engine.rows(asked.table.name, sql, these=rows, persons=persons))
    person, day = (found[name].to_numpy() for name in (_PERSON, _DAY))
    return PersonRows(UnitRows(person, day, persons_count(engine, persons)), found, asked)


def persons_count(engine: Engine, persons: Rows) -> int:
    """How many persons there are."""
    row = engine.one_row("persons", "select count(*) as persons from these", these=persons)
    return int(row["persons"])


def _listed(asked: Asked, night: Night) -> str:
    columns = [*_named(asked.conditions, "_c", night), *_named(asked.values, "_v", night)]
    return "".join(f", {column}" for column in columns)


def _named(texts: Sequence[str], prefix: str, night: Night) -> Iterable[str]:
    for number, sql in enumerate(texts):
        yield f"{local_sql(night.bind(sql))} as {prefix}{number}"
