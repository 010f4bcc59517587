"""Cells of one table: each measure over the ranges of its windows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from language.aggregates import Aggregate
from language.binding import quoted
from tags.kernel.measures import OF_PLACES, OF_PRESENCE, OF_ROWS, OF_VALUES, PLACES, Measured
from tags.kernel.ranges import MeasuredRows, Range, UnitRows, map_column
from tags.kernel.reading import Asked, PersonRows
from tags.kernel.values import Integers, Truths, decoded
from tags.night import Night
from tags.plans import Cell, Grouping, TagPlan

# As in the reference: sums of numbers are exact to nine places.
_EXACT = f"try_cast({{}} AS decimal(28,{PLACES}))"


def asked_of(plan: TagPlan, table: str, night: Night) -> Asked:
    """What all cells of a plan ask of the rows of one table, together."""
    groupings = [grouping for grouping in plan.groupings if grouping.table.name == table]
    cells = [cell for grouping in groupings for cell in grouping.cells]
    ballots = [
        (ballot, cell.votes[n][0], cell.window)
        for top in plan.tops for n, ballot in enumerate(top.ballots)
        if ballot.table.name == table for cell in top.cells
    ]  # fmt: skip
    conditions = [*(cell.where for cell in cells), *(where for _, where, _ in ballots)]
    values = [
        *(grouping.by for grouping in groupings), *(argument_sql(c.aggregate) for c in cells),
        *(ballot.value for ballot, _, _ in ballots),
    ]
    source = groupings[0].table if groupings else ballots[0][0].table
    texts = [*conditions, *values]
    return Asked(
        source, frozenset(n for n in source.columns if any(quoted(n) in text for text in texts)),
        tuple(dict.fromkeys(filter(None, conditions))),
        tuple(dict.fromkeys(filter(None, values))),
        any(cell.aggregate.needs_order for cell in cells),
        night.reach([*(c.window for c in cells), *(window for *_, window in ballots)]),
    )  # fmt: skip


def argument_sql(aggregate: Aggregate) -> str:
    """The value of a row that an aggregate looks at; empty: the row itself."""
    if aggregate.argument is None:
        return ""
    sql = aggregate.argument.sql
    is_summed = aggregate.function in ("sum", "avg")
    is_floating = aggregate.argument.type in ("number", "percent")
    return _EXACT.format(sql) if is_summed and is_floating else sql


def columns_of(
    rows: PersonRows, groupings: Sequence[Grouping], night: Night
) -> dict[str, pa.Array]:
    """The column of every cell, a value per person; missing where no row of the cell's is there."""
    found: dict[str, pa.Array] = {}
    for grouping in groupings:
        units = _persons_and_keys(rows, grouping.by) if grouping.by else _persons(rows)
        for where in dict.fromkeys(cell.where for cell in grouping.cells):
            cells = [cell for cell in grouping.cells if cell.where == where]
            found |= units.columns(rows, where, cells, night)
    return found


@dataclass(frozen=True)
class _Units:
    """Whose rows are measured: `order` are the table's rows in the units' order."""

    rows: UnitRows
    order: Integers | None
    as_column: Callable[[pa.Array, Truths], pa.Array]

    def columns(
        self, rows: PersonRows, where: str, cells: Sequence[Cell], night: Night
    ) -> Iterator[tuple[str, pa.Array]]:
        """The columns of cells with one condition."""
        kept = rows.places(where)
        if self.order is None:
            family = _Family(rows, kept, self.rows.where(kept), {})
        else:
            is_kept = np.zeros(len(rows.rows), bool)
            is_kept[kept] = True
            own = np.flatnonzero(is_kept[self.order])
            family = _Family(rows, self.order[own], self.rows.where(own), {})
        bounds = [cell.window.bounds(night.business_date) for cell in cells]
        for cell, window in zip(cells, family.rows.ranges(bounds), strict=True):
            column, has_rows = family.measured(cell.aggregate, window, night)
            yield cell.column.name, self.as_column(column, has_rows)


def _persons(rows: PersonRows) -> _Units:
    return _Units(rows.rows, None, lambda column, _: column)


def _persons_and_keys(rows: PersonRows, by: str) -> _Units:
    """Every person's keys are units of their own; rows without a key are nobody's."""
    keys = rows.values(by)
    known = np.flatnonzero(keys.valid)
    order = known[np.lexsort((keys.numbers[known], rows.rows.unit[known]))]
    person, key = rows.rows.unit[order], keys.numbers[order]
    is_new = np.ones(len(order), bool)
    is_new[1:] = (person[1:] != person[:-1]) | (key[1:] != key[:-1])
    firsts = np.flatnonzero(is_new)
    units = UnitRows(np.cumsum(is_new) - 1, rows.rows.day[order], len(firsts))
    names = keys.column(key[firsts], np.zeros(len(firsts), bool))
    return _Units(units, order, lambda column, has_rows: map_column(
        person[firsts], names, column, has_rows, rows.rows.unit_count
    ))  # fmt: skip


@dataclass(frozen=True)
class _Family:
    """The rows that one condition keeps, and what has been measured of them."""

    table: PersonRows
    places: Integers
    rows: UnitRows
    measures: dict[tuple[str, bool], MeasuredRows]

    def measured(self, aggregate: Aggregate, window: Range, night: Night) -> Measured:
        """An aggregate per unit."""
        sql = argument_sql(aggregate)
        if not sql:
            return OF_ROWS[aggregate.function](self.rows, window, night)
        if aggregate.function in OF_PRESENCE:
            return OF_PRESENCE[aggregate.function](self._of(sql, False), window)
        if aggregate.function in OF_PLACES:
            place, has_value = OF_PLACES[aggregate.function](self._of(sql, False), window)
            at = self.places[place] if len(self.places) else place
            return decoded(self.table.columns[sql].take(pa.array(at, mask=~has_value))), has_value
        return OF_VALUES[aggregate.function](self._of(sql, True), window, aggregate.type)

    def _of(self, sql: str, by_value: bool) -> MeasuredRows:
        """The values of an expression, or only where there are any: of types without an order."""
        key = sql, by_value
        if key not in self.measures:
            whole = self.table.values(sql) if by_value else self.table.presence(sql)
            self.measures[key] = MeasuredRows(self.rows, whole.at(self.places))
        return self.measures[key]
