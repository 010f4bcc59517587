"""Measures that look at a range's rows as a whole: spread, gaps, percentiles, the newest values."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pyarrow as pa

from tags.kernel.ranges import MeasuredRows, Range, UnitRows, at_or_zero
from tags.kernel.values import (
    Integers,
    Numbers,
    Sums,
    Truths,
    Values,
    doubles_of,
    in_order,
)

Measured = tuple[pa.Array, Truths]  # the column, and which units have a value
_EXACT = 1 << 62
# As in the reference: beyond these the whole is missing.
_MOST_ROWS, _DIGITS, _SQUARE_DIGITS = 10**7, 10**18, 10**29


def gap_days(rows: UnitRows, window: Range) -> Measured:
    """The mean of the days between neighbouring different days with rows; two of them at least."""
    days = rows.days(window)
    has_gap = days > 1
    span = rows.last_day(window) - at_or_zero(rows.day, window.start)
    return pa.array(span / np.where(has_gap, days - 1, 1), mask=~has_gap), has_gap


def stddev(exact: MeasuredRows, present: MeasuredRows, window: Range) -> Measured:
    """√((n Σx² − (Σx)²) / (n (n − 1))), its numerator exact; missing where a value does not fit."""
    count = exact.count(window)
    total, squares = exact.total(window), _squares(exact, window)
    n = count.astype(object)
    numerator = n * squares.astype(object) - total.astype(object) ** 2
    fits = (count < _MOST_ROWS) & (np.abs(total) < _DIGITS) & (squares < _SQUARE_DIGITS)
    has_value = (count > 1) & (count == present.count(window)) & fits.astype(bool)
    pairs = np.where(has_value, n * (n - 1), 1).astype(np.float64)
    numerator = np.where(has_value, numerator, 0)
    variance = doubles_of(numerator, 2 * exact.values.places) / pairs
    return pa.array(np.sqrt(variance), mask=~has_value), has_value


def _squares(exact: MeasuredRows, window: Range) -> Numbers:
    numbers = np.where(exact.values.valid, exact.values.numbers, 0)
    largest = int(np.abs(numbers).max()) if len(numbers) else 0
    is_small = largest**2 < _EXACT
    squares = Sums.of((numbers if is_small else numbers.astype(object)) ** 2)
    return squares.between(window.start, window.end)


def percentile(measured: MeasuredRows, window: Range, share: Decimal) -> Measured:
    """The value at a share of the way through a range's values in order, between two of them on the
    straight line."""
    ordered, unit = _in_order(measured)
    in_range = (ordered >= window.start[unit]) & (ordered < window.end[unit])
    rows, counts = ordered[in_range], np.bincount(unit[in_range], minlength=len(window.start))
    has_value = counts > 0
    first = np.cumsum(counts) - counts
    position = (counts - 1) * float(share)
    lower, upper = np.floor(position), np.ceil(position)
    values = _doubles(measured.values)[rows]
    low, high = (
        at_or_zero(values, (first + place).astype(np.int64)) for place in (lower, upper)
    )
    between = (upper - position) * low + (position - lower) * high
    found = np.where((low == high) | (lower == upper), low, between)
    return pa.array(found, mask=~has_value), has_value


def _in_order(measured: MeasuredRows) -> tuple[Integers, Integers]:
    """The rows with a value in order of units and values, and their units."""
    known = np.flatnonzero(measured.values.valid)
    unit = measured.rows.unit[known]
    order = in_order(unit, measured.values.numbers[known])
    return known[order], unit[order]


def _doubles(values: Values) -> Numbers:
    if values.numbers.dtype.kind == "f":
        return values.numbers
    return doubles_of(values.numbers, values.places)


def newest(present: MeasuredRows, window: Range, most: int) -> tuple[Integers, Integers]:
    """The places of each unit's newest rows with a value, newest first, and how many they are."""
    known = np.flatnonzero(present.values.valid)
    before = np.concatenate(([0], np.cumsum(present.values.valid)))
    start, end = before[window.start], before[window.end]
    sizes = np.minimum(end - start, most)
    rank = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return known[np.repeat(end, sizes) - 1 - rank], sizes
