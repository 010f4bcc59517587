"""What checks count, against plain Python over random rows; which of them put records aside."""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.engines import Engine
from model.local_engine import LocalEngine
from model.slice_counts import SliceCounts
from quality.checks import Check, TableChecks
from quality.measures import (
    OTHER,
    Measure,
    Metric,
    faults_of,
    measures_of,
    metrics_of,
    record_checks,
)
from quality.rules import Among, Filled, Share, Subject, Unique
from tests.quality.slices import counted, order, table_checks

AMOUNTS = st.none() | st.decimals(-2, 2, places=2)
DAYS = st.none() | st.dates(date(2017, 2, 27), date(2017, 3, 3))
WORDS = st.none() | st.sampled_from(["", " ", "paid", "it's", "1:a", "a", "1", "-"])
ROWS = st.lists(
    st.builds(order, WORDS, AMOUNTS, WORDS, WORDS, first=DAYS, last=DAYS), max_size=25
)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with LocalEngine() as engine:
        yield engine


def judged(rows, condition):
    """Rows judged and failing by a function that says None where it does not judge."""
    verdicts = [verdict for row in rows if (verdict := condition(row)) is not None]
    return len(verdicts), verdicts.count(False)


def over(name, condition):
    return lambda row: None if row[name] is None else condition(row[name])


def is_later(row):
    return None if None in (row["first"], row["last"]) else row["last"] >= row["first"]


ORACLES = {
    "amount >= 0": over("amount", lambda v: v >= 0),
    "amount != 0.5": over("amount", lambda v: v != Decimal("0.5")),
    "amount between -1 and 1": over("amount", lambda v: -1 <= v <= 1),
    "last >= first": is_later,
    "first < 2017-03-01": over("first", lambda v: v < date(2017, 3, 1)),
    "status in [paid, 'it''s']": over("status", lambda v: v in ("paid", "it's")),
    "status = 'it''s'": over("status", lambda v: v == "it's"),
    "status matches '^[a-z]'": over("status", lambda v: re.search("^[a-z]", v) is not None),
    "order_id filled": lambda row: bool((row["order_id"] or "").strip()),
    "first filled": lambda row: row["first"] is not None,
}


@settings(max_examples=30)
@given(ROWS)
def test_every_rule_counts_what_plain_python_counts(engine, rows):
    table = table_checks(*(f'"{text}"' for text in ORACLES), '"[order_id, status] unique"')
    one = counted(engine, rows, table)
    found = {check.text: seen for check, seen in measures_of(one.table, one.counts).items()}
    for text, condition in ORACLES.items():
        assert (found[text].judged, found[text].failing) == judged(rows, condition), text
    keys = {(row["order_id"], row["status"]) for row in rows}
    assert found["[order_id, status] unique"] == Measure(len(rows), len(rows) - len(keys))


@settings(max_examples=30)
@given(ROWS)
def test_numbers_for_later_nights_are_shares_of_rows_and_of_values(engine, rows):
    table = table_checks(
        '"amount filled within 5% of same weekday"', '"status psi < 1"',
        '"distinct of first within 5% of same weekday"',
    )  # fmt: skip
    found = counted(engine, rows, table).metrics
    amounts = [row["amount"] for row in rows if row["amount"] is not None]
    first = [row["first"] for row in rows if row["first"] is not None]
    assert found[Metric("rows")] == len(rows)
    assert found.get(Metric("filled", "amount")) == (len(amounts) / len(rows) if rows else None)
    wanted = len(set(first)) / len(first) if first else None
    assert found.get(Metric("distinct", "first")) == wanted
    shares = [value for metric, value in found.items() if metric.name == "share"]
    assert not shares or sum(shares) == pytest.approx(1)


def test_values_an_enum_does_not_list_are_one_category(engine):
    subject = Subject({"status": "enum"}, {"status": ("paid", "refunded")})
    table = table_checks('"status psi < 1"', subject=subject)
    rows = [order("1"), order("2"), order("3", status="odd"), order("4", status="strange")]
    found = {m.category: value for m, value in counted(engine, rows, table).metrics.items()
             if m.name == "share"}  # fmt: skip
    assert found == {"paid": 0.5, "refunded": 0.0, OTHER: 0.5}


def aside(*checks):
    """Checks of a dataset; those with a rule of single rows quarantine."""
    subject = Subject({"status": "text", "card": "text"})
    return TableChecks("pos.lines", checks, (), subject, ("card",))


IN_SET = Check("pos.lines.own", "status in [paid]", "quarantine", Among("status", ("paid",)))
FILLED = Check("pos.lines.card_filled", "card filled", "warn", Filled("card", Share(Decimal(100))))


def test_only_quarantining_checks_are_faults_of_records():
    table = aside(FILLED, IN_SET, Check("pos.lines.u", "card unique", "hold", Unique(("card",))))
    assert faults_of(table) == {
        "quarantined_1": ("check:own", "not (`status` in ('paid'))")
    }
    asked = record_checks(table)
    assert asked.fields == ["card", "status"]
    assert asked.faults == faults_of(table)


def test_records_in_quarantine_are_failing_rows_of_their_check_alone():
    table = aside(FILLED, IN_SET)
    counts = SliceCounts(
        {"row_count": 90, "judged_0": 90, "failing_0": 9, "judged_1": 80, "failing_1": 0,
         "quarantined_1": 10, "filled_0": 81},
        {"quarantined_1": (("a.csv", 10),)},
    )  # fmt: skip
    assert list(measures_of(table, counts).values()) == [
        Measure(90, 9), Measure(90, 10, (("a.csv", 10),)),
    ]  # fmt: skip
    assert metrics_of(table, counts) == {Metric("rows"): 90.0, Metric("filled", "card"): 0.9}
