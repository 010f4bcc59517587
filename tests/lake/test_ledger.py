"""The ledger tells which night readers see, which are stale and which are held."""

from __future__ import annotations

from datetime import date, datetime, timezone
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from pyspark.sql import SparkSession

from lake.ledger import (
    AuditRecord,
    QualityRecord,
    StageRecord,
    file_rows,
    held_dates,
    metric_rows,
    published_dates,
    published_night,
    quality_rows,
    record_audit,
    record_metrics,
    record_published,
    record_quality,
    record_stage,
    stage_rows,
    stale_dates,
)
from lake.log_tables import read_rows
from lake.tables import Lake
from lake.views import PublishedNight
from model.ops_tables import AUDIT

MOMENT = pa.timestamp("us", tz="UTC")
PUBLICATION = pa.schema([
    ("business_date", pa.date32()), ("run_id", pa.string()), ("published_at", MOMENT),
    ("versions", pa.map_(pa.string(), pa.int64())), ("definitions_hash", pa.string()),
])  # fmt: skip
STAGE = pa.schema([
    ("business_date", pa.date32()), ("run_id", pa.string()), ("stage", pa.string()),
    ("outcome", pa.string()), ("started_at", MOMENT),
])  # fmt: skip


def night(day: int) -> date:
    return date(2017, 3, day)


def at(hour: int) -> datetime:
    return datetime(2017, 4, 1, hour, tzinfo=timezone.utc)


def publish(root: Path, *publications: tuple[int, int]) -> None:
    """Plants publications (night, hour); the run is named for both."""
    rows = [
        {
            "business_date": night(day), "run_id": f"{day}@{hour}", "published_at": at(hour),
            "versions": [("tags.totals", hour)], "definitions_hash": "",
        }
        for day, hour in publications
    ]  # fmt: skip
    table = pa.Table.from_pylist(rows, PUBLICATION)
    write_deltalake(str(root / "ops/published"), table, mode="append")


def stages(root: Path, *ended: tuple[int, int, str]) -> None:
    """Plants stages (night, hour, outcome)."""
    rows = [
        {
            "business_date": night(day), "run_id": f"{day}@{hour}", "stage": "compute_tags",
            "outcome": outcome, "started_at": at(hour),
        }
        for day, hour, outcome in ended
    ]  # fmt: skip
    write_deltalake(str(root / "ops/runs"), pa.Table.from_pylist(rows, STAGE), mode="append")


def test_readers_see_the_latest_night_by_its_newest_publication(scratch: Path) -> None:
    publish(scratch, (2, 3), (3, 4), (3, 6), (3, 5), (1, 9))
    seen = PublishedNight(night(3), "3@6", {"tags.totals": 6})
    assert published_night(str(scratch)) == seen


def test_as_of_names_the_newest_publication_of_one_night(scratch: Path) -> None:
    publish(scratch, (2, 3), (3, 4), (2, 7))
    found = published_night(str(scratch), night(2))
    assert found is not None
    assert found.run_id == "2@7"
    assert published_night(str(scratch), night(1)) is None


def test_a_lake_without_a_ledger_has_published_and_held_nothing(scratch: Path) -> None:
    root = str(scratch)
    assert published_night(root) is None
    assert published_dates(root) == {}
    assert (stale_dates(root), held_dates(root), stage_rows(root), file_rows(root)) == ([],) * 4


def test_published_nights_carry_the_time_of_their_newest_publication(scratch: Path) -> None:
    publish(scratch, (1, 5), (1, 8), (1, 7), (2, 6))
    assert published_dates(str(scratch)) == {night(1): at(8), night(2): at(6)}


@pytest.mark.parametrize(
    ("publications", "stale"),
    [
        pytest.param([(1, 1), (2, 2), (3, 3)], [], id="nights in order"),
        pytest.param([(1, 1), (2, 2), (3, 3), (2, 4)], [3], id="a night again"),
        pytest.param([(1, 1), (2, 2), (3, 3), (1, 4)], [2, 3], id="the first night again"),
        pytest.param([(1, 1), (2, 2), (3, 3), (1, 4), (2, 5)], [3], id="half of a backfill"),
        pytest.param([(1, 1), (2, 2), (1, 4), (2, 5)], [], id="a whole backfill"),
    ],
)
def test_a_night_is_stale_once_an_earlier_one_was_published_after_it(
    scratch: Path, publications: list[tuple[int, int]], stale: list[int]
) -> None:
    publish(scratch, *publications)
    assert stale_dates(str(scratch)) == [night(day) for day in stale]


