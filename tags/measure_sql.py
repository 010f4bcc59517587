"""Spark SQL of measures over the rows of a cell: exact, and the same in any order of rows."""

from __future__ import annotations

from language.aggregates import Aggregate, render_aggregate
from language.binding import quoted
from language.expressions import Expression
from language.types import SPARK_TYPES, ValueType

# Nine decimals below, nineteen digits above the point: sums of numbers come out the same in any
# order of rows, which sums of doubles do not.
_EXACT = "decimal(28,9)"
# A square of eighteen digits is exact in Spark, and so is the difference of two such squares where
# one is the product of a number of rows and a sum of squares of these sizes.
_COUNT, _SUMMED = "decimal(7,0)", "decimal(18,{scale})"
_SQUARES = "decimal(29,{scale})"
_SCALES = {"integer": 0, "money": 2}
_OTHER_SCALE = 6


def measured_sql(aggregate: Aggregate, kept: str, order: str) -> str:
    """The aggregate of the rows where `kept` holds; `order` is the table's total order as SQL."""
    argument = aggregate.argument
    if argument is not None and aggregate.function in ("sum", "avg"):
        return _sum_sql(aggregate, argument, kept)
    if argument is not None and aggregate.function == "stddev":
        return _stddev_sql(argument, kept)
    if argument is not None and aggregate.function == "list":
        return _list_sql(aggregate, argument, kept, order)
    return render_aggregate(aggregate, order, kept)


def counted_value(aggregate: Aggregate) -> str:
    """The value whose different values an aggregate looks at; empty for all that fit one pass.

    A count of different values beside other aggregates would multiply the rows by each of them.
    """
    if aggregate.function in ("days", "gap_days"):
        return quoted("day")
    is_counted = aggregate.function in ("distinct", "percentile", "histogram")
    return aggregate.argument.sql if is_counted and aggregate.argument else ""


def counted_sql(aggregate: Aggregate, value: str, times: str) -> str:
    """The aggregate over different values, each with the number of `times` it occurs (0: never)."""
    occurs = f"{times} > 0"
    kept = f"FILTER (WHERE {occurs})"
    if aggregate.function == "gap_days":
        span = f"datediff(max({value}) {kept}, min({value}) {kept})"
        return f"try_divide(CAST({span} AS double), CAST(count_if({occurs}) - 1 AS double))"
    if aggregate.function == "percentile":
        return f"percentile({value}, {aggregate.parameter}D, {times})"
    if aggregate.function == "histogram":
        return entries_sql(f"CAST({value} AS string)", times, occurs)
    return f"count_if({occurs})"


def entries_sql(key: str, value: str, kept: str) -> str:
    """A map of the rows where `kept` holds, by the order of its keys; null where there are none."""
    entries = f"array_sort(collect_list(struct({key}, {value})) FILTER (WHERE {kept}))"
    return f"CASE WHEN count_if({kept}) > 0 THEN map_from_entries({entries}) END"


def spread_places(kind: ValueType) -> int:
    """The decimal places to which the spread of numbers of a type is exact."""
    return _SCALES.get(kind, _OTHER_SCALE)


def _sum_sql(aggregate: Aggregate, argument: Expression, kept: str) -> str:
    """The sum or the mean of the rows kept, exact: decimals are added, never doubles."""
    is_double = argument.type in ("number", "percent")
    exact = f"try_cast({argument.sql} AS {_EXACT})" if is_double else argument.sql
    total = f"try_sum({exact}) FILTER (WHERE {kept})"
    if aggregate.function == "sum":
        return f"try_cast({total} AS {SPARK_TYPES[aggregate.type]})"
    # A row whose number does not fit is in neither the sum nor the count.
    count = f"count({exact}) FILTER (WHERE {kept})"
    return f"try_divide(CAST({total} AS double), CAST({count} AS double))"


def _stddev_sql(argument: Expression, kept: str) -> str:
    """√((n Σx² − (Σx)²) / (n (n − 1))), the sample's, its numerator exact.

    Numbers are taken to six decimals. Where one has more than eighteen digits, or the sums have
    more than they can hold, the whole is missing: a part of the rows would be another measure.
    """
    scale = spread_places(argument.type)
    summed, squares = _SUMMED.format(scale=scale), _SQUARES.format(scale=2 * scale)
    exact = f"try_cast({argument.sql} AS {summed})"
    count, all_of_them, total, total_squares = (
        f"{call} FILTER (WHERE {kept})"
        for call in (
            f"count({exact})", f"count({argument.sql})", f"try_sum({exact})",
            f"try_sum({exact} * {exact})",
        )
    )
    product = f"try_cast({count} AS {_COUNT}) * try_cast({total_squares} AS {squares})"
    square = f"try_cast({total} AS {summed}) * try_cast({total} AS {summed})"
    pairs = f"CAST({count} * ({count} - 1) AS double)"
    variance = f"try_divide(CAST({product} - {square} AS double), {pairs})"
    return f"CASE WHEN {count} = {all_of_them} THEN sqrt({variance}) END"


def _list_sql(aggregate: Aggregate, argument: Expression, kept: str, order: str) -> str:
    """The newest values, newest first; null where all are missing."""
    known = f"{kept} AND {argument.sql} IS NOT NULL"
    entry = f"struct({order} AS place, {argument.sql} AS value)"
    newest_first = f"sort_array(collect_list({entry}) FILTER (WHERE {known}), false)"
    values = f"transform(slice({newest_first}, 1, {aggregate.parameter}), x -> x.value)"
    return f"CASE WHEN count_if({known}) > 0 THEN {values} END"
