"""Dates and times of one fixed width read many at a time; what is unusual is left to others.

A format such as yyyy-MM-dd HH:mm:ss has every digit at a place of its own, so a batch is read as a
matrix of letters. ingestion.time_formats reads the same texts one by one, and any other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

_PARTS = ("yyyy", "MM", "dd", "HH", "mm", "ss")
_PIECES = re.compile(r"yyyy|MM|dd|HH|mm|ss|(?P<sign>[^A-Za-z'])|'(?P<word>[A-Za-z]+)'")
# Years in which all libraries tell the same of time zones.
_FIRST_YEAR, _LAST_YEAR = 1970, 2037
_SECONDS = pa.timestamp("s")
Letters = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]


class FixedWidth(NamedTuple):
    """Where the parts of a format begin, and the letters that stand at other places."""

    width: int
    parts: dict[str, int]
    signs: dict[int, int]


def fixed_width(pattern: str) -> FixedWidth | None:
    """The places of a format whose texts all have one width; None where it is no such format."""
    parts: dict[str, int] = {}
    signs: dict[int, int] = {}
    width = at = 0
    for piece in _PIECES.finditer(pattern):
        word = piece["sign"] or piece["word"]
        if piece.start() != at or (not word and piece[0] in parts) or not (word or "").isascii():
            return None
        if word:
            signs |= {width + n: ord(letter) for n, letter in enumerate(word)}
        else:
            parts[piece[0]] = width
        at, width = piece.end(), width + len(word or piece[0])
    is_day = {"yyyy", "MM", "dd"} <= parts.keys()
    return FixedWidth(width, parts, signs) if at == len(pattern) and is_day else None


def first_fixed_widths(formats: Sequence[str]) -> list[FixedWidth]:
    """The places of the first formats, as far as each has one and no text fits two of them: then
    it does not matter which of them is asked first."""
    found: list[FixedWidth] = []
    for layout in map(fixed_width, formats):
        if layout is None or not all(_are_apart(layout, other) for other in found):
            break
        found.append(layout)
    return found


def _are_apart(one: FixedWidth, other: FixedWidth) -> bool:
    """Whether no text fits both."""
    if one.width != other.width:
        return True
    digits = range(ord("0"), ord("9") + 1)
    return any(
        one.signs.get(place) != other.signs.get(place)
        and not {one.signs.get(place, digits[0]), other.signs.get(place, digits[0])} <= {*digits}
        for place in one.signs | other.signs
    )


def read_times(texts: pa.Array, layout: FixedWidth) -> pa.Array:
    """The wall-clock times of texts, in seconds; null where one is no usual time of this form."""
    has_width = pc.fill_null(pc.equal(pc.binary_length(texts), layout.width), False)
    letters = _letters(texts if has_width.false_count == 0 else texts.filter(has_width), layout)
    is_right = np.ones(letters.shape[1], bool)
    for place, sign in layout.signs.items():
        is_right &= letters[place] == sign
    values = {}
    for part in _PARTS:
        values[part], are_digits = _number(letters, layout.parts.get(part), len(part))
        is_right &= are_digits
    seconds, exists = _seconds(values)
    times = pa.array(seconds, mask=~(is_right & exists)).cast(_SECONDS)
    return pc.replace_with_mask(pa.nulls(len(texts), _SECONDS), has_width, times)


def _letters(texts: pa.Array, layout: FixedWidth) -> Letters:
    """Texts of one width: of every place all their letters, side by side."""
    if not len(texts):
        return np.empty((layout.width, 0), np.uint8)
    _, offsets, data = texts.buffers()
    first = int(np.frombuffer(offsets, np.int32)[texts.offset])
    letters = np.frombuffer(data, np.uint8)[first : first + len(texts) * layout.width]
    return np.ascontiguousarray(letters.reshape(len(texts), layout.width).T)


def _number(letters: Letters, place: int | None, width: int) -> tuple[Numbers, object]:
    """The numbers at a place, and where all are digits; zero where the format has no such part."""
    if place is None:
        return np.zeros(letters.shape[1], np.int64), True
    total = np.zeros(letters.shape[1], np.int64)
    are_digits = np.ones(letters.shape[1], bool)
    for row in letters[place : place + width]:
        digits = row - np.uint8(ord("0"))
        total = total * 10 + digits
        are_digits &= digits < 10  # noqa: PLR2004  what is no digit wraps around to more
    return total, are_digits


def _seconds(values: dict[str, Numbers]) -> tuple[Numbers, npt.NDArray[np.bool_]]:
    """Seconds since 1970 by the clock on the wall, and which times the calendar has."""
    year, month, day, hour, minute, second = (values[part] for part in _PARTS)
    months = (year - 1970) * 12 + month - 1
    first = months.astype("datetime64[M]").astype("datetime64[D]")
    days = (months + 1).astype("datetime64[M]").astype("datetime64[D]") - first
    exists = (year >= _FIRST_YEAR) & (year <= _LAST_YEAR) & (month >= 1) & (day >= 1)
    for value, end in ((month, 13), (hour, 24), (minute, 60), (second, 60)):
        exists &= value < end
    exists &= day <= days.astype(np.int64)
    midnight = first.astype(np.int64) + day - 1
    return ((midnight * 24 + hour) * 60 + minute) * 60 + second, exists


def in_zone(times: pa.Array, zone: str) -> pa.Array:
    """Wall-clock times of a zone as instants (UTC, microseconds): of a time that came twice the
    earlier, null of one that clocks skipped."""
    instants = pc.assume_timezone(times, zone, ambiguous="earliest", nonexistent="earliest")
    exists = pc.equal(pc.local_timestamp(instants), times)
    kept = pc.if_else(exists, instants, pa.scalar(None, instants.type))
    return kept.cast(pa.timestamp("us", "UTC"))