@pytest.mark.parametrize(
    ("ended", "published", "held"),
    [
        pytest.param([(1, 1, "done")], [(1, 2)], [], id="done and published"),
        pytest.param([(1, 1, "done"), (1, 2, "held")], [], [1], id="held"),
        pytest.param([(1, 1, "held"), (1, 2, "done")], [(1, 3)], [], id="held, then published"),
        pytest.param([(1, 1, "done"), (1, 3, "held")], [(1, 2)], [1], id="published, then held"),
        pytest.param([(1, 1, "held"), (2, 2, "held"), (3, 3, "done")], [], [1, 2], id="two nights"),
    ],
)
def test_a_night_is_held_until_it_is_run_again_or_published(
    scratch: Path, ended: list[tuple[int, int, str]], published: list[tuple[int, int]],
    held: list[int],
) -> None:  # fmt: skip
    stages(scratch, *ended)
    publish(scratch, *published)
    assert held_dates(str(scratch)) == [night(day) for day in held]


def test_stages_come_in_the_order_they_ran_for_one_run_or_all(scratch: Path) -> None:
    stages(scratch, (2, 5, "done"), (1, 3, "done"), (1, 4, "held"))
    assert [row["started_at"] for row in stage_rows(str(scratch))] == [at(3), at(4), at(5)]
    assert [row["outcome"] for row in stage_rows(str(scratch), "1@4")] == ["held"]


def test_files_come_by_night_and_path(scratch: Path) -> None:
    rows = pa.table({"arrived_date": [night(2), night(1), night(1)], "path": ["a", "c", "b"]})
    write_deltalake(str(scratch / "ops/files"), rows)
    assert [row["path"] for row in file_rows(str(scratch))] == ["b", "c", "a"]


def test_what_spark_records_is_read_back_as_it_was(spark: SparkSession, scratch: Path) -> None:
    lake = Lake(spark, str(scratch), "run-1")
    stage = StageRecord(night(1), "run-1", "publish", "done", at(1), 1.5, 900, {"tags.totals": 7})
    checks = [
        QualityRecord(night(1), "run-1", "tags.totals", "c", text, "hold", False, "3 rows", None)
        for text in ("unique: [b]", "unique: [a]")
    ]
    record_stage(lake, stage)
    record_quality(lake, checks)
    record_quality(lake, [])
    written = record_published(lake, night(1), {"tags.totals": 0}, "hash")

    assert published_night(str(scratch)) == written
    assert [{**row, "row_counts": dict(row["row_counts"])} for row in stage_rows(lake.root)] == [
        vars(stage)
    ]
    assert quality_rows(lake.root, "run-1") == [vars(checks[1]), vars(checks[0])]
    assert quality_rows(lake.root, "run-2") == []


def lake_at(root: Path) -> Lake:
    """A lake whose ledger is written without Spark."""
    return Lake(None, str(root), "run-1")  # type: ignore[arg-type]


def numbers(root: Path) -> list[tuple[object, ...]]:
    """The kept numbers: day, table, value."""
    rows = metric_rows(str(root), night(1))
    return sorted((row["business_date"].day, row["table_name"], row["value"]) for row in rows)


def test_a_stage_replaces_the_numbers_of_its_own_slices_on_that_night_alone(scratch: Path) -> None:
    lake = lake_at(scratch)

    def keep(day: int, table: str, value: float) -> None:
        record = (night(day), table, None, "rows", None, value)
        record_metrics(lake, night(day), [record], metric_rows(str(scratch), night(1)))

    keep(1, "pos.lines", 1.0)
    keep(2, "pos.lines", 2.0)
    keep(2, "clean.orders", 3.0)
    keep(2, "pos.lines", 4.0)
    record_metrics(lake, night(2), [], metric_rows(str(scratch), night(1)))
    assert numbers(scratch) == [(1, "pos.lines", 1.0), (2, "clean.orders", 3.0),
                                (2, "pos.lines", 4.0)]  # fmt: skip
    assert [row["value"] for row in metric_rows(str(scratch), night(3))] == []


def test_the_audit_only_grows(scratch: Path) -> None:
    lake = lake_at(scratch)
    for hour in (1, 2):
        record_audit(lake, [AuditRecord(at(hour), "me", "run --accept x", "known", hour)])
    record_audit(lake, [])
    rows = read_rows(str(scratch), AUDIT)
    assert sorted((row["at"], row["purpose"], row["row_count"]) for row in rows) == [
        (at(1), "known", 1), (at(2), "known", 2),
    ]  # fmt: skip
