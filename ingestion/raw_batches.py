"""A range of a file as bounded batches of raw records, whichever way its format is read."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa

from ingestion.csv_blocks import batches_of_csv
from ingestion.layout import Layout, open_bytes, open_lines
from ingestion.records import Record, Tally, header_of, records, rows_until
from ingestion.standard_batch import RawBatch
from ingestion.text_blocks import TextSource, utf8_chunks

# A batch of single records ends at either bound, whichever comes first.
BATCH_ROWS = 20_000
BATCH_CHARACTERS = 8 << 20
_TEXT = pa.string()


def raw_batches(
    path: Path, start: int, end: int, first_line: int, layout: Layout, tally: Tally
) -> Iterator[RawBatch]:
    """The data records of a file's bytes from `start` to `end`, of which the first line has the
    number `first_line`; counted in `tally`."""
    if layout.is_csv:
        yield from _of_csv(path, start, end, first_line, layout, tally)
        return
    with open_lines(path, layout) as lines:
        yield from _batched(records(lines, layout, tally), layout)


def _of_csv(
    path: Path, start: int, end: int, first_line: int, layout: Layout, tally: Tally
) -> Iterator[RawBatch]:
    header = layout.names
    if start and not header:
        with open_bytes(path) as data:
            header = _header(_source(data, layout), layout, Tally())
    with open_bytes(path) as data:
        is_whole = start == 0 and end == path.stat().st_size
        part = data if is_whole else cast(BinaryIO, _Bytes(data, start, end))
        source = _source(part, layout, first_line)
        if not header:
            header = _header(source, layout, tally)
        for found in batches_of_csv(source, header, layout, tally):
            if isinstance(found, RawBatch):
                yield found
            else:
                yield from _batched(found, layout)


def _source(data: BinaryIO, layout: Layout, first_line: int = 1) -> TextSource:
    # A byte order mark stands at a file's begin only.
    encoding = layout.encoding if first_line == 1 else layout.encoding.removesuffix("-sig")
    return TextSource(utf8_chunks(data, encoding), first_line)


def _header(source: TextSource, layout: Layout, tally: Tally) -> tuple[str, ...]:
    """The header, taken from its source, and no line more."""
    return tuple(header_of(_one_by_one(source, layout), tally))


def _one_by_one(source: TextSource, layout: Layout) -> Iterator[Record]:
    while rows := list(rows_until(source, layout, source.number + 1)):
        yield from rows


class _Bytes(io.RawIOBase):
    """A range of a stream's bytes, as a stream."""

    def __init__(self, data: BinaryIO, start: int, end: int) -> None:
        data.seek(start)
        self._data = data
        self._left = end - start

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        data = self._data.read(min(len(buffer), self._left))
        buffer[: len(data)] = data
        self._left -= len(data)
        return len(data)


def _batched(found: Iterable[Record], layout: Layout) -> Iterator[RawBatch]:
    batch: list[Record] = []
    size = 0
    for record in found:
        batch.append(record)
        size += len(record.text)
        if len(batch) >= BATCH_ROWS or size >= BATCH_CHARACTERS:
            yield _raw(batch, layout)
            batch, size = [], 0
    if batch:
        yield _raw(batch, layout)


def _raw(batch: Sequence[Record], layout: Layout) -> RawBatch:
    unread = (None,) * len(layout.fields)
    lines, values, texts, problems = zip(*batch, strict=True)
    columns = zip(*(row or unread for row in values), strict=True)
    read = (pa.array(column, _TEXT) for column in columns)
    return RawBatch(
        pa.array(lines, pa.int64()), pa.array(texts, _TEXT), pa.array(problems, _TEXT),
        dict(zip(layout.fields, read, strict=True)),
    )
