"""Cells of one table: each measure over the ranges of its windows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from language.aggregates import Aggregate
from language.binding import quoted
from tags.definitions import EVER
from tags.kernel.measures import OF_PLACES, OF_PRESENCE, OF_ROWS, OF_VALUES, PLACES
from tags.kernel.ranges import MeasuredRows, Range, UnitRows, list_column, map_column
from tags.kernel.reading import Asked, PersonRows
from tags.kernel.statistics import Measured, newest, stddev
from tags.kernel.values import Integers, Truths, decoded, in_order
from tags.measure_sql import spread_places
from tags.night import Night
from tags.plans import Cell, Grouping, TagPlan

# As in the reference: sums of numbers are exact to nine places.
_EXACT = f"try_cast({{}} AS decimal(28,{PLACES}))"
_COUNT = Aggregate("count()", "count", None, "integer", frozenset())


def asked_of(plan: TagPlan, table: str, night: Night) -> Asked:
    """What all cells of a plan ask of the rows of one table, together."""
    groupings = [grouping for grouping in plan.groupings if grouping.table.name == table]
    cells = [cell for grouping in groupings for cell in grouping.cells]
    ballots = [
        (ballot, cell.votes[n][0], cell.window)
        for top in plan.tops for n, ballot in enumerate(top.ballots)
        if ballot.table.name == table for cell in top.cells
    ]  # fmt: skip
    walked = [
        (step, funnel.window) for funnel in plan.funnels for step in funnel.steps
        if step.table.name == table
    ]  # fmt: skip
    conditions = [
        *(cell.where for cell in cells), *(where for _, where, _ in ballots),
        *(step.where for step, _ in walked),
    ]  # fmt: skip
    values = [
        *(_key_sql(grouping, cell) for grouping in groupings for cell in grouping.cells),
        *(sql for cell in cells for sql in _arguments(cell.aggregate)),
        *(ballot.value for ballot, _, _ in ballots),
    ]
    found = [*(g.table for g in groupings), *(ballot.table for ballot, *_ in ballots),
             *(step.table for step, _ in walked)]  # fmt: skip
    source, texts = found[0], [*conditions, *values]
    read = {name for name in source.columns if any(quoted(name) in text for text in texts)}
    windows = [*(cell.window for cell in cells), *(window for *_, window in ballots),
               *(window for _, window in walked)]  # fmt: skip
    return Asked(
        source, frozenset(read | ({source.time} if walked and source.time else set())),
        tuple(dict.fromkeys(filter(None, conditions))),
        tuple(dict.fromkeys(filter(None, values))),
        any(cell.aggregate.needs_order or cell.window.rows for cell in cells),
        night.days([EVER if window.rows else window for window in windows]),
        needs_moments=bool(walked),
    )  # fmt: skip


def _key_sql(grouping: Grouping, cell: Cell) -> str:
    """The text that keys a cell's map; empty where it is none. Of a histogram, the value's own."""
    argument = cell.aggregate.argument
    if cell.aggregate.function == "histogram" and argument is not None:
        return f"CAST({argument.sql} AS string)"
    return grouping.by


def _arguments(aggregate: Aggregate) -> tuple[str, ...]:
    """The values of a row that an aggregate looks at: exact ones, where it adds them."""
    if aggregate.argument is None or aggregate.function == "histogram":
        return ()
    sql, kind = aggregate.argument.sql, aggregate.argument.type
    if aggregate.function == "stddev":
        return (f"try_cast({sql} AS decimal(18,{spread_places(kind)}))", sql)
    is_summed = aggregate.function in ("sum", "avg")
    return (_EXACT.format(sql) if is_summed and kind in ("number", "percent") else sql,)


def columns_of(
    rows: PersonRows, groupings: Sequence[Grouping], night: Night
) -> dict[str, pa.Array]:
    """The column of every cell, a value per person; missing where no row of the cell's is there."""
    by_key: dict[str, list[Cell]] = {}
    for grouping in groupings:
        for cell in grouping.cells:
            by_key.setdefault(_key_sql(grouping, cell), []).append(cell)
    found: dict[str, pa.Array] = {}
    for key, cells in by_key.items():
        units = _persons_and_keys(rows, key) if key else _persons(rows)
        families: dict[tuple[str, int], list[Cell]] = {}
        for cell in cells:
            families.setdefault((cell.where, cell.window.rows), []).append(cell)
        for (where, newest_rows), own in families.items():
            kept = _newest_of(rows, rows.places(where), newest_rows)
            found |= units.columns(rows, kept, own, night)
    return found


