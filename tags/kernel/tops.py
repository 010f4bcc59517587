"""Top cells: the scores of every person's values, and the best of them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from tags.kernel.ranges import EPOCH, Bounds, Range, UnitRows, list_column
from tags.kernel.reading import PersonRows
from tags.kernel.values import (
    Integers,
    Numbers,
    Truths,
    Values,
    decoded,
    doubles_of,
    in_order,
    values_of,
)
from tags.night import Night
from tags.plans import TopCell, TopGrouping

_PLACES = 6  # as in the reference: weights and scores are exact to six places
_UNIT = 10**_PLACES
# Votes that fade, and scores by rarity, have twelve places; what is left of a vote has eighteen.
_FINE_PLACES, _LEFT_PLACES = 12, 18
_LIMB, _ALL = 10**9, 10**_LEFT_PLACES
_BITS = 63  # of whole numbers that are not negative
_LAST = Decimal(1).scaleb(-_LEFT_PLACES)
Rarity = tuple[int, Mapping[Any, int]]  # persons who vote, and persons who vote for a value


def columns_of_top(
    votes: Votes, cells: Sequence[TopCell], rarities: Mapping[TopCell, Rarity], night: Night
) -> Iterator[tuple[str, pa.Array]]:
    """The columns of every cell of a top grouping."""
    for cell in cells:
        yield from _ranked(votes, cell, rarities.get(cell), night)


def rarity_of(votes: Votes, cell: TopCell, night: Night) -> Rarity:
    """How many of some persons vote in a cell's window, and how many for each value."""
    voted, _ = _voted(votes, cell, night)
    values, counts = np.unique(votes.value[voted], return_counts=True)
    names = votes.values.column(values, np.zeros(len(values), bool)).to_pylist()
    persons = len(np.unique(votes.person[voted]))
    return persons, dict(zip(names, counts.tolist(), strict=True))


def united(found: Sequence[Rarity]) -> Rarity:
    """The same of all persons, out of those of several groups."""
    of_values: Counter[Any] = Counter()
    for _, values in found:
        of_values.update(values)
    return sum(persons for persons, _ in found), of_values


@dataclass(frozen=True)
class Votes:
    """Persons' different values as units, in the order of persons and, within one, of values.

    `of_ballots` has for every ballot its table's rows in the units' order, and their places there;
    `unit_of` the unit of each of its table's rows (−1: no value).
    """

    tables: Sequence[PersonRows]
    of_ballots: Sequence[tuple[UnitRows, Integers]]
    unit_of: Sequence[Integers]
    person: Integers
    value: Numbers
    person_count: int
    values: Values


def votes_of(tables: Mapping[str, PersonRows], top: TopGrouping) -> Votes:
    """The votes of a top grouping, by the tables' names."""
    voting = [tables[ballot.table.name] for ballot in top.ballots]
    columns = [rows.columns[b.value] for rows, b in zip(voting, top.ballots, strict=True)]
    values = values_of(columns[0] if len(columns) == 1 else pa.concat_arrays(map(decoded, columns)))
    person = np.concatenate([rows.rows.unit for rows in voting])
    known = np.flatnonzero(values.valid)
    order = known[in_order(person[known], values.numbers[known])]
    is_new = np.ones(len(order), bool)
    is_new[1:] = person[order[1:]] != person[order[:-1]]
    is_new[1:] |= values.numbers[order[1:]] != values.numbers[order[:-1]]
    unit, firsts = np.cumsum(is_new) - 1, order[is_new]
    of_ballots, unit_of, start = [], [], 0
    for rows in voting:
        own = np.flatnonzero((order >= start) & (order < start + len(rows.rows)))
        places = order[own] - start
        # Stable sorting left each unit's rows of a table in their order of time.
        of_ballots.append((UnitRows(unit[own], rows.rows.day[places], len(firsts)), places))
        unit_of.append(np.full(len(rows.rows), -1))
        unit_of[-1][places] = unit[own]
        start += len(rows.rows)
    return Votes(
        voting, of_ballots, unit_of, person[firsts], values.numbers[firsts],
        voting[0].rows.unit_count, values,
    )  # fmt: skip


def _ranked(
    votes: Votes, cell: TopCell, rarity: Rarity | None, night: Night
) -> Iterator[tuple[str, pa.Array]]:
    """Best scores first, equal ones in the order of their values."""
    (voted, scores), places = _voted(votes, cell, night), _places_of(cell)
    if rarity is not None:
        scores, places = _rated(votes, voted, scores, places, rarity), _FINE_PLACES
    person = votes.person[voted]
    chosen = _best_of_each(person, scores) if cell.best in (None, 1) else _best_of(
        person, scores, cell.best
    )  # fmt: skip
    best = voted[chosen]
    kept = _Kept(
        votes.person[best], votes.value[best], scores[chosen], votes,
        lambda: _totals(person, scores, votes.person_count), places,
    )  # fmt: skip
    for give, column in zip(cell.give, cell.columns, strict=True):
        yield column.name, kept.column(give, cell.best is not None)


def _best_of(person: Integers, scores: Numbers, count: int) -> Integers:
    """The places of each person's best scores, best first; persons ascend. Equal scores stay in the
    order of their values, as they stand."""
    rank = in_order(person, -scores)
    person = person[rank]
    first_of = np.searchsorted(person, person)
    return rank[np.arange(len(rank)) - first_of < count]


