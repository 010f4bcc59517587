"""Text becomes typed values, or says why not: Arrow array → array, null of null throughout.

A value is never bent to fit: what a type does not hold exactly is null here and has a fault code.
Computed inside tasks, a batch at a time; once per distinct value where Arrow has no function.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.entries import FieldEntry
from ingestion.fixed_width_times import first_fixed_widths, in_zone, read_times
from ingestion.known_values import Function, KnownValues
from ingestion.time_formats import date_reader, time_reader
from privacy.tokens import per_distinct

DATE_FORMATS = ("yyyy-MM-dd",)
# ISO 8601 as people and libraries write it; typed files (parquet, xlsx) are read by these too.
TIME_FORMATS = (
    "yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss",
    "yyyy-MM-dd HH:mm:ss.SSSSSS", "yyyy-MM-dd'T'HH:mm:ss.SSSSSS",
    "yyyy-MM-dd HH:mm:ssXXX", "yyyy-MM-dd'T'HH:mm:ssXXX",
    "yyyy-MM-dd HH:mm:ss.SSSSSSXXX", "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX",
)  # fmt: skip
TRUE_WORDS = ("true", "t", "1", "yes", "y", "是")
FALSE_WORDS = ("false", "f", "0", "no", "n", "否")
MONEY = pa.decimal128(18, 2)
TIMESTAMP = pa.timestamp("us", tz="UTC")
_WHOLE = r"^[+-]?[0-9]+$"
_DECIMAL = r"^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)$"
_CENTS = r"^[+-]?[0-9]*(?:\.[0-9]{0,2}0*)?$"
_FLOATING = r"^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?$"
_INTEGERS = 2**63
_EDGES = pa.decimal128(28, 6)  # of a range


def typed(field: FieldEntry, texts: pa.Array, time_zone: str, known: KnownValues) -> pa.Array:
    """The values of standardised texts in the field's type; null where a text has none.

    Times without a zone of their own are wall-clock times in `time_zone`; stored times are UTC.
    """
    if field.type == "date":
        return _dates(field.formats or DATE_FORMATS, texts, known)
    if field.type == "timestamp":
        return _times(field.formats or TIME_FORMATS, texts, time_zone, known)
    if field.type == "enum":
        canonical = field.value_map
        keeps = field.other == "keep"
        return per_distinct(lambda text: canonical.get(text, text if keeps else None), texts, _TEXT)
    return _SIMPLE[field.type](texts)


def _dates(formats: tuple[str, ...], texts: pa.Array, known: KnownValues) -> pa.Array:
    usual = _usual(formats, texts).cast(pa.date32())
    make = partial(_each, partial(date_reader, formats), pa.date32())
    return _completed(usual, texts, f"date {formats}", make, known, pa.date32())


def _times(
    formats: tuple[str, ...], texts: pa.Array, time_zone: str, known: KnownValues
) -> pa.Array:
    usual = in_zone(_usual(formats, texts), time_zone)
    make = partial(_each, partial(time_reader, formats, time_zone), pa.int64())
    name = f"time {formats} in {time_zone}"
    return _completed(usual.cast(pa.int64()), texts, name, make, known, pa.int64()).cast(TIMESTAMP)


def _usual(formats: tuple[str, ...], texts: pa.Array) -> pa.Array:
    """The wall-clock times that the first formats tell, as far as they have one width."""
    found = pa.nulls(len(texts), pa.timestamp("s"))
    for layout in first_fixed_widths(formats):
        if found.null_count > texts.null_count:
            others = pc.if_else(found.is_null(), texts, pa.scalar(None, _TEXT))
            found = pc.coalesce(found, read_times(others, layout))
    return found


def _completed(
    usual: pa.Array, texts: pa.Array, name: str, make: Callable[[], Function], known: KnownValues,
    type_: pa.DataType,
) -> pa.Array:  # fmt: skip
    """The usual values, and those of all other texts, read one by one."""
    if usual.null_count == texts.null_count:
        return usual
    others = pc.if_else(usual.is_null(), texts, pa.scalar(None, _TEXT))
    return pc.coalesce(usual, known.of(name, make, others, [type_]).result(0))


def _each(make: Callable[[], Callable[[str], Any]], type_: pa.DataType) -> Function:
    read = make()
    return lambda texts: [pa.array(map(read, texts.to_pylist()), type_)]


def fault(field: FieldEntry, texts: pa.Array, values: pa.Array) -> pa.Array:
    """The reason codes for which a field's values cannot be accepted; null where they can."""
    codes = pa.nulls(len(texts), _TEXT)
    # The first reason that holds is told: later ones are set first.
    if field.pattern:
        pattern = re.compile(field.pattern)
        fits = per_distinct(lambda text: bool(pattern.search(text)), texts, pa.bool_())
        codes = _set(codes, pc.invert(fits), "pattern")
    if field.range:
        codes = _set(codes, pc.invert(_within(field, values)), "out_of_range")
    if field.type != "text" and not (field.type == "enum" and field.other != "quarantine"):
        is_lost = pc.and_(texts.is_valid(), values.is_null())
        if pc.any(is_lost).as_py():
            lost = pc.if_else(is_lost, texts, pa.scalar(None, _TEXT))
            told = per_distinct(lambda text: _type_fault(field.type, text), lost, _TEXT)
            codes = pc.if_else(is_lost, told, codes)
    if field.required:
        codes = _set(codes, texts.is_null(), "missing")
    return codes


