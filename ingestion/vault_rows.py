"""The sealed values behind tokens: what the vault keeps of a night, one row per distinct value."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from ingestion.channels import Dataset
from ingestion.high_columns import HighColumn
from model.fixed_tables import VAULT_IDENTIFIERS, VAULT_PROFILES


def identifier_values(records: DataFrame, dataset: Dataset, business_date: date) -> DataFrame:
    """Every well-formed identifier of the records (contract VAULT_IDENTIFIERS), quarantined ones
    left out: what is not accepted may not name anybody.
    """
    found = [
        _distinct(records, f"_token_{number}", f"_sealed_{number}").select(
            F.lit(business_date).alias("arrived_date"), F.lit(slot.kind).alias("kind"),
            F.lit(slot.scope).alias("scope"), "token", "sealed",
        )
        for number, slot in enumerate(dataset.slots)
    ]  # fmt: skip
    return _united(found, records, VAULT_IDENTIFIERS.schema)


def profile_values(
    records: DataFrame, high: Sequence[HighColumn], business_date: date
) -> DataFrame:
    """Every value of a high-pii column (contract VAULT_PROFILES), by column and token."""
    found = [
        _distinct(records, f"{each.prefix}_token", f"{each.prefix}_sealed").select(
            F.lit(business_date).alias("arrived_date"), F.lit(each.name).alias("column_name"),
            "token", "sealed",
        )
        for each in high
    ]  # fmt: skip
    return _united(found, records, VAULT_PROFILES.schema)


def _distinct(records: DataFrame, token: str, sealed: str) -> DataFrame:
    kept = records.where(
        F.col("_counts").isNull() & (F.col("_reasons") == "") & F.col(token).isNotNull()
    )
    return kept.select(F.col(token).alias("token"), F.col(sealed).alias("sealed")).distinct()


def _united(found: Sequence[DataFrame], records: DataFrame, schema: str) -> DataFrame:
    if not found:
        return records.sparkSession.createDataFrame([], schema)
    return reduce(lambda all_, each: all_.unionByName(each), found).distinct()
