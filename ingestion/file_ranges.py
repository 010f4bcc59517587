"""What tasks read: ranges of files, dealt out so that what a task has learnt serves it again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from ingestion.layout import Layout
from ingestion.protected_batch import TaskMemory
from ingestion.protection import TaskError
from ingestion.splits import splits_of
from model.errors import OnefoldError

if TYPE_CHECKING:  # tasks import this module: they need no channels and no parser
    from ingestion.planning import PlannedFile

RANGE_BYTES = 64 << 20  # what one task reads of a file that may be cut
_SCHEMA = (
    "path string, size bigint, number int, start bigint, `end` bigint, first_line bigint, task int"
)


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


Work = Callable[[FileRange, TaskMemory], Iterator[Any]]


def ranges_of(files: Sequence[PlannedFile], root: Path, layout: Layout) -> list[FileRange]:
    """What the tasks read: the ranges of every file."""
    return [
        FileRange(file.path, file.byte_count, number, *split)
        for number, file in enumerate(files)
        for split in splits_of(root / file.path, layout, RANGE_BYTES)
    ]


def results_of_ranges(spark: SparkSession, ranges: Sequence[FileRange], work: Work) -> list[Any]:
    """What tasks tell of their ranges: few and small things, since they come to this process.

    No frame: to plan one, and to start workers for it, takes as long as to read 200 MB.
    """
    shares = _shares(spark, ranges)

    def each(given: Iterable[list[FileRange]]) -> Iterator[Any]:
        for share in given:
            yield from _worked(share, work)

    return spark.sparkContext.parallelize(shares, max(len(shares), 1)).mapPartitions(each).collect()


def frame_of_ranges(
    spark: SparkSession, ranges: Sequence[FileRange], work: Work, schema: str
) -> DataFrame:
    """The record batches that tasks make of their ranges."""
    shares = _shares(spark, ranges)
    rows = [(*each, task) for task, share in enumerate(shares) for each in share]
    dealt = spark.createDataFrame(rows, _SCHEMA).repartitionById(max(len(shares), 1), F.col("task"))

    def each(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        rows = (row for batch in batches for row in batch.to_pylist())
        share = (FileRange(**{name: row[name] for name in FileRange._fields}) for row in rows)
        yield from _worked(share, work)

    return dealt.mapInArrow(each, schema)


def _shares(spark: SparkSession, ranges: Sequence[FileRange]) -> list[list[FileRange]]:
    """The ranges of each task: as many tasks as run at a time."""
    count = min(len(ranges), spark.sparkContext.defaultParallelism)
    largest_first = sorted(ranges, key=lambda each: (each.start - each.end, each))
    return [largest_first[task::count] for task in range(count)]


def _worked(share: Iterable[FileRange], work: Work) -> Iterator[Any]:
    # Arrow's own allocator gives large arrays back to the system and takes them anew each time.
    pa.set_memory_pool(pa.system_memory_pool())
    memory = TaskMemory()
    for each in share:
        yield from guarded(work(each, memory), f"reading {each.path}")


def guarded(results: Iterator[Any], step: str) -> Iterator[Any]:
    """The results; whatever fails is told as class and step, never with the values at hand."""
    try:
        yield from results
    except OnefoldError:
        raise
    except Exception as error:  # the boundary where third parties' messages would carry values
        raise TaskError(f"{type(error).__name__} while {step}") from None
