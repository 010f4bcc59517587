"""Files read inside tasks: one task a file, bounded batches, each made standard there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from ingestion.formats import records_of
from ingestion.layout import Layout
from ingestion.protection import TaskError
from ingestion.record_types import Record, Tally
from ingestion.standard_batch import BatchRules, RawBatch, standard_batch
from model.errors import InputMissingError, OnefoldError

if TYPE_CHECKING:  # tasks import this module: they need no channels and no parser
    from ingestion.planning import PlannedFile

# A batch ends at either bound, whichever comes first.
BATCH_ROWS = 20_000
BATCH_CHARACTERS = 8 << 20
_COUNTS = pa.struct([("lines", pa.int64()), ("header", pa.int64()), ("blank", pa.int64())])
LINE_BITS = 40  # of `_order`: below a file's number
_FILE_SCHEMA = "_file string, byte_count bigint, _number int"


def read_records(
    spark: SparkSession, files: Sequence[PlannedFile], root: Path, layout: Layout,
    rules: BatchRules,
) -> DataFrame:  # fmt: skip
    """All records of the files: one row per data record, and one with the counts of each file.

    `_number` (the file's place in `files`), `_file`, `_line`, `_order` (grows in the order in which
    versions win where their times tie: file, line), `_counts` (null but in the row of the counts,
    which has nothing else), and the columns of `rules.outputs` (ingestion.standard_batch).
    """
    rows = [(file.path, file.byte_count, number) for number, file in enumerate(files)]
    slices = spark.createDataFrame(rows, _FILE_SCHEMA)
    apart = slices.repartitionById(max(len(rows), 1), F.col("_number"))
    return apart.mapInArrow(_reader(root, layout, rules), _schema(rules))


def _schema(rules: BatchRules) -> str:
    outputs = "".join(f", `{name}` {type_}" for name, type_ in rules.outputs.items())
    return (
        "_number int, _file string, _line bigint, _order bigint, "
        f"_counts struct<lines: bigint, header: bigint, blank: bigint>{outputs}"
    )


def _reader(
    root: Path, layout: Layout, rules: BatchRules
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def read(slices: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in slices:
            for file in batch.to_pylist():
                found = batches_of_file(root, file, layout, rules)
                yield from guarded(found, f"reading {file['_file']}")

    return read


def guarded(batches: Iterator[Any], step: str) -> Iterator[Any]:
    """The batches; whatever fails is told as class and step, never with the values at hand."""
    try:
        yield from batches
    except OnefoldError:
        raise
    except Exception as error:  # the boundary where third parties' messages would carry values
        raise TaskError(f"{type(error).__name__} while {step}") from None


def batches_of_file(
    root: Path, file: dict[str, Any], layout: Layout, rules: BatchRules
) -> Iterator[pa.RecordBatch]:
    """The records of one file in bounded batches, and its counts at the end.

    InputMissingError where the file is no longer what was planned.
    """
    path = root / file["_file"]
    if not path.is_file() or path.stat().st_size != file["byte_count"]:
        raise InputMissingError(f"{file['_file']} changed while it was read; run the night again")
    tally = Tally()
    for batch in _batched(records_of(path, layout, tally)):
        yield _arrow(batch, file, layout, rules)
    yield _counts_of(tally, file, _arrow([], file, layout, rules).schema)


def _batched(found: Iterator[Record]) -> Iterator[list[Record]]:
    batch: list[Record] = []
    size = 0
    for record in found:
        batch.append(record)
        size += len(record.text)
        if len(batch) >= BATCH_ROWS or size >= BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _arrow(
    batch: Sequence[Record], file: dict[str, Any], layout: Layout, rules: BatchRules
) -> pa.RecordBatch:
    count = len(batch)
    unread = (None,) * len(layout.fields)
    lines, values, texts, problems = zip(*batch, strict=True) if batch else ((),) * 4
    columns = list(zip(*(row or unread for row in values), strict=True)) or [()] * len(unread)
    raw = [pa.array(column, pa.string()) for column in columns]
    named = dict(zip(layout.fields, raw, strict=True))
    first = file["_number"] << LINE_BITS
    places = {
        "_number": pa.repeat(pa.scalar(file["_number"], pa.int32()), count),
        "_file": pa.repeat(pa.scalar(file["_file"], pa.string()), count),
        "_line": pa.array(lines, pa.int64()),
        "_order": pa.array([first | line for line in lines], pa.int64()),
        "_counts": pa.nulls(count, _COUNTS),
    }
    standard = standard_batch(RawBatch(lines, texts, problems, named), rules)
    return pa.RecordBatch.from_pydict(places | standard)


def _counts_of(tally: Tally, file: dict[str, Any], schema: pa.Schema) -> pa.RecordBatch:
    """The row that has a file's counts and nothing else."""
    counts = {"lines": tally.lines, "header": tally.header, "blank": tally.blank}
    row = {"_number": file["_number"], "_file": file["_file"], "_counts": counts}
    return pa.RecordBatch.from_pylist([row], schema)
