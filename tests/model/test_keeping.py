"""Which slices stay: the newest days, the last ones of months, and those somebody needs."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest

from model.keeping import Keep, KeepWish, longest, past_keeping

NEWEST = date(2024, 3, 15)
EVERY = [date(2023, 10, 1) + timedelta(days=n) for n in range(167)]


@pytest.mark.parametrize(
    ("keep", "stay"),
    [
        (Keep(1, 0), ["2024-03-15"]),
        (Keep(2, 2), ["2024-01-31", "2024-02-29", "2024-03-14", "2024-03-15"]),
        (Keep(16, 1), ["2024-02-29", *(f"2024-03-{day:02}" for day in range(1, 16))]),
        (Keep(500, 0), [str(day) for day in EVERY]),
    ],
)
def test_days_and_month_ends_of_half_a_year(keep: Keep, stay: list[str]) -> None:
    gone = past_keeping(EVERY, keep, [])
    assert [str(day) for day in EVERY if day not in gone] == stay


def test_a_months_last_slice_need_not_be_of_its_last_day() -> None:
    days = [date(2024, 1, 3), date(2024, 1, 20), date(2024, 3, 15)]
    assert past_keeping(days, Keep(1, 2), []) == [date(2024, 1, 3)]
    assert past_keeping(days, Keep(1, 1), []) == [date(2024, 1, 3), date(2024, 1, 20)]
    assert past_keeping(days, Keep(1, 1), [date(2024, 1, 3)]) == [date(2024, 1, 20)]
    assert past_keeping([], Keep(1, 1), []) == []


@pytest.mark.parametrize("seed", range(20))
def test_any_days_as_a_calendar_tells_them(seed: int) -> None:
    chance = random.Random(seed)
    days = [date(2022, 1, 1) + timedelta(days=d) for d in chance.sample(range(900), 60)]
    keep = Keep(chance.randrange(1, 60), chance.randrange(0, 15))
    newest = max(days)
    months = []  # the calendar months before the newest one's
    year, month = newest.year, newest.month
    for _ in range(keep.month_ends):
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)
        months.append((year, month))
    stay = {day for day in days if (newest - day).days < keep.daily}
    for each in months:
        stay |= set(sorted(day for day in days if (day.year, day.month) == each)[-1:])
    assert past_keeping(days, keep, []) == sorted(set(days) - stay)


def test_a_rebuilt_night_goes_when_the_next_one_is_written() -> None:
    keep, old = Keep(2, 0), date(2023, 11, 11)
    days = [*EVERY[-2:], old]
    assert past_keeping(days, keep, [old, old - timedelta(days=1)]) == []
    days.append(old + timedelta(days=1))
    assert past_keeping(days, keep, [old + timedelta(days=1), old]) == []
    days.append(old + timedelta(days=2))
    assert past_keeping(days, keep, [old + timedelta(days=2), old + timedelta(days=1)]) == [old]


def test_nobody_loses_what_they_asked_for() -> None:
    usual = Keep(35, 24)
    wishes = [KeepWish(400, None), KeepWish(None, 6), KeepWish()]
    assert longest([wish.over(usual) for wish in wishes], usual) == Keep(400, 24)
    assert longest([KeepWish(3, 0).over(usual)], usual) == Keep(3, 0)
    assert longest([], usual) == usual
