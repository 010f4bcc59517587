"""Spark for what is large, this process for what has become few: of a night, most of its steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import pyarrow as pa
import pyarrow.dataset as ds
from pyspark.sql import DataFrame, SparkSession

from model.arrow_frames import frame_of
from model.engines import Engine, Group, Output, Part, Rows, SparkEngine
from model.lineage import cut_and_counted, let_go
from model.local_engine import LocalEngine
from model.local_rows import LocalRows

MOST_HERE = 500_000  # rows of a step that this process holds


class MixedEngine(SparkEngine):
    """Kept rows that are few, at most `most_here`, come into this process, and steps that read such
    rows alone are queries of its DuckDB; all others are Spark's, who is handed what is here.

    A job of Spark takes a second however few its rows, and of a frame behind a local checkpoint
    Spark knows no size, so that it shuffles the largest table to join a handful of rows. Of tables
    on a local disk parts are read, and revised, out of their files.
    """

    def __init__(self, spark: SparkSession, most_here: int = MOST_HERE) -> None:
        super().__init__(spark)
        self.here = LocalEngine(spark, is_large=True)
        self._most_here = most_here
        self._handed: dict[str, DataFrame] = {}  # by names of rows here
        self._tables: dict[DataFrame, Rows] = {}

    def of(self, given: DataFrame | pa.Table | ds.Dataset) -> Rows:
        """A frame stays Spark's: mostly it is a table, which nobody has counted."""
        if isinstance(given, DataFrame):
            return given
        table = given.to_table() if isinstance(given, ds.Dataset) else given
        return self.here.of(table) if table.num_rows <= self._most_here else super().of(table)

    def of_table(self, frame: DataFrame, here: Rows) -> Rows:
        """A table as Spark reads it, of whose files this process reads what `part_of` asks for:
        `here` are rows of `self.here`."""
        self._tables[frame] = here
        return frame

    def rows(self, step: str, sql: str, **frames: Rows) -> Rows:
        if all(isinstance(rows, LocalRows) for rows in frames.values()):
            return self.here.rows(step, sql, **frames)
        return super().rows(step, sql, **frames)

    def kept(self, rows: Rows) -> Rows:
        if isinstance(rows, LocalRows):
            return self.here.kept(rows)
        found, count = cut_and_counted(self.frame(rows))
        if count > self._most_here:
            return self._to_be_let_go(found)
        here = self.here.of(found.toArrow())
        let_go(found)
        return self.here.kept(here)

    def few(self, rows: Rows) -> Rows:
        return rows if isinstance(rows, LocalRows) else self.kept(rows)

    def by_group(self, step: str, rows: Rows, key: str, function: Group, columns: str) -> Rows:
        return self._engine_of(rows).by_group(step, rows, key, function, columns)

    def mapped(self, step: str, rows: Rows, function: Group, columns: str) -> Rows:
        return self._engine_of(rows).mapped(step, rows, function, columns)

    def recurring(self, step: str, rows: Rows, columns: Sequence[str]) -> Rows:
        return self._engine_of(rows).recurring(step, rows, columns)

    def arrow(self, rows: Rows) -> pa.Table:
        return self._engine_of(rows).arrow(rows)

    def output(self, rows: Rows) -> Output:
        return self._engine_of(rows).output(rows)

    def _engine_of(self, rows: Rows) -> Engine:
        return self.here if isinstance(rows, LocalRows) else cast(Engine, super())

    def frame(self, rows: Rows) -> DataFrame:
        """The rows as Spark's, which are handed over once."""
        if not isinstance(rows, LocalRows):
            return super().frame(rows)
        if rows.name not in self._handed:
            self._handed[rows.name] = frame_of(self._spark, self.here.arrow(rows))
        return self._handed[rows.name]

    def part_of(self, table: Rows, part: Part) -> Rows:
        here = self._table_here(table, part)
        return super().part_of(table, part) if here is None else self.here.part_of(here, part)

    def with_part(self, table: Rows, part: Part, now: Rows) -> Rows:
        here = self._table_here(table, part)
        if here is None:
            return super().with_part(table, part, now)
        return self.here.with_part(here, part, self._brought(now))

    def traced(self, was: Rows, changing: str) -> tuple[Rows, Sequence[str]]:
        return self._engine_of(was).traced(was, changing)

    def revised(self, whole: Rows, was: Rows, now: Rows, new: Rows, changing: str) -> Rows:
        if not isinstance(was, LocalRows):
            return super().revised(whole, was, now, new, changing)
        return self.here.revised(whole, was, self._brought(now), self._brought(new), changing)

    def _table_here(self, table: Rows, part: Part) -> Rows | None:
        """The table as this process reads it, where it may and all is here that says what is part
        of it."""
        told = [part.values] if part.among is None else [part.values, part.among]
        is_here = isinstance(table, DataFrame) and all(isinstance(rows, LocalRows) for rows in told)
        return self._tables.get(cast(DataFrame, table)) if is_here else None

    def _brought(self, rows: Rows) -> Rows:
        """The rows here, by way of files where they are many."""
        return rows if isinstance(rows, LocalRows) else self.here.of(self.frame(rows))

    def close(self) -> None:
        super().close()
        self._handed.clear()
        self.here.close()
