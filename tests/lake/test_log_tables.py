"""Small log tables grow by rows and commits, and come back as they were."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timezone
from pathlib import Path

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from lake.log_tables import append_records, read_rows, replace_records
from model.contracts import TableContract, columns
from model.ddl_types import arrow_type
from model.ops_tables import OPS_TABLES

NOTES = TableContract(
    "ops", "notes",
    columns(
        "day date | 日 | Day", "at timestamp | 时 | At", "name string | 名 | Name",
        "counts map<string, bigint> | 数 | Counts", "is_good boolean | 好 | Good",
    ),
    ("name",), None,
)  # fmt: skip
AT = datetime(2017, 3, 1, 8, 30, tzinfo=timezone.utc)
ROWS = [
    (date(2017, 3, 1), AT, "one", {"a": 1, "b": 2}, True),
    (date(2017, 3, 2), AT, "two", {}, None),
]


def test_rows_come_back_as_they_were_written(scratch: Path) -> None:
    assert read_rows(str(scratch), NOTES) == []
    append_records(str(scratch), NOTES, ROWS[:1], {"run_id": "r1"})
    append_records(str(scratch), NOTES, ROWS[1:], {"run_id": "r2"})
    found = sorted(read_rows(str(scratch), NOTES), key=lambda row: row["name"])
    assert [tuple(row.values()) for row in found] == [
        (date(2017, 3, 1), AT, "one", [("a", 1), ("b", 2)], True),
        (date(2017, 3, 2), AT, "two", [], None),
    ]
    commits = DeltaTable(str(scratch / "ops" / "notes")).history()
    assert [json.loads(commit["userMetadata"])["run_id"] for commit in commits] == ["r2", "r1"]


def test_a_log_of_an_older_release_gets_the_columns_it_lacks(scratch: Path) -> None:
    older = replace(NOTES, columns=NOTES.columns[:2] + NOTES.columns[3:])
    append_records(str(scratch), older, [(*ROWS[0][:2], *ROWS[0][3:])], {"run_id": "r1"})
    append_records(str(scratch), NOTES, ROWS[1:], {"run_id": "r2"})
    found = read_rows(str(scratch), NOTES)
    assert sorted((row["day"], row["name"] or "", row["counts"]) for row in found) == [
        (date(2017, 3, 1), "", [("a", 1), ("b", 2)]), (date(2017, 3, 2), "two", []),
    ]  # fmt: skip


def test_a_log_of_an_older_release_keeps_the_words_it_has_for_its_columns(scratch: Path) -> None:
    other = [replace(column, title_en="Else") for column in NOTES.columns]
    append_records(str(scratch), replace(NOTES, columns=tuple(other)), ROWS[:1], {"run_id": "r1"})
    append_records(str(scratch), NOTES, ROWS[1:], {"run_id": "r2"})
    assert len(read_rows(str(scratch), NOTES)) == 2


def test_only_the_slices_since_a_day_are_read(scratch: Path) -> None:
    sliced = replace(NOTES, sliced_by="day")
    for row in ROWS:
        replace_records(str(scratch), sliced, [row], {"run_id": "r1"}, row[0])
    assert [row["name"] for row in read_rows(str(scratch), sliced, date(2017, 3, 2))] == ["two"]
    assert len(read_rows(str(scratch), sliced)) == 2


def test_spark_reads_what_delta_rs_wrote(spark: SparkSession, scratch: Path) -> None:
    append_records(str(scratch), NOTES, ROWS, {"run_id": "r1"})
    frame = spark.read.format("delta").load(str(scratch / "ops" / "notes"))
    assert [(f.name, f.dataType.simpleString()) for f in frame.schema] == [
        ("day", "date"), ("at", "timestamp"), ("name", "string"),
        ("counts", "map<string,bigint>"), ("is_good", "boolean"),
    ]  # fmt: skip
    assert frame.schema["name"].metadata == {"comment": "名 · Name"}
    assert frame.where("name = 'one'").select("counts").first()[0] == {"a": 1, "b": 2}


@pytest.mark.parametrize("contract", OPS_TABLES, ids=lambda contract: contract.name)
def test_every_log_table_of_the_ledger_has_arrow_types(contract: TableContract) -> None:
    if contract.name != "quarantine":  # written by Spark
        assert all(arrow_type(column.type) for column in contract.columns)
