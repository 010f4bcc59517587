"""The generated views give the published night, in Spark and in plain DuckDB alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timezone

import duckdb
import pytest
from pyspark.sql import SparkSession

from lake.snapshots import versions
from lake.tables import Lake
from lake.views import PublishedNight, View, duckdb_type, duckdb_views, script, spark_views
from model.canonical import CanonicalColumn, CanonicalTable
from model.fixed_tables import (
    CUSTOMER_TAGS,
    HUBS,
    ONE_ID_EVENTS,
    ONE_IDS,
    SIGHTINGS,
    VAULT_PROFILES,
)

D1, D2 = date(2017, 3, 1), date(2017, 3, 2)
VISITS = CanonicalTable(
    key=("visit_id",),
    columns={
        "visit_id": CanonicalColumn("text"),
        "made_at": CanonicalColumn("timestamp"),
        "fare": CanonicalColumn("money"),
    },
    time="made_at",
    name="visits",
)
UNFED = CanonicalTable(
    key=("case_id",),
    columns={"case_id": CanonicalColumn("text"), "cost": CanonicalColumn("money")},
    name="unfed",
)
CONTRACTS = (
    VISITS.contract, UNFED.contract, ONE_IDS, ONE_ID_EVENTS, HUBS, SIGHTINGS, CUSTOMER_TAGS,
    VAULT_PROFILES,
)  # fmt: skip


@dataclass(frozen=True)
class Night:
    """A published night, its views in Spark, and DuckDB after it ran the other script."""

    lake: Lake
    published: PublishedNight
    views: list[View]
    duckdb: duckdb.DuckDBPyConnection


def visit(visit_id: str, day: date, arrived: date, sighting: int | None, fare: str) -> str:
    """A row of clean.visits as a Spark SQL tuple."""
    who = "null" if sighting is None else str(sighting)
    return (
        f"('pos', 'lines', {who}L, date'{day}', date'{arrived}', 1, 'f', 1L, false, "
        f"'{visit_id}', timestamp'{day} 10:00:00', cast({fare} as decimal(18,2)))"
    ).replace("nullL", "cast(null as bigint)")


def write_first_nights(lake: Lake) -> None:
    """Two nights: order b of night 1 has a newer version in night 2; two tables have no rows."""
    spark = lake.spark
    columns = ", ".join(VISITS.contract.column_names)
    for arrived, rows in {
        D1: [visit("a", D1, D1, 7, "1.10"), visit("b", D1, D1, None, "2.20")],
        D2: [visit("b", D2, D2, 8, "3.30"), visit("c", date(2017, 3, 9), D2, 7, "9.90")],
    }.items():
        frame = spark.sql(f"select * from values {', '.join(rows)} as rows({columns})")
        lake.replace_slice(VISITS.contract, frame.coalesce(1), arrived)
    one_ids = [(7, "sighting", 41, D1, None, None, None), (8, "sighting", 42, D1, D2, None, None)]
    lake.overwrite(ONE_IDS, spark.createDataFrame(one_ids, ONE_IDS.schema).coalesce(1))
    lived = [(D1, 41, "minted", None, "", 7), (D1, 42, "minted", None, "", 8)]
    for day, events in ((D1, lived), (D2, [(D2, 42, "merged_into", 41, "", 8)])):
        rows = spark.createDataFrame(events, ONE_ID_EVENTS.schema)
        lake.replace_slice(ONE_ID_EVENTS, rows.coalesce(1), day)
    for day, spent in ((D1, 1.0), (D2, 2.5)):
        lake.replace_slice(CUSTOMER_TAGS, tags(spark, day, spent), day)
    lake.overwrite(HUBS, spark.createDataFrame([], HUBS.schema))
    lake.replace_slice(SIGHTINGS, spark.createDataFrame([], SIGHTINGS.schema), D1)


def tags(spark: SparkSession, day: date, spent: float):  # type: ignore[no-untyped-def]
    """Two persons; a scalar tag and a nested one."""
    schema = f"{CUSTOMER_TAGS.schema}, spent double, shares map<string, double>"
    rows = [(day, 41, spent, {"x": 0.5}), (day, 42, None, None)]
    return spark.createDataFrame(rows, schema).coalesce(1)


def write_unpublished_night(lake: Lake) -> None:
    """The night 2 again, begun and not published: other tags, another map, one visit more."""
    frame = lake.spark.sql(f"select * from values {visit('d', D2, D2, 7, '5.00')}")
    frame = frame.toDF(*VISITS.contract.column_names)
    lake.replace_slice(VISITS.contract, frame.coalesce(1), D2)
    lake.replace_slice(CUSTOMER_TAGS, tags(lake.spark, D2, 77.0), D2)
    lake.overwrite(ONE_IDS, lake.spark.createDataFrame([], ONE_IDS.schema))
    lake.replace_slice(ONE_ID_EVENTS, lake.spark.createDataFrame([], ONE_ID_EVENTS.schema), D2)


@pytest.fixture(scope="module")
def night(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    """Night 2 as published, in a lake whose path has a quote, a blank and Chinese signs."""
    root = str(tmp_path_factory.mktemp("places") / "o'neil 的湖")
    lake = Lake(spark, root, "run-1")
    write_first_nights(lake)
    published = PublishedNight(D2, "run-1", versions(root, CONTRACTS))
    text = script(duckdb_views(root, published, CONTRACTS, [VISITS, UNFED]), "night 2")
    write_unpublished_night(lake)
    with duckdb.connect() as connection:
        connection.execute(text)
        views = spark_views(root, published, CONTRACTS, [VISITS, UNFED])
        yield Night(lake, published, views, connection)


def both(night: Night, name: str, columns: str) -> list[tuple[object, ...]]:
    """`columns` of a view by its `schema.name`, the same in Spark and DuckDB."""
    select = next(v.select for v in night.views if f"{v.schema}.{v.name}" == name)
    query = f"select {columns} from ({select})"
    by_spark = sorted((tuple(row) for row in night.lake.spark.sql(query).collect()), key=repr)
    found = night.duckdb.execute(f"select {columns} from {name}").fetchall()
    assert sorted(found, key=repr) == by_spark
    return by_spark


def test_a_canonical_table_that_no_channel_has_fed_is_a_view_without_rows(night: Night) -> None:
    assert UNFED.contract.full_name not in night.published.versions
    assert both(night, "clean.unfed", "case_id, cost") == []
    assert both(night, "by_person.unfed", "one_id, case_id, cost") == []


def test_every_readable_table_has_a_view_and_the_hidden_zones_have_none(night: Night) -> None:
    names = sorted(f"{view.schema}.{view.name}" for view in night.views)
    assert names == [
        "by_person.unfed", "by_person.visits", "clean.unfed", "clean.visits", "identity.hubs",
        "identity.one_id_events", "identity.one_id_redirects", "identity.one_ids",
        "identity.sightings", "tags.customer_tags",
    ]  # fmt: skip
    found = night.duckdb.execute("select schema_name || '.' || view_name from duckdb_views()")
    assert set(names) <= {name for (name,) in found.fetchall()}


def test_tags_are_those_of_the_published_night_whatever_was_written_since(night: Night) -> None:
    figures = both(night, "tags.customer_tags", "count(*), count(spent), sum(spent)")
    assert figures == [(2, 1, 2.5)]
    assert both(night, "tags.customer_tags", "business_date, one_id, shares['x']") == [
        (D2, 41, 0.5), (D2, 42, None)
    ]  # fmt: skip


def test_clean_tables_show_every_version_that_had_arrived(night: Night) -> None:
    figures = both(night, "clean.visits", "count(*), cast(sum(fare) as double)")
    assert figures == [(4, pytest.approx(16.5))]


def test_persons_have_their_current_rows_with_the_map_of_the_night(night: Night) -> None:
    rows = both(night, "by_person.visits", "visit_id, one_id, cast(fare as double), day")
    # b's newest version names a sighting that the map no longer holds; c waits for its day.
    assert rows == [("a", 41, 1.1, D1), ("b", None, 3.3, D2)]


def test_the_map_shows_what_holds_on_the_night(night: Night) -> None:
    assert both(night, "identity.one_ids", "node_id, one_id") == [(7, 41)]


def test_every_number_ever_given_leads_to_the_one_it_is_now(night: Night) -> None:
    leads = both(night, "identity.one_id_redirects", "one_id, current_one_id, event")
    assert leads == [(41, 41, "minted"), (42, 41, "merged_into")]


@pytest.mark.parametrize("name", ["identity.hubs", "identity.sightings"])
def test_a_table_without_rows_is_an_empty_view_with_all_columns(night: Night, name: str) -> None:
    select = next(v.select for v in night.views if f"{v.schema}.{v.name}" == name)
    found = night.duckdb.execute(f"select * from {name}")
    assert [column[0] for column in found.description or ()] == night.lake.spark.sql(select).columns
    assert found.fetchall() == []


def test_times_and_money_keep_their_types_in_duckdb(night: Night) -> None:
    found = night.duckdb.execute(
        "select typeof(made_at), typeof(fare), typeof(arrived_date), epoch(made_at) "
        "from clean.visits where visit_id = 'a'"
    )
    instant = datetime(2017, 3, 1, 10, tzinfo=timezone.utc).timestamp()
    assert found.fetchone() == ("TIMESTAMP WITH TIME ZONE", "DECIMAL(18,2)", "DATE", instant)


def test_a_script_names_its_night_and_makes_its_schemas_first() -> None:
    views = [View("tags", "b", "select 1"), View("clean", "a", "select 2")]
    assert script(views, "Onefold, run r").splitlines() == [
        "-- Onefold, run r",
        "create schema if not exists clean;",
        "create schema if not exists tags;",
        "create or replace view tags.b as select 1;",
        "create or replace view clean.a as select 2;",
    ]


def test_without_the_map_there_is_no_row_of_a_person() -> None:
    published = PublishedNight(D2, "run-1", {VISITS.contract.full_name: 0})
    views = spark_views("/lake", published, CONTRACTS, [VISITS])
    assert [view.schema for view in views] == ["clean"]


def test_a_backtick_in_the_lakes_path_does_not_end_the_tables_name() -> None:
    published = PublishedNight(D2, "run-1", {HUBS.full_name: 3})
    (view,) = spark_views("/a`b", published, [HUBS], [])
    assert "from delta.`/a``b/identity/hubs` version as of 3" in view.select


@pytest.mark.parametrize(
    ("spark_type", "type_in_duckdb"),
    [
        ("string", "varchar"), ("bigint", "bigint"), ("int", "integer"), ("binary", "blob"),
        ("timestamp", "timestamptz"), ("decimal(18,2)", "decimal(18,2)"),
        ("array<string>", "varchar[]"), ("map<string, bigint>", "map(varchar, bigint)"),
        ("struct<kind: string, n: int>", "struct(kind varchar, n integer)"),
        ("array<struct<a: decimal(18,2), b: map<string, array<int>>>>",
         "struct(a decimal(18,2), b map(varchar, integer[]))[]"),
    ],
)  # fmt: skip
def test_types_of_spark_are_told_in_duckdbs_words(spark_type: str, type_in_duckdb: str) -> None:
    assert duckdb_type(spark_type) == type_in_duckdb
    duckdb.sql(f"select null::{type_in_duckdb}").fetchall()
