"""Rows of one table as the kernel takes them: in order of persons and time, with what cells ask.

A table is put in that order once, into a file; groups of persons are then stretches of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from language.binding import TIME_ZONE, quoted
from language.local_sql import local_source, local_sql
from model.engines import Rows
from model.local_engine import LocalEngine
from tags.definitions import SourceTable
from tags.kernel.conditions import truths_of
from tags.kernel.ranges import UnitRows
from tags.kernel.values import Integers, Truths, Values, presence_of, values_of, whole
from tags.night import DAY, ONE_ID, Days, Night, within_days

PERSON = "_person"


@dataclass(frozen=True)
class Asked:
    """What the cells of one table ask: conditions, values, whether the order within a day tells."""

    table: SourceTable
    columns: frozenset[str]
    conditions: tuple[str, ...]
    values: tuple[str, ...]
    needs_order: bool
    days: Days
    needs_moments: bool = False

    @property
    def texts(self) -> list[str]:
        """The columns of texts, which are read as places in dictionaries."""
        return [n for n in sorted(self.columns) if self.table.columns[n] in ("text", "enum")]

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
        names = (PERSON, *sorted(self.asked.columns | {DAY}))
        found, _ = stretch(self.file, names, self.asked.texts, people.start, people.end)
        return found.unify_dictionaries().combine_chunks()


def stretch(
    file: Path, names: Sequence[str], texts: Sequence[str], low: int, high: int
) -> tuple[pa.Table, int]:
    """The rows of a Parquet file where the first of some columns, which is the file's first and in
    order, is not below `low` and below `high`; and the place of the first of them in the file."""
    with pq.ParquetFile(file, read_dictionary=list(texts)) as parquet:
        groups = [parquet.metadata.row_group(n) for n in range(parquet.num_row_groups)]
        reached = [
            n for n, group in enumerate(groups) if _reaches(group.column(0).statistics, low, high)
        ]
        before = sum(group.num_rows for group in groups[: reached[0]]) if reached else 0
        found = parquet.read_row_groups(reached, columns=list(names)).select(list(names))
    keys = found[names[0]].to_numpy()
    start, end = np.searchsorted(keys, [low, high]).tolist()
    return found.slice(start, end - start), before + start


def _reaches(keys: pq.Statistics | None, low: int, high: int) -> bool:
    return keys is None or (keys.max >= low and keys.min < high)


def ordered(engine: LocalEngine, rows: Rows, persons: Rows, asked: Asked) -> OrderedRows:
    """Puts a table's rows in order, those within reach of a window and of `persons` (one_id,
    number from 0)."""
    order = asked.table.order if asked.needs_order else (DAY,)
    keys = ", ".join(f"r.{local_sql(quoted(name))}" for name in order)
    listed = "".join(f", r.{local_sql(quoted(name))}" for name in sorted(asked.columns | {DAY}))
    sql = f"""
        select p.number as {PERSON} {listed}
        from these r join persons p on r.{ONE_ID} = p.one_id
        where {local_sql(within_days(asked.days))}
        order by p.number, {keys}
    """
    file = engine.folder / f"ordered-{asked.table.name}.parquet"
    count = engine.write(engine.rows(asked.table.name, sql, these=rows, persons=persons), str(file))
    return OrderedRows(asked, file, count)


@dataclass(frozen=True)
class PersonRows:
    """The rows of one table, those of a person together and in order; persons by their number."""

    rows: UnitRows
    conditions: Mapping[str, Truths]
    columns: Mapping[str, pa.Array]
    moments: Integers
    _values: dict[str, Values] = field(default_factory=dict, repr=False)
    _present: dict[str, Values] = field(default_factory=dict, repr=False)
    _places: dict[str, Integers] = field(default_factory=dict, repr=False)

    def places(self, condition: str) -> Integers:
        """Which rows a condition keeps; an empty one keeps all."""
        if condition not in self._places:
            self._places[condition] = np.flatnonzero(self.truths(condition))
        return self._places[condition]

    def truths(self, condition: str) -> Truths:
        """Of which rows a condition holds; an empty one holds of all."""
        return self.conditions[condition] if condition else np.ones(len(self.rows), bool)

    def values(self, sql: str) -> Values:
        """The values of an expression, as numbers."""
        if sql not in self._values:
            self._values[sql] = values_of(self.columns[sql])
        return self._values[sql]

    def presence(self, sql: str) -> Values:
        """Where an expression has a value, of whatever type."""
        if sql not in self._present:
            self._present[sql] = presence_of(self.columns[sql])
        return self._present[sql]


class InOrder(Protocol):
    """A table's rows that belong to persons, in order of the persons' numbers and time."""

    @property
    def asked(self) -> Asked:
        """What is asked of them."""
        ...

    @property
    def count(self) -> int:
        """How many they are, about."""
        ...

    def of(self, people: People) -> pa.Table:
        """The rows of some persons, with the persons' numbers; texts are dictionaries."""
        ...


def rows_of(engine: LocalEngine, table: InOrder, people: People, night: Night) -> PersonRows:
    """The rows of some persons, who are numbered from 0 again, with all that is asked of them."""
    asked, found = table.asked, table.of(people)
    plain = asked.plain_values
    computed = [sql for sql in asked.values if sql not in plain]
    columns = {sql: _column(found, name) for sql, name in plain.items()}
    made = _computed(engine, asked, found, computed, night)
    columns |= dict(zip(computed, made, strict=True))
    conditions = truths_of(
        found, asked.conditions, lambda rows, texts: _computed(engine, asked, rows, texts, night)
    )
    day = _column(found, DAY).cast(pa.int32()).cast(pa.int64()).to_numpy()
    units = UnitRows(found[PERSON].to_numpy() - people.start, day, people.count)
    moments = _moments(engine, asked, found, night)
    return PersonRows(units, conditions, columns, moments)


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
    return whole(found[name])


def _computed(
    engine: LocalEngine, asked: Asked, found: pa.Table, texts: Sequence[str], night: Night
) -> list[pa.Array]:
    """Expressions over rows, in the order of these."""
    if not texts:
        return []
    listed = ", ".join(f"{local_sql(night.bind(sql))} as c{n}" for n, sql in enumerate(texts))
    types = {name: asked.table.columns[name] for name in asked.columns & {*found.column_names}}
    sql = f"select {listed} from {local_source('these', types)} r"
    made = engine.over(asked.table.name, sql, found)
    return [_column(made, f"c{n}") for n in range(len(texts))]
