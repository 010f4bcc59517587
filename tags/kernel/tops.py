"""Top cells: the scores of every person's values, and the best of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pyarrow as pa

from tags.kernel.ranges import UnitRows, list_column
from tags.kernel.reading import PersonRows
from tags.kernel.values import (
    Integers,
    Numbers,
    Truths,
    Values,
    decoded,
    doubles_of,
    values_of,
)
from tags.night import Night
from tags.plans import TopCell, TopGrouping

_PLACES = 6  # as in the reference: weights and scores are exact to six places
_UNIT = 10**_PLACES


def columns_of_top(
    tables: Mapping[str, PersonRows], top: TopGrouping, night: Night
) -> Iterator[tuple[str, pa.Array]]:
    """The columns of every cell of a top grouping, by the tables' names."""
    votes = _votes(tables, top)
    for cell in top.cells:
        yield from _ranked(votes, cell, night)


@dataclass(frozen=True)
class _Votes:
    """Persons' different values as units, in the order of persons and, within one, of values.

    `of_ballots` has for every ballot its table's rows in the units' order, and their places there.
    """

    tables: Sequence[PersonRows]
    of_ballots: Sequence[tuple[UnitRows, Integers]]
    person: Integers
    value: Numbers
    person_count: int
    values: Values


def _votes(tables: Mapping[str, PersonRows], top: TopGrouping) -> _Votes:
    voting = [tables[ballot.table.name] for ballot in top.ballots]
    columns = [rows.columns[b.value] for rows, b in zip(voting, top.ballots, strict=True)]
    values = values_of(columns[0] if len(columns) == 1 else pa.concat_arrays(map(decoded, columns)))
    person = np.concatenate([rows.rows.unit for rows in voting])
    known = np.flatnonzero(values.valid)
    order = known[np.lexsort((values.numbers[known], person[known]))]
    is_new = np.ones(len(order), bool)
    is_new[1:] = person[order[1:]] != person[order[:-1]]
    is_new[1:] |= values.numbers[order[1:]] != values.numbers[order[:-1]]
    unit, firsts = np.cumsum(is_new) - 1, order[is_new]
    of_ballots, start = [], 0
    for rows in voting:
        own = np.flatnonzero((order >= start) & (order < start + len(rows.rows)))
        places = order[own] - start
        # Stable sorting left each unit's rows of a table in their order of time.
        of_ballots.append((UnitRows(unit[own], rows.rows.day[places], len(firsts)), places))
        start += len(rows.rows)
    return _Votes(
        voting, of_ballots, person[firsts], values.numbers[firsts], voting[0].rows.unit_count,
        values,
    )  # fmt: skip


def _ranked(votes: _Votes, cell: TopCell, night: Night) -> Iterator[tuple[str, pa.Array]]:
    """Best scores first, equal ones in the order of their values."""
    scores = _scores(votes, cell, night)
    voted = np.flatnonzero(scores > 0)
    best = voted[np.lexsort((votes.value[voted], -scores[voted], votes.person[voted]))]
    person, score = votes.person[best], scores[best]
    first_of = np.searchsorted(person, person)
    is_kept = np.arange(len(best)) - first_of < (cell.best or 1)
    totals = _totals(person, score, votes.person_count)
    kept = _Kept(person[is_kept], votes.value[best[is_kept]], score[is_kept], votes, totals)
    for give, column in zip(cell.give, cell.columns, strict=True):
        yield column.name, kept.column(give, cell.best is not None)


def _scores(votes: _Votes, cell: TopCell, night: Night) -> Integers:
    """The score of every unit in a cell's window, in millionths."""
    scores = np.zeros(len(votes.person), np.int64)
    bounds = cell.window.bounds(night.business_date)
    for rows, (units, places), (where, weight) in zip(
        votes.tables, votes.of_ballots, cell.votes, strict=True
    ):
        is_kept = np.zeros(len(rows.rows), bool)
        is_kept[rows.places(where)] = True
        kept = units.where(np.flatnonzero(is_kept[places]))
        (window,) = kept.ranges([bounds])
        scores += window.sizes * _millionths(weight)
    return scores


def _millionths(weight: Decimal) -> int:
    return int((weight * _UNIT).quantize(Decimal(1), "ROUND_HALF_UP"))


def _totals(person: Integers, score: Integers, person_count: int) -> Integers:
    sums = np.concatenate(([0], np.cumsum(score)))
    ends = np.searchsorted(person, np.arange(person_count + 1))
    totals: Integers = sums[ends[1:]] - sums[ends[:-1]]
    return totals


@dataclass(frozen=True)
class _Kept:
    """The entries that are shown, in order of persons and ranks."""

    person: Integers
    value: Numbers
    score: Integers
    votes: _Votes
    totals: Integers

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
        score = doubles_of(self.score, _PLACES)
        if give == "score":
            return pa.array(score)
        return pa.array(score / doubles_of(self.totals, _PLACES)[self.person])
