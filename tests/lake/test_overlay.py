"""A lake to try things in: reads what the other one holds, and leaves it as it is."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from lake.log_tables import read_rows
from lake.overlay import overlaid
from lake.tables import Lake
from model.contracts import TableContract, columns
from model.ddl_types import arrow_schema
from model.errors import UsageError

D1, D2 = date(2017, 3, 1), date(2017, 3, 2)
TOTALS = TableContract(
    "tags", "totals",
    columns("business_date date | 业务日 | Night", "n bigint | 数 | Number"),
    ("n",), "business_date",
)  # fmt: skip
NOTES = TableContract("ops", "notes", columns("text string | 文 | Text"), ("text",), None)


def contents(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*") if path.is_file()
    }  # fmt: skip


def rows(day: date, *numbers: int) -> pa.Table:
    schema = arrow_schema(TOTALS.schema)
    return pa.Table.from_pylist([{"business_date": day, "n": n} for n in numbers], schema)


def filled(spark: SparkSession, root: Path) -> Lake:
    lake = Lake(spark, str(root), "run")
    for number in range(12):  # beyond a checkpoint of the log
        lake.replace_slice(TOTALS, rows(D1, number), D1)
    lake.append(NOTES, [("as it was",)])
    return lake


def numbers(lake: Lake) -> list[tuple[date, int]]:
    return sorted((row["business_date"], row["n"]) for row in read_rows(lake.root, TOTALS))


def test_what_is_written_over_a_lake_leaves_it_byte_for_byte(
    spark: SparkSession, scratch: Path
) -> None:
    lake = filled(spark, scratch / "lake")
    before = contents(scratch / "lake")
    with overlaid(lake.root) as root:
        trial = Lake(spark, root, "trial")
        assert numbers(trial) == [(D1, 11)]
        trial.replace_slice(TOTALS, rows(D2, 7), D2)
        trial.replace_slice(TOTALS, rows(D1, 8, 9), D1)
        trial.append(NOTES, [("as it would be",)])
        assert numbers(trial) == [(D1, 8), (D1, 9), (D2, 7)]
        trial.restore(TOTALS, 11)
        assert numbers(trial) == [(D1, 11)]
        seen = trial.read(TOTALS).collect()
        assert [row["n"] for row in seen] == [11]
        assert {row["text"] for row in read_rows(root, NOTES)} == {"as it was", "as it would be"}
    assert contents(scratch / "lake") == before
    assert numbers(lake) == [(D1, 11)]
    assert not Path(root).exists()


def test_a_lake_that_is_not_there_yet_is_empty_and_stays_away(scratch: Path) -> None:
    with overlaid(str(scratch / "lake")) as root:
        assert read_rows(root, NOTES) == []
    assert not (scratch / "lake").exists()


def test_a_trial_that_fails_leaves_nothing(scratch: Path) -> None:
    with pytest.raises(ZeroDivisionError), overlaid(str(scratch)) as root:
        raise ZeroDivisionError
    assert not Path(root).exists()


def test_object_stores_are_refused_in_words() -> None:
    with pytest.raises(UsageError, match="only lakes on a disk"), overlaid("s3a://bucket/lake"):
        pass
