"""Lines of text become records of values; what cannot be read for certain says so, and stays whole.

Pure generators, run inside tasks. No value is guessed: a record that does not parse, or does not
have exactly the header's columns, comes back without values and with a reason code.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple, Protocol

from ingestion.layout import Layout, header_key, positions_in

_RUN = 2_000  # lines parsed at once where nothing is quoted


class Record(NamedTuple):
    """One record: its first line's number, its values (None with a problem) and its own text."""

    line: int
    values: Sequence[str | None] | None
    text: str
    problem: str | None


class Tally:
    """Counts of one file while it is read; their sum is the number of parsed records."""

    def __init__(self) -> None:
        self.header = 0
        self.blank = 0
        self.data = 0

    @property
    def lines(self) -> int:
        """All parsed records."""
        return self.header + self.blank + self.data


def records(lines: Iterable[str], layout: Layout, tally: Tally) -> Iterator[Record]:
    """The data records of a file, in its order; values stand in the order of `layout.fields`."""
    if layout.is_csv:
        return _csv_records(lines, layout, tally)
    return _json_records(lines, layout, tally)


def rows_of_csv(lines: Iterable[str], layout: Layout) -> Iterator[Record]:
    """Every record of a csv file as written, header and blank lines (no values) included."""
    return rows_until(_Lines(lines), layout)


def rows_until(source: LineSource, layout: Layout, last: int | None = None) -> Iterator[Record]:
    """The records of a source that begin up to line `last`, or all of them."""
    csv.field_size_limit(max(layout.longest, 131_072))
    while last is None or source.number < last:
        start = source.number + 1
        run, special = _run(source, layout, last)
        for offset, (row, text) in enumerate(zip(_plain(run, layout), run, strict=True)):
            yield Record(start + offset, row, text, None)
        if special is not None:
            yield _quoted_record(special, source, layout)
        elif not run:
            return


def _plain(run: list[str], layout: Layout) -> Iterator[list[str]]:
    # Without a quote in sight one line is one record, and the parser takes many at once.
    return csv.reader(run, delimiter=layout.delimiter, quoting=csv.QUOTE_NONE, strict=True)


def _quoted_record(first: str, source: LineSource, layout: Layout) -> Record:
    """The record that begins with a line holding a quote; it may go on over further lines.

    Where the quotes do not close, only the first line is given up and reading goes on after it.
    """
    number, taken = source.number, [first]

    def fed() -> Iterator[str]:
        yield first
        size = len(first)
        while layout.multiline and size < layout.longest:
            line = source.next()
            if line is None:
                return
            taken.append(line)
            size += len(line)
            yield line

    if "\0" in first:
        return Record(number, None, first, "nul")
    parsed = csv.reader(
        fed(), delimiter=layout.delimiter, quotechar=layout.quote, escapechar=layout.escape,
        strict=True,
    )  # fmt: skip
    try:
        values: list[str] | None = next(parsed)
    except (csv.Error, StopIteration):
        values = None
    if values is None or not _is_well_quoted("".join(taken), layout):
        source.give_back(taken[1:])
        return Record(number, None, first, "broken_quote")
    return Record(number, values, "".join(taken), None)


def _is_well_quoted(text: str, layout: Layout) -> bool:
    """Whether quotes stand only around whole values (RFC 4180), doubled where they are meant.

    Python's parser takes a stray quote as a letter; but it may as well be the end of a value that
    began on an earlier line, and then the record would be invented.
    """
    return layout.escape is not None or bool(_shape(layout.delimiter, layout.quote).fullmatch(text))


@cache
def _shape(delimiter: str, quote: str) -> re.Pattern[str]:
    d, q = re.escape(delimiter), re.escape(quote)
    value = rf"(?:{q}[^{q}]*(?:{q}{q}[^{q}]*)*{q}|[^{q}{d}\r\n]*)"
    return re.compile(rf"{value}(?:{d}{value})*(?:\r\n|\r|\n)?")


class LineSource(Protocol):
    """Lines taken one by one, and the way back that a broken quote needs.

    `number` is that of the last line taken.
    """

    number: int

    def next(self) -> str | None:
        """The next line, with its end; None at the end."""
        ...

    def give_back(self, lines: list[str]) -> None:
        """Takes lines back that were taken last."""
        ...


