"""Checks a draft's body against its scope and turns it into one of the frozen shapes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

from language.aggregates import parse_aggregate
from language.conditions import Condition, read_condition
from language.expressions import parse_expression
from language.types import Columns
from model.dates import Duration
from model.errors import Location, Problems, did_you_mean
from tags.case_bodies import read_cases, read_stages
from tags.choices import Choice
from tags.definitions import (
    Bins,
    Body,
    Calc,
    Measure,
    Pick,
    Rfm,
    Source,
    Top,
    TopSource,
)
from tags.drafts import Draft
from tags.keys import (
    BinsKeys,
    CalcKeys,
    CasesKeys,
    GivenKeys,
    MeasureKeys,
    PickKeys,
    RfmEdges,
    RfmKeys,
    SqlKeys,
    StagesKeys,
    StepsKeys,
    TopKeys,
)
from tags.rule_bodies import read_given, read_sql, read_steps
from tags.scope import Scope
from tags.subjects import MEMBERS

NUMERIC = frozenset({"integer", "number", "money", "percent"})
_DECAY = re.compile(r"half every ([1-9][0-9]{0,4}[dw])")
_SHARE = re.compile(r"(\d{1,2}(?:\.\d+)?)%")
_LARGEST_BEST = 1000
_WHOLE = Decimal(100)


def read_body(draft: Draft, scope: Scope) -> Body | None:
    """The draft's body; None when anything was wrong, with the problems noted in the draft."""
    before = len(draft.problems.found)
    body = _READERS[type(draft.keys)](draft, draft.keys, scope)
    return body if len(draft.problems.found) == before else None


def _pick(draft: Draft, keys: PickKeys, scope: Scope) -> Body | None:
    column = keys.pick
    if column not in scope.golden:
        hint = did_you_mean(column, list(scope.golden))
        draft.problems.add(
            draft.at("pick"), f"unknown column {column!r} in the golden profile{hint}"
        )
        return None
    if column in scope.high and keys.mask and keys.mask != scope.masks[column]:
        draft.problems.add(
            draft.at("mask"), f"mask: the model masks {column!r} as {scope.masks[column]!r}"
        )
    if column in scope.high and keys.pii in ("none", "low"):
        draft.problems.add(draft.at("pii"), f"pii: {column!r} is high in the model; expected high")
    choice = _choice(draft, keys, scope)
    return Pick(column, scope.golden[column], column in scope.high, choice)


def _choice(draft: Draft, keys: PickKeys, scope: Scope) -> Choice | None:
    """Which accounts tell the pick; None: the golden profile does."""
    if keys.channels == ():
        draft.problems.add(draft.at("channels"), "channels: expected at least one, or leave it out")
    for channel in keys.channels or ():
        if scope.channels is not None and channel not in scope.channels:
            hint = did_you_mean(channel, sorted(scope.channels))
            draft.problems.add(draft.at("channels"), f"channels: unknown channel {channel!r}{hint}")
    if keys.channels is None and keys.prefer is None:
        return None
    return Choice(scope.golden_table, tuple(dict.fromkeys(keys.channels or ())), keys.prefer)


def _measure(draft: Draft, keys: MeasureKeys, scope: Scope) -> Body | None:
    source = _members(draft, keys, scope) if keys.per else _source(draft, keys.from_, scope)
    if source is None:
        return None
    columns = scope.tables[source.table].columns
    aggregate = parse_aggregate(keys.measure, columns, draft.at("measure"), draft.problems)
    where = _filter(draft, keys.where, columns)
    by = parse_expression(keys.by, columns, draft.at("by"), draft.problems) if keys.by else None
    if by is not None and aggregate is not None and aggregate.container != "value":
        message = f"by: {keys.measure!r} is a {aggregate.container} already; leave by: out"
        draft.problems.add(draft.at("by"), message)
    return Measure(source, aggregate, where, by, bool(keys.per)) if aggregate is not None else None


def _members(draft: Draft, keys: MeasureKeys, scope: Scope) -> Source | None:
    """The members of a group as rows: as the night's wide table shows them."""
    subject = scope.subject
    if subject.members is None:
        message = f"per: a {subject.name} has no members; name them in conf/model.yml"
        draft.problems.add(draft.at("per"), message)
        return None
    for key in ("from", "over"):
        if key in draft.node:
            message = f"{key}: per: members reads their tags of the night; leave it out"
            draft.problems.add(draft.at(key), message)
    return Source(MEMBERS, MEMBERS)


def _top(draft: Draft, keys: TopKeys, scope: Scope) -> Body | None:
    if keys.best is not None and not 1 <= keys.best <= _LARGEST_BEST:
        draft.problems.add(draft.at("best"), f"best: expected 1 to {_LARGEST_BEST}")
    if not keys.give or len(set(keys.give)) != len(keys.give):
        draft.problems.add(draft.at("give"), "give: expected value, score or share, each once")
    for window in draft.windows:
        if window.rows:
            message = f"over: {window} counts rows; a top takes windows of days, such as 90d"
            draft.problems.add(draft.at("over"), message)
    half_life = _half_life(draft, keys.decay)
    weights = keys.weights or {keys.from_: 1}
    found = [_top_source(draft, keys, scope, name, weight) for name, weight in weights.items()]
    types = {s.value.type for s in found if s}
    if len(types) > 1:
        message = f"top: {keys.top!r} has several types: {', '.join(sorted(types))}"
        draft.problems.add(draft.at("top"), message)
    return Top(tuple(s for s in found if s), keys.give, keys.best, half_life, keys.rarity)


