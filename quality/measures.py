"""Checks as counts: what each one needs to know of a table, in one aggregation over it."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from quality.checks import Check
from quality.rules import Among, Between, Comparison, Filled, Matches, OtherColumn, Rule, Unique

_COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    ">=": operator.ge, "<=": operator.le, "!=": operator.ne,
    ">": operator.gt, "<": operator.lt, "=": operator.eq,
}  # fmt: skip
_FILES_NAMED = 3


@dataclass(frozen=True)
class Measure:
    """What one check saw: rows judged and rows failing (for a row count: all rows, and 0)."""

    judged: int
    failing: int
    files: tuple[tuple[str, int], ...] = ()


def measure(frame: DataFrame, checks: Sequence[Check]) -> tuple[Measure, ...]:
    """One measure per check, in their order, from one pass over the table.

    Every column the checks name must be in the frame. Cost: one aggregation; each `unique` adds
    one shuffle of its columns.
    """
    counts: list[Column] = []
    for i, check in enumerate(checks):
        judged, failing = _counts(check.rule, frame.schema)
        counts += [judged.alias(f"judged_{i}"), failing.alias(f"failing_{i}")]
    if not counts:
        return ()
    # One row of counts, whatever the table's size: the only thing that comes to the driver.
    row = frame.agg(*counts).collect()[0]
    return tuple(Measure(row[f"judged_{i}"], row[f"failing_{i}"]) for i in range(len(checks)))


def files_of_failures(
    frame: DataFrame, checks: Sequence[Check]
) -> tuple[tuple[tuple[str, int], ...], ...]:
    """Per check, the few source files with most failing rows; empty where files are not known."""
    rows = [_row_condition(check.rule, frame.schema) for check in checks]
    failing = {i: ~row for i, row in enumerate(rows) if row is not None}
    if "source_file" not in frame.columns or not failing:
        return tuple(() for _ in checks)
    counts = [F.count_if(condition).alias(f"failing_{i}") for i, condition in failing.items()]
    largest = [
        F.slice(F.sort_array(F.collect_list(_counted_file(i))), 1, _FILES_NAMED).alias(f"files_{i}")
        for i in failing
    ]
    # One row again: at most a few file names per check.
    row = frame.groupBy("source_file").agg(*counts).agg(*largest).collect()[0]
    return tuple(
        tuple((file, -negated) for negated, file in row[f"files_{i}"]) if i in failing else ()
        for i in range(len(checks))
    )


def _counted_file(i: int) -> Column:
    # Negated, so that sorting upwards puts the file with most failures first.
    entry = F.struct((-F.col(f"failing_{i}")).alias("negated"), F.col("source_file"))
    return F.when(F.col(f"failing_{i}") > 0, entry)


def _counts(rule: Rule, schema: T.StructType) -> tuple[Column, Column]:
    """How many rows a rule judges, and how many of them break it."""
    everything = F.count(F.lit(1))
    if isinstance(rule, Unique):
        # A struct is never null, so that a missing part counts as a value of its own.
        return everything, everything - F.count_distinct(F.struct(*rule.columns))
    row = _row_condition(rule, schema)
    if row is None:
        return everything, F.lit(0).cast("bigint")
    return F.count_if(row.isNotNull()), F.count_if(~row)


def _row_condition(rule: Rule, schema: T.StructType) -> Column | None:
    """Whether one row passes, null where it is not judged; None for rules about whole tables."""
    if isinstance(rule, Filled):
        return _is_filled(rule.column, schema)
    if not isinstance(rule, Comparison | Between | Among | Matches):
        return None
    column = F.col(rule.column)
    if isinstance(rule, Between):
        low, high = _literal(rule.low, rule, schema), _literal(rule.high, rule, schema)
        return (column >= low) & (column <= high)
    if isinstance(rule, Among):
        return column.isin(*(_literal(value, rule, schema) for value in rule.values))
    if isinstance(rule, Matches):
        return column.rlike(rule.pattern)
    return _COMPARE[rule.operator](column, _literal(rule.value, rule, schema))


def _is_filled(name: str, schema: T.StructType) -> Column:
    is_there = F.col(name).isNotNull()
    if isinstance(schema[name].dataType, T.StringType):
        return is_there & (F.trim(F.col(name)) != "")
    return is_there


def _literal(value: Any, rule: Comparison | Between | Among, schema: T.StructType) -> Column:
    if isinstance(value, OtherColumn):
        return F.col(value.name)
    # Exact decimals stay exact; a double is compared with a double.
    floating = isinstance(schema[rule.column].dataType, T.DoubleType | T.FloatType)
    return F.lit(float(value) if floating and isinstance(value, Decimal) else value)
