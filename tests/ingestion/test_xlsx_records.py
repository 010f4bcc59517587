"""Worksheets: cells as the text of what they hold; what is no saved value says so."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from ingestion.formats import records_of
from ingestion.preflight import refusal_of
from ingestion.record_types import Tally
from tests.ingestion.format_layouts import outcomes, two_fields

HOW = two_fields("xlsx")
SHEET = "xl/worksheets/sheet1.xml"


def written(folder: Path, rows: Sequence[Sequence[Any]], title: str = "Sheet") -> Path:
    book = openpyxl.Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    path = folder / "f.xlsx"
    book.save(path)
    return path


def with_sheet(path: Path, old: str, new: str) -> Path:
    """The workbook with a text of its sheet's XML put in place of another."""
    with zipfile.ZipFile(path) as parts:
        contents = {info.filename: parts.read(info) for info in parts.infolist()}
    assert old.encode() in contents[SHEET]
    contents[SHEET] = contents[SHEET].replace(old.encode(), new.encode())
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as parts:
        for name, data in contents.items():
            parts.writestr(name, data)
    path.write_bytes(out.getvalue())
    return path


def test_cells_become_exact_texts(scratch: Path) -> None:
    values = [
        1, 13812345678, 1.5, 0.1, 2.0, 1e20, True, " x ", date(2024, 2, 29),
        datetime(2024, 5, 1, 10, 30), datetime(2024, 5, 1), time(9, 5), timedelta(hours=26),
        "007", "_x4e00_",
    ]  # fmt: skip
    path = written(scratch, [("A", "B"), *((value, n) for n, value in enumerate(values))])
    found, _ = outcomes(path, HOW)
    assert [outcome[0] if outcome else None for _, outcome in found] == [
        "1", "13812345678", "1.5", "0.1", "2", "1e+20", "true", " x ",
        "2024-02-29", "2024-05-01 10:30:00", "2024-05-01 00:00:00", "09:05:00", "26:00:00", "007",
        "一",
    ]  # fmt: skip
    assert [line for line, _ in found] == list(range(2, 17))


def test_rows_may_end_early_or_be_blank_but_not_go_beyond_the_header(scratch: Path) -> None:
    rows = [(), ("A", "B"), (1,), (), (None, 2), (1, 2, 3), (1, 2, None)]
    found, counts = outcomes(written(scratch, rows), HOW)
    assert found == [
        (3, ["1", None]), (5, [None, "2"]), (6, "long_row"), (7, ["1", "2"]),
    ]  # fmt: skip
    assert counts == (1, 2, 4)


def test_a_row_is_kept_whole_as_json(scratch: Path) -> None:
    path = written(scratch, [("A", "x"), (1, "男"), (1, 2, 3)])
    texts = [json.loads(record.text) for record in records_of(path, HOW, Tally())]
    assert texts == [{"A": "1", "x": "男"}, {"A": "1", "x": "2", "column 3": "3"}]


def test_formulas_count_as_their_saved_result_or_not_at_all(scratch: Path) -> None:
    path = written(scratch, [("A", "B"), ("=1+1", 1), ("=1+2", "=1+3"), (1, "=NA()"), (4, 5)])
    with_sheet(path, "<f>1+1</f><v />", "<f>1+1</f><v>2</v>")
    with_sheet(path, "<f>1+2</f><v />", "<f>1+2</f>")
    with_sheet(path, "<f>1+3</f><v />", "<f>1+3</f><v>4</v>")
    with_sheet(path, '<c r="B4"><f>NA()</f><v />', '<c r="B4" t="e"><f>NA()</f><v>#N/A</v>')
    assert outcomes(path, HOW)[0] == [
        (2, ["2", "1"]), (3, "formula_without_value"), (4, "cell_error"), (5, ["4", "5"]),
    ]  # fmt: skip


def test_a_formula_nobody_reads_needs_no_value(scratch: Path) -> None:
    path = written(scratch, [("A", "x"), (1, "=1+1")])
    with_sheet(path, "<f>1+1</f><v />", "<f>1+1</f>")
    assert outcomes(path, HOW)[0] == [(2, ["1", None])]


def test_the_sheet_and_the_header_row_may_be_named(scratch: Path) -> None:
    path = written(scratch, [("a report", None), (None, None), ("A", "B"), (1, 2)], "一月")
    how = two_fields("xlsx", "sheet: 一月\nheader: 3")
    assert outcomes(path, how) == ([(4, ["1", "2"])], (3, 0, 1))
    assert refusal_of(path, how) is None
    assert refusal_of(path, two_fields("xlsx", "sheet: 二月")) == "missing_sheet"
    assert refusal_of(path, HOW) == "no_known_column"
    named = two_fields("xlsx", "header: [A, B]")
    assert outcomes(path, named)[0][0] == (1, ["a report", None])


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([("A", "B"), (1, 2)], None),
        ([("A", "B")], "empty"),
        ([], "empty"),
        ([("A", "A"), (1, 2)], "duplicate_column:a"),
        ([("A", "B"), ("x" * 600, "y" * 600)], "line_too_long"),
    ],
)
def test_a_workbook_is_refused_whole(
    scratch: Path, rows: list[Sequence[Any]], code: str | None
) -> None:
    assert refusal_of(written(scratch, rows), two_fields("xlsx", longest=1000)) == code


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('<row r="2"', '<row r="99999999"'),
        ('<row r="2"', '<row r="1"'),
        ('r="A2"', 'r="ZZZ2"'),
        ('r="A2"', 'r="A7"'),
        ("</sheetData>", "</sheetDat"),
        ("<worksheet", '<!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet'),
    ],
)
def test_a_sheet_that_no_program_writes_is_refused(scratch: Path, old: str, new: str) -> None:
    path = with_sheet(written(scratch, [("A", "B"), (1, 2)]), old, new)
    assert refusal_of(path, HOW) == "broken_xlsx"


def test_what_is_no_workbook_is_refused(scratch: Path) -> None:
    path = scratch / "f.xlsx"
    with zipfile.ZipFile(path, "w") as parts:
        parts.writestr("data.csv", "A,B\n1,2\n")
    assert refusal_of(path, HOW) == "not_xlsx"
    path.write_bytes(path.read_bytes()[:40])
    assert refusal_of(path, HOW) == "broken_xlsx"
    path.write_bytes(b"A,B\n1,2\n")
    assert refusal_of(path, HOW) == "not_xlsx"


def test_texts_that_all_sheets_share_are_bounded(scratch: Path) -> None:
    path = written(scratch, [("A", "B"), (1, 2)])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("xl/theme/theme9.xml", b" " * (17 << 20))
    assert refusal_of(path, HOW) == "workbook_too_large"
