"""Frames for tag tests: by_person rows written as mappings, and the wide table back as mappings."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from language.types import SPARK_TYPES
from model.local_engine import LocalEngine
from tags.computing import NO_MEMORY, Memory, TagNight, compute_night
from tags.definitions import SourceTable, TagBook
from tags.kernel.computing import for_all_persons
from tags.kernel.prepared import Given, Prepared
from tags.night import Night
from tags.planning import plan_tags
from tags.plans import TagPlan
from tests.tags.books import GOLDEN, shipped_book

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
    night = computed_by_both(sources, people_of(spark, people), profiles, plan, D, "Asia/Shanghai")
    return {row["one_id"]: row.asDict() for row in night.wide.collect()}


def computed_by_both(
    sources: Mapping[str, DataFrame], persons: DataFrame, golden: DataFrame, plan: TagPlan,
    day: date = D, time_zone: str = "UTC", memory: Memory = NO_MEMORY, rows_at_once: int = 150,
) -> TagNight:  # fmt: skip
    """A night by the reference, once the kernel has given every cell alike, few persons at a time:
    the wide table, what stages leave to the next night, what could not be computed."""
    night = compute_night(sources, persons, golden, plan, day, time_zone=time_zone, memory=memory)
    with LocalEngine() as engine:
        earlier, states, values = (
            None if frame is None else engine.of(frame)
            for frame in (memory.earlier, memory.states, memory.values)
        )
        given = Given(
            {name: engine.of(frame) for name, frame in sources.items()}, shipped_book().tables,
            engine.of(persons), engine.of(golden), GOLDEN, earlier, states,
            None if values is None else engine.arrow(values),
        )  # fmt: skip
        prepared = Prepared.of(engine, given, plan, Night(day, time_zone))
        assert prepared.failures.keys() == night.failures.keys(), prepared.failures
        found = for_all_persons(
            prepared, lambda _, wide: (wide.stored(), wide.states(given.states)), rows_at_once,
            cuts=prepared.ids.to_pylist()[::7],
        )  # fmt: skip
    wide = pa.concat_tables([stored for stored, _ in found])
    assert wide.schema.names == night.wide.columns
    assert_same(night.wide, wide, ("one_id",))
    if night.states is not None:
        left = pa.concat_tables([states for _, states in found if states is not None])
        assert_same(night.states, left, ("one_id", "tag"))
    return night


def assert_same(theirs: DataFrame, ours: pa.Table, key: Sequence[str]) -> None:
    """Every cell is the other's, to the last bit; NaN is one value."""
    expected = {tuple(row[name] for name in key): row.asDict() for row in theirs.collect()}
    rows = ours.to_pylist(maps_as_pydicts="strict")
    found = {tuple(row[name] for name in key): row for row in rows}
    assert expected.keys() == found.keys()
    wrong = [
        (place, name, value, found[place][name])
        for place, row in expected.items() for name, value in row.items()
        if _plain(value) != _plain(found[place][name])
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
