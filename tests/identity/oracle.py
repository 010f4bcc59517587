"""The rules of identity in plain Python, written for reading: what Spark's answers are held to."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from identity.names import names_differ
from model.identity_policy import IdentityPolicy
from tests.identity.period_oracle import PlainPeriods
from tests.identity.worlds import (
    Borne,
    Fact,
    Words,
    kind_of,
    node,
    plain,
    scope_of,
    sighting,
    token,
)


class UnionFind:
    """Sets of nodes, each named by its smallest."""

    def __init__(self) -> None:
        self.parent: dict[int, int] = {}

    def root(self, item: int) -> int:
        self.parent.setdefault(item, item)
        while self.parent[item] != item:
            item = self.parent[item]
        return item

    def join(self, one: int, other: int) -> None:
        low, high = sorted((self.root(one), self.root(other)))
        self.parent[high] = low


def component_of(nodes: Iterable[int], edges: Iterable[tuple[int, int]]) -> dict[int, int]:
    sets = UnionFind()
    for src, dst in edges:
        sets.join(src, dst)
    return {each: sets.root(each) for each in nodes}


def _meet_anew(one: Mapping[Any, set[str]], other: Mapping[Any, set[str]]) -> bool:
    """Whether two values of one rule would meet that are not together on either side."""
    return any(
        a != b and not {a, b} <= one[rule] and not {a, b} <= other[rule]
        for rule in one.keys() & other.keys() for a in one[rule] for b in other[rule]
    )  # fmt: skip


def _any_differ(names: Iterable[str]) -> bool:
    known = list(names)
    return any(names_differ(one, other) for one in known for other in known)


class Persons:
    """The partition of sightings and identifiers that the policy asks for.

    `seen` maps the words of each sighting to its night, or its first and last night; `facts` and
    `joins` are rulings, `names` what sightings bear. Words may name a later period: `phone:1/40`
    begins on night 40.
    """

    def __init__(
        self,
        seen: Mapping[Words, int | tuple[int, int]],
        policy: IdentityPolicy,
        facts: Iterable[Fact] = (),
        joins: Iterable[tuple[int, int]] = (),
        names: Iterable[Borne] = (),
    ) -> None:
        self.policy = policy
        self.days = {w: (d, d) if isinstance(d, int) else d for w, d in seen.items()}
        self.facts: dict[int, dict[Any, str]] = defaultdict(dict)
        for each, rule, value in facts:
            self.facts[each][rule] = min(value, self.facts[each].get(rule, value))
        self.names: dict[int, set[str]] = defaultdict(set)
        for each, written in names:
            self.names[each].add(written)
        self.periods = PlainPeriods(self.days, policy, self.facts, self.names)
        self.held = self.periods.held
        words_of_all = {word for held in self.held.values() for word in held}
        there = {sighting(words) for words in seen} | {node(word) for word in words_of_all}
        self.joins = [pair for pair in joins if there.issuperset(pair)]
        for word in words_of_all:
            if kind_of(word) in policy.never_merge_kinds:
                self.facts[node(word)][kind_of(word), scope_of(word)] = plain(word)
        self.beside = defaultdict(set)
        for words, held in self.held.items():
            for word in held:
                self.beside[word].add(words)
        self.hubs = {word for word in self.beside if self._is_hub(word)}
        self.ranged = {
            words: pieces for (words, home), pieces in self.periods.across.items()
            if self._decides_alone(words, home)
        }  # fmt: skip
        self.refused: set[tuple[int, int]] = set()
        self.values: dict[int, dict[Any, set[str]]] = {}
        persons = self._strong([], {})
        brought = {
            each: self._overruled(self.values[persons.get(each, each)])
            for pair in self.joins for each in pair
        }  # fmt: skip
        self.refused.clear()
        self.partition = self._strong(self.joins, brought)
        self._attach()

    def _rank(self, word: Words) -> int:
        return self.policy.kinds[kind_of(word)].rank

    def _is_weak(self, word: Words) -> bool:
        return self.policy.kinds[kind_of(word)].strength == "weak"

    def _is_hub(self, word: Words) -> bool:
        rules = self.policy.kinds[kind_of(word)]
        if kind_of(word) in self.policy.never_merge_kinds:
            return False
        beside = {plain(other) for words in self.beside[word] for other in self.held[words]}
        stronger = [other for other in beside if self._rank(other) < rules.rank]
        counts = Counter((kind_of(other), scope_of(other)) for other in stronger)
        return (
            len(self.beside[word]) > (rules.max_sightings or 10**9)
            or max(counts.values(), default=0) > (rules.max_peers or 10**9)
            or any(n > 1 for (kind, _), n in counts.items() if kind in self.policy.disagree.kinds)
            or (self.policy.disagree.names and self._is_disputed(word))
        )

    def _is_disputed(self, word: Words) -> bool:
        """Whether the names of two stronger identifiers seen with it cannot be one person's."""
        beside = {other for words in self.beside[word] for other in self.held[words]}
        stronger = [other for other in beside if self._rank(other) < self._rank(word)]
        bearers = [
            (names, self._strong_beside(other)) for other in stronger
            if (names := self._names_of(other)) and not _any_differ(names)
        ]  # fmt: skip
        return any(
            _any_differ([*names, *others]) and not self._is_settled(one, other)
            for names, one in bearers for others, other in bearers
        )  # fmt: skip

    def _strong_beside(self, word: Words) -> set[Words]:
        beside = {plain(other) for words in self.beside[word] for other in self.held[words]}
        return {other for other in beside if not self._is_weak(other)}

    def _is_settled(self, one: set[Words], other: set[Words]) -> bool:
        """Two kinds in common, or one value each of a never-merge kind, and another one."""
        if len({kind_of(word) for word in one & other}) > 1:
            return True
        rules = {(kind_of(word), scope_of(word)) for word in one | other
                 if kind_of(word) in self.policy.never_merge_kinds}  # fmt: skip
        for rule in rules:
            values = [
                [word for word in side if (kind_of(word), scope_of(word)) == rule]
                for side in (one, other)
            ]
            if all(len(each) == 1 for each in values) and values[0] != values[1]:
                return True
        return False

    def _names_of(self, word: Words) -> set[str]:
        """Names of the sightings in which nothing is stronger."""
        return {
            name
            for words in self.beside[word] for name in self.names[sighting(words)]
            if all(self._rank(word) <= self._rank(other) for other in self.held[words])
        }  # fmt: skip

    def _decides_alone(self, words: Words, home: Words) -> bool:
        others = [word for word in self.held[words] if word != home and word not in self.hubs]
        return home not in self.hubs and all(
            self._is_weak(other) and self._rank(other) > self._rank(home) for other in others
        )

    def _links(self, weak: bool) -> list[tuple[Words, Words]]:
        return [
            (words, word)
            for words, held in self.held.items()
            for word in held
            if words not in self.ranged
            and word not in self.hubs and self._is_weak(word) == weak
        ]  # fmt: skip

    def _overruled(self, told: Mapping[Any, set[str]]) -> dict[Any, set[str]]:
        """The facts of a person that a join sets aside: not those of corrections."""
        return {rule: set(values) for rule, values in told.items() if "cannot_link" not in rule}

    def _in_order(self) -> list[tuple[Words, Words]]:
        """Strong links, strongest first."""
        # Stable sorts, the least important first.
        ordered = sorted(
            self._links(weak=False), key=lambda link: (token(link[1]), sighting(link[0]))
        )
        ordered.sort(key=lambda link: self.days[link[0]][1], reverse=True)
        ordered.sort(key=lambda link: self._rank(link[1]))
        return ordered

    def _facts_of_nodes(self) -> dict[int, dict[Any, set[str]]]:
        held: dict[int, dict[Any, set[str]]] = defaultdict(lambda: defaultdict(set))
        for each, facts in self.facts.items():
            for rule, value in facts.items():
                held[each][rule].add(value)
        return held

    def _strong(
        self, joins: list[tuple[int, int]], brought: Mapping[int, Mapping[Any, set[str]]]
    ) -> dict[int, int]:
        """Persons of strong links, behind the joins, whose ends bring what their persons hold."""
        ordered = self._in_order()
        sets = UnionFind()
        held = self._facts_of_nodes()

        def unite(one: int, other: int) -> None:
            low, high = sorted((sets.root(one), sets.root(other)))
            sets.join(low, high)
            if low != high:
                for rule, values in held.pop(high, {}).items():
                    held[low][rule] |= values

        for pair in joins:
            unite(*pair)
            for each in pair:
                for rule, values in brought[each].items():
                    held[sets.root(each)][rule] |= values
        for words, word in ordered:
            one, other = sets.root(sighting(words)), sets.root(node(word))
            if one != other and _meet_anew(held[one], held[other]):
                self.refused.add((sighting(words), node(word)))
            else:
                unite(one, other)
        ends = {end for words, word in ordered for end in (sighting(words), node(word))}
        self.values = held
        return {each: sets.root(each) for each in ends.union(*joins)}

    def _attach(self) -> None:
        links = [link for link in self._links(weak=True) if not self._is_refused(*link)]
        persons, followers = defaultdict(set), defaultdict(list)
        joined = {word for _, word in links if node(word) in self.partition}
        for words, word in links:
            if word in joined:
                persons[word].add(self.partition[node(word)])
            elif sighting(words) in self.partition:
                persons[word].add(self.partition[sighting(words)])
        for words in {words for words, _ in links if sighting(words) not in self.partition}:
            weak = [word for other, word in links if other == words]
            followers[min(weak, key=lambda word: (self._rank(word), token(word)))].append(words)
        for word in {word for _, word in links}:
            alone = node(word) if followers[word] else None
            home = persons[word].pop() if len(persons[word]) == 1 else alone
            if home is not None:
                self.partition[node(word)] = home
                self.partition |= {sighting(words): home for words in followers[word]}

    def _is_refused(self, words: Words, word: Words) -> bool:
        """Whether a weak identifier may not attach to the person of a sighting."""
        person = self.partition.get(sighting(words))
        if person is None or node(word) in self.partition:
            return False
        own = {rule: {value} for rule, value in self.facts[node(word)].items()}
        is_refused = _meet_anew(own, self.values[person])
        if is_refused:
            self.refused.add((sighting(words), node(word)))
        return is_refused

    def groups(self) -> set[frozenset[int]]:
        """Persons as sets of nodes; those without a sighting are none."""
        sightings = {sighting(words) for words in self.days}
        found = defaultdict(set)
        for each, component in self.partition.items():
            found[component].add(each)
        return {frozenset(group) for group in found.values() if group & sightings}

    def by_day(self) -> set[tuple[int, frozenset[int], int | None, int | None]]:
        """Sightings whose person depends on the day: the person's nodes, first and last night."""
        group_of = {each: group for group in self.groups() for each in group}
        return {
            (sighting(words), group_of[node(word)], start, end)
            for words, pieces in self.ranged.items() if sighting(words) not in self.partition
            for word, start, end in pieces if node(word) in group_of
        }  # fmt: skip
