"""Rows of many units (persons, or persons and a key) in order: each window is a range of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import numpy as np
import pyarrow as pa

from tags.kernel.values import (
    Counts,
    Integers,
    Numbers,
    Sought,
    Sums,
    Truths,
    Values,
    in_order,
)

Bounds = tuple[date | None, date]
EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True)
class Range:
    """Of every unit the rows from `start` up to, without, `end`; `to_the_end`: up to its last."""

    start: Integers
    end: Integers
    to_the_end: bool

    @property
    def sizes(self) -> Integers:
        """How many rows each unit has."""
        return self.end - self.start


@dataclass(frozen=True)
class Edge:
    """Of every unit the place of its first row on a day or later; `is_last`: no unit has one."""

    places: Integers
    is_last: bool

    @cached_property
    def sought(self) -> Sought:
        """The places as they are looked up among many rows' counts."""
        return Sought.of(self.places)


@dataclass(frozen=True)
class UnitRows:
    """Rows in the order of their units and, within one, of time.

    `unit` numbers them from 0 to `unit_count` − 1; `day` counts days from 1970.
    """

    unit: Integers
    day: Integers
    unit_count: int
    _of: tuple[UnitRows, Integers] | None = field(default=None, repr=False)
    _edges: dict[int, Edge] = field(default_factory=dict, repr=False)
    _within: dict[Bounds, Truths] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.unit)

    def where(self, rows: Integers) -> UnitRows:
        """Some of the rows, by their places, which ascend."""
        return UnitRows(self.unit[rows], self.day[rows], self.unit_count, (self, rows))

    def ranges(self, bounds: Sequence[Bounds]) -> list[Range]:
        """The range of each window: from the edge of its first day to that past its last."""
        days = [(day_number(first), day_number(last) + 1) for first, last in bounds]
        edges = self.edges({day for both in days for day in both})
        return [
            Range(edges[first].places, edges[past].places, edges[past].is_last)
            for first, past in days
        ]

    def edges(self, days: Set[int]) -> Mapping[int, Edge]:
        """The edges of some days, among others."""
        new = sorted(days - self._edges.keys())
        if new:
            self._edges.update(self._of_days(new) if self._of is None else self._of_part(new))
        return self._edges

    def _of_part(self, days: Sequence[int]) -> dict[int, Edge]:
        """The edges of some of all rows are where those of all rows are."""
        whole, rows = self._of or (self, np.arange(len(self)))
        counts, edges = Counts.of(rows, len(whole)), whole.edges({*days})
        return {day: Edge(counts.at(edges[day].sought), edges[day].is_last) for day in days}

    def _of_days(self, days: Sequence[int]) -> dict[int, Edge]:
        """Days, which ascend, cut every unit's rows; rows of one cut are neighbours."""
        width = len(days) + 1
        places = self.unit * width + np.searchsorted(np.array(days), self.day, side="right")
        counts = np.bincount(places, minlength=self.unit_count * width)
        starts = np.concatenate(([0], np.cumsum(counts)))
        of_unit = np.arange(self.unit_count) * width
        ends, found = starts[of_unit + width], {}
        for n, day in enumerate(days):
            edge = starts[of_unit + n + 1]
            found[day] = Edge(edge, bool(np.array_equal(edge, ends)))
        return found

    def within(self, bounds: Bounds) -> Truths:
        """Which rows lie in a window."""
        if bounds not in self._within:
            first, last = bounds
            is_in: Truths = self.day <= day_number(last)
            if first is not None:
                is_in &= self.day >= day_number(first)
            self._within[bounds] = is_in
        return self._within[bounds]

    @cached_property
    def _new_days(self) -> Counts:
        """The rows that are the first of their day in their unit."""
        is_new = np.ones(len(self), bool)
        is_new[1:] = (self.day[1:] != self.day[:-1]) | (self.unit[1:] != self.unit[:-1])
        return Counts.where(is_new)

    def days(self, rows: Range) -> Integers:
        """Different days."""
        return self._new_days.before(rows.end) - self._new_days.before(rows.start)

    def last_day(self, rows: Range) -> Integers:
        """The latest day; of a unit without rows any."""
        return at_or_zero(self.day, rows.end - 1)


def day_number(day: date | None) -> int:
    """Days from 1970; of no day, less than any."""
    return -(1 << 40) if day is None else day.toordinal() - EPOCH


def at_or_zero(numbers: Numbers, places: Integers) -> Numbers:
    """The numbers at some places; what is said of places that there are not means nothing."""
    if not len(numbers):
        return np.zeros(len(places), numbers.dtype)
    return numbers[np.clip(places, 0, len(numbers) - 1)]


