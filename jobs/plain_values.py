"""Plain values of sealed columns, for stages that need them: opened inside tasks, never stored."""

from __future__ import annotations

from collections.abc import Iterable

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.night import Night
from model.canonical import SPARK_TYPES, CanonicalColumn
from model.fixed_tables import VAULT_PROFILES
from privacy.tokens import unseal


def with_plain_columns(night: Night, rows: DataFrame, names: Iterable[str]) -> DataFrame:
    """`rows` with a typed plain column `<name>` for each `<name>_token`, by name of column.

    A token the vault does not hold gives null. The result must not be persisted or written.
    """
    known = {n: c for table in night.project.model.golden_tables for n, c in table.columns.items()}
    vault = night.lake.read_until(VAULT_PROFILES, night.business_date)
    for name in sorted(names):
        rows = _with_plain_column(night, rows, vault, name, known[name])
    return rows


def _with_plain_column(
    night: Night, rows: DataFrame, vault: DataFrame, name: str, column: CanonicalColumn
) -> DataFrame:
    plain = unseal(night.key)(F.col("sealed")).try_cast(SPARK_TYPES[column.type])
    values = vault.where(F.col("column_name") == name).select(
        F.col("token").alias(f"{name}_token"), plain.alias(name)
    )
    # The vault's key is (column_name, token): the right side is unique.
    return rows.join(values, on=f"{name}_token", how="left")
