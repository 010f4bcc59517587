"""Formats of dates and times: strict, by the calendar, and in UTC."""

import random
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.time_formats import date_reader, format_problem, names_zone, time_reader

# Formats of this module, and what Python's own strptime calls the same.
SAME = {
    "yyyy-MM-dd HH:mm:ss": "%Y-%m-%d %H:%M:%S",
    "yyyy/M/d H:mm": "%Y/%m/%d %H:%M",
    "yyyyMMddHHmmss": "%Y%m%d%H%M%S",
    "dd.MM.yyyy hh:mm a": "%d.%m.%Y %I:%M %p",
    "yyyy-MM-dd'T'HH:mm:ss.SSSSSS": "%Y-%m-%dT%H:%M:%S.%f",
    "d MMM yyyy": "%d %b %Y",
    "yyyy年M月d日": "%Y年%m月%d日",
}
TIMES = st.datetimes(datetime(1900, 1, 1), datetime(2099, 12, 31))


def utc(micros: int | None) -> datetime | None:
    return None if micros is None else datetime(1970, 1, 1) + timedelta(microseconds=micros)


@pytest.mark.parametrize("pattern", SAME)
@given(time=TIMES)
def test_what_strptime_writes_is_read_as_strptime_reads_it(pattern: str, time: datetime) -> None:
    text = time.strftime(SAME[pattern])
    assert utc(time_reader((pattern,), "UTC")(text)) == datetime.strptime(text, SAME[pattern])
    assert date_reader((pattern,))(text) == time.date()


@given(time=TIMES, zone=st.sampled_from(["Asia/Shanghai", "America/New_York", "Europe/Berlin"]))
def test_wall_clock_times_become_utc_by_the_zones_rules(time: datetime, zone: str) -> None:
    time = time.replace(microsecond=0)
    found = utc(time_reader(("yyyy-MM-dd HH:mm:ss",), zone)(time.strftime("%Y-%m-%d %H:%M:%S")))
    expected = time.replace(tzinfo=ZoneInfo(zone)).astimezone(timezone.utc)
    if expected.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != time:
        assert found is None, "clocks skipped it"
    else:
        assert found == expected.replace(tzinfo=None)


def test_of_a_time_that_came_twice_the_earlier_is_taken() -> None:
    read = time_reader(("yyyy-MM-dd HH:mm",), "America/New_York")
    assert utc(read("2017-11-05 01:30")) == datetime(2017, 11, 5, 5, 30)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("yyyy-MM-dd'T'HH:mm:ssXXX", "2017-01-02T03:04:00+08:00", datetime(2017, 1, 1, 19, 4)),
        ("yyyy-MM-dd'T'HH:mm:ssX", "2017-01-02T03:04:00Z", datetime(2017, 1, 2, 3, 4)),
        ("yyyy-MM-dd HH:mm:ss VV", "2017-01-02 03:04:00 Asia/Tokyo", datetime(2017, 1, 1, 18, 4)),
        ("yyyy-MM-dd HH:mm:ss VV", "2017-01-02 03:04:00 Asia/Nowhere", None),
        ("yyyy-MM-dd'T'HH:mm:ss.SSS", "2017-01-02T03:04:00.5",
         datetime(2017, 1, 2, 3, 4, 0, 500_000)),
        ("yy-M-d", "17-1-2", datetime(2017, 1, 2)),
        ("yyyy-MM-dd", "2017-02-29", None),
        ("yyyy-MM-dd", "2017-2-1", None),
        ("yyyy-MM-dd hh:mm a", "2017-02-01 13:00 pm", None),
        ("yyyy-MM-dd hh:mm a", "2017-02-01 12:05 AM", datetime(2017, 2, 1, 0, 5)),
        ("d MMM yyyy", "1 Foo 2017", None),
        ("yyyy-MM-dd", "２０１７-02-01", None),
        ("epoch_millis", "1488326400250", datetime(2017, 3, 1, 0, 0, 0, 250_000)),
        ("epoch_seconds", "99999999999999", None),
    ],
)  # fmt: skip
def test_a_text_has_the_time_it_names_or_none(
    pattern: str, text: str, expected: datetime | None
) -> None:
    assert utc(time_reader((pattern,), "UTC")(text)) == expected


def test_the_first_format_that_fits_is_taken_and_those_with_a_zone_come_last() -> None:
    assert date_reader(("yyyy-MM-dd", "dd/MM/yyyy", "MM/dd/yyyy"))("01/02/2017") == date(2017, 2, 1)
    read = time_reader(("yyyy-MM-dd HH:mm:ssX", "yyyy-MM-dd HH:mm:ss"), "Asia/Shanghai")
    assert utc(read("2017-01-02 08:00:00")) == datetime(2017, 1, 2)
    assert utc(read("2017-01-02 08:00:00+00")) == datetime(2017, 1, 2, 8)


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("yyyy-MM-dd", None),
        ("epoch_seconds", None),
        ("yyyy-MM", "tells no day"),
        ("HH:mm", "tells no day"),
        ("yyyy-MM-dd E", "unknown E"),
        ("yyyy-MM-dd'T", "unknown '"),
        ("dd/dd/yyyy MM", "the same part twice"),
        ("yyy-MM-dd", "unknown yyy"),
    ],
)
def test_a_format_that_cannot_be_read_says_why(pattern: str, problem: str | None) -> None:
    found = format_problem(pattern)
    assert (found is None) if problem is None else (found or "").startswith(problem)


def test_zones_are_known_by_the_format() -> None:
    assert names_zone("yyyy-MM-dd HH:mmXXX") and names_zone("epoch_millis")
    assert not names_zone("yyyy-MM-dd'X'")


def test_garbage_is_no_time_and_no_error() -> None:
    chance = random.Random(3)
    letters = "0123456789-/: TZ+年月"
    read = time_reader(("yyyy-MM-dd HH:mm:ss", "yyyy/M/d", "yyyy-MM-ddXXX"), "Asia/Shanghai")
    for _ in range(2_000):
        read("".join(chance.choice(letters) for _ in range(chance.randrange(25))))