@dataclass(frozen=True)
class MeasuredRows:
    """The values that the rows of units have in one column."""

    rows: UnitRows
    values: Values

    @cached_property
    def _valid(self) -> Counts:
        return Counts.where(self.values.valid)

    def _before(self, places: Integers) -> Integers:
        """How many rows with a value stand before some places."""
        return places if self.values.is_whole else self._valid.before(places)

    @cached_property
    def _sums(self) -> Sums:
        numbers = self.values.numbers
        return Sums.of(numbers if self.values.is_whole else np.where(self.values.valid, numbers, 0))

    def count(self, rows: Range) -> Integers:
        """Rows with a value."""
        return self._before(rows.end) - self._before(rows.start)

    def total(self, rows: Range) -> Numbers:
        """The exact sum of whole numbers; 0 without any."""
        return self._sums.between(rows.start, rows.end)

    @cached_property
    def _known(self) -> tuple[Integers, Numbers]:
        """The places of the rows with a value, and their numbers."""
        if self.values.is_whole:
            return np.arange(len(self.rows)), self.values.numbers
        known = np.flatnonzero(self.values.valid)
        return known, self.values.numbers[known]

    def extreme(self, rows: Range, choose: np.ufunc) -> Numbers:
        """The largest (np.maximum) or smallest number; means nothing of a unit without values."""
        _, numbers = self._known
        if not len(numbers):
            return np.zeros(len(rows.start), numbers.dtype)
        start, end = self._before(rows.start), self._before(rows.end)
        some = np.flatnonzero(end > start)
        found = np.zeros(len(start), numbers.dtype)
        # reduceat takes from one bound to the next: every second stretch is a unit's own.
        bounds = np.stack([start[some], end[some]], axis=1).reshape(-1)
        if len(bounds):
            padded = np.append(numbers, numbers[-1:])  # a bound may be the very end
            found[some] = choose.reduceat(padded, bounds)[::2]
        return found

    def first(self, rows: Range) -> Integers:
        """The place of the first row with a value; means nothing of a unit without one."""
        return self._places(self._before(rows.start))

    def last(self, rows: Range) -> Integers:
        """The place of the last row with a value; means nothing of a unit without one."""
        return self._places(self._before(rows.end) - 1)

    def _places(self, ranks: Integers) -> Integers:
        """The places of rows with a value by their ranks among them."""
        if self.values.is_whole:
            return np.clip(ranks, 0, max(len(self.rows) - 1, 0))
        known, _ = self._known
        return at_or_zero(known, ranks)

    @cached_property
    def _occurrences(self) -> tuple[Integers, Counts]:
        """Of every row with a value the place of the same value's row before it in the unit (−1:
        none), and which rows are the last ones of their value."""
        known, numbers = self._known
        unit = self.rows.unit[known]
        order = in_order(unit, numbers)  # equal ones stay in their order of time
        same = np.zeros(len(order), bool)
        unit, ordered = unit[order], numbers[order]
        same[1:] = (unit[1:] == unit[:-1]) & _equal(ordered[1:], ordered[:-1])
        before = np.full(len(order), -1, np.int64)
        repeated = np.flatnonzero(same)
        before[order[repeated]] = known[order[repeated - 1]]
        is_last = np.ones(len(order), bool)
        is_last[order[repeated - 1]] = False
        return before, Counts.where(is_last)

    def distinct(self, rows: Range) -> Integers:
        """Different values: rows of which the same value has none before in the range."""
        start, end = self._before(rows.start), self._before(rows.end)
        before, found = self._occurrences  # as many as last ones, which no window changes
        if not rows.to_the_end:
            known, _ = self._known
            found = Counts.where(before < rows.start[self.rows.unit[known]])
        return found.before(end) - found.before(start)


def _equal(left: Numbers, right: Numbers) -> Truths:
    """Equal numbers; NaN is one value."""
    same = left == right
    return same | ((left != left) & (right != right)) if left.dtype.kind == "f" else same  # noqa: PLR0124


def list_column(sizes: Integers, items: pa.Array) -> pa.Array:
    """Lists of so many of the items each, one after another; missing where there are none."""
    offsets = np.concatenate(([0], np.cumsum(sizes))).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets, mask=np.append(sizes == 0, False)), items)


def map_column(
    person_of: Integers, keys: pa.Array, items: pa.Array, kept: Truths, person_count: int
) -> pa.Array:
    """Maps by person out of the entries of units (in the order of persons, then of keys) that are
    kept; missing where a person has none."""
    places = np.flatnonzero(kept)
    sizes = np.bincount(person_of[places], minlength=person_count)
    offsets = np.concatenate(([0], np.cumsum(sizes))).astype(np.int32)
    missing = np.append(sizes == 0, False)
    return pa.MapArray.from_arrays(
        pa.array(offsets, mask=missing), keys.take(pa.array(places)), items.take(pa.array(places))
    )
