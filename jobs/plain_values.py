"""Plain values of sealed columns, for stages that need them: opened inside tasks, never stored."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.night import Night
from language.binding import quoted
from language.local_sql import local_sql
from model.canonical import SPARK_TYPES, CanonicalColumn, CanonicalModel
from model.engines import Rows
from model.fixed_tables import VAULT_PROFILES
from model.local_engine import LocalEngine
from model.sql_text import text_literal
from privacy.tokens import TokenKey, unseal, unseals_of


def with_plain_columns(night: Night, rows: DataFrame, names: Mapping[str, str]) -> DataFrame:
    """`rows` with a typed plain column `<name>` for each `<name>_token`, by name of column.

    `names` tell which column of the model each of them holds values of. A token the vault does not
    hold gives null. The result must not be persisted or written.
    """
    known = {n: c for table in night.project.model.golden_tables for n, c in table.columns.items()}
    vault = night.lake.read_until(VAULT_PROFILES, night.business_date)
    for name, source in sorted(names.items()):
        rows = _with_plain_column(night, rows, vault, name, (source, known[source]))
    return rows


def with_plain_columns_here(
    engine: LocalEngine, rows: Rows, names: Mapping[str, str], model: CanonicalModel, vault: Rows,
    key: TokenKey,
) -> Rows:  # fmt: skip
    """The same in this process, whose memory alone holds the plain values; `vault` are rows of
    vault.profiles."""
    engine.learn()
    known = {n: c for table in model.golden_tables for n, c in table.columns.items()}
    for name, source in sorted(names.items()):
        sealed = engine.arrow(engine.rows("sealed", f"""
            select v.token, v.sealed from vault v where v.column_name = {text_literal(source)}
            and v.token in (select {name}_token from these)
        """, vault=vault, these=rows))  # fmt: skip
        plain = pa.table({
            "token": sealed["token"],
            "plain": unseals_of(key, sealed["sealed"]),
        })
        typed = local_sql(f"try_cast({quoted('plain')} AS {SPARK_TYPES[known[source].type]})")
        rows = engine.rows("plain_values", f"""
            select r.*, p.{name} from these r left join
            (select token, {typed} as {name} from plain) p on r.{name}_token = p.token
        """, these=rows, plain=engine.of(plain))  # fmt: skip
    return rows


def _with_plain_column(
    night: Night, rows: DataFrame, vault: DataFrame, name: str,
    of_model: tuple[str, CanonicalColumn],
) -> DataFrame:  # fmt: skip
    source, column = of_model
    plain = unseal(night.key)(F.col("sealed")).try_cast(SPARK_TYPES[column.type])
    values = vault.where(F.col("column_name") == source).select(
        F.col("token").alias(f"{name}_token"), plain.alias(name)
    )
    # The vault's key is (column_name, token): the right side is unique.
    return rows.join(values, on=f"{name}_token", how="left")
