"""Layouts of two plain fields, and the records of a file by them, for the tests of formats."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ingestion.formats import records_of
from ingestion.layout import Layout
from ingestion.record_types import Tally
from tests.ingestion.fixtures import layout

Outcome = tuple[int, Sequence[str | None] | str | None]


def two_fields(format_: str = "csv", options: str = "", longest: int = 1_048_576) -> Layout:
    """Fields a (headers A, 甲) and b (header B) in a format; `options` are further keys."""
    return layout(
        f"""
channel: c
datasets:
  d:
    path: "{{date}}.{format_}"
    format: {format_}
    fields: {{a: {{from: [A, 甲]}}, b: {{from: B}}}}
    into: {{orders: {{columns: {{order_id: a}}}}}}
{"".join(f"    {option}" + chr(10) for option in options.splitlines())}""",
        longest,
    )


def outcomes(path: Path, how: Layout) -> tuple[list[Outcome], tuple[int, int, int]]:
    """(line, values or reason code) of each record, and the counts header, blank, data."""
    tally = Tally()
    found: list[Outcome] = [
        (record.line, record.problem or record.values) for record in records_of(path, how, tally)
    ]
    return found, (tally.header, tally.blank, tally.data)
