"""Files read inside tasks, a range of bytes each: in bounded batches, without plain values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, SparkSession

from ingestion.batch_rules import BatchRules, Columns
from ingestion.file_ranges import FileRange, frame_of_ranges
from ingestion.layout import Layout
from ingestion.protected_batch import TaskMemory, protected_batch
from ingestion.raw_batches import raw_batches
from ingestion.record_types import Tally
from ingestion.standard_batch import judged_batch
from model.ddl_types import arrow_schema
from model.errors import InputMissingError

# Records are judged some megabytes at a time, which caches hold, and protected many at a time.
TOGETHER_ROWS = 600_000
TOGETHER_BYTES = 64 << 20
_HANDED_ON = 20_000  # rows that Spark takes at a time
_COUNTS = pa.struct([("lines", pa.int64()), ("header", pa.int64()), ("blank", pa.int64())])
LINE_BITS = 40  # of `_order`: below a file's number


class StandardBatch(NamedTuple):
    """Standardised rows, or a range's row of counts; and the sets of identifiers that they show
    first (ingestion.protected_batch)."""

    rows: pa.RecordBatch
    new_sets: pa.RecordBatch | None
    is_counts: bool


def read_records(
    spark: SparkSession, ranges: Sequence[FileRange], root: Path, layout: Layout,
    rules: BatchRules,
) -> DataFrame:  # fmt: skip
    """All records of the ranges: one row per data record, and one with the counts of each range.

    `_number` (of the file), `_file`, `_line`, `_order` (grows in the order in which versions win
    where their times tie: file, line), `_counts` (null but in the rows of counts, which have
    nothing else), and the columns of `rules.outputs` (ingestion.protected_batch).
    """

    def read(each: FileRange, memory: TaskMemory) -> Iterator[pa.RecordBatch]:
        for batch in batches_of_range(root, each, layout, rules, memory):
            for first in range(0, batch.rows.num_rows, _HANDED_ON):
                yield batch.rows.slice(first, _HANDED_ON)

    return frame_of_ranges(spark, ranges, read, schema_of(rules))


def schema_of(rules: BatchRules) -> str:
    """The columns of `read_records`, as DDL."""
    outputs = "".join(f", `{name}` {type_}" for name, type_ in rules.outputs.items())
    return (
        "_number int, _file string, _line bigint, _order bigint, "
        f"_counts struct<lines: bigint, header: bigint, blank: bigint>{outputs}"
    )


def batches_of_range(
    root: Path, each: FileRange, layout: Layout, rules: BatchRules, memory: TaskMemory
) -> Iterator[StandardBatch]:
    """The records of a range in bounded batches, and its counts at the end.

    InputMissingError where the file is no longer what was planned.
    """
    tally = Tally()
    for judged in judged_batches(root, each, layout, rules, memory, tally):
        found = protected_batch(judged, rules, memory)
        rows = pa.RecordBatch.from_pydict(_places(judged["_line"], each) | found.columns)
        yield StandardBatch(rows, found.new_sets, is_counts=False)
    yield StandardBatch(_counts_of(tally, each, arrow_schema(schema_of(rules))), None, True)


def judged_batches(
    root: Path, each: FileRange, layout: Layout, rules: BatchRules, memory: TaskMemory,
    tally: Tally,
) -> Iterator[Columns]:  # fmt: skip
    """The records of a range judged (ingestion.standard_batch), many together."""
    path = root / each.path
    if not path.is_file() or path.stat().st_size != each.size:
        raise InputMissingError(f"{each.path} changed while it was read; run the night again")
    batches = raw_batches(path, each.start, each.end, each.first_line, layout, tally)
    read = ((batch.texts.nbytes, judged_batch(batch, rules, memory.values)) for batch in batches)
    yield from _together(read)


def _together(batches: Iterable[tuple[int, Columns]]) -> Iterator[Columns]:
    """The batches (bytes read, columns), joined up to a bound."""
    held: list[Columns] = []
    rows = size = 0
    for byte_count, batch in batches:
        held.append(batch)
        rows, size = rows + len(batch["_line"]), size + byte_count
        if rows >= TOGETHER_ROWS or size >= TOGETHER_BYTES:
            yield _joined(held)
            held, rows, size = [], 0, 0
    if held:
        yield _joined(held)


def _joined(batches: Sequence[Columns]) -> Columns:
    if len(batches) == 1:
        return batches[0]
    return {name: pa.concat_arrays([batch[name] for batch in batches]) for name in batches[0]}


def _places(lines: pa.Array, each: FileRange) -> Columns:
    count = len(lines)
    return {
        "_number": pa.repeat(pa.scalar(each.number, pa.int32()), count),
        "_file": pa.repeat(pa.scalar(each.path, pa.string()), count),
        "_line": lines,
        "_order": pc.add(lines, pa.scalar(each.number << LINE_BITS, pa.int64())),
        "_counts": pa.nulls(count, _COUNTS),
    }


def _counts_of(tally: Tally, each: FileRange, schema: pa.Schema) -> pa.RecordBatch:
    """The row that has a range's counts and nothing else."""
    counts = {"lines": tally.lines, "header": tally.header, "blank": tally.blank}
    row = {"_number": each.number, "_file": each.path, "_counts": counts}
    return pa.RecordBatch.from_pylist([row], schema)
