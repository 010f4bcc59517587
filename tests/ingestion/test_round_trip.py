"""Any table that an independent writer wrote comes back equal or quarantined, never altered."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from identity.normalise import tidy
from ingestion.batch_rules import BatchRules
from ingestion.entries import FieldEntry
from ingestion.layout import Layout
from ingestion.preflight import refusal_of
from ingestion.record_types import Tally
from model.canonical import SPARK_TYPES
from tests.ingestion.fixtures import layout
from tests.ingestion.reading import standard_columns

FIELDS = {
    "word": FieldEntry(type="text"),
    "count": FieldEntry(type="integer"),
    "price": FieldEntry(type="money"),
    "day": FieldEntry(type="date"),
    "at": FieldEntry(type="timestamp"),
    "flag": FieldEntry(type="bool"),
}
Row = tuple[str | None, int | None, Decimal | None, date | None, datetime | None, bool | None]
DAYS = st.dates(date(1900, 3, 1), date(9999, 12, 30))
TIMES = st.datetimes(datetime(1900, 3, 1), datetime(9999, 12, 30)).map(
    lambda time: time.replace(microsecond=0)
)
# Beside ordinary values, those that have no place in a type: they must be told, not bent.
ROWS = st.lists(
    st.tuples(
        st.none() | st.text(st.characters(exclude_categories=("Cs",)), max_size=12),
        st.none() | st.integers(-(2**70), 2**70),
        st.none() | st.decimals(-(10**18), 10**18, places=3, allow_nan=False)
        | st.decimals(-1000, 1000, places=2, allow_nan=False),
        st.none() | DAYS, st.none() | TIMES, st.none() | st.booleans(),
    ),
    max_size=5,
)  # fmt: skip


def layout_of_format(format_: str) -> Layout:
    fields = "\n".join(f"      {name}: {{type: {f.type}}}" for name, f in FIELDS.items())
    return layout(f"""
channel: c
datasets:
  d:
    path: "{{date}}.{format_}"
    format: {format_}
    empty: accept
    fields:
{fields}
    into: {{orders: {{columns: {{order_id: word}}}}}}
""")


LAYOUTS = {name: layout_of_format(name) for name in ("csv", "jsonl", "json", "parquet", "xlsx")}
RULES = BatchRules(
    fields=FIELDS, slots=[], accounts=(), key_faults=(), time_zone="UTC", days={},
    zone_of_days="UTC", deleted=None, high={}, steps=(), shared={}, presence={},
    outputs={
        "_reasons": "string", **{name: SPARK_TYPES[field.type] for name, field in FIELDS.items()}
    },
)  # fmt: skip


def as_texts(row: Row) -> list[str]:
    return ["" if value is None else str(value) for value in row]


def by_csv(rows: Sequence[Row], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([list(FIELDS), *map(as_texts, rows)])


def by_csv_all_quoted(rows: Sequence[Row], path: Path) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([list(FIELDS), *map(as_texts, rows)])
    path.write_text(out.getvalue(), encoding="utf-8", newline="")


def by_pandas(rows: Sequence[Row], path: Path) -> None:
    frame = pd.DataFrame(rows, columns=list(FIELDS), dtype=object)
    frame.to_csv(path, index=False, lineterminator="\r\n")


def as_object(row: Row) -> dict[str, Any]:
    word, count, price, day, at, flag = row
    texts = (None if value is None else str(value) for value in (price, day, at))
    return dict(zip(FIELDS, (word, count, *texts, flag), strict=True))


def by_json_lines(rows: Sequence[Row], path: Path) -> None:
    lines = (json.dumps(as_object(row), ensure_ascii=len(rows) % 2 == 0) for row in rows)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="")


def by_json(rows: Sequence[Row], path: Path) -> None:
    path.write_text(json.dumps([*map(as_object, rows)], indent=1), encoding="utf-8")


def by_parquet(rows: Sequence[Row], path: Path) -> None:
    types = [pa.string(), pa.decimal128(38), pa.decimal128(38, 3), pa.date32(),
             pa.timestamp("us"), pa.bool_()]  # fmt: skip
    columns = list(zip(*rows, strict=True)) or [()] * len(FIELDS)
    arrays = [pa.array(column, type_) for column, type_ in zip(columns, types, strict=True)]
    pq.write_table(pa.table(arrays, list(FIELDS)), path)


def by_xlsx(rows: Sequence[Row], path: Path) -> None:
    """Numbers beyond what Excel holds go in as text, as those who must keep them do."""
    book = openpyxl.Workbook()
    book.active.append(list(FIELDS))
    for word, count, price, day, at, flag in rows:
        texts = [None if value is None else str(value) for value in (count, price)]
        book.active.append([word, *texts, day, at, flag])
        cell = book.active.cell(book.active.max_row, 1)
        if word:
            cell.data_type = "s"  # "=…" is a word here
    book.save(path)


def in_excel(row: Row) -> Row:
    """The row with a word that XML and Excel can hold as it is."""
    word = ILLEGAL_CHARACTERS_RE.sub("", row[0] or "")
    word = "".join(letter for letter in word if letter not in "\r_\ufffe\uffff")
    return (word or None, *row[1:])


def outcome_of(path: Path, how: Layout, tally: Tally) -> list[list[Any] | str]:
    """Each record's typed values, or its reasons."""
    found = standard_columns(path, how, RULES, tally)
    rows = zip(*(found[name] for name in FIELDS), strict=True)
    return [reasons or list(row) for reasons, row in zip(found["_reasons"], rows, strict=True)]


