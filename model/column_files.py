"""A Parquet file in which one column of days has other values: the bytes of all others are copied.

To decode and encode every column, where a night closes a fiftieth of a history's rows, is most of
what it costs to write it. So the new file is the old one's bytes as they are, then the chunks of
the new column, then a footer that leads to these. Readers find chunks by the places that the footer
tells, so nothing else is moved. What the column was before stays where it was and nobody reads it,
or is cut off where it is the file's end, as an earlier copy has put it.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BufferedReader, BufferedWriter, BytesIO
from pathlib import Path
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from model.parquet_footers import (
    MAGIC,
    ROW_GROUPS,
    Footer,
    Struct,
    footer_bytes,
    footer_of,
    with_values,
)

_STRETCH = 1 << 20  # bytes that are held while a file is copied

# Numbers of fields, as parquet.thrift has them: of FileMetaData, RowGroup, ColumnChunk and
# ColumnMetaData.
_OF_ENCRYPTED_FILES = (8, 9)
_CHUNKS, _PLAIN_SIZE_OF_ALL, _ROWS, _SORTED_BY, _SIZE_OF_ALL = 1, 2, 3, 4, 6
_FILE_PATH, _META, _PAGE_INDEXES, _OF_ENCRYPTED_CHUNKS = 1, 3, (4, 5, 6, 7), (8, 9)
_PLAIN_SIZE, _SIZE, _DATA_PAGE, _DICTIONARY_PAGE = 6, 7, 9, 11


@dataclass(frozen=True)
class ColumnFile:
    """A file of `row_count` rows with the columns named, and which of them is to have other values:
    `column`, by its place among all that hold values `number`."""

    file: Path
    footer: Footer
    row_count: int
    columns: tuple[str, ...]
    column: str
    number: int

    def write(self, copy: Path, rows: np.ndarray, days: pa.Array) -> None:
        """Writes a copy that has `days` as the column's values of some rows: their numbers within
        the file, in order, each once."""
        values = self._encoded(rows, days)
        new = _of_arrow(values)
        kept = self._kept()
        with self.file.open("rb") as source, copy.open("wb") as out:
            _copied(source, out, kept)
            out.write(values[len(MAGIC) : new.start])
            out.write(footer_bytes(self._told(new, kept - len(MAGIC))))

    def _encoded(self, rows: np.ndarray, days: pa.Array) -> bytes:
        """A file of the new column alone, in the row groups of the old one."""
        schema = pa.schema([(self.column, pa.date32())])
        written, start = pa.BufferOutputStream(), 0
        with (
            pq.ParquetFile(self.file) as old,
            pq.ParquetWriter(written, schema, compression="zstd", store_schema=False) as out,
        ):
            for group in range(old.num_row_groups):
                was = old.read_row_group(group, [self.column])[self.column].combine_chunks()
                first, last = np.searchsorted(rows, (start, start + len(was)))
                is_other = np.zeros(len(was), bool)
                is_other[rows[first:last] - start] = True
                new = pc.replace_with_mask(was, is_other, days[first:last])
                out.write_table(pa.table([new], schema), row_group_size=len(was))
                start += len(was)
        return written.getvalue().to_pybytes()

    def _kept(self) -> int:
        """How many bytes of the file the copy begins with."""
        own = [_meta(_chunks(group)[self.number]) for group in self.footer.row_groups]
        first = min(_begin(meta) for meta in own)
        is_end = first + sum(meta[_SIZE].value for meta in own) == self.footer.start
        return first if is_end else self.footer.start

    def _told(self, new: Footer, shift: int) -> Struct:
        """The footer of the copy, where the chunks that `new` tells of lie `shift` bytes later."""
        groups = [
            self._group(group, _moved(_chunks(alone)[0], shift))
            for group, alone in zip(self.footer.row_groups, new.row_groups, strict=True)
        ]
        listed = self.footer.told[ROW_GROUPS].value._replace(values=groups)
        return with_values(self.footer.told, {ROW_GROUPS: listed})

    def _group(self, group: Struct, chunk: Struct) -> Struct:
        """A row group with another chunk of the column."""
        chunks = list(map(_without_page_indexes, _chunks(group)))
        was, chunks[self.number] = chunks[self.number], chunk
        sizes = {
            total: group[total].value + _meta(chunk)[size].value - _meta(was)[size].value
            for total, size in ((_PLAIN_SIZE_OF_ALL, _PLAIN_SIZE), (_SIZE_OF_ALL, _SIZE))
            if total in group
        }  # fmt: skip
        return with_values(group, {_CHUNKS: group[_CHUNKS].value._replace(values=chunks), **sizes})


def column_file(file: Path, column: str) -> ColumnFile | None:
    """A file of which a column of days (null: none) may be given other values; None where it is not
    what DuckDB, Arrow and Spark write: encrypted, in several pieces, sorted by that column, or one
    in which the column is missing or is something else."""
    try:
        found = pq.read_metadata(file)
        with file.open("rb") as source:
            footer = footer_of(source)
    except (pa.ArrowInvalid, OSError):
        return None
    paths = [found.schema.column(n).path for n in range(found.num_columns)]
    # Spark shares a file out among tasks by where the first column lies, which so has to stay.
    number = paths.index(column) if column in paths else 0
    if footer is None or number == 0 or not _is_of_days(found.schema.column(number)):
        return None
    is_plain = not any(each in footer.told for each in _OF_ENCRYPTED_FILES) and all(
        _is_plain(group, number) for group in footer.row_groups
    )
    columns = tuple(found.schema.to_arrow_schema().names)
    return ColumnFile(file, footer, found.num_rows, columns, column, number) if is_plain else None


def _is_of_days(column: pq.ColumnSchema) -> bool:
    return (
        column.physical_type == "INT32" and column.logical_type.type == "DATE"
        and column.max_definition_level == 1 and column.max_repetition_level == 0
    )  # fmt: skip


def _is_plain(group: Struct, number: int) -> bool:
    """Whether a row group has rows, which lie in its file for everybody to read, and in no order
    that the column makes."""
    sorted_by = group[_SORTED_BY].value.values if _SORTED_BY in group else []
    is_unsorted = number not in (each[1].value for each in sorted_by)
    return group[_ROWS].value > 0 and is_unsorted and all(
        _META in chunk and not any(each in chunk for each in (_FILE_PATH, *_OF_ENCRYPTED_CHUNKS))
        for chunk in _chunks(group)
    )


def _of_arrow(file: bytes) -> Footer:
    """The footer of a file that Arrow has just written in memory."""
    return cast(Footer, footer_of(BytesIO(file)))


def _chunks(group: Struct) -> list[Struct]:
    chunks: list[Struct] = group[_CHUNKS].value.values
    return chunks


def _meta(chunk: Struct) -> Struct:
    meta: Struct = chunk[_META].value
    return meta


def _begin(meta: Struct) -> int:
    """Where a chunk begins: with its dictionary, if it has one."""
    return min(meta[place].value for place in (_DATA_PAGE, _DICTIONARY_PAGE) if place in meta)


def _moved(chunk: Struct, shift: int) -> Struct:
    """The chunk, `shift` bytes later in a file."""
    places = {
        place: _meta(chunk)[place].value + shift
        for place in (_DATA_PAGE, _DICTIONARY_PAGE) if place in _meta(chunk)
    }  # fmt: skip
    return with_values(chunk, {_META: with_values(_meta(chunk), places)})


def _without_page_indexes(chunk: Struct) -> Struct:
    """Some readers want these of all columns or of none; the new column has none."""
    return {number: field for number, field in chunk.items() if number not in _PAGE_INDEXES}


def _copied(source: BufferedReader, out: BufferedWriter, size: int) -> None:
    """Copies the first `size` bytes of a file, by way of few, which the processor's caches hold."""
    held = memoryview(bytearray(_STRETCH))
    while size and (count := source.readinto(held[: min(size, _STRETCH)])):
        out.write(held[:count])
        size -= count
