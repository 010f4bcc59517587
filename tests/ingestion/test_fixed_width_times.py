"""Texts read many at a time have the values that ingestion.time_formats reads one by one."""

from __future__ import annotations

from datetime import datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.entries import FieldEntry
from ingestion.fixed_width_times import first_fixed_widths, fixed_width, in_zone, read_times
from ingestion.known_values import KnownValues
from ingestion.time_formats import date_reader, time_reader
from ingestion.typed_fields import typed

FORMATS = ["yyyy-MM-dd HH:mm:ss", "yyyyMMddHHmmss", "dd/MM/yyyy HH:mm", "yyyy-MM-dd'T'HH:mm:ss",
           "yyyy年MM月dd日", "MM/dd/yyyy HH:mm", "yyyyMMdd2HHmmss"]  # fmt: skip
ZONES = ["Asia/Shanghai", "America/New_York", "Europe/London", "UTC", "Australia/Lord_Howe"]
NEAR = st.datetimes(datetime(1965, 1, 1), datetime(2042, 1, 1)).map(
    lambda time: time.replace(microsecond=0)
)
# Around the hours that clocks skip, or show twice.
CHANGES = st.builds(
    lambda time, minutes: time + timedelta(minutes=minutes),
    st.sampled_from([datetime(2021, 3, 14, 2), datetime(2021, 11, 7, 1), datetime(2021, 3, 28, 1),
                     datetime(1988, 4, 17, 2), datetime(1991, 9, 15, 1), datetime(2021, 10, 3, 2)]),
    st.integers(-90, 90),
)  # fmt: skip
LETTERS = st.text("0123456789- :/T年", max_size=20)


def spelt(time: datetime, pattern: str) -> str:
    parts = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S", "'T'": "T"}
    for letters, code in parts.items():
        pattern = pattern.replace(letters, code)
    return time.strftime(pattern)


@given(
    times=st.lists(NEAR | CHANGES, max_size=8), others=st.lists(LETTERS | st.none(), max_size=4),
    patterns=st.lists(st.sampled_from(FORMATS), min_size=1, max_size=3).map(tuple),
    zone=st.sampled_from(ZONES), data=st.data(),
)  # fmt: skip
def test_times_and_dates_are_those_of_the_strict_reader(
    times: list[datetime], others: list[str | None], patterns: tuple[str, ...], zone: str,
    data: st.DataObject,
) -> None:  # fmt: skip
    spellings = [spelt(time, data.draw(st.sampled_from(patterns))) for time in times]
    texts = data.draw(st.permutations([*spellings, *others]))
    array = pa.array(texts, pa.string())
    one_by_one = time_reader(patterns, zone)
    found = typed(FieldEntry(type="timestamp", formats=patterns), array, zone, KnownValues())
    expected = [None if text is None else one_by_one(text) for text in texts]
    assert found.cast(pa.int64()).to_pylist() == expected

    day = date_reader(patterns)
    dates = typed(FieldEntry(type="date", formats=patterns), array, zone, KnownValues())
    assert dates.to_pylist() == [None if text is None else day(text) for text in texts]


def test_formats_that_one_text_may_fit_are_left_to_the_strict_reader() -> None:
    def read_at_once(*formats: str) -> int:
        return len(first_fixed_widths(formats))

    assert read_at_once("yyyy-MM-dd", "yyyy/MM/dd", "yyyyMMdd") == 3
    assert read_at_once("MM/dd/yyyy", "dd/MM/yyyy") == 1
    assert read_at_once("yyyyMMdd", "yyyy2MMdd", "20yyyyMMdd") == 3
    assert read_at_once("yyyyMMddHH", "yyyyMMdd20") == 1
    assert read_at_once("d.M.yyyy", "yyyy-MM-dd") == 0


def test_usual_times_are_read_at_once_and_no_other() -> None:
    layout = fixed_width("yyyy-MM-dd HH:mm")
    assert layout is not None
    texts = ["2024-02-29 23:59", "2023-02-29 00:00", "2024-13-01 00:00", "2024-01-01 24:00", "x",
             "2024-01-0a 00:00", "1969-01-01 00:00", None, "2024/01/01 00:00"]  # fmt: skip
    found = read_times(pa.array(texts), layout)
    assert found.to_pylist() == [datetime(2024, 2, 29, 23, 59), *[None] * 8]
    part = read_times(pa.array(texts).slice(1), layout)
    assert part.null_count == 8


@pytest.mark.parametrize(
    "pattern", ["yyyy-M-d", "yy-MM-dd", "yyyy-MM-dd HH:mm:ss.SSS", "yyyy-MM-dd XXX", "HH:mm",
                "yyyy-MM-dd MM", "epoch_millis", "yyyy年M月d日"],
)  # fmt: skip
def test_formats_of_no_one_width_are_left_to_the_strict_reader(pattern: str) -> None:
    assert fixed_width(pattern) is None


def test_an_hour_that_clocks_skip_is_none_and_of_one_that_came_twice_the_earlier() -> None:
    walls = pa.array([datetime(2021, 3, 14, 2, 30), datetime(2021, 11, 7, 1, 30)],
                     pa.timestamp("s"))  # fmt: skip
    found = in_zone(walls, "America/New_York").to_pylist()
    assert found[0] is None
    assert found[1].replace(tzinfo=None) == datetime(2021, 11, 7, 5, 30)
