"""Values people set: in the place of computed ones, in what is derived, and after merges."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from model.ddl_types import arrow_schema
from model.engines import SparkEngine
from model.fixed_tables import ONE_ID_EVENTS
from model.local_engine import LocalEngine
from model.number_events import redirects
from tags.computing import Memory
from tags.definitions import TagBook
from tags.overrides import value_text
from tags.planning import plan_tags
from tags.set_values import CORRECTION_ROWS, set_values
from tests.tags.books import book_of
from tests.tags.rows import D, computed_by_both, days_ago, people_of, rows_of

BOOK = book_of(
    """
    tags:
      city: {title: C, pick: city, override: until_source_changes}
      kids: {title: K, pick: kids_count, absent: 0, override: forever}
      spend: {title: S, measure: sum(amount), from: orders, over: [30d], override: 180d}
      care: {title: H, given: human, values: {a: A, b: B}}
      seen: {title: T, given: human, type: date}
      size: {title: B, bins: kids, edges: [1, 3], values: {none: N, few: F, many: M}}
      fixed: {title: X, calc: kids + 1}
      mood: {title: M, stages: [{value: big, when: kids >= 3}], else: small, override: forever}
      top: {title: O, cases: [{value: yes_, when: "care = 'a' and mood = 'big'"}]}
    """
)
GOLDEN = [(1, "Wuhan", 4), (2, "Wuhan", None), (3, None, 1)]


def wide_of(spark: SparkSession, values: list[tuple[Any, ...]] | None) -> dict[int, dict[str, Any]]:
    """The wide table of three persons, with (one_id, tag, value, instead_of) set."""
    schema = "one_id bigint, tag string, value string, instead_of string"
    memory = Memory(values=spark.createDataFrame(values, schema) if values else None)
    golden = spark.createDataFrame(GOLDEN, "one_id bigint, city string, kids_count bigint")
    orders = rows_of(spark, BOOK.tables["orders"], [])
    wide = computed_by_both(
        {"orders": orders}, people_of(spark, [1, 2, 3]), golden, plan_tags(BOOK), memory=memory
    ).wide
    return {row["one_id"]: row.asDict() for row in wide.collect()}


def changed(
    before: Mapping[int, Mapping[str, Any]], after: Mapping[int, Mapping[str, Any]]
) -> dict[int, dict[str, Any]]:
    """The cells that differ, as they are afterwards."""
    cells = {
        one_id: {name: value for name, value in row.items() if value != before[one_id][name]}
        for one_id, row in after.items()
    }
    return {one_id: found for one_id, found in cells.items() if found}


@pytest.fixture(scope="module")
def computed_wide(spark: SparkSession) -> dict[int, dict[str, Any]]:
    """The wide table with nothing set."""
    return wide_of(spark, None)


CASES: dict[str, tuple[tuple[Any, ...], dict[int, dict[str, Any]]]] = {
    "a value flows into all that is derived from it": (
        (2, "kids", "3", None),
        {2: {"kids": 3, "size": "many", "fixed": 4, "mood": "big"}},
    ),
    "it holds whatever is computed": (
        (1, "kids", "0", "99"), {1: {"kids": 0, "size": "none", "fixed": 1, "mood": "small"}},
    ),
    "a given tag has no value but what is set": ((3, "care", "b", None), {3: {"care": "b"}}),
    "of any type": ((3, "seen", "2017-02-28", None), {3: {"seen": date(2017, 2, 28)}}),
    "while the source says what it said": (
        (1, "city", "Xi'an", "Wuhan"), {1: {"city": "Xi'an"}},
    ),
    "and no longer": ((1, "city", "Xi'an", "Beijing"), {}),
    "also where it said nothing": ((3, "city", "Xi'an", None), {3: {"city": "Xi'an"}}),
    "a stage set by hand": ((3, "mood", "big", None), {3: {"mood": "big"}}),
    "a tag that nobody may set stays": ((1, "fixed", "7", None), {}),
    "a code that the definition no longer has is not set": ((1, "care", "z", None), {}),
    "a text that is no value of the type is not set": ((1, "kids", "many", None), {}),
    "somebody else's value is nobody's": ((9, "kids", "3", None), {}),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_is_set_changes_these_cells_and_no_others(
    spark: SparkSession, computed_wide: dict[int, dict[str, Any]], name: str
) -> None:
    value, expected = CASES[name]
    assert changed(computed_wide, wide_of(spark, [value])) == expected


def test_several_values_meet_in_what_reads_both(spark: SparkSession) -> None:
    wide = wide_of(spark, [(2, "care", "a", None), (2, "kids", "5", None), (1, "care", "b", None)])
    assert {one_id: row["top"] for one_id, row in wide.items()} == {1: None, 2: "yes_", 3: None}


@pytest.mark.parametrize("way", [pytest.param("spark", marks=pytest.mark.spark), "here"])
def test_values_follow_a_person_through_merges_and_the_newest_counts(
    way: str, request: pytest.FixtureRequest
) -> None:
    engine = SparkEngine(request.getfixturevalue("spark")) if way == "spark" else LocalEngine()
    night_before = D - timedelta(days=1)
    told = [
        (days_ago(9), n, "minted", None, "new", None) for n in (1, 2, 3)
    ] + [(D, 2, "merged_into", 1, "linked", None), (D, 3, "retired", None, "blocked", None)]
    columns = ("business_date", "one_id", "event", "other_one_id", "reason", "node_id")
    types = {column.name: column.type for column in ONE_ID_EVENTS.columns}
    schema = ", ".join(f"{name} {types[name]}" for name in columns)
    events = pa.Table.from_pylist(
        [dict(zip(columns, row, strict=True)) for row in told], schema=arrow_schema(schema)
    )
    rows = [
        (1, 1, "care", "a", None), (2, 2, "care", "b", None), (3, 2, "kids", "5", "4"),
        (4, 3, "care", "a", None), (5, 7, "care", "a", None), (6, 1, "kids", "6", None),
    ]  # fmt: skip
    names = arrow_schema(CORRECTION_ROWS).names
    said = pa.Table.from_pylist(
        [dict(zip(names, row, strict=True)) for row in rows], schema=arrow_schema(CORRECTION_ROWS)
    )

    def on(night: date) -> list[tuple[Any, ...]]:
        leads = engine.rows("leads", redirects("events", night), events=engine.of(events))
        found = engine.arrow(set_values(engine, engine.of(said), leads)).to_pylist()
        return sorted(tuple(row.values()) for row in found)

    assert on(D) == [(1, "care", "b", None), (1, "kids", "6", None)]
    assert on(night_before) == [
        (1, "care", "a", None), (1, "kids", "6", None), (2, "care", "b", None),
        (2, "kids", "5", "4"), (3, "care", "a", None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("column", "text", "expected"),
    [
        ("care", " a ", "a"), ("care", "c", "expected one of a, b"), ("kids", "3", "3"),
        ("kids", "3.5", "expected a whole number"), ("kids", "x", "expected a number"),
        ("kids", "nan", "expected a number that fits"), ("kids", "1e30", "that fits"),
        ("spend_30d", "1.50", "1.50"), ("spend_30d", "1.505", "two decimals at most"),
        ("seen", "2017-02-29", "expected a date"), ("seen", "2017-02-28", "2017-02-28"),
        ("city", "", "expected a text of 1 to 500"), ("mood", "huge", "expected one of big, small"),
    ],
)  # fmt: skip
def test_a_value_is_read_as_its_column_asks(column: str, text: str, expected: str) -> None:
    book: TagBook = BOOK
    tag = book.owners[column]
    (of,) = (each for each in tag.columns if each.name == column)
    try:
        assert value_text(text, tag, of) == expected
    except ValueError as error:
        assert expected in str(error)
