"""Rows of one table as the kernel takes them: in order of persons and time, with what cells ask.

A table is put in that order once, into a file; groups of persons are then stretches of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from language.binding import TIME_ZONE, quoted
from language.local_sql import local_source, local_sql
from model.engines import Rows
from model.local_engine import LocalEngine
from tags.definitions import SourceTable
from tags.kernel.ranges import UnitRows
from tags.kernel.values import Integers, Truths, Values, presence_of, values_of
from tags.night import DAY, ONE_ID, Night

_PERSON = "_person"


@dataclass(frozen=True)
class Asked:
    """What the cells of one table ask: conditions, values, whether the order within a day tells."""

    table: SourceTable
    columns: frozenset[str]
    conditions: tuple[str, ...]
    values: tuple[str, ...]
    needs_order: bool
    reach: str
    needs_moments: bool = False

    @property
    def plain_values(self) -> dict[str, str]:
        """Values that are columns as they are, with their names."""
        own = {quoted(name): name for name in self.columns}
        return {sql: own[sql] for sql in self.values if sql in own}


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
    file: Path
    count: int

    def of(self, people: People) -> pa.Table:
        """The rows of some persons, in order; texts are dictionaries."""
        texts = [n for n in self.asked.columns if self.asked.table.columns[n] in ("text", "enum")]
        with pq.ParquetFile(self.file, read_dictionary=texts) as file:
            groups = [
                n for n in range(file.num_row_groups)
                if _reaches(file.metadata.row_group(n).column(0).statistics, people)
            ]  # fmt: skip
            found = file.read_row_groups(groups) if groups else file.schema_arrow.empty_table()
        person = found[_PERSON].to_numpy()
        start, end = np.searchsorted(person, [people.start, people.end]).tolist()
        return found.slice(start, end - start).unify_dictionaries().combine_chunks()


def _reaches(persons: pq.Statistics | None, people: People) -> bool:
    return persons is None or (persons.max >= people.start and persons.min < people.end)


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
    return OrderedRows(asked, file, count)


@dataclass(frozen=True)
class PersonRows:
    """The rows of one table, those of a person together and in order; persons by their number."""

    rows: UnitRows
    conditions: Mapping[str, pa.Array]
    columns: Mapping[str, pa.Array]
    moments: Integers
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
        kept: Truths = self.conditions[condition].to_numpy(zero_copy_only=False)
        return kept

    def values(self, sql: str) -> Values:
        """The values of an expression, as numbers."""
        if sql not in self._values:
            self._values[sql] = values_of(self.columns[sql])
        return self._values[sql]

    def presence(self, sql: str) -> Values:
        """Where an expression has a value, of whatever type."""
        return presence_of(self.columns[sql])


def rows_of(engine: LocalEngine, table: OrderedRows, people: People, night: Night) -> PersonRows:
    """The rows of some persons, who are numbered from 0 again, with all that is asked of them."""
    asked, found = table.asked, table.of(people)
    plain = asked.plain_values
    computed = [*asked.conditions, *(sql for sql in asked.values if sql not in plain)]
    made = dict(zip(computed, _computed(engine, asked, found, computed, night), strict=True))
    columns = {sql: _column(found, name) for sql, name in plain.items()}
    columns |= {sql: made[sql] for sql in asked.values if sql not in plain}
    day = _column(found, DAY).cast(pa.int32()).cast(pa.int64()).to_numpy()
    units = UnitRows(found[_PERSON].to_numpy() - people.start, day, people.count)
    moments = _moments(engine, asked, found, night)
    return PersonRows(units, {sql: made[sql] for sql in asked.conditions}, columns, moments)


def _moments(engine: LocalEngine, asked: Asked, found: pa.Table, night: Night) -> Integers:
    """Microseconds of the rows' times; of the beginnings of their days where they have none; none
    at all where nothing asks for them."""
    if not asked.needs_moments:
        return np.zeros(0, np.int64)
    zone = local_sql(night.bind(TIME_ZONE))
    start = f"timezone({zone}, {DAY}::timestamp)"
    time = asked.table.time
    if time is not None and asked.table.columns[time] != "date":
        start = f"coalesce({local_sql(quoted(time))}, {start})"
    made = engine.over(asked.table.name, f"select epoch_us({start}) as m from these", found)
    moments: Integers = _column(made, "m").to_numpy()
    return moments


def _column(found: pa.Table, name: str) -> pa.Array:
    return found[name].combine_chunks()


def _computed(
    engine: LocalEngine, asked: Asked, found: pa.Table, texts: list[str], night: Night
) -> list[pa.Array]:
    """Expressions over rows, in the order of these."""
    if not texts:
        return []
    listed = ", ".join(f"{local_sql(night.bind(sql))} as c{n}" for n, sql in enumerate(texts))
    types = {name: asked.table.columns[name] for name in asked.columns}
    sql = f"select {listed} from {local_source('these', types)} r"
    made = engine.over(asked.table.name, sql, found)
    return [_column(made, f"c{n}") for n in range(len(texts))]
