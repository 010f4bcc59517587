"""The engine in this process: steps as queries of a DuckDB, which spells some words otherwise."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession

from model.arrow_frames import frame_of
from model.contracts import TableContract
from model.ddl_types import arrow_schema
from model.duckdb_sql import AS_PARQUET, FILE, ROW, WAS, parquet_literal, parquet_select, spelt
from model.engines import (
    Engine,
    Group,
    Output,
    Part,
    Rows,
    Writable,
    columns_of_slice,
    hash_of,
    named,
    typed,
)
from model.errors import OnefoldError
from model.local_rows import (
    FileRows,
    LargeRows,
    LocalRows,
    PlacedRows,
    RevisedRows,
    TableRows,
    UnitedRows,
)
from model.revisions import Revision
from model.shared_duckdb import SharedDuckDB
from model.sql_text import text_literal
from model.task_files import Parts, TaskFiles

_SOME = 100_000  # rows that a function is given at a time
MOST_HELD = 2_000_000  # rows of an output that this process holds


class LocalEngine(Engine):
    """Steps as queries of a DuckDB in this process; what is kept is a table in memory. A query has
    those that it reads in it: a view for each step would be bound when made and when read.

    What does not fit spills to a folder of its own under `scratch` (default: the system's place for
    such things). Frames are handed to and taken from `spark`, which may be None where nobody asks.
    `is_large`: it is known that outputs are many rows, which are written as files.
    """

    def __init__(
        self, spark: SparkSession | None = None, scratch: str | None = None, is_large: bool = False
    ) -> None:
        self._spark = spark
        self.is_large = is_large
        self._spill = tempfile.TemporaryDirectory(prefix="onefold-duckdb-", dir=scratch)
        self._database = SharedDuckDB(self.folder)
        self._held: set[str] = set()  # names of tables

    def of(self, given: DataFrame | pa.Table | ds.Dataset) -> Rows:
        if isinstance(given, DataFrame) and self.is_large and self.shares_files:
            return self._left_by_spark(given)
        rows = given.toArrow() if isinstance(given, DataFrame) else given
        name = self._database.new_name("given")
        self._database.give(name, rows)
        return LocalRows(self, name, name)

    def _left_by_spark(self, given: DataFrame) -> Rows:
        """The rows of a frame that are too many for memory, by way of files."""
        folder = self.folder / self._database.new_name("spark")
        given.write.parquet(str(folder))
        files = sorted(folder.glob("part-*.parquet"))
        return self.of_files(files) if files else self.of(given.limit(0).toArrow())

    @property
    def folder(self) -> Path:
        """A folder of this engine's own, gone with it."""
        return Path(self._spill.name)

    def of_files(self, files: Sequence[Path]) -> LocalRows:
        """The rows of Parquet files of one schema; at least one."""
        listed = ", ".join(parquet_literal(str(file)) for file in files)
        return self._view("files", f"select * from read_parquet([{listed}])")

    def of_table(self, files: Sequence[str], schema: pa.Schema, sliced_by: str | None) -> Rows:
        """The rows of a version of a Delta table, of some of its files: its columns, of which the
        names of the folders tell one. A column that younger files brought is null in older ones."""
        if not files:
            return self.of(schema.empty_table())
        with self._database.asking("table") as connection:
            columns = connection.from_arrow(schema.empty_table())
        types = dict(zip(columns.columns, map(str, columns.types), strict=True))
        rows = self._view("table", parquet_select(files, types, sliced_by))
        is_whole = sliced_by is None
        return TableRows(self, rows.name, rows.source, tuple(files), types) if is_whole else rows

    def _view(self, step: str, sql: str) -> LocalRows:
        name = self._database.new_name(step)
        with self._database.asking(step) as connection:
            connection.execute(f"create view {name} as {sql}")
        return LocalRows(self, name, name)

    def of_slice(self, contract: TableContract, files: Sequence[Path], day: date) -> Rows:
        """The rows of files, at least one, of a table's slice of `day`; they lack that column."""
        rows = self.rows(
            contract.name, f"select {columns_of_slice(contract, day)} from these",
            these=self.of_files(files),
        )  # fmt: skip
        same = {str(contract.sliced_by): day}
        return FileRows(self, rows.name, rows.source, tuple(files), same)

    def rows(self, step: str, sql: str, **frames: Rows) -> LocalRows:
        sources = {frame: _source(rows) for frame, rows in frames.items()}
        # What a query reads twice is held for it, which would copy what is held already.
        held = [frame for frame, source in sources.items() if source in self._held]
        text = named(sources, spelt(sql), dict.fromkeys(held, "not materialized"))
        return LocalRows(self, self._database.new_name(step), f"({text})")

    def kept(self, rows: Rows) -> Rows:
        if isinstance(rows, PlacedRows):
            return self._placed(rows.table, self.kept(rows.placed))
        name = self._database.new_name("kept")
        with self._database.asking(_name(rows)) as connection:
            connection.execute(f"create table {name} as select * from {_source(rows)}")
        self._held.add(name)
        return LocalRows(self, name, name)

    def by_group(self, step: str, rows: Rows, key: str, function: Group, columns: str) -> Rows:
        table = self.arrow(self.rows(step, f"select * from these order by {key}", these=rows))
        keys = table[key].combine_chunks().dictionary_encode().indices.to_numpy()
        bounds = [*np.flatnonzero(np.diff(keys, prepend=-1)).tolist(), len(keys)]
        schema = arrow_schema(columns)
        groups = (table.slice(start, end - start) for start, end in pairwise(bounds))
        found = map(typed(function, schema), groups)
        return self.of(pa.concat_tables([schema.empty_table(), *found]))

    def mapped(self, step: str, rows: Rows, function: Group, columns: str) -> Rows:
        return self.of_files([self._mapped(step, rows, function, arrow_schema(columns), "lz4")])

    def mapped_slice(
        self, step: str, rows: Rows, function: Group, contract: TableContract, day: date
    ) -> Rows:
        if not self.is_large:  # few rows are put in order before they are written
            return super().mapped_slice(step, rows, function, contract, day)
        whole = arrow_schema(contract.schema)
        schema = whole.remove(whole.get_field_index(str(contract.sliced_by)))
        file = self._mapped(step, rows, function, schema, "zstd")
        return self.of_slice(contract, [file], day)

    def _mapped(
        self, step: str, rows: Rows, function: Group, schema: pa.Schema, compression: str
    ) -> Path:
        made = typed(function, schema)
        file = self.folder / f"{self._database.new_name(step)}.parquet"
        with self._database.asking(step) as connection:
            reader = connection.sql(f"select * from {_source(rows)}").to_arrow_reader(_SOME)
            with pq.ParquetWriter(
                file, schema, compression=compression, store_schema=False, coerce_timestamps="us"
            ) as out:
                for batch in reader:
                    out.write_table(made(pa.Table.from_batches([batch])))
        return file

    def recurring(self, step: str, rows: Rows, columns: Sequence[str]) -> Rows:
        hashes = self.rows(step, f"select {hash_of(columns)} as hashed from these", these=rows)
        with self._database.asking(step) as connection:
            # Eight bytes a row in order, in a third of the time of groups by the million.
            found = connection.sql(f"select * from {_source(hashes)}").fetchnumpy()["hashed"]
        found.sort()
        again = np.unique(found[1:][found[1:] == found[:-1]])
        return self.of(pa.table({"hashed": again}))

    def arrow(self, rows: Rows) -> pa.Table:
        with self._database.asking(_name(rows)) as connection:
            return connection.sql(f"select * from {_source(rows)}").to_arrow_table()

    def learn(self) -> None:
        """Teaches the words of the tag language."""
        self._database.learn()

    def over(self, step: str, sql: str, these: pa.Table) -> pa.Table:
        """What a query makes of rows in memory, `these`, in their order; on one core."""
        with self._database.beside(step, these) as connection:
            return connection.sql(spelt(sql)).to_arrow_table()

    def write(self, rows: Rows, file: str, gigabytes: float | None = None) -> int:
        """Writes the rows as one Parquet file, in so much memory or any; how many there are."""
        name = _name(rows)
        with self._database.within(gigabytes), self._database.asking(name) as connection:
            copied = f"copy (select * from {_source(rows)}) to {text_literal(file)} ({AS_PARQUET})"
            return int(connection.execute(copied).fetchall()[0][0])

    def frame(self, rows: Rows) -> DataFrame:
        if self._spark is None:
            raise OnefoldError("this step needs Spark, and the local engine was made without it")
        if not (self.is_large and self.shares_files):
            return frame_of(self._spark, self.arrow(rows))
        file = self.folder / f"{self._database.new_name('frame')}.parquet"
        self.write(rows, str(file))
        return self._spark.read.parquet(str(file))

    def united(self, contract: TableContract, parts: Sequence[Rows]) -> Rows:
        rows = super().united(contract, parts)
        return UnitedRows(self, _name(rows), _source(rows), tuple(parts)) if parts else rows

    def part_of(self, table: Rows, part: Part) -> Rows:
        """Where the table's files are known and outputs many rows: with the rows' places."""
        if isinstance(part.among, PlacedRows):
            within = replace(part, among=part.among.placed)
            return self._placed(part.among.table, super().part_of(table, within))
        if not (self.is_large and isinstance(table, TableRows) and table.has_places):
            return super().part_of(table, part)
        read = self._view("places", parquet_select(table.files, table.types, None, (FILE, ROW)))
        names = [name for name in table.types if name not in part.fixed]
        columns = ", ".join(f"`{name}`" for name in (*names, ROW))
        files = ", ".join(map(text_literal, table.files))
        placed = self.rows(
            "placed", f"select {columns}, list_position([{files}], {FILE}) as {FILE} from found",
            found=super().part_of(read, part),
        )  # fmt: skip
        return self._placed(table, placed)

    def _placed(self, table: TableRows, placed: Rows) -> PlacedRows:
        columns = ", ".join(f"`{name}`" for name in placed.columns if name not in (FILE, ROW))
        rows = self.rows("part_of", f"select {columns} from placed", placed=placed)
        return PlacedRows(self, rows.name, rows.source, table, cast(LocalRows, placed))

    def traced(self, was: Rows, changing: str) -> tuple[Rows, Sequence[str]]:
        """Where the rows lie, and what `changing` is there."""
        if not isinstance(was, PlacedRows):
            return super().traced(was, changing)
        traced = f"select *, {changing} as {WAS} from placed"
        return self.rows("traced", traced, placed=was.placed), (FILE, ROW, WAS)

    def revised(self, whole: Rows, was: Rows, now: Rows, new: Rows, changing: str) -> Rows:
        if not isinstance(was, PlacedRows):
            return super().revised(whole, was, now, new, changing)
        now_here, new_here = cast(LocalRows, now), cast(LocalRows, new)
        return RevisedRows(self, _name(whole), _source(whole), was, now_here, new_here, changing)

    def output(self, rows: Rows) -> Output:
        """Rows in memory, or, where they are many, rows that are written as a file."""
        if isinstance(rows, RevisedRows):
            return Revision(LargeRows(self, rows, alike=rows.new), rows)
        if self.is_large and isinstance(rows, UnitedRows):
            return Parts([cast(Writable, self.output(part)) for part in rows.parts])
        if isinstance(rows, FileRows) and self._spark is not None:
            return TaskFiles(self._spark, rows.files, self.schema_of(rows), rows.same)
        found = None if self.is_large else self._few(rows)
        return LargeRows(self, cast(LocalRows, rows)) if found is None else found

    def _few(self, rows: Rows) -> pa.Table | None:
        """The rows; None where they are more than this process should hold."""
        with self._database.asking(_name(rows)) as connection:
            reader = connection.sql(f"select * from {_source(rows)}").to_arrow_reader()
            batches, count = [], 0
            for batch in reader:
                batches.append(batch)
                count += batch.num_rows
                if count > MOST_HELD:
                    return None
            return pa.Table.from_batches(batches, reader.schema)

    @property
    def shares_files(self) -> bool:
        """Whether Spark's tasks run on this machine, so that they can leave files in `folder`."""
        return self._spark is not None and str(self._spark.sparkContext.master).startswith("local")

    def schema_of(self, rows: Rows) -> pa.Schema:
        """The columns of rows."""
        return self.arrow(self.rows("schema", "select * from these limit 0", these=rows)).schema

    def columns_of(self, rows: LocalRows) -> list[str]:
        """The names of the columns."""
        with self._database.asking(rows.name) as connection:
            return list(connection.sql(f"select * from {rows.source}").columns)

    def close(self) -> None:
        self._database.close()
        self._spill.cleanup()


def _name(rows: Rows) -> str:
    return cast(LocalRows, rows).name


def _source(rows: Rows) -> str:
    return cast(LocalRows, rows).source
