"""Business dates, and the windows of whole business days or newest rows that tags look over."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from model.errors import UsageError

_DAYS_PER = {"d": 1, "w": 7}
_MONTHS_PER = {"m": 1, "y": 12}
_SPAN = re.compile(r"([1-9][0-9]{0,4})([dwmy])")
_NEWEST = re.compile(r"last ([1-9][0-9]{0,2}|1000)")


def parse_business_date(text: str, today: date | None = None, option: str = "--date") -> date:
    """2017-03-01 or 20170301 as a date; UsageError (exit 2) otherwise, or when after `today`."""
    digits = text.replace("-", "") if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) else text
    try:
        if not re.fullmatch(r"\d{8}", digits):
            raise ValueError
        day = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        expected = "expected a day such as 2017-03-01 or 20170301"
        raise UsageError(f"{option} {text}: {expected}") from None
    if today is not None and day > today:
        raise UsageError(f"{option} {text}: lies in the future; today is {today}")
    return day


def months_before(day: date, months: int) -> date:
    """The same day of the month, `months` earlier; the month's last day where it lacks that day."""
    index = day.year * 12 + day.month - 1 - months
    year, month = divmod(index, 12)
    _, last = monthrange(year, month + 1)
    return date(year, month + 1, min(day.day, last))


@dataclass(frozen=True)
class Window:
    """A stretch of whole business days that ends at or before D; day 1 is D, both ends count.

    `first` is the nearer end and `last` the farther, each (number, unit) with unit d, w, m or y;
    `last` None reaches back for ever. `calendar` is "", "this month" or "last month". `rows`, where
    it is not 0, takes that many of the newest rows, of whichever days.
    """

    text: str
    near_days: int = 0
    far: tuple[int, str] | None = None
    calendar: str = ""
    rows: int = 0

    @classmethod
    def parse(cls, text: str) -> Window:
        """30d, 12w, 6m, 1y, ever, 31d..90d, this month or last month; ValueError otherwise."""
        plain = " ".join(text.split())
        if plain == "ever":
            return cls(plain)
        if plain in ("this month", "last month"):
            return cls(plain, calendar=plain)
        near, dots, far = plain.rpartition("..")
        match = _SPAN.fullmatch(far)
        near_match = _SPAN.fullmatch(near) if dots else None
        if not match or (dots and not (near_match and near_match[2] in _DAYS_PER)):
            raise ValueError(
                f"{text!r} is no window; expected 30d, 12w, 6m, 1y, ever, 31d..90d, "
                "this month or last month"
            )
        near_days = int(near_match[1]) * _DAYS_PER[near_match[2]] - 1 if near_match else 0
        window = cls(plain, near_days, (int(match[1]), match[2]))
        if match[2] in _DAYS_PER and int(match[1]) * _DAYS_PER[match[2]] <= near_days:
            raise ValueError(f"{text!r} is no window: its first day lies beyond its last")
        return window

    @classmethod
    def parse_newest(cls, text: str) -> Window | None:
        """The window of the newest rows, such as last 5 (up to 1000); None for any other text."""
        plain = " ".join(text.split())
        match = _NEWEST.fullmatch(plain)
        return cls(plain, rows=int(match[1])) if match else None

    def bounds(self, business_date: date) -> tuple[date | None, date]:
        """First (None: no limit) and last day of the window on `business_date`, both included."""
        if self.calendar:
            first = business_date.replace(day=1)
            if self.calendar == "this month":
                return first, business_date
            return months_before(first, 1), first - timedelta(days=1)
        end = business_date - timedelta(days=self.near_days)
        if self.far is None:
            return None, end
        number, unit = self.far
        if unit in _DAYS_PER:
            return business_date - timedelta(days=number * _DAYS_PER[unit] - 1), end
        return months_before(business_date, number * _MONTHS_PER[unit]) + timedelta(days=1), end

    @property
    def suffix(self) -> str:
        """The window's part of a column name: 30d, 31d_90d, ever, this_month, last_5."""
        return self.text.replace("..", "_").replace(" ", "_")

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, order=True)
class Duration:
    """A length of time in whole days."""

    days: int

    @classmethod
    def parse(cls, text: str) -> Duration:
        """180d or 12w; ValueError otherwise. Months and years are of no fixed length."""
        match = _SPAN.fullmatch(text)
        if not match or match[2] not in _DAYS_PER:
            raise ValueError(f"{text!r} is no duration; expected days or weeks such as 180d or 12w")
        return cls(int(match[1]) * _DAYS_PER[match[2]])

    def __str__(self) -> str:
        return f"{self.days}d"
