"""Every `measure` and `top` tag of the demo, in full, against an oracle over the raw dumps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from tests.examples.conftest import ROOT, Demo
from tests.examples.tag_oracle_comparison import Mismatch, mismatch, same
from tests.examples.tag_oracle_language import (
    PERSON,
    Tag,
    UnknownWordsError,
    all_columns,
    condition,
    is_due,
    load_tags,
    named_sources,
    read_tag,
    window_days,
)
from tests.examples.tag_oracle_sources import (
    TABLES,
    Lake,
    Model,
    Subject,
    Table,
    build_sources,
    clean_keys,
    newest,
    oracle_connection,
)
from tests.examples.tag_oracle_values import absent_value, tag_values

NIGHT = date(2017, 9, 28)
TAGS = load_tags(ROOT / "tag_definitions")
SOURCES = named_sources(ROOT / "conf" / "model.yml")
MODEL = Model.read(ROOT / "conf" / "model.yml")


@pytest.fixture(scope="module")
def oracle(demo: Demo) -> Iterator[duckdb.DuckDBPyConnection]:
    tables = {MODEL.subjects[tag.object].wide_table for tag in TAGS}
    lake = Lake.published(demo.lake)
    with oracle_connection(demo.landing, lake, MODEL, tables) as connection:
        yield connection


def wide_rows(
    oracle: duckdb.DuckDBPyConnection, subject: Subject, night: date
) -> dict[Any, dict[str, Any]]:
    """The night's slice of a wide table, by what its rows are about."""
    query = f"select * from tags_{subject.wide_table} where business_date = date '{night}'"
    found = oracle.execute(query)
    names = [column[0] for column in found.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return {subject.key([row[name] for name in subject.ids]): row for row in rows}


@pytest.mark.slow
def test_every_measure_and_top_tag_equals_a_query_over_the_dumps(
    demo: Demo, oracle: duckdb.DuckDBPyConnection
) -> None:
    wrong: dict[tuple[date, str], Mismatch] = {}
    before: dict[str, Any] = {}
    for night in demo.nights:
        build_sources(oracle, night, MODEL)
        for name, tags in about(TAGS).items():
            rows = wide_rows(oracle, MODEL.subjects[name], night)
            due = [tag for tag in tags if is_due(tag.every, demo.nights, night)]
            wrong |= {(night, told): differs for told, differs in unequal(oracle, due, rows, night)}
            for column in all_columns([tag for tag in tags if tag not in due]):
                kept = {key: row[column] for key, row in before[name].items()}
                found = {key: row[column] for key, row in rows.items()}
                if differs := mismatch(kept, None, found):
                    wrong[night, column] = differs
            before[name] = rows
    assert wrong == {}


def about(tags: Sequence[Tag]) -> dict[str, list[Tag]]:
    """Tags by what they are about."""
    return {
        name: [tag for tag in tags if tag.object == name]
        for name in dict.fromkeys(tag.object for tag in tags)
    }


def unequal(
    oracle: duckdb.DuckDBPyConnection, tags: Sequence[Tag], rows: Mapping[Any, Any], night: date
) -> Iterator[tuple[str, Mismatch]]:
    """The columns of tags of one object whose cells are not what the dumps tell."""
    for tag in tags:
        subject = MODEL.subjects[tag.object]
        for column, values in tag_values(oracle, tag, subject, SOURCES, night).items():
            found = {key: row[column] for key, row in rows.items()}
            assert set(values) <= set(found), f"{column}: rows of those who have no tags"
            if differs := mismatch(values, absent_value(tag, values), found):
                yield column, differs


@pytest.mark.slow
def test_wide_tables_of_other_objects_have_a_row_for_whatever_the_rows_tell(
    demo: Demo, oracle: duckdb.DuckDBPyConnection
) -> None:
    for night in demo.nights:
        build_sources(oracle, night, MODEL)
        for name, tags in about([tag for tag in TAGS if tag.object != PERSON]).items():
            subject = MODEL.subjects[name]
            ids = ", ".join(subject.ids)
            tables = sorted({SOURCES.get(tag.source, (tag.source, ""))[0] for tag in tags})
            told = " union ".join(f"select {ids} from {table}" for table in tables)
            named = " and ".join(f"{column} is not null" for column in subject.ids)
            rows = oracle.execute(f"select {ids} from ({told}) where {named}").fetchall()
            assert {subject.key(row) for row in rows} == set(wide_rows(oracle, subject, night))


@pytest.mark.slow
def test_the_catalogue_tells_the_night_whose_values_a_tag_shows(
    demo: Demo, oracle: duckdb.DuckDBPyConnection
) -> None:
    listed = oracle.execute(
        "select distinct business_date, every, computed_date from tags_tag_catalog "
        "where status in ('online', 'testing') order by all"
    ).fetchall()
    thursday, friday, saturday = demo.nights  # Saturday is the last of the month
    assert listed == [
        (thursday, "day", thursday), (thursday, "month", thursday), (thursday, "week", thursday),
        (friday, "day", friday), (friday, "month", thursday), (friday, "week", thursday),
        (saturday, "day", saturday), (saturday, "month", saturday), (saturday, "week", thursday),
    ]  # fmt: skip


@pytest.mark.slow
def test_no_measure_or_top_column_is_left_out(
    demo: Demo, oracle: duckdb.DuckDBPyConnection
) -> None:
    compared = all_columns(TAGS)
    assert len(compared) == len(set(compared)) > 0
    for night in demo.nights:
        listed = oracle.execute(
            f"select column_name from tags_tag_catalog where business_date = date '{night}' "
            "and shape in ('measure', 'top') and status in ('online', 'testing')"
        ).fetchall()
        assert sorted(name for (name,) in listed) == sorted(compared)


@pytest.mark.slow
def test_the_wide_table_has_one_row_for_everyone_the_map_knows(
    demo: Demo, oracle: duckdb.DuckDBPyConnection
) -> None:
    for night in demo.nights:
        known = oracle.execute(
            f"select distinct one_id from identity_one_ids where valid_from <= date '{night}' "
            f"and (valid_to is null or valid_to > date '{night}') order by one_id"
        ).fetchall()
        found = sorted(wide_rows(oracle, MODEL.subjects[PERSON], night))
        assert found == [one_id for (one_id,) in known]


@pytest.mark.slow
@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_clean_tables_hold_the_keys_of_the_dumps_and_no_others(
    demo: Demo, oracle: duckdb.DuckDBPyConnection, table: Table
) -> None:
    key = ", ".join(table.key)
    for night in demo.nights:
        dumped = f"select {key} from ({newest(table, night)})"
        clean = f"select {key} from ({clean_keys(table, night)})"
        for left, right in ((dumped, clean), (clean, dumped)):
            query = f"select count(*) from ({left} except all {right})"
            assert oracle.execute(query).fetchone() == (0,), night
        assert oracle.execute(f"select count(*) > 0 from ({dumped})").fetchone() == (True,)


def test_windows_count_the_night_as_their_first_day() -> None:
    assert window_days("7d", NIGHT) == (date(2017, 9, 22), NIGHT)
    assert window_days("31d..90d", NIGHT) == (date(2017, 7, 1), date(2017, 8, 29))
    assert window_days("last month", NIGHT) == (date(2017, 8, 1), date(2017, 8, 31))


@pytest.mark.parametrize(
    "own",
    [
        {"measure": "stddev(amount) + 1", "from": "orders"},
        {"measure": "list(amount)", "from": "orders"},
        {"measure": "sum(amount, 5)", "from": "orders"},
        {"measure": "count()", "from": "orders", "where": "amount > line_count"},
        {"measure": "count()", "from": "orders", "where": "year(day) > 3"},
        {"measure": "count()", "from": "orders", "where": {"any": ["status = 'paid'"]}},
        {"top": "sku_id", "from": "orders", "decay": "half every month"},
        {"top": "sku_id", "from": "orders", "object": "store"},
    ],
)
def test_what_the_oracle_does_not_understand_is_refused(own: dict[str, Any]) -> None:
    with pytest.raises(UnknownWordsError):
        read_tag("tag", {}, own)


def test_a_comparison_with_a_missing_value_is_false() -> None:
    both = condition({"all": ["lower(x) = 'a'", "x = 'A'"]})
    query = f"select {both} from (values (null), ('A'), ('a')) as rows(x)"
    assert duckdb.connect().execute(query).fetchall() == [(False,), (True,), (False,)]


def test_numbers_and_parts_of_times_are_compared_as_the_language_says() -> None:
    rows = "(values (timestamp '2017-09-24 18:00', 1), (timestamp '2017-09-25 17:59', null))"
    wheres = ["weekday(t) >= 5", "hour(t) >= 18", "dayofmonth(t) > 24", "x > 0", "x in ('1', '2')"]
    query = f"select {', '.join(map(condition, wheres))} from {rows} as rows(t, x)"
    assert duckdb.connect().execute(query).fetchall() == [
        (True, True, False, True, True), (False, False, True, False, False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("expected", "found", "is_same"),
    [
        (Decimal("1.10"), Decimal("1.10"), True),
        (Decimal("1.10"), Decimal("1.11"), False),
        (Decimal("1.10"), 1.1, False),
        (0.1 + 0.2, 0.3, True),
        (0.3, 0.3001, False),
        (0, None, False),
        ({"a": 1}, {"a": 1}, True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        (["a", "b"], ["b", "a"], False),
    ],
)
def test_cells_are_the_same_only_in_type_and_value(
    expected: Any, found: Any, is_same: bool
) -> None:
    assert same(expected, found) is is_same


def test_a_missing_value_is_told_with_its_person() -> None:
    assert mismatch({1: 5}, 0, {1: 5, 2: 0}) is None
    assert mismatch({1: 5}, 0, {1: 4, 2: None}) == Mismatch(2, ((1, 5, 4), (2, 0, None)))