def expected_of(row: Row) -> list[Any]:
    """The row as our types hold it: text tidied, times in UTC."""
    word, count, price, day, at, flag = row
    utc = None if at is None else at.replace(tzinfo=timezone.utc)
    return [tidy(word or "") or None, count, price, day, utc, flag]


def fits(row: Row) -> bool:
    """Whether every value has a place in its type."""
    word, count, price, *_ = row
    has_cents = price is None or (price == round(price, 2) and abs(price) < 10**16)
    return (
        "\0" not in (word or "") and (count is None or -(2**63) <= count < 2**63) and has_cents
    )


WRITERS: list[tuple[Callable[[Sequence[Row], Path], None], str]] = [
    (by_csv, "csv"), (by_csv_all_quoted, "csv"), (by_pandas, "csv"), (by_json_lines, "jsonl"),
    (by_json, "json"), (by_parquet, "parquet"), (by_xlsx, "xlsx"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("write", "format_"), WRITERS, ids=[write.__name__ for write, _ in WRITERS]
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS)
def test_a_table_comes_back_equal_or_quarantined(
    scratch: Path, write: Callable[[Sequence[Row], Path], None], format_: str, rows: list[Row]
) -> None:
    rows = [in_excel(row) for row in rows] if format_ == "xlsx" else rows
    # A row of nothing is a blank line in csv and xlsx: it is counted as such, not as a record.
    rows = [row for row in rows if any(value is not None for value in row)]
    path = scratch / f"f.{format_}"
    write(rows, path)
    assert refusal_of(path, LAYOUTS[format_]) is None
    tally = Tally()
    found = outcome_of(path, LAYOUTS[format_], tally)
    assert tally.data == len(found) == len(rows)
    for outcome, row in zip(found, rows, strict=True):
        assert isinstance(outcome, str) == (not fits(row))
        assert isinstance(outcome, str) or outcome == expected_of(row)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(instants=st.lists(TIMES, max_size=4), hours=st.integers(-12, 14))
def test_instants_with_an_offset_come_back_in_utc(
    scratch: Path, instants: list[datetime], hours: int
) -> None:
    zone = timezone(timedelta(hours=hours))
    path = scratch / "f.jsonl"
    told = [time.replace(tzinfo=timezone.utc).astimezone(zone) for time in instants]
    path.write_text("".join(f'{{"at": "{time.isoformat()}"}}\n' for time in told), encoding="utf-8")
    found = outcome_of(path, LAYOUTS["jsonl"], Tally())
    assert [row[4] for row in found] == [time.replace(tzinfo=timezone.utc) for time in instants]
