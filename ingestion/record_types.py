"""What readers of all formats give: records, and the counts of a file while it is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ingestion.reasons import RecordReason


class Record(NamedTuple):
    """One record: its first line's number, its values (None with a problem) and its own text.

    Where a format has no lines, they are counted as its rows or objects are, from 1, and the text
    is the JSON object of the record.
    """

    line: int
    values: Sequence[str | None] | None
    text: str
    problem: RecordReason | None


class Tally:
    """Counts of one file while it is read; their sum is the number of parsed records."""

    def __init__(self) -> None:
        self.header = 0
        self.blank = 0
        self.data = 0

    @property
    def lines(self) -> int:
        """All parsed records."""
        return self.header + self.blank + self.data
