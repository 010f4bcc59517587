"""The wide columns of some persons: what is measured, then what is derived level by level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from language.binding import quoted
from language.local_sql import local_source, local_sql
from language.types import SPARK_TYPES, Columns
from model.ddl_types import arrow_type
from model.engines import Rows
from model.local_engine import LocalEngine
from tags.definitions import TagColumn
from tags.kernel.memory import SetValues, handed_on_here, stage_states_here
from tags.kernel.values import whole
from tags.night import BUSINESS_DATE, ONE_ID, Night
from tags.plans import DerivedColumn, Rank, TagPlan

MASK = "_mask_"


class Wide:
    """The columns so far, a value per person in the order of their numbers."""

    def __init__(
        self, engine: LocalEngine, plan: TagPlan, night: Night, ids: pa.Array, values: SetValues,
        absents: Mapping[str, pa.Scalar],
    ) -> None:  # fmt: skip
        self._engine = engine
        self._plan = plan
        self._night = night
        self._ids = ids
        self._types = {c.name: c for c in plan.columns}
        self._absents = absents
        self._values = values
        self._columns: dict[str, pa.Array] = {}

    def add(self, columns: Mapping[str, pa.Array]) -> None:
        """Adds columns; where nothing matched a person, the tag's `absent`; where people set a
        value, that."""
        casts = [n for n, values in columns.items() if self._is_cast(n, values)]
        filled = dict(columns) | self._cast({name: columns[name] for name in casts})
        for name, values in filled.items():
            absent = self._absents.get(name)
            whole = values if absent is None else pc.fill_null(values, absent)
            self._columns[name] = self._decided(name, whole)

    def _decided(self, name: str, values: pa.Array) -> pa.Array:
        column = self._types.get(name)
        if column is None:
            return values
        return self._values.decided(self._engine, column, self._ids, values)

    def fail(self, failures: Mapping[str, str]) -> None:
        """Adds columns that could not be computed: missing, and not absent."""
        for name in failures.keys() & self._types.keys():
            missing = pa.nulls(len(self._ids), arrow_type(self._types[name].spark_type))
            self._columns[name] = self._decided(name, missing)

    def keep(self, columns: Mapping[str, pa.Array]) -> None:
        """Adds columns of an earlier night, which keep their missing values."""
        self._columns |= columns

    def _is_cast(self, name: str, values: pa.Array) -> bool:
        column = self._types.get(name)
        return column is not None and values.type != arrow_type(column.spark_type)

    def _cast(self, columns: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
        """Columns in the types that their tags have; what does not fit is missing."""
        listed = {name: _typed_sql(self._types[name]) for name in columns}
        return self._asked(pa.table(dict(columns)), listed) if columns else {}

    def derive(self, level: Sequence[DerivedColumn], ranks: Mapping[str, pa.Array]) -> None:
        """Adds the columns of a level, which read those of the levels before and their ranks."""
        known = self._known
        for name, values in ranks.items():
            known = known.append_column(name, values)
        texts = self._bound({d.column.name: d.sql for d in level if not d.local})
        texts |= {d.column.name: d.local for d in level if d.local}
        self.add(self._asked(known, texts))

    def ranked(self, ranks: Sequence[Rank]) -> dict[str, pa.Array]:
        """The values that persons are ranked by, by the ranks' names."""
        return self._asked(self._known, self._bound({rank.name: rank.value for rank in ranks}))

    @property
    def _known(self) -> pa.Table:
        return pa.table({ONE_ID: self._ids, **self._columns})

    def _bound(self, texts: Mapping[str, str]) -> dict[str, str]:
        return {name: local_sql(self._night.bind(sql)) for name, sql in texts.items()}

    def _asked(self, known: pa.Table, listed: Mapping[str, str]) -> dict[str, pa.Array]:
        """Expressions over known columns, in the order of persons."""
        amounts: Columns = {f.name: "money" for f in known.schema if pa.types.is_decimal(f.type)}
        columns = ", ".join(f"{sql} as {local_sql(quoted(name))}" for name, sql in listed.items())
        sql = f"select {columns} from {local_source('these', amounts)} k"
        found = self._engine.over("derived", sql, known)
        return {name: whole(found.column(name)) for name in listed}

    def stored(self) -> pa.Table:
        """The tags' columns in the table's order; a masked one shows its mask, never its value."""
        masked = {pick.column.name for pick in self._plan.picks if pick.is_high}
        days = pa.array([self._night.business_date] * len(self._ids), pa.date32())
        columns = {BUSINESS_DATE: days, ONE_ID: self._ids}
        for column in self._plan.columns:
            shown = f"{MASK}{column.name}" if column.name in masked else column.name
            columns[column.name] = self._columns[shown]
        return pa.table(columns)

    def states(self, known: Rows | None) -> pa.Table | None:
        """What the persons leave of stages to the next night; None where no tag has any.

        `known` is what the night before left: stages that are not computed tonight stay so.
        """
        plan, day, found = self._plan, self._night.business_date, []
        if plan.histories:
            found.append(stage_states_here({ONE_ID: self._ids, **self._columns}, plan, day))
        if plan.handed_on and known is not None:
            found.append(handed_on_here(self._engine, known, plan.handed_on, self._ids, day))
        return pa.concat_tables(found) if found else None


def _typed_sql(column: TagColumn) -> str:
    name, one = local_sql(quoted(column.name)), SPARK_TYPES[column.type]
    if column.container == "list":
        return f"list_transform({name}, lambda v: {local_sql(f'try_cast(`v` AS {one})')})"
    if column.container == "map":
        value = local_sql(f"try_cast(e.value AS {one})")
        entry = f"struct_pack(key := e.key, value := {value})"
        return f"map_from_entries(list_transform(map_entries({name}), lambda e: {entry}))"
    return local_sql(f"try_cast({quoted(column.name)} AS {one})")


def absents_of(engine: LocalEngine, plan: TagPlan) -> dict[str, pa.Scalar]:
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
