"""Lines whose values stand apart by runs of blanks, as in tables written for the eye."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache

from ingestion.layout import Layout
from ingestion.record_types import Record


def rows_between_blanks(lines: Iterable[str], layout: Layout, before: int) -> Iterator[Record]:
    """Every line as one record; blanks at its ends belong to no value.

    A value that holds blanks stands in quotes (doubled where they are meant) within its line.
    `before`: how many of the file's lines stand before the given ones.
    """
    for number, line in enumerate(lines, start=before + 1):
        if "\0" in line:
            yield Record(number, None, line, "nul")
        elif layout.quote not in line:
            yield Record(number, _plain(line), line, None)
        else:
            values = _quoted(line.rstrip("\r\n"), layout.quote)
            yield Record(number, values, line, None if values else "broken_quote")


def _plain(line: str) -> list[str]:
    return [value for value in line.rstrip("\r\n").split(" ") if value]


def _quoted(line: str, quote: str) -> list[str] | None:
    """The values of a line that holds quotes; None where one does not stand around a value."""
    value, whole = _shapes(quote)
    if not whole.fullmatch(line):
        return None
    return [
        text if inner is None else inner.replace(quote * 2, quote)
        for text, inner in ((found[0], found[1]) for found in value.finditer(line))
    ]


@cache
def _shapes(quote: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """One value (its first group: what stands between quotes), and a line of values."""
    q = re.escape(quote)
    value = rf"{q}([^{q}]*(?:{q}{q}[^{q}]*)*){q}|[^ {q}]+"
    return re.compile(value), re.compile(rf" *(?:(?:{value})(?: +(?:{value}))*)? *")
