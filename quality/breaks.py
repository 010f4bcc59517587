"""Breaks with the nights before that hold a night without being asked: what no true night brings.

A source that fell silent, an identifier that fell away or became one value, records that come
again. Each is judged against the extremes of the last nights, not their mean, and only where there
are too many rows for chance: a night is held for what is broken; drift warns of what is strange.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt

from quality.checks import TableChecks
from quality.comparisons import Finding, Night
from quality.expectations import Bounds
from quality.measures import Metric
from quality.past import FEWEST_NIGHTS
from quality.rules import Past

LAST = Past(7)  # a week, so that every weekday is among them
FEW = 20  # rows, values or sets of identifiers below which a night says nothing
DEVIATIONS = 4  # how many standard deviations of a count by chance a share must be away
HALF, QUARTER = 0.5, 0.25
CODES = ("no_rows", "emptied", "one_value", "repeated")
Broken = tuple[str, str, list[Finding]]


def breaks_of(table: TableChecks, night: Night) -> Iterator[Broken]:
    """Code, text and findings of every break that this night's rows and its past can tell."""
    yield "no_rows", "some rows where every night had some", [*_no_rows(night)]
    yield "emptied", "no identifier falls away", [
        finding for column in table.identifiers for finding in _emptied(column, night)
    ]  # fmt: skip
    yield "one_value", "no identifier is in most sets of identifiers", [*_one_value(night)]
    yield "repeated", "records do not come again", [*_repeated(night)]


def _no_rows(night: Night) -> Iterator[Finding]:
    rows, past = night.metrics.get(Metric("rows")), _past(night, Metric("rows"))
    if rows is not None and past and min(past) >= FEW:
        told = f"{rows:,.0f} rows; at least {min(past):,.0f} on {_nights(past)}"
        yield Finding(Bounds(rows, 1, None), told)


def _emptied(column: str, night: Night) -> Iterator[Finding]:
    """Filled in less than half of the rows that the least of nights would fill, beyond chance."""
    metric = Metric("filled", column)
    rows, share = night.metrics.get(Metric("rows")), night.metrics.get(metric)
    past = _past(night, metric)
    if not rows or share is None or not past:
        return
    expected = rows * min(past)
    low = min(expected * HALF, expected - DEVIATIONS * sqrt(expected)) / rows
    if low > 0:
        told = f"{column} {share:.1%} filled; at least {min(past):.1%} on {_nights(past)}"
        yield Finding(Bounds(share, low, None), told)


def _one_value(night: Night) -> Iterator[Finding]:
    """One value in more than half of the night's sets that have the kind at all."""
    for metric, share in sorted(night.metrics.items()):
        past = _past(night, metric) if metric.name == "one_value" else []
        if past and max(HALF, 2 * max(past)) < 1:
            told = f"{metric.column}: one value in {share:.1%}; at most {max(past):.1%} on"
            high = max(HALF, 2 * max(past))
            yield Finding(Bounds(share, None, high), f"{told} {_nights(past)}")


def _repeated(night: Night) -> Iterator[Finding]:
    metric = Metric("repeated")
    rows, share = night.metrics.get(Metric("rows"), 0), night.metrics.get(metric, 0)
    past = _past(night, metric)
    if past and rows * share >= FEW:
        told = f"{share:.1%} of {rows:,.0f} records come again; at most {max(past):.1%} on"
        high = max(QUARTER, 2 * max(past))
        yield Finding(Bounds(share, None, high), f"{told} {_nights(past)}")


def _past(night: Night, metric: Metric) -> list[float]:
    values = night.history.last(metric, LAST, night.day)
    return values if len(values) >= FEWEST_NIGHTS else []


def _nights(past: list[float]) -> str:
    return f"the {len(past)} nights before"
