"""Files read inside tasks: one task a file, bounded batches, every value as the text it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from ingestion.layout import Layout, open_lines
from ingestion.records import Record, Tally, records
from ingestion.tidy_text import changed_count, half_width_texts, trimmed_texts
from model.errors import InputMissingError, OnefoldError

if TYPE_CHECKING:  # tasks import this module: they need no channels and no parser
    from ingestion.planning import PlannedFile

# A batch ends at either bound, whichever comes first.
BATCH_ROWS = 20_000
BATCH_CHARACTERS = 8 << 20
RAW, CLEAN = "_raw_", "_clean_"
_COUNTS = pa.struct([("lines", pa.int64()), ("header", pa.int64()), ("blank", pa.int64())])
_FILE_SCHEMA = "_file string, byte_count bigint, _number int"


class TaskError(OnefoldError):
    """A task's failure told by class and step only: Spark would print the rows it worked on."""


def read_records(
    spark: SparkSession, files: Sequence[PlannedFile], root: Path, layout: Layout
) -> DataFrame:
    """All records of the files: one row per data record, and one with the counts of each file.

    `_number` (the file's place in `files`), `_file`, `_line`, `_original` (the record's own text),
    `_problem` (the reason code of a record without values; null otherwise), `_counts` (null but in
    the row of the counts, which has nothing else), `_trims` and `_widths` (values changed by
    tidying), then for every field `_raw_<field>` as text (null: no such column or key) and
    `_clean_<field>`, the same tidied. No field's name begins with an underscore.
    """
    rows = [(file.path, file.byte_count, number) for number, file in enumerate(files)]
    slices = spark.createDataFrame(rows, _FILE_SCHEMA)
    apart = slices.repartitionById(max(len(rows), 1), F.col("_number"))
    return apart.mapInArrow(_reader(root, layout), _schema(layout))


def _schema(layout: Layout) -> str:
    fields = "".join(f", `{at}{name}` string" for at in (RAW, CLEAN) for name in layout.fields)
    return (
        "_number int, _file string, _line bigint, _original string, _problem string, "
        "_counts struct<lines: bigint, header: bigint, blank: bigint>, "
        f"_trims int, _widths int{fields}"
    )


def _reader(
    root: Path, layout: Layout
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def read(slices: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in slices:
            for file in batch.to_pylist():
                yield from guarded(batches_of_file(root, file, layout), f"reading {file['_file']}")

    return read


def guarded(batches: Iterator[Any], step: str) -> Iterator[Any]:
    """The batches; whatever fails is told as class and step, never with the values at hand."""
    try:
        yield from batches
    except OnefoldError:
        raise
    except Exception as error:  # the boundary where third parties' messages would carry values
        raise TaskError(f"{type(error).__name__} while {step}") from None


def batches_of_file(root: Path, file: dict[str, Any], layout: Layout) -> Iterator[pa.RecordBatch]:
    """The records of one file in bounded batches, and its counts at the end.

    InputMissingError where the file is no longer what was planned.
    """
    path = root / file["_file"]
    if not path.is_file() or path.stat().st_size != file["byte_count"]:
        raise InputMissingError(f"{file['_file']} changed while it was read; run the night again")
    tally = Tally()
    with open_lines(path, layout) as lines:
        for batch in _batched(records(lines, layout, tally)):
            yield _arrow(batch, file, layout, None)
    yield _arrow([Record(0, None, "", None)], file, layout, tally)


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
    batch: Sequence[Record], file: dict[str, Any], layout: Layout, tally: Tally | None
) -> pa.RecordBatch:
    count = len(batch)
    unread = (None,) * len(layout.fields)
    lines, values, texts, problems = zip(*batch, strict=True)
    columns = list(zip(*(row or unread for row in values), strict=True)) or [()]
    counts = tally and {"lines": tally.lines, "header": tally.header, "blank": tally.blank}
    arrays = {
        "_number": pa.repeat(pa.scalar(file["_number"], pa.int32()), count),
        "_file": pa.repeat(pa.scalar(file["_file"], pa.string()), count),
        "_line": pa.array([None] if tally else lines, pa.int64()),
        "_original": pa.array(texts, pa.string()),
        "_problem": pa.array(problems, pa.string()),
        "_counts": pa.array([counts] * count, _COUNTS),
    }
    raw = [pa.array(column, pa.string()) for column in columns]
    return pa.RecordBatch.from_pydict(arrays | _tidied(layout, raw, count))


def _tidied(layout: Layout, raw: Sequence[pa.Array], count: int) -> dict[str, pa.Array]:
    """The fields as they were and as they are read on, and how many values of a record changed.

    Done here, where a batch of text is at hand: as Spark columns it would double the plan.
    """
    trimmed = [trimmed_texts(column) for column in raw]
    clean = [half_width_texts(column) for column in trimmed]
    counts = {
        "_trims": changed_count(count, list(zip(raw, trimmed, strict=True))),
        "_widths": changed_count(count, list(zip(trimmed, clean, strict=True))),
    }
    as_were = {f"{RAW}{name}": column for name, column in zip(layout.fields, raw, strict=True)}
    tidy = {f"{CLEAN}{name}": column for name, column in zip(layout.fields, clean, strict=True)}
    return counts | as_were | tidy
