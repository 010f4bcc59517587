"""A copy of a file in which one column has other values: all else is as it was, to all readers."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from lake.arrow_files import write_parquet
from model.column_files import column_file
from model.duckdb_sql import AS_PARQUET

DAY = date(2024, 3, 1)
NULLS = {"all null": 1.0, "some null": 0.5, "none null": 0.0}


def rows_of(seed: int, share: float, count: int = 5_000) -> pa.Table:
    """Rows of many kinds of values, of which `share` have no valid_to."""
    choice = random.Random(seed)

    def some(value: Callable[[], Any], nulls: float = 0.1) -> list[Any]:
        return [None if choice.random() < nulls else value() for _ in range(count)]

    def day() -> date:
        return DAY + timedelta(choice.randrange(3))

    return pa.table({
        "id": pa.array(range(count), pa.int64()), "kind": some(lambda: choice.choice("abc")),
        "token": some(lambda: f"{choice.getrandbits(128):032x}"),
        "sources": pa.array(some(lambda: ["x", None, "y"][: choice.randrange(4)])),
        "opened": pa.array(some(day), pa.date32()),
        "valid_to": pa.array(some(day, share), pa.date32()),
        "n": some(lambda: choice.randrange(9)), "share": some(choice.random),
    })  # fmt: skip


def by_duckdb(rows: pa.Table, file: Path) -> None:
    with duckdb.connect() as connection:
        connection.register("these", rows)
        settings = AS_PARQUET.rpartition(" ")[0]
        connection.execute(f"copy these to '{file}' ({settings} 2048)")


def by_arrow(rows: pa.Table, file: Path) -> None:
    write_parquet(rows, file)


def as_spark(rows: pa.Table, file: Path) -> None:
    """With what Spark's files have and others lack: page indexes, metadata, snappy."""
    pq.write_table(
        rows.replace_schema_metadata({"org.apache.spark.version": "4.2.0"}), file,
        row_group_size=1_234, compression="snappy", write_page_index=True, version="1.0",
    )  # fmt: skip


WRITERS = {"duckdb": by_duckdb, "arrow": by_arrow, "spark": as_spark}


def revised(file: Path, copy: Path, seed: int, count: int = 400) -> pa.Table:
    """Writes a copy with other days in rows taken by chance; what it should hold."""
    found = column_file(file, "valid_to")
    assert found is not None
    rows = sorted(random.Random(seed).sample(range(found.row_count), count))
    days = [DAY + timedelta(100 + row % 2) if row % 5 else None for row in rows]
    found.write(copy, np.array(rows), pa.array(days, pa.date32()))
    held = pq.read_table(file)
    values = held["valid_to"].to_pylist()
    for row, day in zip(rows, days, strict=True):
        values[row] = day
    at = held.schema.get_field_index("valid_to")
    return held.set_column(at, held.schema.field(at), pa.array(values, pa.date32()))


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("share", NULLS.values(), ids=NULLS)
def test_all_readers_find_the_new_days_and_all_else_as_it_was(
    writer: str, share: float, tmp_path: Path
) -> None:
    file = tmp_path / "0.parquet"
    WRITERS[writer](rows_of(3, share), file)
    for number in (1, 2, 3):  # copies of copies
        copy = tmp_path / f"{number}.parquet"
        before = file.read_bytes()
        expected = revised(file, copy, seed=number)
        assert file.read_bytes() == before
        assert pq.read_table(copy).equals(expected)
        with duckdb.connect() as connection:
            found = connection.sql(f"from '{copy}' where token is not null order by id")
            kept = expected.filter(expected["token"].is_valid()).to_pylist()
            assert found.to_arrow_table().to_pylist() == kept
        assert other_chunks(copy) == other_chunks(file)
        holds_true_statistics(copy)
        file = copy
    assert file.stat().st_size < tmp_path.joinpath("1.parquet").stat().st_size + 1_000


def chunks(file: Path) -> list[tuple[int, Any]]:
    """Every column chunk: its row group's rows, and what the footer tells of it."""
    told = pq.read_metadata(file)
    return [
        (told.row_group(group).num_rows, told.row_group(group).column(column))
        for group in range(told.num_row_groups) for column in range(told.num_columns)
    ]  # fmt: skip


