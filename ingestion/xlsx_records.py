"""Rows of a worksheet become records: cells as the text of what they hold, formulas as their saved
result."""

from __future__ import annotations

import warnings
import zipfile
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime, time
from pathlib import Path
from typing import Any, NamedTuple

import openpyxl
from openpyxl.styles.numbers import is_datetime
from openpyxl.utils.escape import unescape

from ingestion.layout import Layout, positions_in
from ingestion.reasons import FileRefusedError, RecordReason
from ingestion.record_types import Record, Tally
from ingestion.sheet_scan import MOST_ROWS, formulas_without_value
from ingestion.value_texts import RowTexts, time_text, value_text

# Of parts that are read whole: the texts all sheets share, and everything else that is no sheet.
_MOST_SHARED, _MOST_OTHER = 64 << 20, 16 << 20
_WORKBOOK = "xl/workbook.xml"
warnings.filterwarnings("ignore", module="openpyxl")  # about styles, which nobody reads here


class Row(NamedTuple):
    """One row: its number, its cells' texts, and the problem of each cell that has one."""

    number: int
    texts: Sequence[str | None]
    problems: dict[int, RecordReason]


def check_parts(path: Path, most: int) -> None:
    """FileRefusedError where the parts of a workbook unpack to more than `most` bytes, or what
    is read whole to more than is good for the memory.

    To be called before any other reader here: those trust the workbook this far.
    """
    with _told_as_broken(), zipfile.ZipFile(path) as parts:
        infos = parts.infolist()
        _check_sizes(infos, most)
        for info in infos:
            if _is_sheet(info.filename):
                with parts.open(info) as data:
                    deque(formulas_without_value(data), maxlen=0)


def _check_sizes(infos: Sequence[zipfile.ZipInfo], most: int) -> None:
    if not any(info.filename == _WORKBOOK for info in infos):
        raise FileRefusedError("not_xlsx")
    if sum(info.file_size for info in infos) > most:
        raise FileRefusedError("expansion_ratio")
    for info in infos:
        name = info.filename.lower()
        limit = _MOST_SHARED if name.endswith("sharedstrings.xml") else _MOST_OTHER
        is_read_whole = name.endswith((".xml", ".rels")) and not _is_sheet(name)
        if is_read_whole and info.file_size > limit:
            raise FileRefusedError("workbook_too_large")


def _is_sheet(name: str) -> bool:
    return "/worksheets/" in name and name.endswith(".xml")


@contextmanager
def _told_as_broken() -> Iterator[None]:
    """Whatever hostile bytes raise in a third party's reader, told as one thing."""
    try:
        yield
    except FileRefusedError:
        raise
    except OSError as error:
        if error.errno is not None:  # the system's own, such as a file that vanished
            raise
        raise FileRefusedError("broken_xlsx") from None
    except Exception:
        raise FileRefusedError("broken_xlsx") from None


def records_of_xlsx(path: Path, layout: Layout, tally: Tally) -> Iterator[Record]:
    """One record for each row behind the header that is not blank; its line is the row's number.

    A row that ends early has nothing in its further columns; one with values beyond the header's
    columns is too long.
    """
    if not path.stat().st_size:
        return
    rows = rows_of_xlsx(path, layout.sheet)
    header = layout.names or header_of_rows(rows, layout, tally)
    width = len(header)
    places = [next(iter(at), None) for at in positions_in(header, layout.fields).values()]
    own = RowTexts(header)
    for row in rows:
        if is_blank_row(row):
            tally.blank += 1
            continue
        tally.data += 1
        texts = [*row.texts, *[None] * (width - len(row.texts))]
        problem: RecordReason | None = "long_row" if len(texts) > width else None
        told = (row.problems.get(at) for at in places if at is not None)
        problem = problem or next((each for each in told if each), None)
        values = None if problem else [None if at is None else texts[at] for at in places]
        yield Record(row.number, values, own.of(texts), problem)


def header_of_rows(rows: Iterator[Row], layout: Layout, tally: Tally) -> Sequence[str]:
    """The texts of the header row; none where there is none. Rows before it count as header."""
    for row in rows:
        if row.number < layout.header_line:
            tally.header += 1
        elif is_blank_row(row):
            tally.blank += 1
        else:
            tally.header += 1
            return [text or "" for text in row.texts]
    return ()


def is_blank_row(row: Row) -> bool:
    """Whether nothing stands in a row."""
    return not row.texts and not row.problems


def rows_of_xlsx(path: Path, sheet: str) -> Iterator[Row]:
    """Every row of the sheet (empty: the first), those without cells in between included.

    FileRefusedError where the workbook is none, or lacks the sheet.
    """
    with _told_as_broken():
        yield from _rows(path, sheet)


def _rows(path: Path, sheet: str) -> Iterator[Row]:
    with zipfile.ZipFile(path) as parts:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
        with closing(book):
            page = _sheet(book, sheet)
            with parts.open(page._worksheet_path) as data:
                unsaved = formulas_without_value(data)
                at, columns = next(unsaved, (MOST_ROWS + 1, frozenset[int]()))
                for number, cells in enumerate(page.iter_rows(), start=1):
                    while at < number:
                        at, columns = next(unsaved, (MOST_ROWS + 1, frozenset[int]()))
                    yield _row(number, cells, columns if at == number else frozenset())


def _sheet(book: Any, sheet: str) -> Any:
    pages = {page.title: page for page in book.worksheets}
    page = pages.get(sheet) if sheet else next(iter(pages.values()), None)
    if page is None:
        raise FileRefusedError("missing_sheet")
    # What a sheet says of its own size may be wrong.
    page.reset_dimensions()
    return page


def _row(number: int, cells: Sequence[Any], unsaved: frozenset[int]) -> Row:
    texts: list[str | None] = []
    problems: dict[int, RecordReason] = {
        column - 1: "formula_without_value" for column in unsaved
    }
    for place, cell in enumerate(cells):
        text = None if cell.value is None else _text(cell)
        texts.append(text)
        if cell.data_type == "e":
            problems[place] = "cell_error"
        elif text is not None and "\0" in text:
            problems[place] = "nul"
    while texts and texts[-1] is None:
        texts.pop()
    return Row(number, texts, problems)


def _text(cell: Any) -> str:
    value = cell.value
    if isinstance(value, str):
        return unescape(value) if "_x" in value else value
    if isinstance(value, datetime) and is_datetime(cell.number_format) == "date":
        return time_text(value.date() if value.time() == time(0) else value)
    return value_text(value)