def _best_of_each(person: Integers, scores: Numbers) -> Integers:
    """The place of each person's best score, the first of equal ones: where score and place fit
    into 63 bits together, a largest number without any order."""
    count = len(scores)
    bits = count.bit_length()
    if not count or scores.dtype.kind != "i" or int(np.abs(scores).max()) >> (_BITS - bits):
        return _best_of(person, scores, 1)
    begins = np.flatnonzero(person[1:] != person[:-1]) + 1
    keys = (scores << bits) | np.arange(count - 1, -1, -1)
    best = np.maximum.reduceat(keys, np.concatenate(([0], begins)))
    return count - 1 - (best & ((1 << bits) - 1))


def _places_of(cell: TopCell) -> int:
    return _PLACES if cell.half_life is None else _FINE_PLACES


def _voted(votes: Votes, cell: TopCell, night: Night) -> tuple[Integers, Numbers]:
    """The units with a score that is not 0 in a cell's window, and their scores in units of their
    last decimal place."""
    bounds = cell.window.bounds(night.business_date)
    if cell.half_life is None and len(cell.votes) == 1:
        ((where, weight),) = cell.votes
        counts = _counted(votes, 0, where, bounds)
        voted = np.flatnonzero(counts != 0) if _millionths(weight) else np.zeros(0, np.int64)
        return voted, counts[voted] * _millionths(weight)
    scores: Numbers = np.zeros(len(votes.person), np.int64)
    for n, (where, weight) in enumerate(cell.votes):
        if cell.half_life is None:
            scores = scores + _counted(votes, n, where, bounds) * _millionths(weight)
        else:
            units, places = votes.of_ballots[n]
            kept = units.where(np.flatnonzero(votes.tables[n].truths(where)[places]))
            (window,) = kept.ranges([bounds])
            left = _left(kept, window, cell.half_life, night)
            scores = scores.astype(object) + left * _millionths(weight)
    if cell.half_life is not None:
        scores = _rounded(scores, 10 ** (_PLACES + _LEFT_PLACES - _FINE_PLACES))
    voted = np.flatnonzero(scores != 0)
    return voted, scores[voted]


def _counted(votes: Votes, ballot: int, where: str, bounds: Bounds) -> Integers:
    """How many of a ballot's rows vote for every unit."""
    rows = votes.tables[ballot]
    own = rows.places(where)
    voted = votes.unit_of[ballot][own[rows.rows.within(bounds)[own]]]
    return np.bincount(voted[voted >= 0], minlength=len(votes.person))


def _left(rows: UnitRows, window: Range, half_life: int, night: Night) -> Numbers:
    """What is left of every unit's votes, halved for every half-life since their day; exact sums
    of eighteen decimal places."""
    ago = night.business_date.toordinal() - EPOCH - rows.day
    days, place = np.unique(ago, return_inverse=True)
    each = [int(Decimal(repr(0.5 ** (day / half_life))).quantize(_LAST, "ROUND_HALF_UP") * _ALL)
            for day in days.tolist()]  # fmt: skip
    high, low = (
        np.concatenate(([0], np.cumsum(np.array(limb, np.int64)[place])))
        for limb in ([one // _LIMB for one in each], [one % _LIMB for one in each])
    )
    of_high, of_low = (sums[window.end] - sums[window.start] for sums in (high, low))
    total: Numbers = of_high.astype(object) * _LIMB + of_low
    return total


def _rounded(numbers: Numbers, unit: int) -> Numbers:
    """Whole numbers in larger units, halves away from zero; they fit into 64 bits, or stay."""
    halves = (2 * np.abs(numbers) + unit) // (2 * unit)
    rounded: Numbers = np.where(numbers < 0, -halves, halves)
    return rounded


def _rated(
    votes: Votes, voted: Integers, scores: Numbers, places: int, rarity: Rarity
) -> Numbers:
    """Scores times ln(persons who vote / persons who vote for the value), to twelve places."""
    persons, of_values = rarity
    names = votes.values.column(votes.value[voted], np.zeros(len(voted), bool)).to_pylist()
    logs = {name: math.log(persons / of_values[name]) for name in set(names)}
    return np.array([
        _fine(nearest * logs[name])
        for nearest, name in zip(doubles_of(scores, places).tolist(), names, strict=True)
    ], object)  # fmt: skip


def _fine(score: float) -> int:
    return int(Decimal(repr(score)).scaleb(_FINE_PLACES).quantize(Decimal(1), "ROUND_HALF_UP"))


def _millionths(weight: Decimal) -> int:
    return int((weight * _UNIT).quantize(Decimal(1), "ROUND_HALF_UP"))


def _totals(person: Integers, score: Numbers, person_count: int) -> Numbers:
    sums = np.concatenate(([0], np.cumsum(score)))
    ends = np.searchsorted(person, np.arange(person_count + 1))
    totals: Numbers = sums[ends[1:]] - sums[ends[:-1]]
    return totals


@dataclass(frozen=True)
class _Kept:
    """The entries that are shown, in order of persons and ranks."""

    person: Integers
    value: Numbers
    score: Numbers
    votes: Votes
    totals: Callable[[], Numbers]
    places: int

    def column(self, give: str, is_list: bool) -> pa.Array:
        """What is given of the entries: a list per person, or the only entry's."""
        entries = self._entries(give)
        sizes = np.bincount(self.person, minlength=self.votes.person_count)
        if is_list:
            return list_column(sizes, entries)
        place = np.cumsum(sizes) - 1
        return entries.take(pa.array(np.maximum(place, 0), mask=sizes == 0))

    def _entries(self, give: str) -> pa.Array:
        none: Truths = np.zeros(len(self.person), bool)
        if give == "value":
            return self.votes.values.column(self.value, none)
        score = doubles_of(self.score, self.places)
        if give == "score":
            return pa.array(score, pa.float64())
        total = doubles_of(self.totals(), self.places)[self.person]
        return pa.array(score / np.where(total == 0, 1, total), mask=total == 0)
