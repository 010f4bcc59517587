"""Lines of text become records of values; what cannot be read for certain says so, and stays whole.

Pure generators, run inside tasks. No value is guessed: a record that does not parse, or does not
have exactly the header's columns, comes back without values and with a reason code.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from typing import Protocol

from ingestion.blank_separated import rows_between_blanks
from ingestion.json_records import records_of_json_lines
from ingestion.layout import Layout, positions_in
from ingestion.reasons import RecordReason
from ingestion.record_types import Record, Tally

__all__ = [
    "LineSource", "Record", "Tally", "header_and_rows", "header_of", "is_blank", "records",
    "records_of_rows", "rows_of_csv", "rows_until",
]  # fmt: skip

_RUN = 2_000  # lines parsed at once where nothing is quoted


def records(lines: Iterable[str], layout: Layout, tally: Tally) -> Iterator[Record]:
    """The data records of a file's lines, in its order; values stand in the order of
    `layout.fields`."""
    if layout.is_csv:
        return _csv_records(lines, layout, tally)
    return records_of_json_lines(lines, layout, tally)


def rows_of_csv(lines: Iterable[str], layout: Layout, before: int = 0) -> Iterator[Record]:
    """Every record of a csv file as written, header and blank lines (no values) included.

    `before`: how many of the file's lines stand before the given ones.
    """
    if layout.delimiter == " ":
        yield from rows_between_blanks(lines, layout, before)
        return
    yield from rows_until(_Lines(lines, before), layout)


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
    text = "".join(taken)
    if values is None or not _is_well_quoted(text, layout):
        source.give_back(taken[1:])
        return Record(number, None, first, "broken_quote")
    if "\0" in text:  # on a further line of the record
        return Record(number, None, text, "nul")
    return Record(number, values, text, None)


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

    def __init__(self, lines: Iterable[str], before: int) -> None:
        self.lines = iter(lines)
        self.waiting: list[str] = []  # last first
        self.number = before

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
    header, rows = header_and_rows(lines, layout, tally)
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
            problem: RecordReason = "short_row" if len(values) < width else "long_row"
            yield Record(row.line, None, row.text, problem)
        else:
            picked = [None if at is None else values[at] for at in places]
            yield Record(row.line, picked, row.text, None)


def header_and_rows(
    lines: Iterable[str], layout: Layout, tally: Tally
) -> tuple[Sequence[str], Iterator[Record]]:
    """The columns' names, given or read, and the records behind them.

    No names where there is no header, or where it does not parse. Lines before a header that
    stands further down are counted as header, whatever they hold.
    """
    left = iter(lines)
    before = sum(1 for _ in islice(left, layout.header_line - 1))
    tally.header += before
    rows = rows_of_csv(left, layout, before)
    return layout.names or header_of(rows, tally), rows


def header_of(rows: Iterator[Record], tally: Tally) -> Sequence[str]:
    """The cells of the first row that is not blank; none where it does not parse, or is missing."""
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
