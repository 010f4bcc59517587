"""What a tag's body says, on one line: for people who ask where a value comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from language.condition_words import told
from language.conditions import Condition
from tags.definitions import (
    Bins,
    Body,
    Calc,
    Cases,
    Measure,
    Pick,
    Rfm,
    Source,
    Top,
)
from tags.rule_shapes import Given, Sql, Stages, Steps
from tags.subjects import MEMBERS


def words_of(body: Body) -> str:
    """The body on one line: its key, what it reads and by which filter, edges or branches."""
    return _WORDS[type(body)](body)


def rows_in_words(source: Source, where: Condition | None) -> str:
    """The rows that a tag takes of a source."""
    parts = [told(part) for part in (source.condition, where) if part is not None]
    named = "" if source.name == source.table else f" (rows of {source.table})"
    rows = "members" if source.name == MEMBERS else f"{source.name}{named}"
    return rows + (f" where {' and '.join(parts)}" if parts else "")


def _measure(body: Measure) -> str:
    by = f" by {body.by.text}" if body.by else ""
    return f"{body.aggregate.text}{by} from {rows_in_words(body.source, body.where)}"


def _top(body: Top) -> str:
    ballots = "; ".join(
        f"{one.value.text} of {rows_in_words(one.source, one.where)}, weight {one.weight}"
        for one in body.sources
    )
    decay = f", halved every {body.half_life} days" if body.half_life else ""
    return f"top {ballots}{decay}{', by rarity' if body.rarity else ''}"


def _bins(body: Bins) -> str:
    if body.edges:
        return f"bins of {body.expression.text} at {', '.join(f'{e:f}' for e in body.edges)}"
    shares = ", ".join(f"{share:f} %" for share in body.shares)
    return f"shares of {body.expression.text}: {shares}, rest"


def _branches(word: str, body: Cases) -> str:
    codes = [f"{case.value} when {told(case.when)}" for case in body.cases]
    return f"{word}: {'; '.join(codes)}; else {body.otherwise}"


def _rfm(body: Rfm) -> str:
    scores = "by edges" if body.edges else "in fifths of the persons"
    return f"rfm of {', '.join(body.inputs)}, scored {scores}"


_WORDS: Mapping[type, Callable[[Any], str]] = {
    Pick: lambda body: f"pick {body.column} of the golden profile",
    Measure: _measure,
    Top: _top,
    Calc: lambda body: f"calc {body.expression.text}",
    Bins: _bins,
    Cases: lambda body: _branches("cases", body),
    Rfm: _rfm,
    Steps: lambda body: f"steps {' → '.join(body.codes)} within {body.seconds // 3600} hours",
    Stages: lambda body: f"{_branches('stages', body.branches)}; stay {body.stay_days}d",
    Sql: lambda body: f"sql {' '.join(body.query.text.split())}",
    Given: lambda body: "given by people",
}
