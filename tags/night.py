"""The night tags are computed for: what turns planned SQL and windows into Spark conditions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from language.binding import bind, quoted
from model.dates import Window

ONE_ID, BUSINESS_DATE, DAY = "one_id", "business_date", "day"
Days = tuple[date | None, date]  # the first (None: since ever) and the last


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
        return within_days(window.bounds(self.business_date))

    def days(self, windows: Sequence[Window]) -> Days:
        """From the earliest first to the latest last day of the windows, both included."""
        bounds = [window.bounds(self.business_date) for window in windows]
        firsts = [first for first, _ in bounds if first is not None]
        return min(firsts) if len(firsts) == len(bounds) else None, max(last for _, last in bounds)

    def reach(self, windows: Sequence[Window]) -> str:
        """SQL that holds for these days."""
        return within_days(self.days(windows))


def within_days(days: Days) -> str:
    """SQL that holds for some days, both ends included."""
    first, last = days
    upper = f"{quoted(DAY)} <= DATE '{last}'"
    return upper if first is None else f"{quoted(DAY)} >= DATE '{first}' AND {upper}"
