"""Rows in memory as frames of Spark."""

from __future__ import annotations

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession


def frame_of(spark: SparkSession, rows: pa.Table) -> DataFrame:
    """The rows as a relation whose size Spark knows."""
    # A column of lists must have a chunk for pyspark (4.2), which a query without rows leaves out.
    return spark.createDataFrame(rows if rows.num_rows else rows.schema.empty_table())
