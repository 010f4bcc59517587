"""The records of a file of any format."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ingestion.json_records import records_of_json_document
from ingestion.layout import Layout, open_lines
from ingestion.parquet_records import records_of_parquet
from ingestion.record_types import Record, Tally
from ingestion.records import records


def records_of(path: Path, layout: Layout, tally: Tally) -> Iterator[Record]:
    """The data records of a file that passed pre-flight, in its order, while `tally` counts.

    Values stand in the order of `layout.fields`, as text. `tally` is complete when all were taken.
    """
    if layout.format == "parquet":
        yield from records_of_parquet(path, layout, tally)
    elif layout.format == "xlsx":
        # Few files are workbooks, and openpyxl is slow to load.
        from ingestion.xlsx_records import records_of_xlsx  # noqa: PLC0415

        yield from records_of_xlsx(path, layout, tally)
    else:
        with open_lines(path, layout) as lines:
            if layout.format == "json":
                yield from records_of_json_document(lines, layout, tally)
            else:
                yield from records(lines, layout, tally)
