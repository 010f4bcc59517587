"""Text becomes typed values, or says why not: Column → Column, null of null throughout.

A value is never bent to fit: what a type does not hold exactly is null here and has a fault code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from pyspark.sql import Column
from pyspark.sql import functions as F

from identity.normalise import half_width, trimmed
from ingestion.entries import FieldEntry

DATE_FORMATS = ("yyyy-MM-dd",)
TIME_FORMATS = ("yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss")
TRUE_WORDS = ("true", "t", "1", "yes", "y", "是")
FALSE_WORDS = ("false", "f", "0", "no", "n", "否")
_WHOLE = r"^[+-]?\d+$"
_DECIMAL = r"^[+-]?(?:\d+(?:\.\d*)?|\.\d+)$"
_CENTS = r"^[+-]?\d*(?:\.\d{0,2}0*)?$"
_FLOATING = r"^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?$"
_LAST_SECOND = 253_402_300_799  # of the year 9999
_EPOCH_UNITS = {"epoch_seconds": 1, "epoch_millis": 1_000}


def standardised(raw: Column) -> Column:
    """The text without blanks at its ends and full-width signs; null where nothing is left."""
    return half_width(trimmed(raw))


def typed(field: FieldEntry, text: Column) -> Column:
    """The value of a standardised text in the field's type; null where it has none.

    Timestamps go by `local_time` and `utc_time`.
    """
    if field.type == "date":
        return F.coalesce(*(F.try_to_date(text, each) for each in field.formats or DATE_FORMATS))
    if field.type == "enum":
        return _enum(field, text)
    return _SIMPLE[field.type](text)


def local_time(field: FieldEntry, text: Column) -> Column:
    """A timestamp field's text read in its formats without a zone: wall-clock time, not yet UTC."""
    formats = [each for each in field.formats or TIME_FORMATS if not _is_absolute(each)]
    times = [F.try_to_timestamp(text, F.lit(each)) for each in formats]
    return F.coalesce(*times, F.lit(None).cast("timestamp"))


def utc_time(field: FieldEntry, text: Column, local: Column, time_zone: str) -> Column:
    """A timestamp field's value: its local time in `time_zone` as UTC, or what names its own zone.

    A local time that clocks skipped (summer time) is no time; Spark would move it by an hour. Of
    a time that came twice the earlier is taken.
    """
    utc = F.to_utc_timestamp(local, time_zone)
    exists = F.from_utc_timestamp(utc, time_zone) == local
    absolute = [_absolute(text, each) for each in field.formats if _is_absolute(each)]
    return F.coalesce(F.when(exists, utc), *absolute)


def _is_absolute(pattern: str) -> bool:
    return pattern in _EPOCH_UNITS or bool(re.search("[XxZzV]", re.sub("'[^']*'", "", pattern)))


def _absolute(text: Column, pattern: str) -> Column:
    if pattern not in _EPOCH_UNITS:
        return F.try_to_timestamp(text, F.lit(pattern))
    unit = _EPOCH_UNITS[pattern]
    number = F.when(text.rlike(_WHOLE), text.try_cast("bigint"))
    micros = F.try_multiply(number, F.lit(1_000_000 // unit))
    return F.timestamp_micros(F.when(micros.between(0, _LAST_SECOND * 1_000_000), micros))


def fault(field: FieldEntry, text: Column, value: Column) -> Column:
    """The reason code for which a field's value cannot be accepted; null where it can."""
    is_given = text.isNotNull()
    reasons = []
    if field.required:
        reasons.append(F.when(text.isNull(), "missing"))
    if field.type != "text" and not (field.type == "enum" and field.other != "quarantine"):
        reasons.append(F.when(is_given & value.isNull(), _type_fault(field, text)))
    if field.range:
        lowest, highest = (F.lit(f"{edge:f}").cast("decimal(28,6)") for edge in field.range)
        reasons.append(F.when(~value.between(lowest, highest), "out_of_range"))
    if field.pattern:
        reasons.append(F.when(~text.rlike(field.pattern), "pattern"))
    return F.coalesce(*reasons) if reasons else F.lit(None).cast("string")


def _enum(field: FieldEntry, text: Column) -> Column:
    cases = F.when(F.lit(False), F.lit(None).cast("string"))
    for found, canonical in field.value_map.items():
        cases = cases.when(text == found, canonical)
    return cases.otherwise(text) if field.other == "keep" else cases


def _number(text: Column) -> Column:
    value = F.when(text.rlike(_FLOATING), text.try_cast("double"))
    return F.when(F.abs(value) < float("inf"), value)


def _bool(text: Column) -> Column:
    word = F.lower(text)
    return F.when(word.isin(*TRUE_WORDS), True).when(word.isin(*FALSE_WORDS), False)


_SIMPLE: Mapping[str, Callable[[Column], Column]] = {
    "text": lambda text: text,
    "integer": lambda text: F.when(text.rlike(_WHOLE), text.try_cast("bigint")),
    "number": _number,
    "money": lambda text: F.when(
        text.rlike(_DECIMAL) & text.rlike(_CENTS), text.try_cast("decimal(18,2)")
    ),
    "bool": _bool,
}
_FAULTS = {
    "date": "not_a_date", "timestamp": "not_a_time", "bool": "not_a_bool", "enum": "unknown_value",
}


def _type_fault(field: FieldEntry, text: Column) -> Column:
    if field.type == "integer":
        return F.when(text.rlike(_WHOLE), "out_of_range").otherwise("not_an_integer")
    if field.type == "number":
        return F.when(text.rlike(_FLOATING), "out_of_range").otherwise("not_a_number")
    if field.type == "money":
        return (
            F.when(~text.rlike(_DECIMAL), "not_a_number")
            .when(~text.rlike(_CENTS), "too_precise")
            .otherwise("out_of_range")
        )
    return F.lit(_FAULTS[field.type])
