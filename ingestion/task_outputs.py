"""The records of files written by the tasks that read them, as Parquet in a shared folder.

Nothing passes through the JVM, whose writer takes rows one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from ingestion.batch_rules import BatchRules
from ingestion.file_ranges import FileRange, results_of_ranges
from ingestion.layout import Layout
from ingestion.protected_batch import TaskMemory
from ingestion.reader import StandardBatch, batches_of_range, schema_of
from model.ddl_types import arrow_schema

_GROWING = ("_line", "_order", "source_line")  # numbers that grow from row to row
_LOOKED_AT, _TIMES = 5_000, 4  # values that come so often in so many rows are written as words


@dataclass(frozen=True)
class RowsOutput:
    """A table of which the accepted records of a file are rows as they are.

    `schema` are its columns but that of the slice; `columns` maps some to the records' columns, and
    `same` to what all rows have. The rest are the place of a record, or null where nothing tells
    them. `day` is that of a record that tells none.
    """

    schema: pa.Schema
    columns: Mapping[str, str]
    same: Mapping[str, str]
    day: date

    def rows(
        self, records: pa.RecordBatch, is_accepted: pa.Array, each: FileRange, generation: int
    ) -> pa.RecordBatch:
        """The rows of those of a range's records that are accepted."""
        records = records.select(sorted(set(self.columns.values())))
        if is_accepted.false_count:
            records = records.filter(is_accepted)
        same = {**self.same, "generation": generation, "source_file": each.path}
        made = []
        for field in self.schema:
            if field.name in self.columns:
                values = records[self.columns[field.name]].cast(field.type)
                made.append(values.fill_null(self.day) if field.name == "day" else values)
            else:
                made.append(_repeated(same.get(field.name), field.type, records.num_rows))
        return pa.RecordBatch.from_arrays(made, [field.name for field in self.schema])


@dataclass(frozen=True)
class Outputs:
    """What tasks write of the rows, into a folder that they share with this process.

    `standard` are the columns of the standardised rows; `raw` maps the columns that hold raw fields
    to these (none: no raw files are wanted), and `places` gives each file's business date and
    generation, by its number. `sets`: the sets of identifiers are wanted. `tables` are those whose
    rows are, by name.
    """

    folder: Path
    standard: Sequence[str]
    raw: Mapping[str, str]
    places: Sequence[tuple[date, int]]
    sets: bool
    tables: Mapping[str, RowsOutput]

    def name(self, each: FileRange, what: str) -> Path:
        """The file of a range."""
        return self.folder / f"{each.number:06}-{each.start:015}-{what}.parquet"


class WrittenRecords(NamedTuple):
    """Files that tasks wrote: of the standardised rows, of raw rows, of sets of identifiers
    (`_sighting`, `_token_<n>`, `_sealed_<n>`; of a set each task that met it tells the same), and
    of tables' rows, by the number of the file they come from."""

    standard: list[Path]
    raw: list[Path]
    sets: list[Path]
    tables: Mapping[str, list[tuple[int, Path]]]


def write_records(
    spark: SparkSession, ranges: Sequence[FileRange], root: Path, layout: Layout,
    rules: BatchRules, outputs: Outputs,
) -> WrittenRecords:  # fmt: skip
    """The rows of ingestion.reader.read_records as files, a few for each range."""
    whole = arrow_schema(schema_of(rules))
    schema = pa.schema([whole.field(name) for name in outputs.standard])
    files = {"standard": (schema, "lz4")}
    if outputs.sets:
        files["sets"] = (_sets_schema(len(rules.slots)), "lz4")
    # These go into the lake as they are.
    if outputs.raw:
        files["raw"] = (_raw_schema(whole, outputs.raw), "zstd")
    files |= {f"rows-{name}": (table.schema, "zstd") for name, table in outputs.tables.items()}

    def written(each: FileRange, memory: TaskMemory) -> Iterator[int]:
        with ExitStack() as open_files:
            out = {
                what: open_files.enter_context(_Writer(outputs.name(each, what), *how))
                for what, how in files.items()
            }
            for batch in batches_of_range(root, each, layout, rules, memory):
                out["standard"].write(batch.rows.select(schema.names))
                if not batch.is_counts:
                    _write_others(batch, each, outputs, out)
        # A task that is run again writes its files anew; only whole ones bear their names.
        for what in files:
            file = outputs.name(each, what)
            file.with_suffix(".writing").rename(file)
        yield each.number

    results_of_ranges(spark, ranges, written, outputs.folder)
    named = {what: [outputs.name(each, what) for each in ranges] for what in files}
    tables = {
        name: [(each.number, outputs.name(each, f"rows-{name}")) for each in ranges]
        for name in outputs.tables
    }
    return WrittenRecords(named["standard"], named.get("raw", []), named.get("sets", []), tables)


