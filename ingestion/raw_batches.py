"""A range of a file as bounded batches of raw records, whichever way its format is read."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa

from ingestion.batch_rules import RawBatch
from ingestion.containers import open_bytes
from ingestion.csv_blocks import batches_of_csv
from ingestion.formats import records_of
from ingestion.layout import Layout
from ingestion.record_types import Record, Tally
from ingestion.records import header_of, records, rows_until
from ingestion.splits import header_names, layout_of_part
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
    if not (layout.is_csv or layout.format == "jsonl"):
        yield from _batched(records_of(path, layout, tally), layout)
        return
    is_whole = start == 0 and end == path.stat().st_size
    part = layout_of_part(layout, header_names(path, layout)) if start and layout.is_csv else layout
    with open_bytes(path) as data:
        cut = data if is_whole else cast(BinaryIO, _Bytes(data, start, end))
        source = TextSource(utf8_chunks(cut, part.encoding, has_mark=not start), first_line)
        if layout.is_csv and layout.delimiter != " ":
            yield from _of_csv(source, part, tally)
        else:
            yield from _batched(_line_by_line(source, first_line, part, tally), layout)


def _of_csv(source: TextSource, layout: Layout, tally: Tally) -> Iterator[RawBatch]:
    for found in batches_of_csv(source, _header(source, layout, tally), layout, tally):
        if isinstance(found, RawBatch):
            yield found
        else:
            yield from _batched(found, layout)


def _header(source: TextSource, layout: Layout, tally: Tally) -> Sequence[str]:
    """The columns' names, given or read; no line more is taken than they need."""
    for _ in range(layout.header_line - 1):
        tally.header += source.next() is not None
    return layout.names or header_of(_one_by_one(source, layout), tally)


def _one_by_one(source: TextSource, layout: Layout) -> Iterator[Record]:
    while rows := list(rows_until(source, layout, source.number + 1)):
        yield from rows


def _line_by_line(
    source: TextSource, first_line: int, layout: Layout, tally: Tally
) -> Iterator[Record]:
    for record in records(iter(source.next, None), layout, tally):
        yield record._replace(line=record.line + first_line - 1)


class _Bytes(io.BufferedIOBase):
    """A range of a stream's bytes, as a stream."""

    def __init__(self, data: BinaryIO, start: int, end: int) -> None:
        data.seek(start)
        self._data = data
        self._left = end - start

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        wanted = self._left if size is None or size < 0 else min(size, self._left)
        found = self._data.read(wanted)
        self._left -= len(found)
        return found

    read1 = read


def _batched(found: Iterable[Record], layout: Layout) -> Iterator[RawBatch]:
    batch: list[Record] = []
    size = 0
    for record in found:
        batch.append(record)
        size += len(record.text)
        if len(batch) >= BATCH_ROWS or size >= BATCH_CHARACTERS:
            yield batch_of_records(batch, layout)
            batch, size = [], 0
    if batch:
        yield batch_of_records(batch, layout)


def batch_of_records(batch: Sequence[Record], layout: Layout) -> RawBatch:
    """Single records as a batch; at least one."""
    unread = (None,) * len(layout.fields)
    lines, values, texts, problems = zip(*batch, strict=True)
    columns = zip(*(row or unread for row in values), strict=True)
    read = (pa.array(column, _TEXT) for column in columns)
    return RawBatch(
        pa.array(lines, pa.int64()), pa.array(texts, _TEXT), pa.array(problems, _TEXT),
        dict(zip(layout.fields, read, strict=True)),
    )
