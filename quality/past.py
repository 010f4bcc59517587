"""What is usual: a night's numbers against those of earlier nights.

The usual of a number is the median of comparable nights: one bad night among them does not move it.
Fewer than two nights are no past: then nothing is judged.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import islice
from statistics import fmean, median

from quality.measures import Metric
from quality.rules import Past

FEWEST_NIGHTS = 2
WEEKS = 4
DAYS_KEPT_IN_MIND = 120  # how far back `last N runs` looks
_RARE = 0.0001  # stands for the share of a category that is not there: psi takes logarithms


@dataclass(frozen=True)
class Usual:
    """What comparable nights tell of a number, and how many they are."""

    value: float
    nights: int


@dataclass(frozen=True)
class History:
    """The numbers of earlier nights of one slice: night → metric → value."""

    nights: Mapping[date, Mapping[Metric, float]] = field(default_factory=dict)

    def usual(self, metric: Metric, past: Past, day: date) -> Usual | None:
        """The median of a number on comparable nights; None where they are too few."""
        values = self.last(metric, past, day)
        return Usual(median(values), len(values)) if len(values) >= FEWEST_NIGHTS else None

    def last(self, metric: Metric, past: Past, day: date) -> list[float]:
        """A number on the nights of a past that have it, newest first; perhaps of none."""
        having = (night[metric] for night in self._earlier(past, day) if metric in night)
        return list(islice(having, past.runs or WEEKS))

    def usual_mix(self, column: str, past: Past, day: date) -> tuple[dict[str, float], int] | None:
        """Mean shares of a column's categories, and of how many nights; None where too few."""
        having = (mix for night in self._earlier(past, day) if (mix := mix_of(night, column)))
        mixes = list(islice(having, past.runs or WEEKS))
        if len(mixes) < FEWEST_NIGHTS:
            return None
        names = sorted(set().union(*mixes))
        return {name: fmean(mix.get(name, 0.0) for mix in mixes) for name in names}, len(mixes)

    def _earlier(self, past: Past, day: date) -> list[Mapping[Metric, float]]:
        """The nights before `day` that a rule may compare with, newest first."""
        if past.runs:
            earlier = sorted((night for night in self.nights if night < day), reverse=True)
        else:
            weeks = (day - timedelta(weeks=n) for n in range(1, WEEKS + 1))
            earlier = [night for night in weeks if night in self.nights]
        return [self.nights[night] for night in earlier]


def mix_of(metrics: Mapping[Metric, float], column: str) -> dict[str, float]:
    """The shares of a column's categories; none where no row had a value."""
    return {
        metric.category: value
        for metric, value in metrics.items()
        if metric.name == "share" and metric.column == column
    }


def population_stability(mix: Mapping[str, float], usual: Mapping[str, float]) -> float:
    """PSI: Σ (p − q) · ln(p / q) over all categories of both mixes (shares); 0: the same mix.

    Rules of thumb: below 0.1 stable, above 0.25 another population (Siddiqi, Credit Risk
    Scorecards, 2006).
    """
    names = sorted({*mix, *usual})
    pairs = ((max(mix.get(n, 0.0), _RARE), max(usual.get(n, 0.0), _RARE)) for n in names)
    return math.fsum((p - q) * math.log(p / q) for p, q in pairs)


def histories(
    rows: Iterable[Mapping[str, object]],
) -> dict[str, History]:
    """The history of every slice from rows of ops.slice_metrics."""
    found: dict[str, dict[date, dict[Metric, float]]] = {}
    for row in rows:
        nights = found.setdefault(str(row["table_name"]), {})
        metric = Metric(row["metric"], row["column_name"] or "", row["category"] or "")  # type: ignore[arg-type]
        nights.setdefault(row["business_date"], {})[metric] = float(row["value"])  # type: ignore[arg-type]
    return {name: History(nights) for name, nights in found.items()}
