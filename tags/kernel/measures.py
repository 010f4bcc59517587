"""What each aggregate is, of the rows in a range: a column with a value per unit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

import numpy as np
import pyarrow as pa

from language.aggregates import Aggregate
from language.types import SPARK_TYPES
from model.ddl_types import arrow_type
from tags.kernel.ranges import EPOCH, MeasuredRows, Range, UnitRows
from tags.kernel.statistics import Measured, gap_days, percentile
from tags.kernel.values import Integers, Truths, doubles_of, typed_column
from tags.night import Night

PLACES = 9  # decimal places of numbers that are summed


def _counted(counts: Integers) -> Measured:
    """None of something is no value: the tag says what stands there."""
    has_rows = counts > 0
    return pa.array(counts, pa.int64(), mask=~has_rows), has_rows


def _days_since_last(rows: UnitRows, window: Range, night: Night) -> Measured:
    has_rows = window.sizes > 0
    today = night.business_date.toordinal() - EPOCH
    return pa.array(today - rows.last_day(window), pa.int64(), mask=~has_rows), has_rows


def _total(measured: MeasuredRows, window: Range, aggregate: Aggregate) -> Measured:
    kind = aggregate.type
    has_value, total = measured.count(window) > 0, measured.total(window)
    if kind in ("number", "percent"):
        return pa.array(doubles_of(total, PLACES), mask=~has_value), has_value
    column = typed_column(total, ~has_value, arrow_type(SPARK_TYPES[kind]))
    return column, column.is_valid().to_numpy(zero_copy_only=False)


def _mean(measured: MeasuredRows, window: Range, _: Aggregate) -> Measured:
    count = measured.count(window)
    has_value = count > 0
    total = doubles_of(measured.total(window), measured.values.places)
    return pa.array(total / np.where(has_value, count, 1), mask=~has_value), has_value


def _extreme(choose: np.ufunc) -> Callable[[MeasuredRows, Range, Aggregate], Measured]:
    def found(measured: MeasuredRows, window: Range, _: Aggregate) -> Measured:
        has_value = measured.count(window) > 0
        return measured.values.column(measured.extreme(window, choose), ~has_value), has_value

    return found


def _first(measured: MeasuredRows, window: Range) -> tuple[Integers, Truths]:
    return measured.first(window), measured.count(window) > 0


def _last(measured: MeasuredRows, window: Range) -> tuple[Integers, Truths]:
    return measured.last(window), measured.count(window) > 0


# Of rows as such.
OF_ROWS: Mapping[str, Callable[[UnitRows, Range, Night], Measured]] = {
    "count": lambda _, window, __: _counted(window.sizes),
    "days": lambda rows, window, _: _counted(rows.days(window)),
    "days_since_last": _days_since_last,
    "gap_days": lambda rows, window, _: gap_days(rows, window),
}
# Of the values that they have; NaN is the largest number, as in Spark.
OF_VALUES: Mapping[str, Callable[[MeasuredRows, Range, Aggregate], Measured]] = {
    "sum": _total,
    "avg": _mean,
    "min": _extreme(np.fmin),
    "max": _extreme(np.maximum),
    "distinct": lambda measured, window, _: _counted(measured.distinct(window)),
    "percentile": lambda measured, window, aggregate: percentile(
        measured, window, aggregate.parameter or Decimal(0)
    ),
}
# How many there are, of whatever type.
OF_PRESENCE: Mapping[str, Callable[[MeasuredRows, Range], Measured]] = {
    "count": lambda measured, window: _counted(measured.count(window)),
}
# Of one of them, which may be of any type: its place, and which units have one.
OF_PLACES: Mapping[str, Callable[[MeasuredRows, Range], tuple[Integers, Truths]]] = {
    "first": _first,
    "last": _last,
}
