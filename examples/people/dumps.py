"""A channel's dump of one night: its columns as text, and whose rows they are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

from examples.chance import Flags, Ints
from examples.spelling import joined

EPOCH = date(1970, 1, 1)
ADD, EDIT, DELETE = "add", "edit", "delete"


@dataclass(frozen=True)
class Layout:
    """How a channel writes: the columns in their order, first the record's number.

    identifiers: those of its columns that hold one.
    """

    channel: str
    file: str
    identifiers: tuple[str, ...]
    delimiter: str = ","


@dataclass(frozen=True)
class Dump:
    """The rows of a channel on a night. For the truth beside them: whose they are, the day each is
    about, what it does (ADD, EDIT, DELETE), whether it is late."""

    layout: Layout
    columns: dict[str, pa.Array]
    person: Ints
    day: Ints
    does: pa.Array
    is_late: Flags

    @property
    def record_ids(self) -> pa.Array:
        return next(iter(self.columns.values()))

    @property
    def link_count(self) -> int:
        """Identifiers in all rows, placeholders among them."""
        filled = (self.columns[name] for name in self.layout.identifiers)
        return sum(len(column) - column.null_count for column in filled)


def write_dump(dump: Dump, landing: Path, night: str) -> None:
    """One csv file, its rows in their order; a header alone where there are none."""
    folder = landing / dump.layout.channel / night
    folder.mkdir(parents=True, exist_ok=True)
    write_rows(pa.table(dump.columns), folder / f"{dump.layout.file}.csv", dump.layout.delimiter)


def write_rows(rows: pa.Table, path: Path, delimiter: str) -> None:
    """A csv file of texts none of which needs quotes."""
    options = pyarrow.csv.WriteOptions(
        include_header=False, delimiter=delimiter, quoting_style="none"
    )
    with path.open("wb") as file:
        file.write((delimiter.join(rows.column_names) + "\n").encode())
        pyarrow.csv.write_csv(rows, file, options)


def clock(day: Ints, second: Ints, pattern: str) -> pa.Array:
    """Times of day as text: the pattern for the date, then HH:MM:SS."""
    first, last = (int(day.min()), int(day.max())) if len(day) else (0, 0)
    names = [(EPOCH + timedelta(days=n)).strftime(pattern) for n in range(first, last + 1)]
    dates = pa.array(names).take(pa.array(day - first))
    return joined(dates, " ", _seconds().take(pa.array(second)))


def dates(day: Ints, pattern: str) -> pa.Array:
    """Dates as text."""
    distinct, places = np.unique(day, return_inverse=True)
    names = [(EPOCH + timedelta(days=int(n))).strftime(pattern) for n in distinct]
    return pa.array(names, pa.string()).take(pa.array(places))


@lru_cache(maxsize=1)
def _seconds() -> pa.Array:
    return pa.array(
        [f"{n // 3600:02d}:{n // 60 % 60:02d}:{n % 60:02d}" for n in range(86_400)], pa.string()
    )


def does_of(is_edit: Flags, is_delete: Flags) -> pa.Array:
    """What each row does."""
    code = np.where(is_delete, 2, np.where(is_edit, 1, 0))
    return pa.array([ADD, EDIT, DELETE]).take(pa.array(code))
