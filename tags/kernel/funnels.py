"""Funnels: how far every person came through steps that follow each other in time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from tags.kernel.reading import PersonRows
from tags.kernel.values import Integers, Truths
from tags.night import Night
from tags.rule_plans import Funnel, Step

_MICROS, _PER_HOUR = 1_000_000, 3_600_000_000


def columns_of_funnel(
    tables: Mapping[str, PersonRows], funnel: Funnel, night: Night
) -> Iterator[tuple[str, pa.Array]]:
    """What a funnel gives of every person."""
    walked = _walked(_seen(tables, funnel, night), funnel)
    for give, column in zip(funnel.give, funnel.columns, strict=True):
        yield column.name, walked.column(give, funnel.codes)


@dataclass(frozen=True)
class _Seen:
    """Rows that are some step of a funnel, in order of persons and moments; at one moment rows of
    an earlier step come first. `steps`: for each step, which rows are it."""

    person: Integers
    moment: Integers
    steps: Sequence[Truths]
    person_count: int


def _seen(tables: Mapping[str, PersonRows], funnel: Funnel, night: Night) -> _Seen:
    names = list(dict.fromkeys(step.table.name for step in funnel.steps))
    parts = [tables[name] for name in names]
    within = [_within(rows, funnel, night) for rows in parts]
    person = np.concatenate([rows.rows.unit for rows in parts])
    moment = np.concatenate([rows.moments for rows in parts])
    steps = [
        np.concatenate([
            _is_step(rows, step) & kept if step.table.name == name else np.zeros(len(kept), bool)
            for name, rows, kept in zip(names, parts, within, strict=True)
        ])
        for step in funnel.steps
    ]  # fmt: skip
    some = np.flatnonzero(np.any(steps, axis=0))
    order = some[np.lexsort((*(~step[some] for step in reversed(steps)), moment[some],
                             person[some]))]  # fmt: skip
    return _Seen(
        person[order], moment[order], [step[order] for step in steps], parts[0].rows.unit_count
    )


def _is_step(rows: PersonRows, step: Step) -> Truths:
    found = np.zeros(len(rows.rows), bool)
    found[rows.places(step.where)] = True
    return found


def _within(rows: PersonRows, funnel: Funnel, night: Night) -> Truths:
    (window,) = rows.rows.ranges([funnel.window.bounds(night.business_date)])
    unit, place = rows.rows.unit, np.arange(len(rows.rows))
    inside: Truths = (place >= window.start[unit]) & (place < window.end[unit])
    return inside


@dataclass(frozen=True)
class _Walked:
    """Of every person the steps of the best start (0: there is none), and its first and last
    moment."""

    reached: Integers
    start: Integers
    end: Integers

    def column(self, give: str, codes: Sequence[str]) -> pa.Array:
        """The furthest step, the step behind which a person was lost, or the hours it took."""
        is_done = self.reached == len(codes)
        if give == "hours_to_finish":
            return pa.array((self.end - self.start) / _PER_HOUR, mask=~is_done)
        missing = self.reached == 0 if give == "furthest" else (self.reached == 0) | is_done
        place = np.maximum(self.reached - 1, 0)
        return pa.array(list(codes)).take(pa.array(place, mask=missing))


def _walked(seen: _Seen, funnel: Funnel) -> _Walked:
    """Of several starts the one that comes furthest, the earliest of those, the soonest there."""
    starts = np.flatnonzero(seen.steps[0])
    at, reached = starts.copy(), np.ones(len(starts), np.int64)
    end = seen.moment[starts]
    going = np.ones(len(starts), bool)
    for step in seen.steps[1:]:
        following = _next(seen, step)[at]
        place = np.maximum(following, 0)
        moment = seen.moment[place] if len(seen.moment) else end
        in_time = moment - seen.moment[starts] <= funnel.seconds * _MICROS
        going &= (following >= 0) & in_time
        at = np.where(going, place, at)
        reached, end = reached + going, np.where(going, moment, end)
    best = np.lexsort((end, seen.moment[starts], -reached, seen.person[starts]))
    person = seen.person[starts][best]
    first = best[np.flatnonzero(np.diff(person, prepend=-1))]
    found = [np.zeros(seen.person_count, np.int64) for _ in range(3)]
    for of_all, of_starts in zip(found, (reached, seen.moment[starts], end), strict=True):
        of_all[seen.person[starts][first]] = of_starts[first]
    return _Walked(*found)


def _next(seen: _Seen, step: Truths) -> Integers:
    """For every row the nearest later one of the same person that is a step; −1: none."""
    count = len(step)
    if count == 0:
        return np.zeros(0, np.int64)
    places = np.where(step, np.arange(count), count)
    from_here = np.minimum.accumulate(places[::-1])[::-1]
    later = np.append(from_here[1:], count)
    same = (later < count) & (seen.person[np.minimum(later, count - 1)] == seen.person)
    return np.where(same, later, -1)
