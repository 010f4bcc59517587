"""The probabilistic layer of identity as conf/identity.yml writes it: `match`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from model.errors import NOWHERE, Location, Problem, did_you_mean

Comparison = Literal["name", "date", "text", "address", "phone"]


@dataclass(frozen=True)
class MatchRule:
    """Persons alike enough to be one, below every other rule.

    `compare`: how each column is compared. `block`: sets of columns; only those who agree in one
    whole set are compared. A likelihood of `accept` or more joins; from `review` on people decide.
    """

    name: str
    compare: Mapping[str, Comparison]
    block: tuple[tuple[str, ...], ...]
    accept: float
    review: float
    location: Location = NOWHERE


def misfits(rules: Sequence[MatchRule]) -> Iterator[Problem]:
    """What of the rules does not go together."""
    names: set[str] = set()
    for rule in rules:
        for told in _misfits(rule):
            yield Problem(rule.location, f"match {rule.name}: {told}")
        if rule.name in names:
            yield Problem(rule.location, f"match {rule.name}: two rules bear this name")
        names.add(rule.name)


def _misfits(rule: MatchRule) -> Iterator[str]:
    if not rule.compare:
        yield "compare names no column"
    if not rule.block or not all(rule.block):
        yield "block needs sets of columns, each with one at least; without, all meet all"
    for column in dict.fromkeys(column for columns in rule.block for column in columns):
        if column not in rule.compare:
            hint = did_you_mean(column, list(rule.compare))
            yield f"block names {column!r}, which is not compared{hint}"
    if not 0 < rule.review <= rule.accept <= 1:
        yield "expected 0 < review <= accept <= 1"
