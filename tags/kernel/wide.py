"""A night's tags in this process: the same wide table as the reference's (tags/computing.py)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from language.binding import quoted
from language.local_sql import local_source, local_sql
from language.types import Columns
from model.ddl_types import arrow_type
from model.engines import Engine, Rows
from tags.definitions import TagColumn
from tags.kernel.groupings import asked_of, columns_of
from tags.kernel.reading import PersonRows, read_rows
from tags.kernel.tops import columns_of_top
from tags.night import BUSINESS_DATE, ONE_ID, Night
from tags.plans import DerivedColumn, Picked, Rank, TagPlan

_MASK, _NUMBER = "_mask_", "_number"


def compute_tags_here(
    engine: Engine,
    sources: Mapping[str, Rows],
    persons: Rows,
    golden: Rows,
    golden_types: Columns,
    plan: TagPlan,
    business_date: date,
    *,
    time_zone: str,
) -> pa.Table:
    """The wide table of one night, in order of one_id; what is given is as for the reference.

    `golden_types`: the types of the golden profile's columns.
    """
    night = Night(business_date, time_zone)
    people = engine.kept(engine.rows("people", f"""
        select {ONE_ID}, row_number() over (order by {ONE_ID}) - 1 as number from these
    """, these=persons))  # fmt: skip
    ids = engine.arrow(engine.rows("ids", f"select {ONE_ID} from p order by {ONE_ID}", p=people))
    wide = _Wide(engine, plan, night, ids.column(ONE_ID).combine_chunks())
    wide.add(_picked(engine, golden, golden_types, people, plan.picks, night))
    tables = {name: _read(engine, sources[name], people, plan, name, night) for name in plan.tables}
    for name, rows in tables.items():
        own = [grouping for grouping in plan.groupings if grouping.table.name == name]
        wide.add(columns_of(rows, own, night))
    for top in plan.tops:
        wide.add(dict(columns_of_top(tables, top, night)))
    for level in plan.levels:
        wide.derive(level)
    return wide.stored()


def _read(
    engine: Engine, rows: Rows, people: Rows, plan: TagPlan, name: str, night: Night
) -> PersonRows:
    """One pass over a table, for all that the plan asks of it."""
    return read_rows(engine, rows, people, asked_of(plan, name, night), night)


def _picked(
    engine: Engine, golden: Rows, types: Columns, people: Rows, picks: Sequence[Picked],
    night: Night,
) -> dict[str, pa.Array]:
    listed = ", ".join(_picked_columns(picks, night))
    if not listed:
        return {}
    found = engine.arrow(engine.rows("golden", f"""
        select {listed} from people p left join {local_source('golden', types)} g
        on g.{ONE_ID} = p.{ONE_ID} order by p.number
    """, people=people, golden=golden))  # fmt: skip
    return {name: found.column(name).combine_chunks() for name in found.column_names}


def _picked_columns(picks: Sequence[Picked], night: Night) -> Iterator[str]:
    for pick in picks:
        name = pick.column.name
        if pick.is_high:
            yield f'{local_sql(quoted(f"{pick.golden}_mask"))} as {local_sql(quoted(_MASK + name))}'
        if not pick.is_high or pick.needs_plain:
            yield f"{local_sql(night.bind(pick.sql))} as {local_sql(quoted(name))}"


class _Wide:
    """The columns so far, a value per person in the order of their numbers."""

    def __init__(self, engine: Engine, plan: TagPlan, night: Night, ids: pa.Array) -> None:
        self._engine = engine
        self._plan = plan
        self._night = night
        self._ids = ids
        self._types = {c.name: c for c in plan.columns}
        self._absents = _absents(engine, plan)
        self._columns: dict[str, pa.Array] = {}

    def add(self, columns: Mapping[str, pa.Array]) -> None:
        """Adds columns; where nothing matched a person, the tag's `absent`."""
        casts = [n for n, values in columns.items() if self._is_cast(n, values)]
        filled = dict(columns) | self._cast({name: columns[name] for name in casts})
        for name, values in filled.items():
            absent = self._absents.get(name)
            self._columns[name] = values if absent is None else pc.fill_null(values, absent)

    def _is_cast(self, name: str, values: pa.Array) -> bool:
        column = self._types.get(name)
        return column is not None and values.type != arrow_type(column.spark_type)

    def _cast(self, columns: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
        """Columns in the types that their tags have; what does not fit is missing."""
        listed = {name: _typed_sql(self._types[name]) for name in columns}
        return self._asked(pa.table(dict(columns)), listed) if columns else {}

    def derive(self, level: Sequence[DerivedColumn]) -> None:
        """Adds the columns of a level, which read those of the levels before."""
        known = pa.table(self._columns) if self._columns else pa.table({ONE_ID: self._ids})
        ranks = self._ranks(known, [rank for derived in level for rank in derived.ranks])
        for name, values in ranks.items():
            known = known.append_column(name, values)
        sql = {d.column.name: local_sql(self._night.bind(d.sql)) for d in level}
        self.add(self._asked(known, sql))

    def _ranks(self, known: pa.Table, ranks: Sequence[Rank]) -> dict[str, pa.Array]:
        """How many persons stand above each, and how many have a value."""
        listed = {}
        for rank in ranks:
            value = f"({local_sql(self._night.bind(rank.value))})"
            listed[f"{rank.name}_above"] = (
                f"case when {value} is not null then "
                f"rank() over (order by {value} desc nulls last) - 1 end"
            )
            listed[f"{rank.name}_count"] = f"count({value}) over ()"
        return self._asked(known, listed) if listed else {}

    def _asked(self, known: pa.Table, listed: Mapping[str, str]) -> dict[str, pa.Array]:
        """Expressions over known columns, in the order of persons."""
        numbered = known.append_column(_NUMBER, pa.array(range(len(self._ids)), pa.int64()))
        amounts: Columns = {f.name: "money" for f in known.schema if pa.types.is_decimal(f.type)}
        columns = "".join(f", {sql} as {local_sql(quoted(name))}" for name, sql in listed.items())
        found = self._engine.arrow(self._engine.rows("derived", f"""
            select {_NUMBER}{columns} from {local_source('known', amounts)} k order by {_NUMBER}
        """, known=self._engine.of(numbered)))  # fmt: skip
        return {name: found.column(name).combine_chunks() for name in listed}

    def stored(self) -> pa.Table:
        """The tags' columns in the table's order; a masked one shows its mask, never its value."""
        masked = {pick.column.name for pick in self._plan.picks if pick.is_high}
        days = pa.array([self._night.business_date] * len(self._ids), pa.date32())
        columns = {BUSINESS_DATE: days, ONE_ID: self._ids}
        for column in self._plan.columns:
            shown = f"{_MASK}{column.name}" if column.name in masked else column.name
            columns[column.name] = self._columns[shown]
        return pa.table(columns)


def _typed_sql(column: TagColumn) -> str:
    name = quoted(column.name)
    if column.container != "value":
        return local_sql(name)
    return local_sql(f"try_cast({name} AS {column.spark_type})")


def _absents(engine: Engine, plan: TagPlan) -> dict[str, pa.Scalar]:
    """What stands where nothing matched, by column."""
    types = {column.name: column for column in plan.columns}
    listed = ", ".join(
        f"{local_sql(f'try_cast({sql} AS {types[name].spark_type})')} as {local_sql(quoted(name))}"
        for name, sql in plan.absents.items()
    )
    if not listed:
        return {}
    found = engine.arrow(engine.rows("absent", f"select {listed}"))
    return {n: found.column(n)[0].cast(arrow_type(types[n].spark_type)) for n in plan.absents}
