"""Ranges of files are worked on once each, by whichever task is free; none is lost unnoticed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from ingestion.file_ranges import FileRange, frame_of_ranges, results_of_ranges
from ingestion.protected_batch import TaskMemory
from model.errors import OnefoldError

RANGES = [FileRange(f"{n}.csv", 100, n, 10 * n, 10 * n + n + 1, 1) for n in range(7)]


def told(each: FileRange, memory: TaskMemory) -> Iterator[str]:
    yield from (f"{each.path} {n}" for n in range(each.number % 3))


def test_results_come_in_the_order_of_their_ranges(spark: SparkSession, tmp_path: Path) -> None:
    expected = [f"{n}.csv {k}" for n in range(7) for k in range(n % 3)]
    assert results_of_ranges(spark, RANGES, told, tmp_path) == expected


def test_there_may_be_no_ranges(spark: SparkSession, tmp_path: Path) -> None:
    assert results_of_ranges(spark, [], told, tmp_path) == []
    assert frame_of_ranges(spark, [], told, "word string").count() == 0


def test_a_range_that_a_lost_task_had_taken_is_missed(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "3-30.taken").touch()
    with pytest.raises(OnefoldError, match=r"all of 3\.csv; run the night again"):
        results_of_ranges(spark, RANGES, told, tmp_path)
