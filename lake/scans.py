"""A version of a table on a local disk as a plain scan of its files.

Spark's own Delta reader replays the log with two or three jobs of its own before each new version,
a second or more each; delta-rs knows the files in milliseconds.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from deltalake import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType

from lake.snapshots import Days, data_files, lacking
from model.contracts import TableContract

# Spark's own switch: a place's name may hold `[` or `{`, which are no patterns here.
_NO_GLOB = "__globPaths__"


def scan(
    spark: SparkSession, path: str, table: DeltaTable, contract: TableContract,
    days: Days | None = None,
) -> DataFrame:  # fmt: skip
    """The rows of an opened table, of all slices or of the days meant; its columns in its order.

    A column that younger files brought is null in older ones, and one of the contract that none
    has brought is null.
    """
    schema = StructType.fromJson(json.loads(table.schema().to_json()))
    for column in lacking(table, contract):
        new: Any = StructType.fromDDL(f"`{column.name}` {column.type}")
        schema = StructType([*schema, *new])
    files = [file.place for file in data_files(path, table, days)]
    if not files:
        return no_rows(spark, schema)
    reader = spark.read.schema(schema).option(_NO_GLOB, "false").option("basePath", path)
    return reader.parquet(*files).select(*_quoted(schema.names))


def no_rows(spark: SparkSession, schema: str | StructType) -> DataFrame:
    """A frame without rows that Spark knows to have none: what is joined to it needs no job."""
    fields: Any = StructType.fromDDL(schema) if isinstance(schema, str) else schema
    nulls = [
        f"CAST(NULL AS {field.dataType.simpleString()}) AS `{field.name}`" for field in fields
    ]
    return spark.sql(f"SELECT {', '.join(nulls)} WHERE false")


def _quoted(names: Sequence[str]) -> list[str]:
    return [f"`{name}`" for name in names]
