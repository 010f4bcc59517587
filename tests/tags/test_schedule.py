"""Tags computed once a week or a month: when they are due, and what they show between."""

from datetime import date, timedelta
from decimal import Decimal
from textwrap import dedent

import pytest
from pyspark.sql import SparkSession

from tags.catalog import catalog_records, catalog_rows
from tags.computing import Memory, compute_tags
from tags.definitions import TagBook
from tags.planning import plan_tags
from tags.schedule import Every, Shown, carried_over, last_due
from tests.tags.books import book_of
from tests.tags.rows import D, computed_by_both, days_ago, people_of, rows_of

BOOK = book_of(
    dedent(
        """\
        defaults: {from: orders}
        tags:
          weekly: {title: W, measure: sum(amount), over: [7d, ever], every: week, absent: 0}
          monthly: {title: M, measure: count(), every: month}
          daily: {title: D, measure: count()}
          mean: {title: A, calc: "share(weekly_ever, daily)"}
          band: {title: B, bins: weekly_ever, edges: [5], values: {l: L, h: H}, every: week}
          old: {title: O, measure: count(), status: retired, every: week}
        """
    )
)
WEEKLY = {name for name, tag in BOOK.tags.items() if tag.every == "week" and tag.is_computed}


@pytest.mark.parametrize(
    ("every", "day", "due"),
    [
        ("day", "2017-09-28", "2017-09-28"),
        ("week", "2017-09-28", "2017-09-24"),  # a Thursday; the Sunday before
        ("week", "2017-09-24", "2017-09-24"),
        ("week", "2017-09-25", "2017-09-24"),
        ("week", "2017-09-23", "2017-09-17"),
        ("month", "2017-09-28", "2017-08-31"),
        ("month", "2017-09-30", "2017-09-30"),
        ("month", "2017-10-01", "2017-09-30"),
        ("month", "2016-03-01", "2016-02-29"),
        ("month", "2017-12-31", "2017-12-31"),
        ("month", "2018-01-30", "2017-12-31"),
    ],
)
def test_a_week_ends_on_sunday_and_a_month_on_its_last_day(
    every: Every, day: str, due: str
) -> None:
    assert last_due(every, date.fromisoformat(day)) == date.fromisoformat(due)


def shown(book: TagBook, computed_date: date | None) -> dict[str, Shown]:
    """A catalogue in which every column shows the values of one night."""
    return {
        row.column_name: Shown(row.type, row.definition_hash, computed_date)
        for row in catalog_rows(book)
    }


@pytest.mark.parametrize(
    ("computed", "day", "carried"),
    [
        ("2017-09-24", "2017-09-25", {*WEEKLY, "monthly"}),
        ("2017-09-24", "2017-09-30", WEEKLY),  # the last day of September
        ("2017-09-24", "2017-10-01", set()),  # a Sunday, and the month's end is over
        ("2017-09-26", "2017-09-30", WEEKLY),  # a first night or a changed definition on Tuesday
        ("2017-09-23", "2017-09-25", {"monthly"}),  # Sunday had no night: Monday makes up for it
        ("2017-09-25", "2017-09-26", {*WEEKLY, "monthly"}),
        (None, "2017-09-26", set()),
    ],
)
def test_a_tag_is_carried_until_the_next_end_of_its_week_or_month(
    computed: str | None, day: str, carried: set[str]
) -> None:
    since = date.fromisoformat(computed) if computed else None
    found = carried_over(BOOK, shown(BOOK, since), date.fromisoformat(day))
    assert found == dict.fromkeys(carried, since)


def test_a_new_or_changed_column_makes_its_tag_due() -> None:
    before, day = shown(BOOK, days_ago(1)), D
    assert set(carried_over(BOOK, before, day)) == {*WEEKLY, "monthly"}
    weekly = before["weekly_7d"]
    for other in (
        Shown(weekly.type, "another hash", days_ago(1)),
        Shown("integer", weekly.definition_hash, days_ago(1)),
        Shown(weekly.type, weekly.definition_hash, days_ago(2)),
        Shown(weekly.type, weekly.definition_hash, None),
    ):
        found = carried_over(BOOK, before | {"weekly_7d": other}, day)
        assert set(found) == {"band", "monthly"}
    del before["weekly_7d"]
    assert "weekly" not in carried_over(BOOK, before, day)


def test_the_catalogue_marks_what_is_carried_and_what_is_not_computed() -> None:
    records = catalog_records(BOOK, D, {"weekly": days_ago(4)})
    assert {record[2]: record[-1] for record in records} == {
        "weekly_7d": days_ago(4), "weekly_ever": days_ago(4), "monthly": D, "daily": D, "mean": D,
        "band": D, "old": None,
    }  # fmt: skip


NIGHTS = [D - timedelta(days=n) for n in (6, 5, 3, 2)]  # Friday, Saturday, Monday, Tuesday


def test_between_two_computations_the_last_value_stands(spark: SparkSession) -> None:
    orders = rows_of(
        spark,
        BOOK.tables["orders"],
        [
            {"one_id": one_id, "ago": ago, "amount": Decimal(amount)}
            for one_id, ago, amount in [(1, 10, 1), (1, 5, 2), (1, 4, 4), (1, 2, 8), (2, 5, 16)]
        ],
    )
    wide, before, seen = None, {}, []
    for night in NIGHTS:
        carried = carried_over(BOOK, before, night)
        plan = plan_tags(BOOK, carried=carried)
        people = people_of(spark, [1, 3] if night == NIGHTS[0] else [1, 2, 3])
        rows = {"orders": orders.where(f"day <= date '{night}'")}
        memory = Memory(earlier=wide)
        wide = computed_by_both(
            rows, people, people, plan, night, memory=memory
        ).wide.localCheckpoint()
        dates = {record[2]: record[-1] for record in catalog_records(BOOK, night, carried)}
        before = {
            row.column_name: Shown(row.type, row.definition_hash, dates[row.column_name])
            for row in catalog_rows(BOOK)
        }
        names = ("weekly_7d", "weekly_ever", "monthly", "daily", "mean", "band")
        found = {row["one_id"]: tuple(row[name] for name in names) for row in wide.collect()}
        seen.append(found)
        assert wide.columns == ["business_date", "one_id", *(c.name for c in plan.columns)]
    nothing = (0, 0, 0, 0, None, "l")
    assert seen == [
        {1: (1, 1, 1, 1, 1.0, "l"), 3: nothing},
        # Saturday: weekly values are Friday's; person 2 is new, and was not computed yet.
        {1: (1, 1, 1, 2, 0.5, "l"), 2: (None, None, None, 1, None, None), 3: nothing},
        # Monday makes up for a Sunday without a night.
        {1: (6, 7, 1, 3, pytest.approx(7 / 3), "h"), 2: (16, 16, None, 1, 16.0, "h"), 3: nothing},
        {1: (6, 7, 1, 4, 1.75, "h"), 2: (16, 16, None, 1, 16.0, "h"), 3: nothing},
    ]


def test_a_plan_that_carries_needs_the_night_before(spark: SparkSession) -> None:
    plan = plan_tags(BOOK, ["band"], carried={"weekly", "band"})
    assert plan.described() == ("3 columns carried over from an earlier night",)
    people = people_of(spark, [1])
    with pytest.raises(ValueError, match="needs the wide table"):
        compute_tags({}, people, people, plan, D, time_zone="UTC")