def _newest_of(rows: PersonRows, kept: Integers, most: int) -> Integers:
    """Of the rows kept the newest of each person; all of them where no number is said."""
    if not most:
        return kept
    person = rows.rows.unit[kept]
    past = np.searchsorted(person, person, side="right")  # where the next person begins
    return kept[past - np.arange(len(kept)) <= most]


@dataclass(frozen=True)
class _Units:
    """Whose rows are measured: `order` are the table's rows in the units' order."""

    rows: UnitRows
    order: Integers | None
    as_column: Callable[[pa.Array, Truths], pa.Array]

    def columns(
        self, rows: PersonRows, kept: Integers, cells: Sequence[Cell], night: Night
    ) -> Iterator[tuple[str, pa.Array]]:
        """The columns of cells that look at the same rows."""
        if self.order is None:
            family = _Family(rows, kept, self.rows.where(kept), {})
        else:
            is_kept = np.zeros(len(rows.rows), bool)
            is_kept[kept] = True
            own = np.flatnonzero(is_kept[self.order])
            family = _Family(rows, self.order[own], self.rows.where(own), {})
        windows = [EVER if cell.window.rows else cell.window for cell in cells]
        bounds = [window.bounds(night.business_date) for window in windows]
        for cell, window in zip(cells, family.rows.ranges(bounds), strict=True):
            is_histogram = cell.aggregate.function == "histogram"
            column, has_rows = family.measured(
                _COUNT if is_histogram else cell.aggregate, window, night
            )
            yield cell.column.name, self.as_column(column, has_rows)


def _persons(rows: PersonRows) -> _Units:
    return _Units(rows.rows, None, lambda column, _: column)


def _persons_and_keys(rows: PersonRows, by: str) -> _Units:
    """Every person's keys are units of their own; rows without a key are nobody's."""
    keys = rows.values(by)
    known = np.flatnonzero(keys.valid)
    order = known[in_order(rows.rows.unit[known], keys.numbers[known])]
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
        function, arguments = aggregate.function, _arguments(aggregate)
        if not arguments:
            return OF_ROWS[function](self.rows, window, night)
        sql = arguments[0]
        if function == "stddev":
            return stddev(self._of(sql, True), self._of(arguments[1], False), window)
        if function == "list":
            return self._newest(sql, window, int(aggregate.parameter or 0))
        if function in OF_PRESENCE:
            return OF_PRESENCE[function](self._of(sql, False), window)
        if function in OF_PLACES:
            place, has_value = OF_PLACES[function](self._of(sql, False), window)
            at = self.places[place] if len(self.places) else place
            return decoded(self.table.columns[sql].take(pa.array(at, mask=~has_value))), has_value
        return OF_VALUES[function](self._of(sql, True), window, aggregate)

    def _newest(self, sql: str, window: Range, most: int) -> Measured:
        places, sizes = newest(self._of(sql, False), window, most)
        items = decoded(self.table.columns[sql].take(pa.array(self.places[places])))
        return list_column(sizes, items), sizes > 0

    def _of(self, sql: str, by_value: bool) -> MeasuredRows:
        """The values of an expression, or only where there are any: of types without an order."""
        key = sql, by_value
        if key not in self.measures:
            whole = self.table.values(sql) if by_value else self.table.presence(sql)
            self.measures[key] = MeasuredRows(self.rows, whole.at(self.places))
        return self.measures[key]
