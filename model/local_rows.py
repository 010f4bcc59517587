"""What a local engine's rows are: a query of its database, and what is known of where they lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
from pyspark.sql import DataFrame

from model.duckdb_sql import FILE, ROW, WAS, cast_column
from model.engines import Rows

if TYPE_CHECKING:  # the engine makes these rows
    from model.local_engine import LocalEngine


@dataclass(frozen=True)
class LocalRows:
    """Rows of a local engine: `source` is what a query reads them from, a table or a view of its
    database or a query in brackets; `name` what the step is called that computes them."""

    engine: LocalEngine
    name: str
    source: str

    @property
    def columns(self) -> list[str]:
        """The names, in their order; asked for anew each time, which binds the query."""
        return self.engine.columns_of(self)


@dataclass(frozen=True)
class FileRows(LocalRows):
    """The rows of files that may become a slice of a table as they are; `same` is what all rows
    have beside that which the files hold."""

    files: tuple[Path, ...]
    same: Mapping[str, date]


@dataclass(frozen=True)
class UnitedRows(LocalRows):
    """The rows of several parts."""

    parts: tuple[Rows, ...]


@dataclass(frozen=True)
class TableRows(LocalRows):
    """The rows of a version of a Delta table without slices: of all its files, in columns of these
    types."""

    files: tuple[str, ...]
    types: Mapping[str, str]

    @property
    def columns(self) -> list[str]:
        """The names, in their order."""
        return list(self.types)

    @property
    def has_places(self) -> bool:
        """Whether it can be told where a row lies: no column has a name that this is told by."""
        return not {FILE, ROW, WAS} & set(self.types)


@dataclass(frozen=True)
class PlacedRows(LocalRows):
    """Some rows of a table, perhaps not in all columns, of which it is known where they lie:
    `placed` has them with two columns more, FILE (its number among the table's, from 1) and ROW
    (within it, from 0)."""

    table: TableRows
    placed: LocalRows


@dataclass(frozen=True)
class RevisedRows(LocalRows):
    """The rows of a table in which `now` is in the place of `was`: kept rows with columns that
    trace them (FILE, ROW, WAS), of which those made of one of `was` are the same but for the column
    `changing`; `new` are all others."""

    was: PlacedRows
    now: LocalRows
    new: LocalRows
    changing: str


@dataclass(frozen=True)
class LargeRows:
    """Rows of a local engine that go to a file without passing through memory as a whole; `alike`
    are others of the same columns, where it is quicker to ask these for them."""

    engine: LocalEngine
    rows: LocalRows
    alike: LocalRows | None = None

    @cached_property
    def schema(self) -> pa.Schema:
        """Their columns."""
        return self.engine.schema_of(self.alike or self.rows)

    def select(self, columns: pa.Schema) -> LargeRows:
        """Some of the columns, in the types given."""
        found = self.schema
        if found.equals(columns):
            return self
        listed = ", ".join(cast_column(found.field(wanted.name), wanted) for wanted in columns)
        rows = self.engine.rows("output", f"select {listed} from large", large=self.rows)
        return LargeRows(self.engine, rows)

    def write(self, folder: Path, name: str) -> list[tuple[Path, int]]:
        """Writes one Parquet file; it, and how many rows there are."""
        file = folder / f"{name}.parquet"
        return [(file, self.engine.write(self.rows, str(file)))]

    def frame(self) -> DataFrame:
        """The rows as Spark's."""
        return self.engine.frame(self.rows)
