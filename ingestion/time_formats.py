"""Dates and times as channel files spell their formats (yyyy-MM-dd HH:mm:ss), read strictly.

A letter once takes one digit or two, twice exactly two; every other sign stands for itself, words
in single quotes. A text that names no day of the calendar has no value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta, timezone, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

EPOCHS: Mapping[str, int] = {"epoch_seconds": 1_000_000, "epoch_millis": 1_000}  # microseconds
_LAST_MICROSECOND = 253_402_300_800_000_000 - 1  # of the year 9999
_BEGIN = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)
_PIECES = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|(.)", re.DOTALL)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_OFFSET = r"(?P<zone>Z|[+-][0-9]{2}(?::?[0-9]{2})?)"
_LETTERS: Mapping[str, str] = {
    "yyyy": "(?P<year>[0-9]{4})", "yy": "(?P<short_year>[0-9]{2})",
    "M": "(?P<month>[0-9]{1,2})", "MM": "(?P<month>[0-9]{2})", "MMM": "(?P<month>[A-Za-z]{3})",
    "d": "(?P<day>[0-9]{1,2})", "dd": "(?P<day>[0-9]{2})",
    "H": "(?P<hour>[0-9]{1,2})", "HH": "(?P<hour>[0-9]{2})",
    "h": "(?P<half_hour>[0-9]{1,2})", "hh": "(?P<half_hour>[0-9]{2})",
    "a": "(?P<half>[AaPp][Mm])",
    "m": "(?P<minute>[0-9]{1,2})", "mm": "(?P<minute>[0-9]{2})",
    "s": "(?P<second>[0-9]{1,2})", "ss": "(?P<second>[0-9]{2})",
    "X": _OFFSET, "XX": _OFFSET, "XXX": _OFFSET, "x": _OFFSET, "xx": _OFFSET, "xxx": _OFFSET,
    "Z": _OFFSET, "VV": r"(?P<zone>[A-Za-z0-9_+\-/]+)",
}  # fmt: skip
_LONGEST_FRACTION = 6  # digits: stored times have microseconds


def format_problem(pattern: str) -> str | None:
    """Why a format cannot be read, or tells no day; None where all is well."""
    if pattern in EPOCHS:
        return None
    pieces = list(_PIECES.finditer(pattern))
    unknown = {p[0] for p in pieces if (p[2] and not _letters(p[0])) or p[3] == "'"}
    if unknown:
        expected = "yyyy MM dd HH mm ss SSS a XXX, other words in single quotes"
        return f"unknown {', '.join(sorted(unknown))}; expected {expected}"
    try:
        parts = set(_compiled(pattern).groupindex)
    except re.error:
        return "the same part twice; expected each part once"
    tells_day = parts & {"year", "short_year"} and {"month", "day"} <= parts
    return None if tells_day else "tells no day; expected year, month and day"


def names_zone(pattern: str) -> bool:
    """Whether times of this format name their own zone (or are counted from 1970, in UTC)."""
    return pattern in EPOCHS or "zone" in _compiled(pattern).groupindex


def date_reader(formats: tuple[str, ...]) -> Callable[[str], date | None]:
    """Text → date by the first format that fits; None where none does."""
    compiled = [_compiled(each) for each in formats]

    def read(text: str) -> date | None:
        found = (_time(match) for each in compiled if (match := each.fullmatch(text)))
        return next((time.date() for time in found if time is not None), None)

    return read


def time_reader(formats: tuple[str, ...], zone: str) -> Callable[[str], int | None]:
    """Text → microseconds since 1970 (UTC) by the first format that fits; None where none does.

    A time without a zone is wall-clock time in `zone`. One that clocks skipped (summer time) is no
    time; of one that came twice the earlier is taken.
    """
    home = ZoneInfo(zone)
    # Times that name their zone come last, whatever the order: they fit no other format by chance.
    ordered = sorted(formats, key=names_zone)
    readers = [_epoch(EPOCHS[each]) if each in EPOCHS else _clock(each, home) for each in ordered]

    def read(text: str) -> int | None:
        found = (reader(text) for reader in readers)
        return next((micros for micros in found if micros is not None), None)

    return read


def _epoch(unit: int) -> Callable[[str], int | None]:
    def read(text: str) -> int | None:
        if not re.fullmatch("[+-]?[0-9]{1,19}", text):
            return None
        micros = int(text) * unit
        return micros if 0 <= micros <= _LAST_MICROSECOND else None

    return read


def _clock(pattern: str, home: ZoneInfo) -> Callable[[str], int | None]:
    compiled = _compiled(pattern)
    has_zone = "zone" in compiled.groupindex

    def read(text: str) -> int | None:
        match = compiled.fullmatch(text)
        time = _time(match) if match else None
        if match is None or time is None:
            return None
        zone = _zone(match["zone"]) if has_zone else home
        return _micros(time, zone) if zone else None

    return read


def _micros(time: datetime, zone: tzinfo) -> int | None:
    try:
        utc = time.replace(tzinfo=zone).astimezone(timezone.utc)
        exists = utc.astimezone(zone).replace(tzinfo=None) == time
    except (OverflowError, ValueError):  # at the calendar's ends
        return None
    return (utc.replace(tzinfo=None) - _BEGIN) // _MICROSECOND if exists else None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile("".join(map(_expression, _PIECES.finditer(pattern))))


def _expression(piece: re.Match[str]) -> str:
    if piece[2]:
        return _letters(piece[0])
    quoted = piece[1]
    return re.escape(piece[0] if quoted is None else quoted.replace("''", "'") or "'")


def _letters(letters: str) -> str:
    if set(letters) == {"S"} and len(letters) <= _LONGEST_FRACTION:
        return f"(?P<fraction>[0-9]{{1,{len(letters)}}})"
    return _LETTERS.get(letters, "")


def _time(match: re.Match[str]) -> datetime | None:
    """The wall-clock time of a match; None where the calendar has none."""
    part = match.groupdict()
    year = int(part["year"]) if part.get("year") else 2000 + int(part.get("short_year") or 0)
    fraction = (part.get("fraction") or "").ljust(6, "0")
    hour = _hour(part)
    month = _month(part.get("month") or "1")
    if hour is None:
        return None
    try:
        return datetime(
            year, month, int(part.get("day") or 1), hour, int(part.get("minute") or 0),
            int(part.get("second") or 0), int(fraction),
        )  # fmt: skip
    except ValueError:
        return None


def _month(text: str) -> int:
    """A month's number; 0, which no calendar has, for a name that is none."""
    if text.isdigit():
        return int(text)
    return _MONTHS.index(text.lower()) + 1 if text.lower() in _MONTHS else 0


def _hour(part: Mapping[str, str | None]) -> int | None:
    """The hour of the day; None where a clock of twelve hours has no such hour."""
    half_hour = part.get("half_hour")
    if half_hour is None:
        return int(part.get("hour") or 0)
    hour = int(half_hour)
    is_afternoon = (part.get("half") or "am").lower() == "pm"
    return hour % 12 + 12 * is_afternoon if 1 <= hour <= 12 else None  # noqa: PLR2004


@cache
def _zone(text: str) -> tzinfo | None:
    offset = re.fullmatch(r"([+-])([0-9]{2}):?([0-9]{2})?", text)
    if offset is None:
        return timezone.utc if text == "Z" else _named_zone(text)
    size = timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0))
    if size > timedelta(hours=18):
        return None
    return timezone(-size if offset[1] == "-" else size)


def _named_zone(text: str) -> tzinfo | None:
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
