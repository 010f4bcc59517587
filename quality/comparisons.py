"""A night against what is usual: numbers, where they must lie, and how a person is told."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from quality.checks import TableChecks
from quality.expectations import Bounds
from quality.measures import Metric, enums_watched
from quality.past import History, Usual, mix_of, population_stability
from quality.rules import SAME_WEEKDAY, Coverage, Past, PastRule, Psi, Within

TOO_FEW = "too few nights to compare"
_WORDS = {"filled": "filled", "distinct": "distinct values"}


class Finding(NamedTuple):
    """A number with its bounds, and what is told of it in words."""

    bounds: Bounds
    told: str


@dataclass(frozen=True)
class Night:
    """One slice's night beside its past: its own numbers, those of earlier nights, the date."""

    metrics: Mapping[Metric, float]
    history: History
    day: date


@dataclass(frozen=True)
class Drift:
    """How far a night may lie from the same weekday of four weeks before a warning is given.

    `rows` is a share of the usual number; `filled` a difference of shares; `psi` an index.
    """

    rows: float
    filled: float
    psi: float


def findings_of(rule: PastRule, night: Night, table: TableChecks) -> list[Finding]:
    """What a comparison with the past is judged by; nothing where there is nothing to compare."""
    if isinstance(rule, Psi):
        limit = float(rule.limit)
        high = math.nextafter(limit, -math.inf) if rule.is_strict else limit
        return [*_psi(rule.column, high, rule.past, night, table)]
    share = float(rule.percent) / 100
    if isinstance(rule, Coverage):
        metrics = [Metric("filled", column) for column in rule.columns]
    else:
        metrics = [Metric(rule.what, rule.column)]
    names_column = isinstance(rule, Coverage) and len(metrics) > 1
    return [
        Finding(
            _around(night.metrics[metric], usual.value, usual.value * share),
            f"{metric.column} {told}" if names_column else told,
        )
        for metric, usual, told in _with_usual(metrics, rule.past, night)
    ]


def nothing_to_compare(rule: PastRule, night: Night) -> str:
    """What is told where a rule has nothing to compare: the number there is, and why."""
    if isinstance(rule, Within):
        value = night.metrics.get(Metric(rule.what, rule.column))
        return f"{_figure(rule.what, value)}; {TOO_FEW}" if value is not None else "no rows"
    return TOO_FEW if night.metrics.get(Metric("rows")) else "no rows"


DRIFT_CODES = ("drift_rows", "drift_filled", "drift_mix")


def drift_of(
    table: TableChecks, night: Night, drift: Drift
) -> Iterator[tuple[str, str, list[Finding]]]:
    """The comparisons nobody asked for: code, text and findings; only what can be compared."""
    rows = [
        Finding(_around(night.metrics[m], usual.value, usual.value * drift.rows), told)
        for m, usual, told in _with_usual([Metric("rows")], SAME_WEEKDAY, night)
    ]
    yield "drift_rows", f"rows within {drift.rows:.0%} of same weekday", rows
    columns = [Metric("filled", column) for column in table.watched or ()]
    filled = [
        Finding(_around(night.metrics[m], usual.value, drift.filled), f"{m.column} {told}")
        for m, usual, told in _with_usual(columns, SAME_WEEKDAY, night)
    ]
    points = f"{drift.filled * 100:g} points"
    yield "drift_filled", f"every field filled within {points} of same weekday", filled
    high = math.nextafter(drift.psi, -math.inf)
    mixes = [
        Finding(finding.bounds, f"{column} {finding.told}")
        for column in enums_watched(table)
        for finding in _psi(column, high, SAME_WEEKDAY, night, table)
    ]
    yield "drift_mix", f"every enum psi < {drift.psi:g}", mixes


def _around(value: float, usual: float, reach: float) -> Bounds:
    """Both edges are inside, whatever the last digit of a product of floats."""
    slack = 1e-9 * max(abs(usual), 1e-9)
    return Bounds(value, usual - reach - slack, usual + reach + slack)


def _with_usual(
    metrics: list[Metric], past: Past, night: Night
) -> Iterator[tuple[Metric, Usual, str]]:
    """The numbers that are there and have a past, each with its usual value and both in words."""
    for metric in metrics:
        usual = night.history.usual(metric, past, night.day)
        if usual is not None and metric in night.metrics:
            value = _figure(metric.name, night.metrics[metric])
            usually = _figure(metric.name, usual.value).partition(" ")[0]
            yield metric, usual, f"{value}; usually {usually} ({past}, {usual.nights} nights)"


def _psi(
    column: str, high: float, past: Past, night: Night, table: TableChecks
) -> Iterator[Finding]:
    mix, usual = mix_of(night.metrics, column), night.history.usual_mix(column, past, night.day)
    if not mix or usual is None:
        return
    shares, nights = usual
    value = population_stability(mix, shares)
    moved = max(sorted({*mix, *shares}), key=lambda n: abs(mix.get(n, 0) - shares.get(n, 0)))
    # The values of an enum are the definition's own words; others may be somebody's.
    is_known = column in table.subject.values
    told = f"; {moved} {mix.get(moved, 0):.1%}, usually {shares.get(moved, 0):.1%}"
    yield Finding(
        Bounds(value, None, high),
        f"psi {value:.3f} ({past}, {nights} nights){told if is_known else ''}",
    )


def _figure(name: str, value: float) -> str:
    if name == "rows":
        return f"{value:,.0f} rows"
    return f"{value:.1%} {_WORDS[name]}"
