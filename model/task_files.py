"""Rows that lie in Parquet files already, in the columns of the table they are for."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import reduce
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from model.engines import Writable


@dataclass(frozen=True)
class TaskFiles:
    """Files of one schema; `same` are the values of columns that they do not hold, in all rows."""

    spark: SparkSession
    files: Sequence[Path]
    schema: pa.Schema
    same: Mapping[str, date]

    def select(self, columns: pa.Schema) -> TaskFiles:
        """The same: they were written in the columns of their table."""
        return replace(self, schema=columns)

    def write(self, folder: Path, name: str) -> list[tuple[Path, int]]:
        """Puts the files that have rows into a folder, under names that begin with `name`."""
        placed = []
        for number, file in enumerate(self.files):
            if count := pq.read_metadata(file).num_rows:
                place = folder / f"{name}-{number:05}.parquet"
                put_file(file, place)
                placed.append((place, count))
        return placed

    def frame(self) -> DataFrame:
        """The rows as Spark's."""
        rows = self.spark.read.parquet(*map(str, self.files))
        return rows.withColumns({column: F.lit(value) for column, value in self.same.items()})


@dataclass(frozen=True)
class Parts:
    """Rows in several parts, each written as it can be."""

    parts: Sequence[Writable]

    @property
    def schema(self) -> pa.Schema:
        """Their columns."""
        return self.parts[0].schema

    def select(self, columns: pa.Schema) -> Parts:
        """Some of the columns, in the types given."""
        return Parts([part.select(columns) for part in self.parts])

    def write(self, folder: Path, name: str) -> list[tuple[Path, int]]:
        """Writes the files of all parts; they, and their rows."""
        written = (part.write(folder, f"{name}-{n}") for n, part in enumerate(self.parts))
        return [file for files in written for file in files]

    def frame(self) -> DataFrame:
        """The rows as Spark's."""
        return reduce(DataFrame.unionByName, (part.frame() for part in self.parts))


def put_file(file: Path, place: Path) -> None:
    """A second name for a file, since others may still read it; a copy on another disk."""
    try:
        os.link(file, place)
    except OSError:
        shutil.copyfile(file, place)