def other_chunks(file: Path) -> list[tuple[int, str, bytes]]:
    """The bytes of all chunks but those of valid_to, which have the sizes of row groups alone."""
    content, found = file.read_bytes(), []
    for rows, chunk in chunks(file):
        start = min(filter(None, (chunk.data_page_offset, chunk.dictionary_page_offset)))
        size = chunk.total_compressed_size if chunk.path_in_schema != "valid_to" else 0
        found.append((rows, chunk.path_in_schema, content[start : start + size]))
    return found


def holds_true_statistics(file: Path) -> None:
    days = pq.read_table(file, columns=["valid_to"])["valid_to"].to_pylist()
    for rows, chunk in chunks(file):
        if chunk.path_in_schema == "valid_to":
            held, days = [day for day in days[:rows] if day], days[rows:]
            told = chunk.statistics
            assert told.null_count == rows - len(held)
            assert not held or (told.min, told.max) == (min(held), max(held))
    told = pq.read_metadata(file)
    for group in map(told.row_group, range(told.num_row_groups)):
        sizes = [group.column(n).total_uncompressed_size for n in range(group.num_columns)]
        assert group.total_byte_size == sum(sizes)


@pytest.mark.spark
def test_spark_reads_copies_and_its_files_are_copied(spark: SparkSession, tmp_path: Path) -> None:
    given = rows_of(5, 0.5)
    spark.createDataFrame(given).repartition(1).write.parquet(str(tmp_path / "spark"))
    (own,) = (tmp_path / "spark").glob("part-*.parquet")
    by_duckdb(given, tmp_path / "duckdb.parquet")
    for number, file in enumerate((own, tmp_path / "duckdb.parquet")):
        copy = tmp_path / f"copy-{number}.parquet"
        expected = revised(file, copy, seed=7)
        found = spark.read.parquet(str(copy)).where("n > 3 or valid_to is not null").toArrow()
        assert found.sort_by("id").equals(
            expected.filter(pa.compute.or_kleene(
                pa.compute.greater(expected["n"], 3), expected["valid_to"].is_valid()
            )).sort_by("id").cast(found.schema)
        )  # fmt: skip


def unfit(tmp_path: Path) -> dict[str, Path]:
    """Files that are not what is written here, each for another reason."""
    rows = rows_of(1, 0.5, count=10)
    days = rows["valid_to"]
    tables = {
        "column is missing": rows.drop_columns(["valid_to"]),
        "column comes first": pa.table({"valid_to": days, "id": rows["id"]}),
        "column is a text": rows.set_column(5, "valid_to", days.cast(pa.string())),
        "column is a time": rows.set_column(5, "valid_to", days.cast(pa.timestamp("us"))),
        "column is within another": pa.table({
            "id": rows["id"], "s": rows.select(["valid_to"]).to_struct_array(),
        }),
        "column is never null": rows.drop_columns(["valid_to"]).append_column(
            pa.field("valid_to", pa.date32(), nullable=False), days.fill_null(DAY)
        ),
        "sorted by the column": rows,
    }  # fmt: skip
    files = {reason: tmp_path / f"{reason}.parquet" for reason in tables}
    for reason, table in tables.items():
        by = [pq.SortingColumn(5)] if reason.startswith("sorted") else None
        pq.write_table(table, files[reason], sorting_columns=by)
    for content in (b"", b"PAR1", b"PAR1 and what is no footer"):
        files[str(content)] = tmp_path / f"{len(content)}"
        files[str(content)].write_bytes(content)
    return files


def test_a_file_that_cannot_be_copied_is_told_before_anything_is_written(tmp_path: Path) -> None:
    found = {reason: column_file(file, "valid_to") for reason, file in unfit(tmp_path).items()}
    assert {reason for reason, file in found.items() if file is not None} == set()
    encrypted = tmp_path / "encrypted"
    by_arrow(rows_of(1, 0.5, count=10), encrypted)
    assert column_file(encrypted, "valid_to") is not None
    encrypted.write_bytes(encrypted.read_bytes()[:-4] + b"PARE")
    assert column_file(encrypted, "valid_to") is None
