"""The sealed values behind tokens: what the vault keeps of a night, one row per distinct value."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ingestion.channels import Dataset
from ingestion.high_columns import HighColumn
from model.contracts import TableContract
from model.fixed_tables import VAULT_IDENTIFIERS, VAULT_PROFILES


def identifier_values(records: DataFrame, dataset: Dataset, business_date: date) -> DataFrame:
    """Every well-formed identifier of the records (contract VAULT_IDENTIFIERS), quarantined ones
    left out: what is not accepted may not name anybody.
    """
    entries = [
        F.struct(
            F.lit(slot.kind).alias("kind"), F.lit(slot.scope).alias("scope"),
            F.col(f"_token_{number}").alias("token"), F.col(f"_sealed_{number}").alias("sealed"),
        )
        for number, slot in enumerate(dataset.slots)
    ]  # fmt: skip
    return _distinct(records, entries, VAULT_IDENTIFIERS, business_date)


def profile_values(
    records: DataFrame, high: Sequence[HighColumn], business_date: date
) -> DataFrame:
    """Every value of a high-pii column (contract VAULT_PROFILES), by column and token."""
    entries = [
        F.struct(
            F.lit(each.name).alias("column_name"), F.col(f"{each.prefix}_token").alias("token"),
            F.col(f"{each.prefix}_sealed").alias("sealed"),
        )
        for each in high
    ]  # fmt: skip
    return _distinct(records, entries, VAULT_PROFILES, business_date)


def _distinct(
    records: DataFrame, entries: Sequence[Column], vault: TableContract, business_date: date
) -> DataFrame:
    """The vault's rows of all entries, in one pass; a token has one seal, so it has one row."""
    if not entries:
        return records.sparkSession.createDataFrame([], vault.schema)
    values = records.where(F.col("_counts").isNull() & (F.col("_reasons") == "")).select(
        F.inline(F.array(*entries))
    )
    dated = values.where("token IS NOT NULL").select(
        F.lit(business_date).alias("arrived_date"), "*"
    )
    return dated.distinct()