class _Lines:
    """The lines of a file as a source."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = iter(lines)
        self.waiting: list[str] = []  # last first
        self.number = 0

    def next(self) -> str | None:
        line = self.waiting.pop() if self.waiting else next(self.lines, None)
        self.number += line is not None
        return line

    def give_back(self, lines: list[str]) -> None:
        self.waiting.extend(reversed(lines))
        self.number -= len(lines)


def _run(source: LineSource, layout: Layout, last: int | None) -> tuple[list[str], str | None]:
    """Lines up to the next that holds a quote, an escape or NUL, and that one or None."""
    run: list[str] = []
    quote, escape = layout.quote, layout.escape or layout.quote
    while len(run) < _RUN and (last is None or source.number < last):
        line = source.next()
        if line is None or quote in line or escape in line or "\0" in line:
            return run, line
        run.append(line)
    return run, None


def _csv_records(lines: Iterable[str], layout: Layout, tally: Tally) -> Iterator[Record]:
    rows = rows_of_csv(lines, layout)
    header = layout.names or header_of(rows, tally)
    return records_of_rows(rows, header, layout, tally)


def records_of_rows(
    rows: Iterable[Record], header: Sequence[str], layout: Layout, tally: Tally
) -> Iterator[Record]:
    """The data records among the rows below a header: blank ones are counted, those of another
    width have no values."""
    width = len(header)
    places = [next(iter(at), None) for at in positions_in(header, layout.fields).values()]
    for row in rows:
        if row.problem is None and is_blank(row.values or (), width):
            tally.blank += 1
            continue
        tally.data += 1
        values = row.values
        if values is None:
            yield row
        elif len(values) != width:
            problem = "short_row" if len(values) < width else "long_row"
            yield Record(row.line, None, row.text, problem)
        else:
            picked = [None if at is None else values[at] for at in places]
            yield Record(row.line, picked, row.text, None)


def header_of(rows: Iterator[Record], tally: Tally) -> Sequence[str]:
    """The cells of the first record; none where there is none, or where it does not parse."""
    for row in rows:
        if row.problem is None and is_blank(row.values or (), width=2):
            tally.blank += 1
            continue
        tally.header += 1
        return [value or "" for value in row.values or ()]
    return ()


def is_blank(values: Sequence[str | None], width: int) -> bool:
    """Whether a row is a blank line: nothing, or only blanks where several columns belong."""
    return not values or (width > 1 and len(values) == 1 and not (values[0] or "").strip())


def _json_records(lines: Iterable[str], layout: Layout, tally: Tally) -> Iterator[Record]:
    wanted: dict[str, list[int]] = {}
    for place, keys in enumerate(layout.fields.values()):
        for key in dict.fromkeys(keys):
            wanted.setdefault(key, []).append(place)
    places: dict[str, list[int]] = {}  # by key as written; none where nobody reads it
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            tally.blank += 1
            continue
        tally.data += 1
        values: list[str | None] = [None] * len(layout.fields)
        problem = "nul" if "\0" in line else _fill(values, line, wanted, places)
        yield Record(number, None if problem else values, line, problem)


def _fill(
    values: list[str | None], line: str, wanted: dict[str, list[int]],
    places: dict[str, list[int]],
) -> str | None:
    """Puts an object's values at their fields' places; the reason code where it cannot."""
    try:
        pairs = _DECODER.decode(line)
    except (ValueError, RecursionError):
        return "bad_json"
    if not isinstance(pairs, _Pairs):
        return "not_an_object"
    seen: set[int] = set()
    for key, value in pairs:
        if key not in places:
            places[key] = wanted.get(header_key(key), [])
        if not places[key]:
            continue
        text, problem = _text_of(value)
        if problem or not seen.isdisjoint(places[key]):
            return problem or "duplicate_key"
        seen.update(places[key])
        for place in places[key]:
            values[place] = text
    return None


class _Pairs(list[tuple[str, Any]]):
    """A JSON object as its pairs, so that a key given twice is seen."""


def _refuse(constant: str) -> Any:
    raise ValueError("no JSON number")


# Numbers stay the text they were: nothing is rounded on the way.
_DECODER = json.JSONDecoder(
    object_pairs_hook=_Pairs, parse_float=str, parse_int=str, parse_constant=_refuse
)


def _text_of(value: Any) -> tuple[str | None, str | None]:
    """A JSON value as text, or the reason code of one that is no single value."""
    if isinstance(value, bool):
        return ("true" if value else "false"), None
    if value is None:
        return None, None
    if not isinstance(value, str):
        return None, "nested_value"
    if "\0" in value:
        return None, "nul"
    try:
        value.encode()
    except UnicodeEncodeError:  # half a surrogate pair, written as an escape
        return None, "bad_unicode"
    return value, None
