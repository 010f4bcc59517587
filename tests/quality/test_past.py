"""What is usual, and when there is no past to speak of."""

import math
from datetime import date, timedelta
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quality.measures import Metric
from quality.past import DAYS_KEPT_IN_MIND, History, histories, population_stability
from quality.rules import SAME_WEEKDAY, Past

DAY = date(2017, 3, 30)
ROWS = Metric("rows")


def nights_before(values, step=1):
    return History({
        DAY - timedelta(days=step * n): {ROWS: float(value)} for n, value in enumerate(values, 1)
    })  # fmt: skip


def test_the_usual_is_the_median_of_comparable_nights():
    usual = nights_before([10, 30, 20, 500], step=7).usual(ROWS, SAME_WEEKDAY, DAY)
    assert (usual.value, usual.nights) == (25, 4)
    usual = nights_before([1, 2, 900]).usual(ROWS, Past(3), DAY)
    assert (usual.value, usual.nights) == (2, 3)


def test_the_same_weekday_looks_back_four_weeks_and_no_further():
    assert nights_before([5] * 6).usual(ROWS, SAME_WEEKDAY, DAY) is None
    weekly = nights_before([1, 1, 1, 1, 9, 9], step=7)
    assert weekly.usual(ROWS, SAME_WEEKDAY, DAY).nights == 4
    assert weekly.usual(ROWS, SAME_WEEKDAY, DAY).value == 1


@pytest.mark.parametrize("past", [SAME_WEEKDAY, Past(7)])
def test_one_night_is_no_past(past):
    assert nights_before([10], step=7).usual(ROWS, past, DAY) is None
    assert nights_before([10, 12], step=7).usual(ROWS, past, DAY).value == 11


def test_a_night_is_not_its_own_past_nor_that_of_an_earlier_one():
    history = History({DAY + timedelta(days=n): {ROWS: 1.0} for n in range(5)})
    assert history.usual(ROWS, Past(7), DAY) is None


@given(st.lists(st.integers(0, 10**9), min_size=2, max_size=40), st.integers(2, 60))
def test_the_last_runs_are_the_newest_nights_there_are(values, runs):
    usual = nights_before(values, step=3).usual(ROWS, Past(runs), DAY)
    assert usual.value == median(values[:runs])
    assert usual.nights == min(len(values), runs)


def test_a_night_without_the_number_is_not_comparable():
    history = History({DAY - timedelta(days=n): {ROWS: 1.0} for n in range(1, 8)})
    filled = Metric("filled", "card")
    assert history.usual(filled, Past(7), DAY) is None
    older = {DAY - timedelta(days=n): {filled: 0.5} for n in (20, 30)}
    assert History({**history.nights, **older}).usual(filled, Past(2), DAY).value == 0.5


SHARES = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 1000), min_size=1)


@given(SHARES, SHARES)
def test_stability_is_zero_for_the_same_mix_and_grows_both_ways_alike(counts, others):
    mix, other = ({k: n / sum(c.values()) for k, n in c.items()} for c in (counts, others))
    assert population_stability(mix, mix) == 0
    index = population_stability(mix, other)
    assert index >= 0
    assert math.isclose(index, population_stability(other, mix), abs_tol=1e-12)


def test_stability_is_siddiqis_sum():
    found = population_stability({"a": 0.5, "b": 0.5}, {"a": 0.8, "b": 0.2})
    assert found == pytest.approx(-0.3 * math.log(0.5 / 0.8) + 0.3 * math.log(0.5 / 0.2))


def test_a_category_is_missing_from_a_mix_with_share_zero():
    history = History({
        DAY - timedelta(days=1): {Metric("share", "s", "a"): 1.0},
        DAY - timedelta(days=2): {Metric("share", "s", "a"): 0.5, Metric("share", "s", "b"): 0.5},
        DAY - timedelta(days=3): {ROWS: 0.0},
    })
    assert history.usual_mix("s", Past(7), DAY) == ({"a": 0.75, "b": 0.25}, 2)
    assert history.usual_mix("s", Past(2), DAY) == ({"a": 0.75, "b": 0.25}, 2)
    assert history.usual_mix("t", Past(7), DAY) is None


def test_rows_of_the_ledger_become_histories_by_slice():
    rows = [
        {"business_date": DAY, "table_name": "pos.lines", "column_name": None, "metric": "rows",
         "category": None, "value": 3.0},
        {"business_date": DAY, "table_name": "pos.lines", "column_name": "s", "metric": "share",
         "category": "a", "value": 1.0},
    ]  # fmt: skip
    (name, history), = histories(rows).items()
    assert name == "pos.lines"
    assert history.nights == {DAY: {ROWS: 3.0, Metric("share", "s", "a"): 1.0}}
    assert DAYS_KEPT_IN_MIND >= 2 * 60 - 1
