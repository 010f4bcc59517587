"""Where a large file of lines may be cut so that its parts give the records of the whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from ingestion.containers import packing_of
from ingestion.layout import Layout, open_lines
from ingestion.record_types import Tally
from ingestion.records import header_and_rows
from ingestion.text_blocks import has_lone_cr

_CHUNK = 4 << 20
_SURE_QUOTES = ('"', "'")  # bytes that are no part of a letter in any of the encodings
_NEW_LINE, _RETURN = b"\n", b"\r"
Split = tuple[int, int, int]  # first byte, byte behind the last, number of the first line


def splits_of(path: Path, layout: Layout, target_bytes: int) -> list[Split]:
    """Byte ranges of about `target_bytes` that tile the file, cut behind line feeds; one range
    where cuts would not be exact.

    They are exact where the file is not packed, lines can be told apart as bytes, every carriage
    return stands before a line feed, and no record can span lines: in csv, where every line holds
    an even number of quotes (a last line without an end aside) and nothing escapes them. The
    header, and all before it, lies in the first range. Reads the file once.
    """
    size = path.stat().st_size
    whole = [(0, size, 1)]
    if size <= target_bytes or not _may_be_cut(path, layout):
        return whole
    first = _lines_of_header(path, layout)
    cuts: list[tuple[int, int]] = []  # byte, number of the line that begins there
    for at, line, is_exact in _line_ends(path, layout, target_bytes, first):
        if not is_exact:
            return whole
        cuts.append((at, line))
    edges = [(0, 1), *(cut for cut in cuts if cut[0] < size), (size, 0)]
    return [(a, b, line) for (a, line), (b, _) in pairwise(edges)]


def layout_of_part(layout: Layout, header: tuple[str, ...]) -> Layout:
    """How a range behind the first is read: the file's header is known, and no mark comes first."""
    encoding = "utf-8" if layout.encoding == "utf-8-sig" else layout.encoding
    return replace(layout, names=header, header_line=1, encoding=encoding)


def header_names(path: Path, layout: Layout) -> tuple[str, ...]:
    """The columns' names of a csv file, given or read; none where it has no sound header."""
    with open_lines(path, layout) as lines:
        return tuple(header_and_rows(lines, layout, Tally())[0])


def _may_be_cut(path: Path, layout: Layout) -> bool:
    is_lined = layout.is_csv or layout.format == "jsonl"
    return (
        is_lined and layout.is_byte_safe and layout.escape is None and packing_of(path) is None
        and layout.quote in _SURE_QUOTES
    )  # fmt: skip


def _lines_of_header(path: Path, layout: Layout) -> int:
    """The number of the line behind which data begins."""
    if not layout.is_csv:
        return 0
    tally = Tally()
    with open_lines(path, layout) as lines:
        header_and_rows(lines, layout, tally)
    return tally.header + tally.blank


def _line_ends(
    path: Path, layout: Layout, target: int, first: int
) -> Iterator[tuple[int, int, bool]]:
    """(byte, line's number, True) of each cut; one with False where the file has no exact cut."""
    spans_lines = layout.is_csv and layout.multiline and layout.delimiter != " "
    quote = layout.quote.encode() if spans_lines else b""
    at, line, next_cut, odd = 0, 1, target, 0
    with path.open("rb") as data:
        while chunk := data.read(_CHUNK):
            # A return at the end of a chunk belongs to the line feed that may follow.
            if chunk.endswith(_RETURN):
                chunk += data.read(1)
            odd = _odd_quotes(chunk, quote, odd)
            if odd < 0 or has_lone_cr(chunk):
                yield 0, 0, False
                return
            done = 0
            while at + len(chunk) > next_cut:
                end = chunk.find(_NEW_LINE, max(next_cut - at - 1, done)) + 1
                if not end:
                    break
                line += chunk.count(_NEW_LINE, done, end)
                done = end
                if line > first + 1:
                    yield at + end, line, True
                    next_cut = at + end + target
                else:
                    next_cut = at + end + 1
            line += chunk.count(_NEW_LINE, done)
            at += len(chunk)


def _odd_quotes(chunk: bytes, quote: bytes, before: int) -> int:
    """Whether (1) the line open at the chunk's end has an odd number of quotes so far; -1 where a
    line that ended has. `before`: the same of the line that was open at its start."""
    if not quote or (quote not in chunk and not before):
        return 0
    letters = np.frombuffer(chunk, np.uint8)
    quotes = np.flatnonzero(letters == quote[0])
    ends = np.flatnonzero(letters == _NEW_LINE[0])
    so_far = np.searchsorted(quotes, ends) + before
    if (so_far & 1).any():
        return -1
    return int((len(quotes) + before) & 1)
