"""Which of several records of one key stands: per file, and over the files of a night."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from ingestion.mapping import IntoTable
from ingestion.standard import Standards
from model.canonical import CanonicalTable

TABLE = "_table"


def accepted(records: DataFrame) -> DataFrame:
    """The records that are data and have no fault."""
    return records.where(F.col("_counts").isNull() & (F.col("_reasons") == ""))


def row_tables(standards: Standards) -> tuple[IntoTable, ...]:
    """The tables in which a record is a row of its own."""
    return tuple(table for table in standards.dataset.tables if not table.one_row_per)


def beaten_records(records: DataFrame, standards: Standards) -> DataFrame:
    """Records whose key a newer record of the night has, by the table they are beaten in.

    Columns: `_table`, `_number`, `_line`, `_in_file` (the newer one is of the same file),
    `_takes_count` (tables that take the record). Key: table, file, line.
    """
    frames = [_beaten(records, table, standards) for table in row_tables(standards)]
    result = frames[0]
    for frame in frames[1:]:
        result = result.unionByName(frame)
    return result


def _beaten(records: DataFrame, table: IntoTable, standards: Standards) -> DataFrame:
    keys = [standards.sql(column.sql) for column in table.key]
    given = table.given(table.table.time)
    time = standards.sql(given.sql) if given else F.lit(None).cast("timestamp")
    takes = [F.col(f"_takes_{each.table.name}").cast("int") for each in row_tables(standards)]
    versions = accepted(records).where(F.col(f"_takes_{table.table.name}")).select(
        F.lit(table.table.name).alias(TABLE), "_number", "_line", "_order",
        time.alias("_time"), F.struct(*keys).alias("_key"), _total(takes).alias("_takes_count"),
    )  # fmt: skip
    newest = [F.col("_time").desc_nulls_last(), F.col("_order").desc()]
    of_night = Window.partitionBy("_key").orderBy(*newest)
    of_file = Window.partitionBy("_key", "_number").orderBy(*newest)
    return (
        versions.transform(_with_company)
        .select("*", F.row_number().over(of_night).alias("_rank"),
                F.row_number().over(of_file).alias("_rank_in_file"))
        .where(F.col("_rank") > 1)
        .select(TABLE, "_number", "_line", (F.col("_rank_in_file") > 1).alias("_in_file"),
                "_takes_count")
    )  # fmt: skip


def _with_company(versions: DataFrame) -> DataFrame:
    """The versions whose key may occur again: few, so that only these need sorting.

    A hash of the key is counted first (8 bytes a row to shuffle); keys that share one by chance
    are sorted too, which changes nothing.
    """
    hashed = versions.withColumn("_hash", F.xxhash64("_key"))
    again = hashed.groupBy("_hash").count().where(F.col("count") > 1).select("_hash")
    return hashed.join(again, on="_hash", how="left_semi")


def _total(columns: list[Column]) -> Column:
    total: Column = F.lit(0)
    for column in columns:
        total = total + column
    return total


def duplicates(beaten: DataFrame) -> DataFrame:
    """Records that are beaten within their file in every table that takes them; key: file, line."""
    return (
        beaten.groupBy("_number", "_line")
        .agg(F.sum(F.col("_in_file").cast("int")).alias("_lost"),
             F.max("_takes_count").alias("_takes_count"))
        .where(F.col("_lost") >= F.col("_takes_count"))
        .select("_number", "_line")
    )  # fmt: skip


def newest_rows(rows: DataFrame, table: CanonicalTable) -> DataFrame:
    """One row per key of a clean table's rows of one night, from several files or datasets.

    The newest stands: by the table's time (missing times first), then generation, file and line.
    """
    time = [F.col(table.time).desc_nulls_last()] if table.time else []
    order = [F.col(name).desc() for name in ("generation", "source_file", "source_line", "dataset")]
    newest = Window.partitionBy(*table.key).orderBy(*time, *order)
    ranked = rows.withColumn("_rank", F.row_number().over(newest))
    return ranked.where(F.col("_rank") == 1).drop("_rank")
