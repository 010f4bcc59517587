"""How long slices of a table stay: the newest days, and the last one of each month for longer."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

_MONTHS = 12


@dataclass(frozen=True)
class Keep:
    """The days up to the newest slice whose slices stay, and the months before the newest slice's
    whose last one does."""

    daily: int = 35
    month_ends: int = 24


@dataclass(frozen=True)
class KeepWish:
    """What somebody asks for a table; None: what is usual."""

    daily: int | None = None
    month_ends: int | None = None

    def over(self, usual: Keep) -> Keep:
        """The wish, with what is usual where it says nothing."""
        return Keep(
            usual.daily if self.daily is None else self.daily,
            usual.month_ends if self.month_ends is None else self.month_ends,
        )

    def misfits(self) -> Iterator[str]:
        """What no table can keep."""
        if self.daily is not None and self.daily < 1:
            yield f"daily: expected 1 or more; found {self.daily}"
        if self.month_ends is not None and self.month_ends < 0:
            yield f"month_ends: expected 0 or more; found {self.month_ends}"


USUAL = Keep()
NO_WISH = KeepWish()


def longest(wishes: Collection[Keep], usual: Keep) -> Keep:
    """What a table keeps of which each wish asks something: nobody loses what they asked for."""
    every = wishes or (usual,)
    return Keep(max(one.daily for one in every), max(one.month_ends for one in every))


def past_keeping(days: Sequence[date], keep: Keep, needed: Collection[date]) -> list[date]:
    """The slices that need not stay, sorted: counted from the newest of `days`, without `needed`.

    A month's last slice is the last there is of it, be it of its last day or not. The newest
    slice's own month is none of `month_ends`: its days are kept by number.
    """
    if not days:
        return []
    newest = max(days)
    first = newest - timedelta(days=keep.daily - 1)
    last_of = {_month(day): day for day in sorted(days)}
    oldest_month = _month(newest) - keep.month_ends
    kept = {day for month, day in last_of.items() if oldest_month <= month < _month(newest)}
    return sorted(day for day in set(days) - kept - set(needed) if day < first)


def _month(day: date) -> int:
    return day.year * _MONTHS + day.month
