"""Files read inside tasks, a range of bytes each: bounded batches, each made standard there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from ingestion.batch_rules import BatchRules, RawBatch
from ingestion.known_values import KnownValues
from ingestion.layout import Layout
from ingestion.protection import TaskError
from ingestion.raw_batches import raw_batches
from ingestion.record_types import Tally
from ingestion.splits import splits_of
from ingestion.standard_batch import standard_batch
from model.ddl_types import arrow_schema
from model.errors import InputMissingError, OnefoldError

if TYPE_CHECKING:  # tasks import this module: they need no channels and no parser
    from ingestion.planning import PlannedFile

RANGE_BYTES = 64 << 20  # what one task reads of a file that may be cut
_COUNTS = pa.struct([("lines", pa.int64()), ("header", pa.int64()), ("blank", pa.int64())])
_OF_PERSONS = ("_token_", "_sealed_", "_high_", "_order", "_line")
LINE_BITS = 40  # of `_order`: below a file's number


class FileRange(NamedTuple):
    """Whole lines of a file: from byte `start` up to `end` (the first of them is `first_line`).

    `number` is the file's place among those read, `size` its bytes when it was planned.
    """

    path: str
    size: int
    number: int
    start: int
    end: int
    first_line: int


_RANGES = "path string, size bigint, number int, start bigint, `end` bigint, first_line bigint"


def ranges_of(files: Sequence[PlannedFile], root: Path, layout: Layout) -> list[FileRange]:
    """What the tasks read: the ranges of every file."""
    return [
        FileRange(file.path, file.byte_count, number, *split)
        for number, file in enumerate(files)
        for split in splits_of(root / file.path, layout, RANGE_BYTES)
    ]


def read_records(
    spark: SparkSession, ranges: Sequence[FileRange], root: Path, layout: Layout,
    rules: BatchRules,
) -> DataFrame:  # fmt: skip
    """All records of the ranges: one row per data record, and one with the counts of each range.

    `_number` (of the file), `_file`, `_line`, `_order` (grows in the order in which versions win
    where their times tie: file, line), `_counts` (null but in the rows of counts, which have
    nothing else), and the columns of `rules.outputs` (ingestion.standard_batch).
    """

    def read(each: FileRange, known: KnownValues) -> Iterator[pa.RecordBatch]:
        return batches_of_range(root, each, layout, rules, known)

    return side_by_side(spark, ranges).mapInArrow(each_range(read), _schema(rules))


@dataclass(frozen=True)
class Outputs:
    """What tasks write of the rows, into a folder that they share with this process.

    `standard` are the columns of the standardised rows; `raw` maps the columns that hold raw fields
    to these (none: no raw files are wanted), and `places` gives each file's business date and
    generation, by its number.
    """

    folder: Path
    standard: Sequence[str]
    raw: Mapping[str, str]
    places: Sequence[tuple[date, int]]

    def name(self, each: FileRange, what: str) -> Path:
        """The file of a range."""
        return self.folder / f"{each.number:06}-{each.start:015}-{what}.parquet"


def write_records(
    spark: SparkSession, ranges: Sequence[FileRange], root: Path, layout: Layout,
    rules: BatchRules, outputs: Outputs,
) -> tuple[list[Path], list[Path]]:  # fmt: skip
    """The same rows, written by the tasks themselves as Parquet: files of the standardised rows
    and of the raw ones, a range each.

    Nothing passes through the JVM, whose writer takes rows one by one.
    """
    whole = arrow_schema(_schema(rules))
    schema = pa.schema([whole.field(name) for name in outputs.standard])

    def written(each: FileRange, known: KnownValues) -> Iterator[pa.RecordBatch]:
        batches = batches_of_range(root, each, layout, rules, known)
        with ExitStack() as open_files:
            standard = _writer(open_files, outputs.name(each, "standard"), schema, "lz4")
            raw = None
            if outputs.raw:
                raw_schema = _raw_schema(whole, outputs.raw)
                raw = _writer(open_files, outputs.name(each, "raw"), raw_schema, "zstd")
            for batch in batches:
                standard.write_batch(batch.select(schema.names))
                if raw is not None and batch["_counts"].null_count == batch.num_rows:
                    raw.write_batch(_raw_rows(batch, each, outputs))
        # A task that is run again writes its files anew; only whole ones bear their names.
        for what in ("standard", "raw") if outputs.raw else ("standard",):
            file = outputs.name(each, what)
            file.with_suffix(".writing").rename(file)
        yield pa.RecordBatch.from_pydict({"number": [each.number]})

    # Bounded: one row a range.
    side_by_side(spark, ranges).mapInArrow(each_range(written), "number bigint").collect()
    raw_files = [outputs.name(each, "raw") for each in ranges] if outputs.raw else []
    return [outputs.name(each, "standard") for each in ranges], raw_files


def _writer(
    open_files: ExitStack, file: Path, schema: pa.Schema, compression: str
) -> pq.ParquetWriter:
    # Of tokens and seals nearly none comes twice in a range: words of their own would only cost.
    words = [name for name in schema.names if not name.startswith(_OF_PERSONS)]
    return open_files.enter_context(pq.ParquetWriter(
        file.with_suffix(".writing"), schema, compression=compression, use_dictionary=words,
        write_statistics=False, store_schema=False, coerce_timestamps="us",
    ))  # fmt: skip


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


def side_by_side(spark: SparkSession, ranges: Sequence[FileRange]) -> DataFrame:
    """The ranges, dealt out to as many tasks as run at a time: what a task has learnt of one range
    serves it in the next."""
    tasks = min(len(ranges), spark.sparkContext.defaultParallelism)
    largest_first = sorted(ranges, key=lambda each: (each.start - each.end, each))
    rows = [(*each, place % max(tasks, 1)) for place, each in enumerate(largest_first)]
    frame = spark.createDataFrame(rows, f"{_RANGES}, task int")
    return frame.repartitionById(max(tasks, 1), F.col("task"))


def _schema(rules: BatchRules) -> str:
    outputs = "".join(f", `{name}` {type_}" for name, type_ in rules.outputs.items())
    return (
        "_number int, _file string, _line bigint, _order bigint, "
        f"_counts struct<lines: bigint, header: bigint, blank: bigint>{outputs}"
    )


def each_range(
    read: Callable[[FileRange, KnownValues], Iterator[pa.RecordBatch]],
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def each(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        known = KnownValues()
        for batch in batches:
            for row in batch.to_pylist():
                found = FileRange(**{name: row[name] for name in FileRange._fields})
                yield from guarded(read(found, known), f"reading {found.path}")

    return each


def guarded(batches: Iterator[Any], step: str) -> Iterator[Any]:
    """The batches; whatever fails is told as class and step, never with the values at hand."""
    try:
        yield from batches
    except OnefoldError:
        raise
    except Exception as error:  # the boundary where third parties' messages would carry values
        raise TaskError(f"{type(error).__name__} while {step}") from None


def batches_of_range(
    root: Path, each: FileRange, layout: Layout, rules: BatchRules, known: KnownValues
) -> Iterator[pa.RecordBatch]:
    """The records of a range in bounded batches, and its counts at the end.

    InputMissingError where the file is no longer what was planned.
    """
    path = root / each.path
    if not path.is_file() or path.stat().st_size != each.size:
        raise InputMissingError(f"{each.path} changed while it was read; run the night again")
    tally = Tally()
    for batch in raw_batches(path, each.start, each.end, each.first_line, layout, tally):
        yield _standard(batch, each, rules, known)
    yield _counts_of(tally, each, arrow_schema(_schema(rules)))


def _standard(
    batch: RawBatch, each: FileRange, rules: BatchRules, known: KnownValues
) -> pa.RecordBatch:
    count = len(batch.lines)
    places = {
        "_number": pa.repeat(pa.scalar(each.number, pa.int32()), count),
        "_file": pa.repeat(pa.scalar(each.path, pa.string()), count),
        "_line": batch.lines,
        "_order": pc.add(batch.lines, pa.scalar(each.number << LINE_BITS, pa.int64())),
        "_counts": pa.nulls(count, _COUNTS),
    }
    return pa.RecordBatch.from_pydict(places | standard_batch(batch, rules, known))


def _counts_of(tally: Tally, each: FileRange, schema: pa.Schema) -> pa.RecordBatch:
    """The row that has a range's counts and nothing else."""
    counts = {"lines": tally.lines, "header": tally.header, "blank": tally.blank}
    row = {"_number": each.number, "_file": each.path, "_counts": counts}
    return pa.RecordBatch.from_pylist([row], schema)