def _half_life(draft: Draft, text: str | None) -> int | None:
    """The days of `decay: half every 30d`; None where nothing is said."""
    if text is None:
        return None
    match = _DECAY.fullmatch(text)
    if match is None:
        expected = "half every and days or weeks, such as half every 30d"
        draft.problems.add(draft.at("decay"), f"decay: expected {expected}; found {text!r}")
        return None
    return Duration.parse(match[1]).days


def _top_source(
    draft: Draft, keys: TopKeys, scope: Scope, name: str, weight: float
) -> TopSource | None:
    source = _source(draft, name, scope, "weights" if keys.weights else "from")
    if source is None:
        return None
    if weight <= 0:
        draft.problems.add(draft.at("weights"), f"weights: {name}: expected more than 0")
    columns = scope.tables[source.table].columns
    value = parse_expression(keys.top, columns, draft.at("top"), draft.problems)
    where = _filter(draft, keys.where, columns)
    return TopSource(source, value, where, _exact(weight)) if value is not None else None


def _calc(draft: Draft, keys: CalcKeys, scope: Scope) -> Body | None:
    expression = parse_expression(keys.calc, scope.columns, draft.at("calc"), draft.problems)
    return Calc(expression) if expression is not None else None


def _bins(draft: Draft, keys: BinsKeys, scope: Scope) -> Body | None:
    where, problems = draft.at("bins"), draft.problems
    expression = parse_expression(keys.bins, scope.columns, where, problems)
    if expression is not None and expression.type not in NUMERIC:
        problems.add(where, f"bins: expected a number; {keys.bins!r} is {expression.type}")
    if bool(keys.edges) == bool(keys.shares):
        problems.add(where, "bins: expected edges or shares, one of them")
        return None
    bands = len(keys.edges) + 1 if keys.edges else len(keys.shares)
    if len(keys.values) != bands:
        message = f"values: expected {bands}, one per band; found {len(keys.values)}"
        problems.add(draft.at("values"), message)
    edges = _ascending("edges", keys.edges, draft.at("edges"), problems)
    shares = _shares(draft, keys.shares) if keys.shares else ()
    return Bins(expression, tuple(keys.values), edges, shares) if expression is not None else None


def _shares(draft: Draft, texts: Sequence[str]) -> tuple[Decimal, ...]:
    where, matches = draft.at("shares"), [_SHARE.fullmatch(text) for text in texts[:-1]]
    shares = [Decimal(match[1]) for match in matches if match]
    if len(shares) < len(matches) or texts[-1] != "rest":
        draft.problems.add(where, "shares: expected percentages, then rest: [10%, 30%, rest]")
    elif not shares or min(shares) == 0 or sum(shares) >= _WHOLE:
        draft.problems.add(where, "shares: expected each above 0% and less than 100% together")
    return tuple(shares)


def _rfm(draft: Draft, keys: RfmKeys, scope: Scope) -> Body | None:
    where, problems = draft.at("rfm"), draft.problems
    columns = (keys.rfm.recency, keys.rfm.frequency, keys.rfm.monetary)
    for column in columns:
        if column not in scope.columns:
            hint = did_you_mean(column, list(scope.columns))
            problems.add(where, f"rfm: unknown tag column {column!r}{hint}")
        elif scope.columns[column] not in NUMERIC:
            problems.add(where, f"rfm: {column!r} is {scope.columns[column]}; expected a number")
    edges: tuple[tuple[Decimal, ...], ...] = ()
    if isinstance(keys.score, RfmEdges):
        lists = (keys.score.recency, keys.score.frequency, keys.score.monetary)
        edges = tuple(_ascending("score", one, draft.at("score"), problems) for one in lists)
    return Rfm(*columns, edges, keys.names == "eight")


def _source(draft: Draft, name: str, scope: Scope, key: str = "from") -> Source | None:
    if not name:
        draft.problems.add(draft.node.location, f"{draft.name}: 'from' is missing: name a source")
        return None
    return scope.find_source(name, draft.at(key), draft.problems)


def _filter(draft: Draft, node: Any, columns: Columns) -> Condition | None:
    if node is None:
        return None
    return read_condition(node, draft.at("where"), columns, {}, draft.problems)


def _ascending(
    what: str, edges: Sequence[float], where: Location, problems: Problems
) -> tuple[Decimal, ...]:
    exact = tuple(_exact(edge) for edge in edges)
    if any(low >= high for low, high in pairwise(exact)):
        problems.add(where, f"{what}: expected ascending numbers")
    return exact


def _exact(number: float) -> Decimal:
    """The number as it was written: repr gives the shortest text that reads back the same."""
    return Decimal(repr(number)) if number % 1 else Decimal(int(number))


_READERS: Mapping[type, Callable[[Draft, Any, Scope], Body | None]] = {
    PickKeys: _pick,
    MeasureKeys: _measure,
    TopKeys: _top,
    CalcKeys: _calc,
    BinsKeys: _bins,
    CasesKeys: read_cases,
    StagesKeys: read_stages,
    RfmKeys: _rfm,
    StepsKeys: read_steps,
    SqlKeys: read_sql,
    GivenKeys: read_given,
}
