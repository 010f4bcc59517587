"""Tables with valid_from and valid_to: the one way a night's state becomes rows of a history.

valid_from is inclusive, valid_to exclusive and null while a row is open. A claim is a row that a
re-run took back and did not open again: valid_to = valid_from, so it holds on no day.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

VALIDITY = ("valid_from", "valid_to")


def holding_before(history: DataFrame, business_date: date) -> DataFrame:
    """Rows that held on the day before `business_date`, whatever later nights made of them."""
    night = F.lit(business_date)
    return history.where((F.col("valid_from") < night) & ~_ended_before(night))


def next_history(
    history: DataFrame, current: DataFrame, business_date: date, keep_claims: bool = False
) -> DataFrame:
    """The whole history with the night's state in it; `current` has its columns but the validity.

    Rows opened on the night or later are taken back and rows closed since are open again; then rows
    that `current` lacks are closed, and its new ones opened, with the night's date. So a night run
    again gives the same rows. `keep_claims`: rows taken back for good stay as claims.
    """
    night = F.lit(business_date)
    state = [name for name in history.columns if name not in VALIDITY]
    settled = history.where((F.col("valid_from") < night) & _ended_before(night))
    before = holding_before(history, business_date).select(
        *state, "valid_from", F.lit(True).alias("was"), F.lit(False).alias("is")
    )
    now = current.select(
        *state, F.lit(None).cast("date").alias("valid_from"), F.lit(False), F.lit(True)
    )
    rows = (
        # Grouping takes nulls as equal, which a join on every column would not.
        before.union(now)
        .groupBy(*state)
        .agg(
            F.coalesce(F.max("valid_from"), night).alias("valid_from"),
            F.when(~F.bool_or("is"), night).alias("valid_to"),
        )
    )
    if keep_claims:
        rows = _with_claims(rows, history.where(F.col("valid_from") >= night))
    return rows.union(settled.select(*rows.columns)).select(*history.columns)


def _with_claims(rows: DataFrame, taken_back: DataFrame) -> DataFrame:
    """`rows`, and what was taken back as claims, but for what `rows` opened again identically."""
    *same, _ = rows.columns
    claims = taken_back.select(*same, F.lit(True).alias("is_claim"), F.lit(None).cast("date"))
    return (
        rows.select(*same, F.lit(False).alias("is_claim"), "valid_to")
        .union(claims)
        .groupBy(*same)
        .agg(
            F.when(F.bool_and("is_claim"), F.col("valid_from"))
            .otherwise(F.max("valid_to"))
            .alias("valid_to")
        )
    )


def _ended_before(day: Column) -> Column:
    return F.coalesce(F.col("valid_to") < day, F.lit(False))
