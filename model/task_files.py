"""Rows that tasks have written as Parquet already, in the columns of the table they are for."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F


@dataclass(frozen=True)
class TaskFiles:
    """Files of one schema; `day` is the value, in all rows, of the column they are sliced by, which
    they do not hold."""

    spark: SparkSession
    files: Sequence[Path]
    schema: pa.Schema
    sliced_by: str
    day: date

    def select(self, columns: pa.Schema) -> TaskFiles:
        """The same: they were written in the columns of their table."""
        return self

    def write(self, folder: Path, name: str) -> list[tuple[Path, int]]:
        """Moves the files that have rows into a folder, under names that begin with `name`."""
        moved = []
        for number, file in enumerate(self.files):
            if count := pq.read_metadata(file).num_rows:
                place = folder / f"{name}-{number:05}.parquet"
                moved.append((Path(shutil.move(file, place)), count))
        return moved

    def frame(self) -> DataFrame:
        """The rows as Spark's."""
        rows = self.spark.read.parquet(*map(str, self.files))
        return rows.withColumn(self.sliced_by, F.lit(self.day))
