"""The night tags are computed for: what turns planned SQL and windows into Spark conditions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from language.binding import bind, quoted
from model.dates import Window

ONE_ID, BUSINESS_DATE, DAY = "one_id", "business_date", "day"


@dataclass(frozen=True)
class Night:
    """The day tags are about, and the zone in which the project's days begin."""

    business_date: date
    time_zone: str

    def bind(self, sql: str) -> str:
        """SQL with its markers made literals."""
        return bind(sql, self.business_date, self.time_zone)

    def within(self, window: Window) -> str:
        """SQL that holds for rows of the window's days, both ends included."""
        first, last = window.bounds(self.business_date)
        upper = f"{quoted(DAY)} <= DATE '{last}'"
        return upper if first is None else f"{quoted(DAY)} >= DATE '{first}' AND {upper}"

    def reach(self, windows: Sequence[Window]) -> str:
        """SQL that holds for the days from the earliest first to the latest last of the windows."""
        bounds = [window.bounds(self.business_date) for window in windows]
        firsts = [first for first, _ in bounds if first is not None]
        upper = f"{quoted(DAY)} <= DATE '{max(last for _, last in bounds)}'"
        if len(firsts) < len(bounds):
            return upper
        return f"{quoted(DAY)} >= DATE '{min(firsts)}' AND {upper}"
