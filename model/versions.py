"""Which of a key's versions stands, as one SQL text for every reader and for ingestion.

A version is a row of a clean table. Newest first: by the table's time, then by arrival; where a
dataset arrives whole, by arrival alone. Versions of bytes that a file no longer has do not count.
"""

from __future__ import annotations

from dataclasses import dataclass

from model.sql_text import is_one_of

# A row of a whole state has no generation: what was before it stays what it said until it changes.
WHOLE = 0
# A row without a line says that its file's new bytes no longer hold the key. It withdraws what the
# file said before, and nothing of other files; line 0 says that a whole state lacks the key.
GONE_LINE = 0
ARRIVAL_ORDER = ("arrived_date", "generation", "source_file", "source_line")


@dataclass(frozen=True)
class Reading:
    """What readers of a table must know of the channels that feed it.

    `whole`: (channel, dataset) of those that bring the whole state every time; `shadow`: channels
    whose rows no person and no tag sees.
    """

    whole: frozenset[tuple[str, str]] = frozenset()
    shadow: frozenset[str] = frozenset()

    def newest_first(self, time: str | None, has_channel: bool, rows: str) -> str:
        """SQL of the order of a key's versions; `has_channel`: the key tells the channel.

        Arrival alone decides in the channels that bring a state whole: their other datasets' rows
        are judged beside it. A key that several channels share is judged so for all of them.
        """
        arrival = [f"{rows}.{name} desc nulls first" for name in ARRIVAL_ORDER]
        if time is None or (self.whole and not has_channel):
            return ", ".join(arrival)
        given = f"{rows}.{time}"
        if self.whole:
            channels = sorted({channel for channel, _ in self.whole})
            by_arrival = is_one_of(f"{rows}.channel", channels)
            given = f"case when {by_arrival} then null else {given} end"
        return ", ".join([f"{given} desc nulls last", *arrival])


def is_mark(rows: str) -> str:
    """SQL: the row only says that its file's new bytes lack the key."""
    return f"({rows}.source_line is null)"
