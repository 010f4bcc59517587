"""A table's new version out of its files' own bytes, where a night changes one column of few rows.

Files in which a row changes are copied with that column anew (model/column_files.py), all others
get a second name, and what is new is one file more. Where that cannot be, the table is written
whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame

from model.column_files import ColumnFile, column_file
from model.duckdb_sql import FILE, ROW, WAS
from model.engines import Writable
from model.local_rows import LargeRows, LocalRows, RevisedRows
from model.task_files import put_file

# Of which a table consists before it is written whole again: every reader opens all of them, and a
# night in eight that takes as long as all nights did is little.
MOST_FILES = 8


@dataclass(frozen=True)
class Changes:
    """Where a table's rows change (FILE, ROW, and `day`: the new value; by ROW), and `count` rows
    that are new."""

    places: pa.Table
    new: LocalRows
    count: int

    def of_file(self, number: int) -> tuple[np.ndarray, pa.Array]:
        """The numbers of a file's rows that change, and their new values."""
        found = self.places.filter(pc.equal(self.places[FILE], number))
        return found[ROW].to_numpy(), found["day"].combine_chunks()


@dataclass(frozen=True)
class Revision:
    """Rows of a table revised, which are written out of its files, or else as a `whole`."""

    whole: LargeRows
    rows: RevisedRows

    @property
    def schema(self) -> pa.Schema:
        """Their columns."""
        return self.whole.schema

    def select(self, columns: pa.Schema) -> Writable:
        """Some of the columns, in the types given, which are those of the table."""
        whole = self.whole.select(columns)
        return Revision(whole, self.rows) if self._are_ours(columns.names) else whole

    def write(self, folder: Path, name: str) -> list[tuple[Path, int]]:
        """Writes the files of the new version; they, and their rows."""
        files = self._files()
        changes = None if files is None else self._changes()
        if files is None or changes is None:
            return self.whole.write(folder, name)
        written = []
        for number, file in enumerate(files, start=1):
            copy = folder / f"{name}-{number}.parquet"
            copy.unlink(missing_ok=True)  # it may be a second name of what an older version has
            rows, days = changes.of_file(number)
            if len(rows):
                file.write(copy, rows, days)
            else:
                put_file(file.file, copy)
            written.append((copy, file.row_count))
        if changes.count:
            new = LargeRows(self.whole.engine, changes.new).select(self.schema)
            written += new.write(folder, f"{name}-{len(files) + 1}")
        return written

    def frame(self) -> DataFrame:
        """The rows as Spark's."""
        return self.whole.frame()

    def _files(self) -> list[ColumnFile] | None:
        """The table's files; None where they are too many or one is not to be revised."""
        table = self.rows.was.table
        if len(table.files) >= MOST_FILES:
            return None
        found = [column_file(Path(file), self.rows.changing) for file in table.files]
        files = [file for file in found if file is not None and self._are_ours(file.columns)]
        return files if len(files) == len(found) else None

    def _are_ours(self, columns: Sequence[str]) -> bool:
        return sorted(columns) == sorted(self.rows.was.table.types)

    def _changes(self) -> Changes | None:
        """What changes; None where rows that were there are none any longer, or became one."""
        engine, was, now = self.whole.engine, self.rows.was.placed, self.rows.now
        counts = engine.one_row(
            "traced",
            f"""
            select count(*) as now, count({ROW}) as traced,
                (select count(*) from was_rows) as was
            from now_rows
            """,
            now_rows=now, was_rows=was,
        )  # fmt: skip
        if counts["traced"] != counts["was"]:
            return None
        changing = self.rows.changing
        places = f"""
            select {FILE}, {ROW}, {changing} as day from now_rows
            where {ROW} is not null and {changing} is distinct from {WAS}
        """
        found = engine.arrow(engine.rows("places", places, now_rows=now)).sort_by(ROW)
        return Changes(found, self.rows.new, counts["now"] - counts["traced"])
