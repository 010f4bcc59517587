"""Frames for tag tests: by_person rows written as mappings, and the wide table back as mappings."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from language.types import SPARK_TYPES, Columns
from model.local_engine import LocalEngine
from tags.computing import compute_tags
from tags.definitions import SourceTable, TagBook
from tags.kernel.computing import Given, compute_tags_here
from tags.kernel.elsewhere import told_by_spark
from tags.night import Night
from tags.planning import plan_tags
from tags.plans import TagPlan

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
    """The wide table at D by person, from rows by table: the reference's, which the kernel's is."""
    plan = plan_tags(book)
    sources = {name: rows_of(spark, book.tables[name], rows.get(name, ())) for name in plan.tables}
    profiles = people_of(spark, ()) if golden is None else golden
    given = (sources, people_of(spark, people), profiles)
    wide = compute_tags(*given, plan, D, time_zone="Asia/Shanghai")
    found = {row["one_id"]: row.asDict() for row in wide.collect()}
    here = here_of(*given, plan, book.golden, "Asia/Shanghai")
    assert here.schema.names == wide.columns
    assert_same(found, {row["one_id"]: row for row in here.to_pylist(maps_as_pydicts="strict")})
    return found


def here_of(
    sources: Mapping[str, DataFrame], persons: DataFrame, golden: DataFrame, plan: TagPlan,
    golden_types: Columns, time_zone: str = "UTC", rows_at_once: int = 150,
    earlier: DataFrame | None = None,
) -> pa.Table:
    """The wide table at D as the kernel computes it, some persons at a time."""
    told = told_by_spark(sources, plan, Night(D, time_zone))
    with LocalEngine() as engine:
        given = Given(
            {name: engine.of(frame) for name, frame in sources.items()}, engine.of(persons),
            engine.of(golden), golden_types, None if earlier is None else engine.of(earlier),
            None if told is None else engine.of(told),
        )  # fmt: skip
        return compute_tags_here(
            engine, given, plan, D, time_zone=time_zone, rows_at_once=rows_at_once
        )


def assert_same(theirs: Mapping[int, Row], ours: Mapping[int, Row]) -> None:
    """Every cell is the other's, to the last bit; NaN is one value."""
    assert theirs.keys() == ours.keys()
    wrong = [
        (one_id, name, value, ours[one_id][name])
        for one_id, row in theirs.items() for name, value in row.items()
        if _plain(value) != _plain(ours[one_id][name])
    ]  # fmt: skip
    assert not wrong, wrong[:5]


def _plain(value: Any) -> Any:
    if isinstance(value, float) and value != value:  # noqa: PLR0124
        return "NaN"
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


def people_of(spark: SparkSession, people: Sequence[int]) -> DataFrame:
    """A frame of persons."""
    return spark.createDataFrame([(one_id,) for one_id in people], "one_id bigint")


def column(wide: Mapping[int, Row], name: str) -> dict[int, Any]:
    """One column by person."""
    return {one_id: row[name] for one_id, row in wide.items()}
