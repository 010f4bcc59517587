"""Rows of a slice by stretches of its key, from the files that hold them: for who goes through a
large table some keys at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

_ANY = -(1 << 63), (1 << 63) - 1


@dataclass(frozen=True)
class _KeyedFile:
    """A Parquet file, and its smallest and largest key as its own statistics tell."""

    file: Path
    low: int
    high: int


@dataclass(frozen=True)
class KeyedFiles:
    """Files of one slice, whose rows have whole numbers as their key, missing in none.

    Files may hold any keys; where each holds those of a stretch, a stretch is read once.
    """

    key: str
    files: tuple[_KeyedFile, ...]

    @classmethod
    def of(cls, files: Sequence[Path], key: str) -> KeyedFiles:
        """Reads the footers of files that have rows."""
        return cls(key, tuple(found for file in files for found in _keyed(file, key)))

    @property
    def starts(self) -> list[int]:
        """The smallest key of each file."""
        return [one.low for one in self.files]

    def between(self, first: int | None, end: int | None) -> pa.Table:
        """The rows whose keys are not below `first` (None: any) and below `end` (None: any); a
        table without columns but the key where the slice has no file."""
        parts = [
            _within(pq.read_table(one.file, partitioning=None), self.key, first, end)
            for one in self.files
            if (end is None or one.low < end) and (first is None or one.high >= first)
        ]
        if parts:
            return pa.concat_tables(parts, promote_options="default")
        if self.files:
            return pq.read_schema(self.files[0].file).empty_table()
        return pa.table({self.key: pa.array([], pa.int64())})


def _keyed(file: Path, key: str) -> list[_KeyedFile]:
    metadata = pq.read_metadata(file)
    place = metadata.schema.to_arrow_schema().get_field_index(key)
    groups = [metadata.row_group(n).column(place) for n in range(metadata.num_row_groups)]
    ends = [group.statistics for group in groups if group.num_values]
    if any(each is None or not each.has_min_max for each in ends):
        return [_KeyedFile(file, *_ANY)]
    return [_KeyedFile(file, min(e.min for e in ends), max(e.max for e in ends))] if ends else []


def _within(rows: pa.Table, key: str, first: int | None, end: int | None) -> pa.Table:
    keys, kept = rows[key], None
    for bound, test in ((first, pc.greater_equal), (end, pc.less)):
        if bound is not None:
            holds = test(keys, bound)
            kept = holds if kept is None else pc.and_(kept, holds)
    return rows if kept is None or pc.all(kept).as_py() else rows.filter(kept)