def _set(codes: pa.Array, holds: pa.Array, code: str) -> pa.Array:
    return pc.if_else(pc.fill_null(holds, False), pa.scalar(code), codes)


def _within(field: FieldEntry, values: pa.Array) -> pa.Array:
    """Whether values lie within the field's range, its edges in it; null of null."""
    if pa.types.is_floating(values.type):
        lowest, highest = (pa.scalar(float(edge)) for edge in field.range)
    else:
        lowest, highest = (pa.scalar(Decimal(f"{edge:f}"), _EDGES) for edge in field.range)
        values = values.cast(_WHOLES) if pa.types.is_integer(values.type) else values
    return pc.and_(pc.greater_equal(values, lowest), pc.less_equal(values, highest))


def _only(texts: pa.Array, pattern: str) -> pa.Array:
    """The texts that match; null in place of the others."""
    return pc.if_else(pc.match_substring_regex(texts, pattern), texts, pa.scalar(None, _TEXT))


def _integers(texts: pa.Array) -> pa.Array:
    short = _only(texts, r"^-?[0-9]{1,18}$")
    if short.null_count == texts.null_count:
        return short.cast(pa.int64())
    # Zeros in front say nothing; Python refuses to read thousands of digits.
    plain = pc.replace_substring_regex(_only(texts, _WHOLE), r"^([+-]?)0*([0-9])", r"\1\2")
    return per_distinct(_integer, _only(plain, r"^[+-]?[0-9]{1,19}$"), pa.int64())


def _integer(text: str) -> int | None:
    value = int(text)
    return value if -_INTEGERS <= value < _INTEGERS else None


def _numbers(texts: pa.Array) -> pa.Array:
    values = _only(texts, _FLOATING).cast(pa.float64())
    return pc.if_else(pc.is_finite(values), values, pa.scalar(None, pa.float64()))


def _money(texts: pa.Array) -> pa.Array:
    """Exact decimals of at most two places, zeros behind them aside, and sixteen before them."""
    usual = _only(texts, r"^-?[0-9]{1,16}(?:\.[0-9]{1,2})?$")
    if usual.null_count == texts.null_count:
        return usual.cast(MONEY)
    # Sign, one zero, digits, places: "\\1" is followed by the digit 0 there.
    is_other = pc.and_(usual.is_null(), texts.is_valid())
    plain = pc.replace_substring_regex(
        _only(_only(texts.filter(is_other), _DECIMAL), _CENTS),
        r"^([+-]?)0*([0-9]*)(?:(\.[0-9]{0,2})0*)?$", r"\10\2\3",
    )  # fmt: skip
    others = _only(plain, r"^[+-]?0[0-9]{0,16}(?:\.[0-9]{0,2})?$").cast(MONEY)
    return pc.replace_with_mask(usual.cast(MONEY), is_other, others)


def _bools(texts: pa.Array) -> pa.Array:
    words = dict.fromkeys(TRUE_WORDS, True) | dict.fromkeys(FALSE_WORDS, False)
    return per_distinct(lambda text: words.get(text.lower()), texts, pa.bool_())


_TEXT = pa.string()
_WHOLES = pa.decimal128(19, 0)  # holds every bigint
_SIMPLE: Mapping[str, Callable[[pa.Array], pa.Array]] = {
    "text": lambda texts: texts,
    "integer": _integers,
    "number": _numbers,
    "money": _money,
    "bool": _bools,
}
_FAULTS = {
    "date": "not_a_date", "timestamp": "not_a_time", "bool": "not_a_bool", "enum": "unknown_value",
}


def _type_fault(type_: str, text: str) -> str:
    """Why a text has no value of the type."""
    if type_ == "integer":
        return "out_of_range" if re.search(_WHOLE, text) else "not_an_integer"
    if type_ == "number":
        return "out_of_range" if re.search(_FLOATING, text) else "not_a_number"
    if type_ == "money" and not re.search(_DECIMAL, text):
        return "not_a_number"
    if type_ == "money":
        return "out_of_range" if re.search(_CENTS, text) else "too_precise"
    return _FAULTS[type_]
