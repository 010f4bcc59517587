"""Spark SQL of derived tags: bands, branches, scores and segments over columns computed before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from language.binding import quoted, text_literal
from language.conditions import Behaviour, render_condition
from tags.definitions import Bins, Cases, Code, Rfm

RFM_QUANTITIES = ("recency", "frequency", "monetary")
FIFTHS = 5
# Recency, frequency, monetary: whether each score lies above the middle of its scale → code, title.
SEGMENTS: Mapping[tuple[bool, bool, bool], tuple[str, str]] = {
    (True, True, True): ("key_value", "重要价值"),
    (True, False, True): ("key_develop", "重要发展"),
    (False, True, True): ("key_keep", "重要保持"),
    (False, False, True): ("key_retain", "重要挽留"),
    (True, True, False): ("general_value", "一般价值"),
    (True, False, False): ("general_develop", "一般发展"),
    (False, True, False): ("general_keep", "一般保持"),
    (False, False, False): ("general_retain", "一般挽留"),
}


def literal(code: Code) -> str:
    """A code as Spark SQL."""
    if isinstance(code, str):
        return text_literal(code)
    return str(code).lower() if isinstance(code, bool) else f"{Decimal(repr(code)):f}"


def edges_sql(bins: Bins) -> str:
    """The band of a value: the lower edge belongs to the band above it; missing stays missing."""
    value = bins.expression.sql
    whens = " ".join(
        f"WHEN {value} < {edge:f} THEN {text_literal(code)}"
        for edge, code in zip(bins.edges, bins.codes, strict=False)
    )
    return f"CASE WHEN {value} IS NULL THEN NULL {whens} ELSE {text_literal(bins.codes[-1])} END"


def shares_sql(bins: Bins, rank: str) -> str:
    """A person's share class: the first whose cumulated share exceeds (rank − 1) / persons.

    Rank 1 is the highest value; equal values have equal ranks, so they share the better class, and
    the first class is never empty. Persons with a missing value are not counted and stay missing.
    """
    above, count = quoted(f"{rank}_above"), quoted(f"{rank}_count")
    reached, whens = Decimal(0), []
    for share, code in zip(bins.shares, bins.codes, strict=False):
        reached += share
        whens.append(f"WHEN {above} * 100 < {reached:f} * {count} THEN {text_literal(code)}")
    last = text_literal(bins.codes[-1])
    return f"CASE WHEN {above} IS NULL THEN NULL {' '.join(whens)} ELSE {last} END"


def cases_sql(cases: Cases, behaviour_sql: Callable[[Behaviour], str]) -> str:
    """The first branch whose condition holds, else `otherwise`, else missing."""
    whens = " ".join(
        f"WHEN {render_condition(case.when, behaviour_sql)} THEN {literal(case.value)}"
        for case in cases.cases
    )
    otherwise = "NULL" if cases.otherwise is None else literal(cases.otherwise)
    return f"CASE {whens} ELSE {otherwise} END"


def scored_value(rfm: Rfm, quantity: int) -> str:
    """A quantity with the best highest (fewer days are better), where all three are present.

    Fifths compare only persons who have all three: who never bought does not crowd the lowest one.
    """
    columns = [quoted(name) for name in rfm.inputs]
    present = " AND ".join(f"{column} IS NOT NULL" for column in columns)
    sign = "-" if quantity == 0 else ""
    return f"CASE WHEN {present} THEN {sign}{columns[quantity]} END"


def fifths_sql(rank: str) -> str:
    """A score from 5 (best) to 1: 5 − ⌊5 (rank − 1) / persons⌋; equal values score the same."""
    above, count = quoted(f"{rank}_above"), quoted(f"{rank}_count")
    return f"{FIFTHS} - ({FIFTHS} * {above}) DIV {count}"


def edge_score_sql(rfm: Rfm, quantity: int) -> str:
    """A score from 1: one more per edge reached; for recency, per edge not yet reached."""
    column = quoted(rfm.inputs[quantity])
    sign = "<" if quantity == 0 else ">="
    points = [f"if({column} {sign} {edge:f}, 1, 0)" for edge in rfm.edges[quantity]]
    present = " AND ".join(f"{quoted(name)} IS NOT NULL" for name in rfm.inputs)
    return f"CASE WHEN {present} THEN {' + '.join(['1', *points])} END"


def segment_sql(rfm: Rfm, scores: Sequence[str]) -> str:
    """The person's segment, or the three scores side by side (545); missing without scores."""
    columns = [quoted(score) for score in scores]
    missing = f"{columns[0]} IS NULL"
    if not rfm.segments:
        side_by_side = ", ".join(f"CAST({column} AS string)" for column in columns)
        return f"CASE WHEN {missing} THEN NULL ELSE concat({side_by_side}) END"
    # Twice the score against the number of scores + 1: above the middle, without a fraction.
    highs = [
        f"{column} * 2 > {top + 1}" for column, top in zip(columns, _scales(rfm), strict=True)
    ]
    whens = " ".join(
        f"WHEN {' AND '.join(f'({h}) = {literal(i)}' for h, i in zip(highs, key, strict=True))} "
        f"THEN {text_literal(code)}"
        for key, (code, _) in SEGMENTS.items()
    )
    return f"CASE WHEN {missing} THEN NULL {whens} END"


def _scales(rfm: Rfm) -> tuple[int, ...]:
    """The highest score of each quantity."""
    return tuple(len(edges) + 1 for edges in rfm.edges) or (FIFTHS,) * len(RFM_QUANTITIES)
