"""Periods of identifiers in plain Python, written for reading: what the SQL is held to.

A period is a word with its first day behind a stroke: `phone:1/40` begins on night 40.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from identity.names import names_differ
from model.identity_policy import IdentityPolicy
from tests.identity.worlds import Words, kind_of, node, plain, scope_of, sighting

Days = Mapping[Words, tuple[int, int]]  # first and last night of each sighting
CROWD = 100


@dataclass
class Side:
    """Who stands on one side of a silence: identifiers, sightings, values by rule."""

    things: set[Words]
    around: set[Words]
    values: dict[object, set[str]] = field(default_factory=lambda: defaultdict(set))

    def add(self, later: Side) -> None:
        self.things |= later.things
        self.around |= later.around
        for rule, values in later.values.items():
            self.values[rule] |= values


class PlainPeriods:
    """`held`: the periods each sighting holds; `cuts`: (sighting, node before, rule); `across`: of
    a sighting and a period it holds, all periods it lies in, with first and last night."""

    def __init__(
        self, days: Days, policy: IdentityPolicy, facts: Mapping[int, Mapping[object, str]],
        names: Mapping[int, set[str]],
    ) -> None:  # fmt: skip
        self.days, self.policy, self.facts, self.names = days, policy, facts, names
        self.held = {words: words.split() for words in days}
        self.cuts: set[tuple[int, int, str]] = set()
        self.across: dict[tuple[Words, Words], list[tuple[Words, int | None, int | None]]] = {}
        self.holders = self._by_word()
        self._cut({word: self._window_starts(word) for word in self.holders}, "window")
        self.holders = self._by_word()
        self._cut({word: self._reissue_starts(word) for word in self.holders}, "re-issued")

    def _by_word(self) -> dict[Words, list[Words]]:
        """The sightings of each word, in the order of their days."""
        found: dict[Words, list[Words]] = defaultdict(list)
        for words in sorted(self.days, key=lambda words: (*self.days[words], sighting(words))):
            for word in self.held[words]:
                found[word].append(words)
        return dict(found)

    def _rank(self, word: Words) -> int:
        return self.policy.kinds[kind_of(word)].rank

    def _others(self, words: Words, word: Words) -> list[Words]:
        """What else of strong kinds the sighting holds."""
        kinds = self.policy.kinds
        return [o for o in self.held[words] if o != word and kinds[kind_of(o)].strength == "strong"]

    def _window_starts(self, word: Words) -> dict[int, Words]:
        window = self.policy.kinds[kind_of(word)].window
        found, until = {}, None
        for words in self.holders[word] if window else []:
            first, last = self.days[words]
            if until is not None and window and first - until > window.days:
                found[first] = words
            until = max(last, last if until is None else until)
        return found

    def _reissue_starts(self, word: Words) -> dict[int, Words]:
        silence = self.policy.kinds[kind_of(word)].silence
        parts: list[list[Words]] = []
        until = None
        for words in self.holders[word] if silence else []:
            if any(self._rank(other) < self._rank(word) for other in self.held[words]):
                first, last = self.days[words]
                if until is None or (silence and first - until >= silence.days):
                    parts.append([])
                parts[-1].append(words)
                until = max(last, last if until is None else until)
        owners: list[Side] = []
        found = {}
        for part in parts:
            side = self._side(word, part)
            if any(side.things & earlier.things for earlier in owners[:-1]):
                return {}
            if owners and self._are_two(owners[-1], side):
                found[self.days[part[0]][0]] = part[0]
                owners.append(side)
            elif owners:
                owners[-1].add(side)
            else:
                owners.append(side)
        return found

    def _are_two(self, one: Side, other: Side) -> bool:
        if one.things & other.things:
            return False
        told = [(one.values[rule], other.values[rule]) for rule in one.values
                if rule in other.values]  # fmt: skip
        if any(len(mine) == len(theirs) == 1 and mine != theirs for mine, theirs in told):
            return True
        return self._differ(one.around, other.around) and not (
            self._differ(one.around, one.around) or self._differ(other.around, other.around)
        )

    def _differ(self, some: set[Words], others: set[Words]) -> bool:
        """Whether names of two different sightings cannot be one person's."""
        return any(
            names_differ(one, other)
            for a in some for b in others if a != b
            for one in self.names.get(sighting(a), ()) for other in self.names.get(sighting(b), ())
        )  # fmt: skip

    def _side(self, word: Words, part: list[Words]) -> Side:
        beside = {o for words in part for o in self._others(words, word)}
        around = {s for o in beside if len(self.holders[o]) <= CROWD for s in self.holders[o]}
        things = {o for s in around for o in self._others(s, word)
                  if len(self.holders[o]) <= CROWD}  # fmt: skip
        side = Side({plain(thing) for thing in things}, around)
        for thing in things:
            if self._rank(thing) < self._rank(word):
                side.values[kind_of(thing), scope_of(thing)].add(plain(thing))
        for told in {*map(sighting, around), *map(node, things)}:
            for rule, value in self.facts.get(told, {}).items():
                side.values["rule", rule].add(value)
        return side

    def _cut(self, starts: Mapping[Words, Mapping[int, Words]], rule: str) -> None:
        for word, begun in starts.items():
            periods = {None: word} | {day: f"{plain(word)}/{day}" for day in sorted(begun)}
            before = word
            for day in sorted(begun):
                self.cuts.add((sighting(begun[day]), node(before), rule))
                before = periods[day]
            for words in self.holders[word] if begun else []:
                first, last = self.days[words]
                day = max((day for day in begun if day <= last), default=None)
                self.held[words] = [periods[day] if o == word else o for o in self.held[words]]
                inside = [day for day in sorted(begun) if first < day <= last]
                if inside:
                    earlier = max((day for day in begun if day <= first), default=None)
                    spans = [earlier, *inside]
                    ends = [*(day - 1 for day in inside), None]
                    self.across[words, periods[day]] = [
                        (periods[span], span if n else None, end)
                        for n, (span, end) in enumerate(zip(spans, ends, strict=True))
                    ]
