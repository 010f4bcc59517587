"""The look at a file's bytes before Spark sees them: whole and readable, or refused whole."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from ingestion.containers import container_refusal
from ingestion.json_records import elements_of
from ingestion.layout import Layout, open_lines, positions_in
from ingestion.parquet_records import longest_row, open_parquet, unpacked_size, value_count
from ingestion.reasons import FileRefusedError
from ingestion.record_types import Tally
from ingestion.records import header_and_rows, is_blank
from ingestion.text_check import check_text, most_bytes
from ingestion.xlsx_records import check_parts, header_of_rows, is_blank_row, rows_of_xlsx
from model.errors import InputMissingError


def refusal_of(path: Path, layout: Layout) -> str | None:
    """The reason code for which a file is refused whole (ingestion.reasons.FileReason, those of
    columns with `:<field>` behind them); None where its records may be read.

    InputMissingError where the file vanished since it was planned.
    """
    try:
        _check(path, layout)
    except FileRefusedError as refused:
        return refused.code
    except OSError as error:
        raise InputMissingError(
            f"{path.name}: {type(error).__name__} while reading; it may still be arriving"
        ) from None
    return None


def _check(path: Path, layout: Layout) -> None:
    refusal = container_refusal(path, layout.format)
    if refusal:
        raise FileRefusedError(refusal)
    if layout.is_text:
        check_text(path, layout)
        is_empty = _check_document(path, layout) if layout.format == "json" else (
            _check_header(path, layout)
        )
    elif not path.stat().st_size:
        is_empty = True
    else:
        is_empty = (_check_parquet if layout.format == "parquet" else _check_xlsx)(path, layout)
    if is_empty and not layout.accepts_empty:
        raise FileRefusedError("empty")


def _check_header(path: Path, layout: Layout) -> bool:
    """Whether there is nothing behind the header of a file of lines, which is sound."""
    with open_lines(path, layout) as lines:
        if not layout.is_csv:
            return not any(line.strip() for line in lines)
        tally = Tally()
        header, rows = header_and_rows(lines, layout, tally)
        if tally.header and not header:
            raise FileRefusedError("broken_header")
        if header:
            _check_columns(header, layout)
        width = len(header)
        return all(not row.problem and is_blank(row.values or (), width) for row in rows)


def _check_document(path: Path, layout: Layout) -> bool:
    """Whether a JSON document, which is whole, holds nothing."""
    with open_lines(path, layout) as document:
        return not deque(elements_of(document, layout.longest), maxlen=1)


def _check_parquet(path: Path, layout: Layout) -> bool:
    """Whether a Parquet file, every page of which can be read, has no rows."""
    try:
        with open_parquet(path) as file:
            if max(value_count(file), unpacked_size(file)) > most_bytes(path):
                raise FileRefusedError("expansion_ratio")
            _check_columns(file.schema_arrow.names, layout)
            if longest_row(file) > layout.longest:
                raise FileRefusedError("line_too_long")
            return file.metadata.num_rows == 0
    except (pa.ArrowException, ValueError):
        raise FileRefusedError("broken_parquet") from None
    except OSError as error:
        if error.errno is not None:
            raise
        raise FileRefusedError("broken_parquet") from None


def _check_xlsx(path: Path, layout: Layout) -> bool:
    """Whether a workbook's sheet, every row of which can be read, has no rows behind its header."""
    most = most_bytes(path)
    check_parts(path, most)
    rows, tally = rows_of_xlsx(path, layout.sheet), Tally()
    header = layout.names or header_of_rows(rows, layout, tally)
    if tally.header and not header:
        raise FileRefusedError("broken_header")
    if header:
        _check_columns(header, layout)
    is_empty, cells = True, 0
    for row in rows:
        cells += len(row.texts)
        if cells > most:
            raise FileRefusedError("expansion_ratio")
        if sum(len(text) for text in row.texts if text) > layout.longest:
            raise FileRefusedError("line_too_long")
        is_empty = is_empty and is_blank_row(row)
    return is_empty


def _check_columns(header: Sequence[str], layout: Layout) -> None:
    positions = positions_in(header, layout.fields)
    if not any(positions.values()):
        raise FileRefusedError("no_known_column")
    for field, places in positions.items():
        if len(places) > 1:
            raise FileRefusedError("duplicate_column", field)
        if not places and field in layout.required:
            raise FileRefusedError("missing_column", field)
