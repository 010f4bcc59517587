"""Tables as a night reads them: one SQL for DuckDB and Spark, against rows worked by hand."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta, timezone
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from lake.readers import by_person, current_rows, published_rows, valid_at
from model.canonical import CanonicalColumn, CanonicalTable
from model.contracts import TableContract, columns

D = date(2017, 3, 10)
# Two of its columns bear words of SQL's own, as a foreign model may have them.
VISITS = CanonicalTable(
    key=("channel", "group"),
    columns={
        "group": CanonicalColumn("text"),
        "end": CanonicalColumn("timestamp"),
        "n": CanonicalColumn("integer"),
    },
    time="end",
    name="visits",
)
UNTIMED = CanonicalTable(VISITS.key, VISITS.columns, name="untimed")
VERSION_TYPES = pa.schema([
    ("channel", pa.string()), ("dataset", pa.string()), ("sighting_id", pa.int64()),
    ("day", pa.date32()), ("arrived_date", pa.date32()), ("generation", pa.int32()),
    ("source_file", pa.string()), ("source_line", pa.int64()), ("is_deleted", pa.bool_()),
    ("group", pa.string()), ("end", pa.timestamp("us", tz="UTC")), ("n", pa.int64()),
])  # fmt: skip
PERIOD_TYPES = pa.schema([
    ("node_id", pa.int64()), ("kind", pa.string()), ("one_id", pa.int64()),
    ("valid_from", pa.date32()), ("valid_to", pa.date32()),
    ("seen_from", pa.date32()), ("seen_to", pa.date32()),
])  # fmt: skip


def march(day: int | None) -> date | None:
    return None if day is None else date(2017, 3, day)


def version(
    n: int, key: str = "a", *, at: int | None = 1, arrived: int = 1, day: int | None = None,
    generation: int = 1, file: str = "f", line: int = 1, deleted: bool = False, sighting: int = 7,
) -> dict[str, Any]:  # fmt: skip
    """A version of `key`; days are days of March 2017, and `n` tells the versions apart."""
    end = None if at is None else datetime(2017, 3, at, tzinfo=timezone.utc)
    own_day = day if day is not None else at if at is not None else arrived
    return {
        "channel": "pos", "dataset": "lines", "sighting_id": sighting, "day": march(own_day),
        "arrived_date": march(arrived), "generation": generation, "source_file": file,
        "source_line": line, "is_deleted": deleted, "group": key, "end": end, "n": n,
    }  # fmt: skip


def period(
    one_id: int, start: int, stop: int | None = None, *, node: int = 7, kind: str = "sighting",
    seen: tuple[int | None, int | None] = (None, None),
) -> dict[str, Any]:  # fmt: skip
    """A row of the map that holds from `start` until before `stop`."""
    return {
        "node_id": node, "kind": kind, "one_id": one_id, "valid_from": march(start),
        "valid_to": march(stop), "seen_from": march(seen[0]), "seen_to": march(seen[1]),
    }  # fmt: skip


def answer(sql: str, columns: str, **tables: pa.Table) -> list[Any]:
    """Rows of `columns` in DuckDB, sorted; bare values where it is one column."""
    with duckdb.connect() as connection:
        for name, table in tables.items():
            connection.register(name, table)
        rows = connection.execute(f"select {columns} from ({sql}) order by all").fetchall()
    return [row[0] if len(row) == 1 else row for row in rows]


def current(*versions: dict[str, Any], table: CanonicalTable = VISITS, at: date = D) -> list[int]:
    """`n` of the rows that are current."""
    source = pa.Table.from_pylist(list(versions), VERSION_TYPES)
    return answer(current_rows(table, "versions", at), "n", versions=source)


def persons(versions: Sequence[dict[str, Any]], *periods: dict[str, Any]) -> list[Any]:
    """`n` and the person of the current rows."""
    return answer(
        by_person(VISITS, "versions", "one_ids", D),
        "n, one_id",
        versions=pa.Table.from_pylist(list(versions), VERSION_TYPES),
        one_ids=pa.Table.from_pylist(list(periods), PERIOD_TYPES),
    )


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        pytest.param({"at": 1, "arrived": 9}, {"at": 2, "arrived": 3}, id="by its time"),
        pytest.param({"at": None, "arrived": 9}, {"at": 2}, id="no time comes last"),
        pytest.param({"arrived": 3}, {"arrived": 4}, id="then by arrival"),
        pytest.param({"generation": 1, "file": "z"}, {"generation": 2}, id="then by generation"),
        pytest.param({"file": "f", "line": 9}, {"file": "g", "line": 1}, id="then by file"),
        pytest.param({"line": 9}, {"line": 10}, id="then by line, as a number"),
    ],
)
def test_the_newest_version_of_a_key_is_current(
    older: dict[str, Any], newer: dict[str, Any]
) -> None:
    assert current(version(1, **older), version(2, **newer)) == [2]
    assert current(version(2, **newer), version(1, **older)) == [2]


def test_a_table_without_a_time_goes_by_arrival_alone() -> None:
    late = version(2, at=1, arrived=4)
    assert current(version(1, at=3, arrived=3), late, table=UNTIMED) == [2]


def test_every_key_has_its_own_newest_version() -> None:
    assert current(version(1, "a"), version(2, "b"), version(3, "b", line=2)) == [1, 3]


def test_a_key_vanishes_with_its_newest_version_deleted_and_comes_back_with_a_later_one() -> None:
    born, gone = version(1, arrived=1), version(2, arrived=2, deleted=True)
    assert current(born, gone) == []
    assert current(gone, version(3, arrived=3), born) == [3]


def test_rows_after_the_night_wait_for_their_day() -> None:
    waiting = version(1, at=11, arrived=9)
    assert current(waiting) == []
    assert current(waiting, at=date(2017, 3, 11)) == [1]


def test_versions_that_arrived_after_the_night_are_not_seen() -> None:
    known, later = version(1, at=1, arrived=10), version(2, at=2, arrived=11)
    assert current(known, later) == [1]
    assert current(known, later, at=date(2017, 3, 11)) == [2]


def test_a_history_holds_from_its_first_day_until_before_its_last() -> None:
    periods = [
        period(1, 10), period(2, 9, 11), period(3, 11), period(4, 1, 10),
        period(5, 10, 10), period(6, 1, None, kind="phone"),
    ]  # fmt: skip
    table = pa.Table.from_pylist(periods, PERIOD_TYPES)
    sql = valid_at("one_ids", PERIOD_TYPES.names, D)
    assert answer(sql, "one_id", one_ids=table) == [1, 2, 6]
    assert "valid_to" not in answer(f"describe {sql}", "column_name", one_ids=table)


def test_rows_carry_the_person_of_their_sighting_on_that_night() -> None:
    rows = [version(1), version(2, "b", sighting=8)]
    assert persons(rows, period(41, 1, 10), period(42, 10), period(43, 11)) == [(1, 42), (2, None)]


def test_only_sightings_of_the_map_name_the_person_of_a_row() -> None:
    assert persons([version(1)], period(42, 1, kind="phone")) == [(1, None)]


def test_a_reissued_identifier_belongs_to_whoever_held_it_on_the_rows_day() -> None:
    rows = [version(day, str(day), at=day) for day in (3, 4, 5, 6)]
    first, second = period(41, 1, seen=(None, 4)), period(42, 1, seen=(6, None))
    assert persons(rows, first, second) == [(3, 41), (4, 41), (5, None), (6, 42)]


def test_a_person_whose_identifier_was_never_reissued_has_every_day() -> None:
    assert persons([version(1, at=1), version(2, "b", at=10)], period(41, 1)) == [(1, 41), (2, 41)]


@pytest.mark.parametrize(
    ("sliced_by", "is_snapshot", "seen"),
    [
        pytest.param("business_date", True, [10], id="its slice of a snapshot"),
        pytest.param("business_date", False, [9, 10], id="the slices of a log up to it"),
        pytest.param(None, False, [9, 10, 11], id="all of a table without slices"),
    ],
)
def test_readers_of_a_night_see(sliced_by: str | None, is_snapshot: bool, seen: list[int]) -> None:
    own = columns("business_date date | 日 | Day")
    table = TableContract("z", "t", own, (), sliced_by, is_snapshot=is_snapshot)
    source = pa.table({"business_date": [march(day) for day in (9, 10, 11)]})
    sql = published_rows(table, "source", D)
    assert answer(sql, "day(business_date)", source=source) == seen


def test_readers_of_a_history_see_what_holds_that_night() -> None:
    own = columns(
        "one_id bigint | 客户 | Person", "valid_from date | 起 | From", "valid_to date | 止 | To"
    )
    table = TableContract("z", "t", own, (), None)
    source = pa.Table.from_pylist([period(1, 10), period(2, 11)], PERIOD_TYPES)
    assert answer(published_rows(table, "source", D), "one_id", source=source) == [1]


def random_rows(seed: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Versions with many ties and missing times, and a map with ranges; days around D."""
    chance = random.Random(seed)
    versions = [
        version(
            n, chance.choice("abcdefgh"), at=chance.choice([None, *range(6, 13)]),
            arrived=chance.randint(8, 12), generation=chance.randint(1, 2),
            file=chance.choice(["f", "g", "客"]), line=n, deleted=chance.random() < 0.2,
            sighting=chance.randint(1, 6),
        )
        for n in range(60)
    ]  # fmt: skip
    map_rows = []
    for node in range(1, 6):
        first, middle = chance.randint(7, 12), chance.randint(7, 12)
        map_rows += [
            period(node * 10, 1, first, node=node),
            period(node * 10 + 1, first, node=node, seen=(None, middle)),
            period(node * 10 + 2, first, node=node, seen=(middle + 1, None)),
        ]
    return versions, map_rows


def test_spark_and_duckdb_read_the_same_rows(spark: SparkSession) -> None:
    versions, map_rows = random_rows(20170310)
    tables = {
        "versions": pa.Table.from_pylist(versions, VERSION_TYPES),
        "one_ids": pa.Table.from_pylist(map_rows, PERIOD_TYPES),
    }
    for name, table in tables.items():
        spark.createDataFrame(table).createOrReplaceTempView(name)
    compared = []
    for night in (D + timedelta(days=shift) for shift in (-1, 0, 2)):
        for sql, names in (
            (by_person(VISITS, "versions", "one_ids", night), "n, one_id"),
            (valid_at("one_ids", PERIOD_TYPES.names, night), "node_id, one_id"),
        ):
            by_spark = [tuple(row) for row in spark.sql(f"select {names} from ({sql})").collect()]
            assert sorted(by_spark, key=repr) == sorted(answer(sql, names, **tables), key=repr)
            compared.append(len(by_spark))
    assert all(compared)
