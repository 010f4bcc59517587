"""Frames for tag tests: by_person rows written as mappings, and the wide table back as mappings."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from language.types import SPARK_TYPES
from tags.computing import compute_tags
from tags.definitions import SourceTable, TagBook
from tags.planning import plan_tags

D = date(2017, 9, 28)
Row = Mapping[str, Any]


def days_ago(days: int) -> date:
    """The business day so many days before D; negative: after it."""
    return D - timedelta(days=days)


def rows_of(spark: SparkSession, table: SourceTable, rows: Iterable[Row]) -> DataFrame:
    """By_person rows; `ago` sets day, arrival and time (noon UTC); keys count up."""
    types = {"one_id": "bigint", **{n: SPARK_TYPES[t] for n, t in table.columns.items()}}
    schema = ", ".join(f"`{name}` {kind}" for name, kind in types.items())
    filled = [_filled(dict(row), number, table) for number, row in enumerate(rows)]
    return spark.createDataFrame([tuple(row.get(n) for n in types) for row in filled], schema)


def _filled(row: dict[str, Any], number: int, table: SourceTable) -> dict[str, Any]:
    day = days_ago(row.pop("ago"))
    key = {name: f"{number:05d}" for name in table.key if table.columns[name] == "text"}
    times = {table.time: datetime.combine(day, time(12))} if table.time else {}
    return {**key, "day": day, "arrived_date": day, **times, **row}


def computed(
    spark: SparkSession,
    book: TagBook,
    rows: Mapping[str, Sequence[Row]],
    people: Sequence[int],
    golden: DataFrame | None = None,
) -> dict[int, dict[str, Any]]:
    """The wide table at D by person, from rows by table."""
    plan = plan_tags(book)
    sources = {name: rows_of(spark, book.tables[name], rows.get(name, ())) for name in plan.tables}
    wide = compute_tags(
        sources,
        people_of(spark, people),
        people_of(spark, ()) if golden is None else golden,
        plan,
        D,
        time_zone="Asia/Shanghai",
    )
    return {row["one_id"]: row.asDict() for row in wide.collect()}


def people_of(spark: SparkSession, people: Sequence[int]) -> DataFrame:
    """A frame of persons."""
    return spark.createDataFrame([(one_id,) for one_id in people], "one_id bigint")


def column(wide: Mapping[int, Row], name: str) -> dict[int, Any]:
    """One column by person."""
    return {one_id: row[name] for one_id, row in wide.items()}
