"""How well filled every tag column is, and how its values spread."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from model.fixed_tables import TAG_METRICS
from tags.night import BUSINESS_DATE, ONE_ID

_NUMERIC = ("bigint", "double", "decimal", "int")
_EXACT = "decimal(28,9)"


def tag_metrics(
    current: DataFrame, business_date: date, failures: Mapping[str, str]
) -> DataFrame:
    """One row per tag column of a night's wide table: persons, persons with a value, spread,
    and of those in `failures` why they could not be computed.

    `distinct_count` is approximate (HyperLogLog++, 5 %); means are taken over exact sums, so that
    they do not depend on the order of rows. One pass over the table in long form: six aggregates
    over a thousand groups compile and run, six thousand aggregates over one group do not.
    """
    columns = [(n, t) for n, t in current.dtypes if n not in (BUSINESS_DATE, ONE_ID)]
    cells = [_cell(name, kind) for name, kind in columns]
    value = F.col("number")
    mean = F.try_divide(F.try_sum(value).cast("double"), F.count(value).cast("double"))
    return (
        current.select(F.inline(F.array(*cells)))
        .groupBy("column_name")
        .agg(
            F.count(F.lit(1)).alias("person_count"),
            F.count("shown").alias("filled_count"),
            F.approx_count_distinct("shown").alias("distinct_count"),
            mean.alias("mean"),
            F.min(value).cast("double").alias("minimum"),
            F.max(value).cast("double").alias("maximum"),
        )
        .select(F.lit(business_date).alias(BUSINESS_DATE), "*", _error(failures).alias("error"))
        .select(*TAG_METRICS.column_names)
    )


def _error(failures: Mapping[str, str]) -> Column:
    error = F.lit(None).cast("string")
    for name, reason in failures.items():
        error = F.when(F.col("column_name") == name, F.lit(reason)).otherwise(error)
    return error


def _cell(name: str, kind: str) -> Column:
    """One person's cell: the value as text, and as an exact number where it is one."""
    value = F.col(name)
    shown = F.to_json(value) if kind.startswith(("array", "map")) else value.cast("string")
    number = value if kind.startswith(_NUMERIC) else F.lit(None).cast("double")
    return F.struct(
        F.lit(name).alias("column_name"), shown.alias("shown"),
        number.try_cast(_EXACT).alias("number"),
    )
