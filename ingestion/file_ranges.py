"""What tasks read: ranges of files, one after another in a few tasks."""

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

RANGE_BYTES = 64 << 20  # what a task reads at a time of a file that may be cut
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


def results_of_ranges(
    spark: SparkSession, ranges: Sequence[FileRange], work: Work, folder: Path
) -> list[Any]:
    """What tasks tell of their ranges: few and small things, since they come to this process.

    Tasks share `folder` (with each other, and no other call): each takes the next range that none
    has taken yet, so that one that starts late, or is slow, delays none. OnefoldError where a range
    was taken and never done. No frame: to plan one, and to start workers for it, takes as long as
    to read 200 MB.
    """
    tasks = _task_count(spark, ranges)
    in_order = _largest_first(ranges)

    def done(each: FileRange, memory: TaskMemory) -> Iterator[tuple[FileRange, list[Any]]]:
        yield each, list(work(each, memory))

    def take(_: Iterable[int]) -> Iterator[tuple[FileRange, list[Any]]]:
        yield from _worked((one for one in in_order if _is_taken(one, folder)), done)

    numbers = spark.sparkContext.parallelize(range(tasks), max(tasks, 1))
    results = dict(numbers.mapPartitions(take).collect())
    if lost := [each.path for each in ranges if each not in results]:
        raise OnefoldError(f"a task ended before it had read all of {lost[0]}; run the night again")
    return [result for each in ranges for result in results[each]]


def _is_taken(each: FileRange, folder: Path) -> bool:
    """Whether this task takes the range: the first one that says so does."""
    try:
        (folder / f"{each.number}-{each.start}.taken").touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def frame_of_ranges(
    spark: SparkSession, ranges: Sequence[FileRange], work: Work, schema: str
) -> DataFrame:
    """The record batches that tasks make of their ranges."""
    tasks = max(_task_count(spark, ranges), 1)
    rows = [(*each, place % tasks) for place, each in enumerate(_largest_first(ranges))]
    dealt = spark.createDataFrame(rows, _SCHEMA).repartitionById(tasks, F.col("task"))

    def each(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        rows = (row for batch in batches for row in batch.to_pylist())
        share = (FileRange(**{name: row[name] for name in FileRange._fields}) for row in rows)
        yield from _worked(share, work)

    return dealt.mapInArrow(each, schema)


def _task_count(spark: SparkSession, ranges: Sequence[FileRange]) -> int:
    """As many tasks as run at a time: what one has learnt of a range serves it in the next."""
    return min(len(ranges), spark.sparkContext.defaultParallelism)


def _largest_first(ranges: Sequence[FileRange]) -> list[FileRange]:
    return sorted(ranges, key=lambda each: (each.start - each.end, each))


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
