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
import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from ingestion.batch_rules import BatchRules
from ingestion.file_ranges import FileRange, results_of_ranges
from ingestion.layout import Layout
from ingestion.protected_batch import TaskMemory
from ingestion.reader import batches_of_range, schema_of
from model.ddl_types import arrow_schema

# Columns of which nearly no value comes twice in a range: words of their own would only cost.
_OF_PERSONS = ("_token_", "_sealed_", "_high_", "_order", "_line", "_sighting")


@dataclass(frozen=True)
class Outputs:
    """What tasks write of the rows, into a folder that they share with this process.

    `standard` are the columns of the standardised rows; `raw` maps the columns that hold raw fields
    to these (none: no raw files are wanted), and `places` gives each file's business date and
    generation, by its number. `sets`: the sets of identifiers are wanted.
    """

    folder: Path
    standard: Sequence[str]
    raw: Mapping[str, str]
    places: Sequence[tuple[date, int]]
    sets: bool

    def name(self, each: FileRange, what: str) -> Path:
        """The file of a range."""
        return self.folder / f"{each.number:06}-{each.start:015}-{what}.parquet"


class WrittenRecords(NamedTuple):
    """Files that tasks wrote: of the standardised rows, of raw rows, and of sets of identifiers
    (`_sighting`, `_token_<n>`, `_sealed_<n>`; of a set each task that met it tells the same)."""

    standard: list[Path]
    raw: list[Path]
    sets: list[Path]


def write_records(
    spark: SparkSession, ranges: Sequence[FileRange], root: Path, layout: Layout,
    rules: BatchRules, outputs: Outputs,
) -> WrittenRecords:  # fmt: skip
    """The rows of ingestion.reader.read_records as files, a few for each range."""
    whole = arrow_schema(schema_of(rules))
    schema = pa.schema([whole.field(name) for name in outputs.standard])
    schemas = {"standard": schema}
    if outputs.raw:
        schemas["raw"] = _raw_schema(whole, outputs.raw)
    if outputs.sets:
        schemas["sets"] = _sets_schema(len(rules.slots))

    def written(each: FileRange, memory: TaskMemory) -> Iterator[int]:
        with ExitStack() as open_files:
            out = {
                what: _writer(open_files, outputs.name(each, what), schemas[what])
                for what in schemas
            }
            for batch in batches_of_range(root, each, layout, rules, memory):
                out["standard"].write_batch(batch.rows.select(schema.names))
                if outputs.raw and not batch.is_counts:
                    out["raw"].write_batch(_raw_rows(batch.rows, each, outputs))
                if outputs.sets and batch.new_sets is not None and batch.new_sets.num_rows:
                    out["sets"].write_batch(batch.new_sets)
        # A task that is run again writes its files anew; only whole ones bear their names.
        for what in schemas:
            file = outputs.name(each, what)
            file.with_suffix(".writing").rename(file)
        yield each.number

    results_of_ranges(spark, ranges, written)
    named = {what: [outputs.name(each, what) for each in ranges] for what in schemas}
    return WrittenRecords(named["standard"], named.get("raw", []), named.get("sets", []))


def _writer(open_files: ExitStack, file: Path, schema: pa.Schema) -> pq.ParquetWriter:
    words = [name for name in schema.names if not name.startswith(_OF_PERSONS)]
    is_kept = "source_file" in schema.names  # raw rows go into the lake as they are
    return open_files.enter_context(pq.ParquetWriter(
        file.with_suffix(".writing"), schema, compression="zstd" if is_kept else "lz4",
        use_dictionary=words, write_statistics=False, store_schema=False, coerce_timestamps="us",
    ))  # fmt: skip


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
        "business_date": pa.repeat(pa.scalar(business_date, pa.date32()), count),
        "source_file": batch["_file"],
        "source_line": batch["_line"],
        "generation": pa.repeat(pa.scalar(generation, pa.int32()), count),
    }
    fields = {name: batch[column] for column, name in outputs.raw.items()}
    return pa.RecordBatch.from_pydict(columns | fields)
