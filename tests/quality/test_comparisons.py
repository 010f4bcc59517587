"""Nights in a row: what a volume, a share, a key or a mix that moves does to a check."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest

from model.engines import Engine
from model.local_engine import LocalEngine
from quality.comparisons import Drift
from quality.gate import held, judge_slices
from quality.past import History
from quality.rules import SAME_WEEKDAY, Subject
from tests.quality.slices import SUBJECT, counted, order, table_checks

DAY = date(2017, 3, 29)
SIZES = [100, 110, 90, 100]  # of the same weekday, newest first
WITH_CODES = Subject(SUBJECT.types, {"status": ("paid", "refunded")})


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with LocalEngine() as engine:
        yield engine


def orders(count, key=str, filled=0.8, refunded=0.2):
    """A night's rows: a share of them with an amount, and one refunded."""
    return [
        order(
            key(n), "1.00" if n < count * filled else None,
            "refunded" if n < count * refunded else "paid",
        )
        for n in range(count)
    ]  # fmt: skip


def judged(engine, rows, *checks, weeks=4, drift=None, watched=None, subject=SUBJECT):
    """The results of a night behind some same weekdays of about 100 rows."""
    table = replace(table_checks(*checks, subject=subject), watched=watched)
    nights = {
        DAY - timedelta(weeks=n): counted(engine, orders(size), table).metrics
        for n, size in enumerate(SIZES[:weeks], 1)
    }
    pasts = {"clean.orders": History(nights)}
    return judge_slices([counted(engine, rows, table)], pasts, DAY, drift)


VOLUME = '{check: "rows within 40% of same weekday", then: hold}'


@pytest.mark.parametrize(
    ("count", "passed", "told"),
    [
        (100, True, "100 rows; usually 100 (same weekday, 4 nights)"),
        (60, True, "60 rows; usually 100 (same weekday, 4 nights)"),
        (140, True, "140 rows; usually 100 (same weekday, 4 nights)"),
        (59, False, "59 rows; usually 100 (same weekday, 4 nights)"),
        (40, False, "40 rows; usually 100 (same weekday, 4 nights)"),
        (300, False, "300 rows; usually 100 (same weekday, 4 nights)"),
        (0, False, "0 rows; usually 100 (same weekday, 4 nights)"),
    ],
)
def test_a_day_of_too_few_or_too_many_rows_holds(engine, count, passed, told):
    (result,) = judged(engine, orders(count), VOLUME)
    assert (result.is_passed, result.observed) == (passed, told)
    assert bool(held([result])) is not passed


@pytest.mark.parametrize("weeks", [0, 1])
def test_the_first_nights_pass_since_there_is_no_past(engine, weeks):
    checks = [
        VOLUME, '"amount filled within 10% of same weekday"', '"status psi < 0.25"',
        '"distinct of order_id within 5% of same weekday"',
    ]  # fmt: skip
    found = judged(engine, orders(3), *checks, weeks=weeks)
    assert [(one.is_passed, one.observed) for one in found] == [
        (True, "3 rows; too few nights to compare"),
        (True, "100.0% filled; too few nights to compare"),
        (True, "too few nights to compare"),
        (True, "100.0% distinct values; too few nights to compare"),
    ]


def test_a_key_that_became_constant_is_seen_twice(engine):
    unique, distinct = judged(
        engine, orders(100, key=lambda _: "0"), '"order_id unique"',
        '"distinct of order_id within 5% of same weekday"',
    )  # fmt: skip
    assert (unique.is_passed, unique.observed) == (False, "99 of 100 rows repeat a key")
    assert distinct.is_passed is False
    assert distinct.observed == "1.0% distinct values; usually 100.0% (same weekday, 4 nights)"


def test_a_share_is_compared_with_the_usual_share(engine):
    check = '"amount filled within 10% of same weekday"'
    assert [
        judged(engine, orders(100, filled=share), check)[0].is_passed
        for share in (0.71, 0.72, 0.8, 0.88, 0.89)
    ] == [False, True, True, True, False]


def test_a_night_without_rows_has_no_share_to_compare(engine):
    (result,) = judged(engine, [], '"amount filled within 10% of same weekday"')
    assert (result.is_passed, result.observed) == (True, "no rows")


@pytest.mark.parametrize("subject", [SUBJECT, WITH_CODES])
def test_a_mix_that_moved_fails(engine, subject):
    check = '"status psi < 0.25"'
    (same,) = judged(engine, orders(90), check, subject=subject)
    (moved,) = judged(engine, orders(90, refunded=0.9), check, subject=subject)
    assert (same.is_passed, moved.is_passed) == (True, False)
    assert moved.observed.startswith("psi 2.508")
    assert ("paid 10.0%, usually 80.0%" in moved.observed) is (subject is WITH_CODES)


def test_a_value_of_a_text_is_told_in_no_result(engine):
    rows = orders(60) + [order("9", status="Zhang Wei, Nanjing Road")] * 60
    (result,) = judged(engine, rows, '"status psi < 0.25"')
    assert result.is_passed is False
    assert "Zhang" not in repr(result)


def test_coverage_names_the_tags_that_lost_theirs(engine):
    subject = replace(SUBJECT, tags=("amount", "order_id", "paid_at"))
    (result,) = judged(
        engine, orders(100, filled=0.2), '"coverage within 10% of same weekday"', subject=subject
    )
    assert result.is_passed is False
    assert result.observed == "amount 20.0% filled; usually 80.0% (same weekday, 4 nights)"


DRIFT = Drift(rows=0.5, filled=0.2, psi=0.25)


def test_drift_is_watched_without_being_asked_and_only_warns(engine):
    rows = orders(40, filled=0.2, refunded=0.9)
    watched = ("order_id", "amount", "status")
    asked, *found = judged(
        engine, rows, '"order_id filled"', drift=DRIFT, watched=watched, subject=WITH_CODES
    )
    assert asked.is_passed
    assert {(one.severity, one.is_passed) for one in found} == {("warn", False)}
    assert [(one.code, one.observed.split(" (")[0]) for one in found] == [
        ("clean.orders.drift_rows", "40 rows; usually 100"),
        ("clean.orders.drift_filled", "amount 20.0% filled; usually 80.0%"),
        ("clean.orders.drift_mix", "status psi 2.508"),
    ]
    assert held(found) == ()


def test_drift_says_nothing_without_a_past_and_nothing_where_it_is_off(engine):
    watched = ("order_id", "amount")
    for more in ({"weeks": 1, "drift": DRIFT, "watched": watched}, {"watched": watched},
                 {"drift": DRIFT}):  # fmt: skip
        assert len(judged(engine, orders(9), '"rows >= 1"', **more)) == 1


def test_a_steady_night_passes_every_comparison(engine):
    watched = ("order_id", "amount", "status", "paid_at")
    found = judged(
        engine, orders(105), VOLUME, '"status psi < 0.25 of last 7 runs"', drift=DRIFT,
        watched=watched, subject=WITH_CODES,
    )  # fmt: skip
    assert [one.code.rpartition(".")[2] for one in found] == [
        "rows_within", "status_psi", "drift_rows", "drift_filled", "drift_mix",
    ]  # fmt: skip
    assert all(one.is_passed for one in found)


def test_same_weekday_is_what_a_comparison_means_by_default():
    (check,) = table_checks('"status psi < 0.25"').checks
    assert check.rule.past == SAME_WEEKDAY
