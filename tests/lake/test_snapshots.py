"""What a table is at a version, told by its log without Spark."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake
from pyspark.sql import SparkSession

from lake.snapshots import files_at, first_value, row_count, table_path, version_of, versions
from model.contracts import TableContract, columns

COLUMNS = columns("business_date date | 业务日 | Night", "n bigint | 数 | Number")
TOTALS = TableContract("tags", "totals", COLUMNS, ("n",), "business_date")
OTHERS = TableContract("tags", "others", COLUMNS, ("n",), "business_date")


def write(root: Path, *numbers: int, mode: str = "overwrite") -> str:
    """Rows of 1 March 2017 as one commit; returns the table's path."""
    path = table_path(str(root), TOTALS)
    rows = pa.table({"business_date": [date(2017, 3, 1)] * len(numbers), "n": list(numbers)})
    write_deltalake(path, rows, mode=mode, partition_by=["business_date"])  # type: ignore[call-overload]
    return path


def numbers_in(files: list[str]) -> list[int]:
    return sorted(n for file in files for n in pq.ParquetFile(file).read()["n"].to_pylist())


def test_a_table_lies_under_its_zone_whether_or_not_the_root_ends_in_a_slash() -> None:
    assert table_path("/lake", TOTALS) == table_path("/lake/", TOTALS) == "/lake/tags/totals"


def test_every_commit_is_a_version_and_no_table_has_none(scratch: Path) -> None:
    assert version_of(table_path(str(scratch), TOTALS)) is None
    path = write(scratch, 1)
    write(scratch, 2)
    assert version_of(path) == 1


def test_the_first_value_is_of_the_oldest_slice_whichever_was_written_last(scratch: Path) -> None:
    path = write(scratch, 2)
    assert first_value(path, "n") == 2
    older = pa.table({"business_date": [date(2017, 2, 28)], "n": [1]})
    write_deltalake(path, older, mode="append", partition_by=["business_date"])  # type: ignore[call-overload]
    assert first_value(path, "n") == 1
    assert first_value(table_path(str(scratch), OTHERS), "n") is None


def test_versions_name_the_tables_that_exist(scratch: Path) -> None:
    assert versions(str(scratch), [TOTALS, OTHERS]) == {}
    write(scratch, 1)
    assert versions(str(scratch), (contract for contract in [TOTALS, OTHERS])) == {"tags.totals": 0}


@pytest.mark.parametrize("folder", ["lake", "o'neil", "my lake", "客户湖", "a#b+c"])
def test_the_files_of_a_version_are_found_under_the_names_they_have_on_disk(
    scratch: Path, folder: str
) -> None:
    path = write(scratch / folder, 1, 2)
    write(scratch / folder, 3, mode="append")
    write(scratch / folder, 4)
    assert numbers_in(files_at(path, 0)) == [1, 2]
    assert numbers_in(files_at(path, 1)) == [1, 2, 3]
    assert numbers_in(files_at(path, 2)) == [4]
    assert files_at(path, 1) == sorted(files_at(path, 1))


def test_a_missing_table_has_no_files(scratch: Path) -> None:
    assert files_at(table_path(str(scratch), TOTALS), 0) == []
    assert row_count(table_path(str(scratch), TOTALS)) is None


def test_rows_are_counted_whoever_wrote_them_and_by_slice(
    spark: SparkSession, scratch: Path
) -> None:
    path = str(scratch / "t")
    spark.range(5).coalesce(1).write.format("delta").save(path)
    spark.range(3).coalesce(1).write.format("delta").mode("append").save(path)
    assert row_count(path) == 8
    assert row_count(write(scratch, 1, 2)) == 2
    assert row_count(write(scratch, 1, 2), lambda day: day > date(2017, 3, 1)) == 0
