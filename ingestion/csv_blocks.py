"""Records of csv text a block at a time: parsed by Arrow where each line is a record for certain.

Arrow reads a hundred megabytes a second and ingestion.records reads ten, but only the latter tells
why a record cannot be read, and finds its way back from a broken quote. So a block goes to Arrow
where it holds nothing that the two could read differently; lines it finds too short or too long,
and all other blocks, are read by ingestion.records. Both ways give the same records, by test.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from ingestion.batch_rules import RawBatch
from ingestion.layout import Layout, positions_in
from ingestion.record_types import Record, Tally
from ingestion.records import records_of_rows, rows_of_csv, rows_until
from ingestion.text_blocks import BOM, Block, TextSource, has_lone_cr, lines_of

_LF, _CR = 10, 13
Places = npt.NDArray[np.int64]


def batches_of_csv(
    source: TextSource, header: Sequence[str], layout: Layout, tally: Tally
) -> Iterator[RawBatch | list[Record]]:
    """The data records that follow the header, in batches; those read one by one as a list."""
    parser = _parser(header, layout)
    while block := source.block():
        parsed = parser.parsed(block) if parser else None
        if parsed is None:
            last = source.number
            source.give_back(lines_of(block.data))
            rows = rows_until(source, layout, last)
            yield list(records_of_rows(rows, header, layout, tally))
        else:
            tally.blank += parsed.blank_count
            tally.data += len(parsed.batch.lines)
            yield parsed.batch
            yield list(records_of_rows(iter(parsed.odd), header, layout, tally))


class _Parsed(NamedTuple):
    """What Arrow read of a block, its blank lines, and the lines it did not take."""

    batch: RawBatch
    blank_count: int
    odd: list[Record]


def _parser(header: Sequence[str], layout: Layout) -> _Parser | None:
    """Arrow's way to read these files; None where it has none."""
    signs = (layout.delimiter, layout.quote)
    is_plain = all(len(sign) == 1 and sign.isascii() and not sign.isspace() for sign in signs)
    is_plain |= layout.delimiter == "\t" and layout.quote.isascii()
    return _Parser(header, layout) if is_plain and header else None


class _Parser:
    """Arrow's reader of one file's blocks."""

    def __init__(self, header: Sequence[str], layout: Layout) -> None:
        self.layout = layout
        self.width = len(header)
        self.names = [f"c{place}" for place in range(len(header))]
        self.places = {
            field: next(iter(at), None) for field, at in positions_in(header, layout.fields).items()
        }

    def parsed(self, block: Block) -> _Parsed | None:
        """The block's records; None where Arrow might read them otherwise than they are."""
        data = block.data
        # Arrow would take a mark at the begin of any block away.
        if b"\0" in data or has_lone_cr(data) or data.startswith(BOM):
            return None
        if self.layout.escape and self.layout.escape.encode() in data:
            return None
        signs = np.frombuffer(data, np.uint8)
        starts = _line_starts(signs)
        is_quoted = self.layout.quote.encode() in data
        if is_quoted and not self._is_well_quoted(signs, starts):
            return None
        odd: list[int] = []
        table = self._table(data, is_quoted, odd)
        return self._by_line(block, starts, table, odd)

    def _is_well_quoted(self, signs: npt.NDArray[np.uint8], starts: Places) -> bool:
        """Whether quotes stand around whole values only, doubled within, none over a line's end.

        Then every quote at an even place of its line opens a value (or is the second of two), and
        every other one closes it (or is the first of two).
        """
        quote, delimiter = ord(self.layout.quote), ord(self.layout.delimiter)
        at = np.flatnonzero(signs == quote)
        if len(at) % 2:
            return False
        opening, closing = at[0::2], at[1::2]
        lines = np.searchsorted(starts, at, side="right")
        if not np.array_equal(lines[0::2], lines[1::2]):
            return False
        around = np.concatenate(([_LF], signs, [_LF]))  # a block begins and ends with a line
        before, after = around[opening], around[closing + 2]
        opens = (before == delimiter) | (before == _LF) | (before == quote)
        closes = (after == delimiter) | (after == _LF) | (after == _CR) | (after == quote)
        return bool(opens.all() and closes.all())

    def _table(self, data: bytes, is_quoted: bool, odd: list[int]) -> pa.Table:
        """The columns that fields stand in, of all lines but those of another width (`odd`)."""

        def put_aside(row: pa_csv.InvalidRow) -> str:
            odd.append(row.number - 1)
            return "skip"

        places = [at for at in self.places.values() if at is not None] or [0]
        wanted = list(dict.fromkeys(f"c{at}" for at in places))
        return pa_csv.read_csv(
            pa.BufferReader(data),
            pa_csv.ReadOptions(
                column_names=self.names, use_threads=False, block_size=len(data) + 1
            ),
            pa_csv.ParseOptions(
                delimiter=self.layout.delimiter,
                quote_char=self.layout.quote if is_quoted else False,
                ignore_empty_lines=False, invalid_row_handler=put_aside,
            ),
            pa_csv.ConvertOptions(
                include_columns=wanted, column_types=dict.fromkeys(wanted, pa.string()),
                strings_can_be_null=False,
            ),
        )  # fmt: skip

    def _by_line(
        self, block: Block, starts: Places, table: pa.Table, odd: Sequence[int]
    ) -> _Parsed | None:
        """The parsed rows with their lines; None where there are not as many as there should be."""
        taken = np.ones(len(starts), bool)
        taken[odd] = False
        if table.num_rows != taken.sum():
            return None
        texts = _texts(block.data, starts)
        blank = _are_blank(texts)
        rows = table.filter(pa.array(~blank[taken])) if blank.any() else table
        kept = np.flatnonzero(taken & ~blank)
        batch = RawBatch(
            lines=pa.array(kept + block.first_line),
            texts=texts if len(kept) == len(starts) else texts.take(pa.array(kept)),
            problems=pa.nulls(len(kept), pa.string()),
            values={
                field: pa.nulls(len(kept), pa.string()) if at is None
                else rows[f"c{at}"].combine_chunks()
                for field, at in self.places.items()
            },
        )  # fmt: skip
        told = [self._odd_row(block.first_line + line, texts[line].as_py()) for line in odd]
        return _Parsed(batch, int(blank.sum()), told)

    def _odd_row(self, line: int, text: str) -> Record:
        (row,) = rows_of_csv([text], self.layout)
        return row._replace(line=line)


def _line_starts(signs: npt.NDArray[np.uint8]) -> Places:
    """Where the lines of a block begin."""
    ends = np.flatnonzero(signs == _LF) + 1
    starts = np.concatenate(([0], ends))
    return starts[:-1] if len(ends) and ends[-1] == len(signs) else starts


def _texts(data: bytes, starts: Places) -> pa.Array:
    """The lines with their ends, without a copy of the block."""
    offsets = np.append(starts, len(data)).astype(np.int32)
    return pa.StringArray.from_buffers(
        len(starts), pa.py_buffer(offsets.tobytes()), pa.py_buffer(data)
    )


def _are_blank(texts: pa.Array) -> npt.NDArray[np.bool_]:
    """Which lines hold nothing but their end."""
    lengths = pc.binary_length(texts).to_numpy()
    short = np.flatnonzero(lengths <= len("\r\n"))
    blank = np.zeros(len(texts), bool)
    blank[short] = [not texts[int(line)].as_py().strip("\r\n") for line in short]
    return blank