def _write_others(
    batch: StandardBatch, each: FileRange, outputs: Outputs, out: Mapping[str, _Writer]
) -> None:
    if outputs.raw:
        out["raw"].write(_raw_rows(batch.rows, each, outputs))
    if outputs.sets and batch.new_sets is not None:
        out["sets"].write(batch.new_sets)
    if outputs.tables:
        is_accepted = pc.equal(batch.rows["_reasons"], "")
        _, generation = outputs.places[each.number]
        for name, table in outputs.tables.items():
            out[f"rows-{name}"].write(table.rows(batch.rows, is_accepted, each, generation))


class _Writer:
    """A Parquet file of a range, still under another name."""

    def __init__(self, file: Path, schema: pa.Schema, compression: str) -> None:
        self._file = file.with_suffix(".writing")
        self._schema = schema
        self._compression = compression
        self._open: pq.ParquetWriter | None = None

    def __enter__(self) -> _Writer:
        return self

    def __exit__(self, *_: object) -> None:
        (self._open or self._opened(self._schema, [])).close()

    def write(self, rows: pa.RecordBatch) -> None:
        """Adds a batch of rows, which are compressed together."""
        if rows.num_rows:
            # Words that come as words (_repeated) are written so, and are texts all the same.
            self._open = self._open or self._opened(rows.schema, _recurring(rows))
            self._open.write_batch(rows)

    def _opened(self, schema: pa.Schema, recurring: list[str]) -> pq.ParquetWriter:
        return pq.ParquetWriter(
            self._file, schema, compression=_compressions(schema, self._compression),
            use_dictionary=recurring,
            column_encoding={
                name: "DELTA_BINARY_PACKED" for name in _GROWING if name in self._schema.names
            },
            write_statistics=False, store_schema=False, coerce_timestamps="us",
        )  # fmt: skip


def _recurring(rows: pa.RecordBatch) -> list[str]:
    """The columns whose values come again, so that words for them pay; of others they only cost."""
    some = rows.slice(0, _LOOKED_AT)
    return [
        name for name, values in zip(some.schema.names, some.columns, strict=True)
        if name not in _GROWING and (
            pa.types.is_nested(values.type) or pa.types.is_dictionary(values.type)
            or len(values.unique()) * _TIMES <= len(values)
        )
    ]


def _compressions(schema: pa.Schema, usual: str) -> str | dict[str, str]:
    """How each column is compressed: seals are not, since they only cost time."""
    if not any(pa.types.is_binary(field.type) for field in schema) or any(
        pa.types.is_nested(field.type) for field in schema
    ):
        return usual
    return {f.name: "none" if pa.types.is_binary(f.type) else usual for f in schema}


def _repeated(value: object, type_: pa.DataType, count: int) -> pa.Array:
    """The same value so many times; a text as the one word of a dictionary."""
    if value is None or not pa.types.is_string(type_):
        return pa.repeat(pa.scalar(value, type_), count)
    places = pa.repeat(pa.scalar(0, pa.int32()), count)
    return pa.DictionaryArray.from_arrays(places, pa.array([value], type_))


def _sets_schema(slot_count: int) -> pa.Schema:
    slots = "".join(f", _token_{n} string, _sealed_{n} binary" for n in range(slot_count))
    return arrow_schema(f"_sighting bigint{slots}")


def _raw_schema(whole: pa.Schema, raw: Mapping[str, str]) -> pa.Schema:
    places = "business_date date, source_file string, source_line bigint, generation int"
    fields = [pa.field(name, whole.field(column).type) for column, name in raw.items()]
    return pa.schema([*arrow_schema(places), *fields])


def _raw_rows(batch: pa.RecordBatch, each: FileRange, outputs: Outputs) -> pa.RecordBatch:
    business_date, generation = outputs.places[each.number]
    count = batch.num_rows
    columns = {
        "business_date": _repeated(business_date, pa.date32(), count),
        "source_file": _repeated(each.path, pa.string(), count),
        "source_line": batch["_line"],
        "generation": _repeated(generation, pa.int32(), count),
    }
    fields = {name: batch[column] for column, name in outputs.raw.items()}
    return pa.RecordBatch.from_pydict(columns | fields)
