"""Text to typed values: what each type takes, and the code of what it does not."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from ingestion.entries import FieldEntry
from ingestion.known_values import KnownValues
from ingestion.tidy_text import half_width_texts, trimmed_texts
from ingestion.typed_fields import fault, typed

INTEGER = FieldEntry(type="integer", range=(0.0, 100.0))
MONEY = FieldEntry(type="money")
SHANGHAI = FieldEntry(type="timestamp", formats=("yyyy/M/d H:mm", "yyyy-MM-dd'T'HH:mm:ssXXX"))


def judged(field: FieldEntry, texts: list[str | None]) -> list[Any]:
    """Each text's value, or its fault code where it has one."""
    tidy = half_width_texts(trimmed_texts(pa.array(texts, pa.string())))
    values = typed(field, tidy, "America/New_York", KnownValues())
    codes = fault(field, tidy, values).to_pylist()
    return [
        code or (value.replace(tzinfo=None) if isinstance(value, datetime) else value)
        for code, value in zip(codes, values.to_pylist(), strict=True)
    ]


def test_text_is_trimmed_and_half_width_and_nothing_is_missing() -> None:
    required = FieldEntry(required=True)
    texts = [" a b\t", "Ａ（１）\u3000ｂ", "\u00a0 中文\u3000", " \u3000 ", None]
    assert judged(required, texts) == ["a b", "A(1) b", "中文", "missing", "missing"]


def test_integers_are_strict() -> None:
    texts = ["7", "+7", "０７", "7.0", "1e1", "seven", "101", "99999999999999999999", None]
    assert judged(INTEGER, texts) == [
        7, 7, 7, "not_an_integer", "not_an_integer", "not_an_integer", "out_of_range",
        "out_of_range", None,
    ]  # fmt: skip


def test_money_is_never_rounded() -> None:
    texts = ["1", "1.5", "-1.50", "1.500", ".5", "1.005", "1,000", "¥1", "1.38E+10", "9" * 17]
    assert judged(MONEY, texts) == [
        *map(Decimal, ["1", "1.5", "-1.5", "1.5", "0.5"]), "too_precise", "not_a_number",
        "not_a_number", "not_a_number", "out_of_range",
    ]  # fmt: skip


def test_numbers_are_finite_and_spelt_as_numbers() -> None:
    texts = ["1.5", "1e3", "NaN", "Infinity", "1d", "1e999"]
    expected = [1.5, 1000.0, "not_a_number", "not_a_number", "not_a_number", "out_of_range"]
    assert judged(FieldEntry(type="number"), texts) == expected


def test_dates_exist_and_have_one_of_the_formats() -> None:
    field = FieldEntry(type="date", formats=("yyyy/MM/dd", "yyyyMMdd"))
    texts = ["2016/02/29", "20160229", "2017/02/29", "2017/2/1", "0000/00/00", "2017-02-01"]
    day = date(2016, 2, 29)
    assert judged(field, texts) == [day, day, *["not_a_date"] * 4]


def test_times_are_local_unless_they_name_their_zone_and_skipped_ones_are_none() -> None:
    texts = ["2017/1/2 3:04", "2017-01-02T03:04:00+08:00", "2017/3/12 2:30", "2017/7/1 12:00", "x"]
    assert judged(SHANGHAI, texts) == [
        datetime(2017, 1, 2, 8, 4), datetime(2017, 1, 1, 19, 4), "not_a_time",
        datetime(2017, 7, 1, 16, 0), "not_a_time",
    ]  # fmt: skip


@pytest.mark.parametrize(("unit", "digits"), [("epoch_seconds", ""), ("epoch_millis", "250")])
def test_epochs_are_utc_and_sane(unit: str, digits: str) -> None:
    field = FieldEntry(type="timestamp", formats=(unit,))
    texts = [f"1488326400{digits}", "-1", "9" * 18, "1.4E9"]
    micros = 250_000 if digits else 0
    assert judged(field, texts) == [
        datetime(2017, 3, 1, 0, 0, 0, micros), *["not_a_time"] * 3,
    ]  # fmt: skip


def test_words_for_yes_and_no() -> None:
    assert judged(FieldEntry(type="bool"), ["Y", "否", "1", "2"]) == [
        True, False, True, "not_a_bool",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("other", "outcome"), [("quarantine", "unknown_value"), ("null", None), ("keep", "x")]
)
def test_an_enum_says_what_becomes_of_other_values(
    other: Any, outcome: str | None
) -> None:
    field = FieldEntry(type="enum", values={"男": "m"}, other=other)
    assert judged(field, ["男", "x", None]) == ["m", outcome, None]


def test_a_pattern_is_matched() -> None:
    field = FieldEntry(pattern="^[A-Z][0-9]+$")
    assert judged(field, ["A1", "1A"]) == ["A1", "pattern"]


def test_an_integer_of_thousands_of_digits_is_out_of_range_and_zeros_in_front_say_nothing() -> None:
    texts = ["1" * 5000, "-" + "9" * 19, "0" * 5000 + "7", "+" + "0" * 5000, "-00012"]
    assert judged(FieldEntry(type="integer"), texts) == [
        "out_of_range", "out_of_range", 7, 0, -12,
    ]  # fmt: skip
