"""How well filled every tag column is, and how its values spread."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from model.fixed_tables import TAG_METRICS
from tags.night import BUSINESS_DATE, ONE_ID

_NUMERIC = ("bigint", "double", "decimal", "int")
_EXACT = "decimal(28,9)"


def tag_metrics(current: DataFrame, business_date: date) -> DataFrame:
    """One row per tag column of a night's wide table: persons, persons with a value, spread.

    `distinct_count` is approximate (HyperLogLog++, 5 %). One pass over the table; means are taken
    over exact sums, so that they do not depend on the order of rows.
    """
    columns = [(n, t) for n, t in current.dtypes if n not in (BUSINESS_DATE, ONE_ID)]
    measured = current.agg(*(c for name, kind in columns for c in _measures(name, kind)))
    rows = F.array(*(_row(name) for name, _ in columns))
    exploded = measured.select(F.explode(rows).alias("row")).select("row.*")
    dated = exploded.select(F.lit(business_date).alias(BUSINESS_DATE), "*")
    return dated.select(*TAG_METRICS.column_names)


def _measures(name: str, kind: str) -> Iterator[Column]:
    value = F.col(name)
    is_nested = kind.startswith(("array", "map"))
    yield F.count(F.lit(1)).alias(f"{name}:persons")
    yield F.count(value).alias(f"{name}:filled")
    counted = F.to_json(value) if is_nested else value
    yield F.approx_count_distinct(counted).alias(f"{name}:distinct")
    number = value if kind.startswith(_NUMERIC) else F.lit(None).cast("double")
    exact = number.try_cast(_EXACT)
    mean = F.try_divide(F.try_sum(exact).cast("double"), F.count(exact).cast("double"))
    yield mean.alias(f"{name}:mean")
    yield F.min(number).cast("double").alias(f"{name}:minimum")
    yield F.max(number).cast("double").alias(f"{name}:maximum")


def _row(name: str) -> Column:
    return F.struct(
        F.lit(name).alias("column_name"),
        F.col(f"{name}:persons").alias("person_count"),
        F.col(f"{name}:filled").alias("filled_count"),
        F.col(f"{name}:distinct").alias("distinct_count"),
        F.col(f"{name}:mean").alias("mean"),
        F.col(f"{name}:minimum").alias("minimum"),
        F.col(f"{name}:maximum").alias("maximum"),
    )
