"""Business dates and windows: whole days, both ends count, and windows tile."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.dates import Window, months_before, parse_business_date
from model.errors import UsageError

D = date(2017, 3, 31)


@pytest.mark.parametrize(
    ("text", "first", "last", "suffix"),
    [
        ("1d", D, D, "1d"),
        ("30d", date(2017, 3, 2), D, "30d"),
        ("31d..90d", date(2017, 1, 1), date(2017, 3, 1), "31d_90d"),
        ("2w", date(2017, 3, 18), D, "2w"),
        ("1m", date(2017, 3, 1), D, "1m"),
        ("1y", date(2016, 4, 1), D, "1y"),
        ("ever", None, D, "ever"),
        ("this month", date(2017, 3, 1), D, "this_month"),
        ("last month", date(2017, 2, 1), date(2017, 2, 28), "last_month"),
    ],
)
def test_windows_are_whole_business_days(
    text: str, first: date | None, last: date, suffix: str
) -> None:
    window = Window.parse(text)
    assert window.bounds(D) == (first, last)
    assert window.suffix == suffix


def test_a_window_of_newest_rows_is_of_whichever_days() -> None:
    window = Window.parse_newest("last  5")
    assert window == Window("last 5", rows=5)
    assert (window.suffix, window.bounds(D)) == ("last_5", (None, D))
    others = ["last 0", "last 1001", "last month", "last 5d", "last", "5", "last 05"]
    assert [Window.parse_newest(text) for text in others] == [None] * len(others)


@given(st.integers(1, 400), st.integers(1, 400), st.dates(date(2000, 1, 1), date(2040, 1, 1)))
def test_adjacent_windows_tile(near: int, more: int, day: date) -> None:
    first, _ = Window.parse(f"{near}d").bounds(day)
    _, last = Window.parse(f"{near + 1}d..{near + more}d").bounds(day)
    whole, _ = Window.parse(f"{near + more}d").bounds(day)
    assert first is not None
    assert whole is not None
    assert first - last == timedelta(days=1)
    assert (day - whole).days == near + more - 1


@pytest.mark.parametrize(
    "text", ["", "30", "d", "0d", "-1d", "90d..31d", "3d..3d..", "next 3d", "1q"]
)
def test_what_is_no_window_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no window"):
        Window.parse(text)


@pytest.mark.parametrize(
    ("day", "months", "before"),
    [
        (date(2017, 3, 31), 1, date(2017, 2, 28)),
        (date(2016, 3, 31), 1, date(2016, 2, 29)),
        (date(2017, 1, 15), 1, date(2016, 12, 15)),
        (date(2017, 12, 31), 12, date(2016, 12, 31)),
        (date(2017, 11, 30), 11, date(2016, 12, 30)),
    ],
)
def test_months_before_keep_the_day_where_it_exists(day: date, months: int, before: date) -> None:
    assert months_before(day, months) == before


@pytest.mark.parametrize("text", ["2017-03-01", "20170301"])
def test_a_business_date_is_written_in_two_ways(text: str) -> None:
    assert parse_business_date(text) == date(2017, 3, 1)


@pytest.mark.parametrize("text", ["", "today", "2017-3-1", "2017-02-30", "1703 01", "2017-0301"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="expected a day such as"):
        parse_business_date(text)


def test_a_future_date_is_refused() -> None:
    with pytest.raises(UsageError, match="future"):
        parse_business_date("2017-03-02", today=date(2017, 3, 1))
