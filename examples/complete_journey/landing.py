"""Dumps on disk: a folder per channel and date, in each channel's own dialect.

The first date carries the backlog up to and including itself, each following date its own day.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True)
class Dialect:
    """How a channel writes: csv or jsonl, and of csv the delimiter and the encoding."""

    format: str
    delimiter: str = ","
    encoding: str = "utf-8"


@dataclass(frozen=True)
class Dump:
    """All rows of a dataset, before they are cut into dates.

    rows: the dialect's columns, in the order of writing. days: the business day each row leaves
    its source. identifiers: for the truth, the same rows' identifiers by kind, as normalised.
    persons: whose row it is. rejected: rows that must end in quarantine.
    """

    folder: str  # below the landing root, with {date}
    name: str  # of the files, without their ending
    dialect: Dialect
    rows: pd.DataFrame
    days: pd.Series
    identifiers: pd.DataFrame
    persons: pd.Series
    rejected: pd.Series | None = None
    monthly: bool = False  # the backlog in one file a month, so that many can read it


@dataclass(frozen=True)
class Calendar:
    """The consecutive business dates of the demo."""

    nights: pd.DatetimeIndex

    @classmethod
    def starting(cls, start: str, nights: int) -> Calendar:
        return cls(pd.date_range(start, periods=nights, freq="D"))

    def arrivals(self, days: pd.Series) -> pd.Series:
        """The date of the dump that carries each day."""
        return days.clip(lower=self.nights[0])

    def known(self, rows: pd.DataFrame, column: str) -> pd.DataFrame:
        """The rows whose day is not after the last date."""
        return rows[rows[column] <= self.nights[-1]]


def write_dump(dump: Dump, calendar: Calendar, root: Path) -> None:
    """One or more files for every date, an empty one (csv: header only) where there are no rows."""
    arrivals = calendar.arrivals(dump.days)
    for night in calendar.nights:
        folder = root / dump.folder.format(date=f"{night:%Y-%m-%d}")
        folder.mkdir(parents=True, exist_ok=True)
        chosen = arrivals == night
        for part, rows in parts(dump, chosen, night, night == calendar.nights[0]):
            file = folder / f"{dump.name}_{part}.{dump.dialect.format}"
            file.write_bytes(rendered(rows, dump.dialect))


def parts(
    dump: Dump, chosen: pd.Series, night: pd.Timestamp, backlog: bool
) -> Iterator[tuple[str, pd.DataFrame]]:
    """The rows of a date by file; file names sort as time goes on, so later versions win."""
    rows = dump.rows[chosen]
    if not (dump.monthly and backlog):
        yield f"{night:%Y%m%d}", rows
        return
    months = dump.days[chosen].dt.strftime("%Y%m")
    for month in pd.period_range("2017-01", night.strftime("%Y-%m"), freq="M").strftime("%Y%m"):
        yield month, rows[months == month]


def rendered(rows: pd.DataFrame, dialect: Dialect) -> bytes:
    if dialect.format == "jsonl":
        return json_lines(rows)
    text = rows.to_csv(
        index=False, sep=dialect.delimiter, lineterminator="\n", quoting=csv.QUOTE_MINIMAL
    )
    return text.encode(dialect.encoding)


def json_lines(rows: pd.DataFrame) -> bytes:
    """One object a line, columns in order; numbers as such, text escaped, null where missing."""
    if rows.empty:
        return b""
    pieces = []
    for place, column in enumerate(rows.columns):
        label = json.dumps(column, ensure_ascii=False)
        pieces += [pa.scalar(f"{'{' if place == 0 else ','}{label}:"), json_values(rows[column])]
    lines = pc.binary_join_element_wise(*pieces, pa.scalar("}\n"), "")
    return "".join(lines.to_pylist()).encode()


def json_values(column: pd.Series) -> pa.Array:
    """The column's values as JSON text; each distinct text is escaped once."""
    if pd.api.types.is_integer_dtype(column):
        return pc.cast(pa.array(column.to_numpy()), pa.string())
    codes, values = pd.factorize(column.astype(object))
    texts = [money_or_text(value) for value in values]
    return pa.array([*texts, "null"], pa.string()).take(pa.array(codes % (len(texts) + 1)))


def money_or_text(value: object) -> str:
    return value.text if isinstance(value, Money) else json.dumps(value, ensure_ascii=False)


@dataclass(frozen=True)
class Money:
    """An amount as text of two digits; a number in JSON, the bare text in csv."""

    text: str

    def __str__(self) -> str:
        return self.text


def money(cents: pd.Series) -> pd.Series:
    """Exact text of whole cents; formatted once per distinct amount, never added again."""
    codes, values = pd.factorize(cents)
    texts = pd.Series([Money(f"{n // 100}.{n % 100:02d}") for n in values], dtype=object)
    return pd.Series(texts.to_numpy()[codes], index=cents.index, dtype=object)


def clock(times: pd.Series, pattern: str) -> pd.Series:
    """Wall-clock text, rendered once per distinct time; `%-d` and the like drop leading zeros."""
    codes, values = pd.factorize(times)
    texts = pd.Series(values).dt.strftime(pattern)
    return pd.Series(texts.to_numpy()[codes], index=times.index, dtype=object)
