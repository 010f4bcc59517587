"""The rules of identity in plain Python, written for reading: what Spark's answers are held to."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from model.identity_policy import IdentityPolicy
from tests.identity.worlds import Words, node, sighting, token


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


class Persons:
    """The partition of sightings and identifiers that the policy asks for.

    `seen` maps the words of each sighting to its last day.
    """

    def __init__(self, seen: Mapping[Words, Any], policy: IdentityPolicy) -> None:
        self.policy = policy
        self.seen = seen
        self.beside = defaultdict(set)
        for words in seen:
            for word in words.split():
                self.beside[word].add(words)
        self.hubs = {word for word in self.beside if self._is_hub(word)}
        self.refused: set[tuple[int, int]] = set()
        self.partition = self._strong()
        self._attach()

    def _kind(self, word: Words) -> str:
        return word.split(":")[0]

    def _rank(self, word: Words) -> int:
        return self.policy.kinds[self._kind(word)].rank

    def _is_weak(self, word: Words) -> bool:
        return self.policy.kinds[self._kind(word)].strength == "weak"

    def _is_hub(self, word: Words) -> bool:
        rules = self.policy.kinds[self._kind(word)]
        if self._kind(word) in self.policy.never_merge:
            return False
        beside = {other for words in self.beside[word] for other in words.split()}
        counts = Counter(self._kind(other) for other in beside if self._rank(other) < rules.rank)
        return (
            len(self.beside[word]) > (rules.max_sightings or 10**9)
            or max(counts.values(), default=0) > (rules.max_peers or 10**9)
            or any(counts[kind] > 1 for kind in self.policy.disagree.kinds)
        )

    def _links(self, weak: bool) -> list[tuple[Words, Words]]:
        return [
            (words, word)
            for words in self.seen
            for word in words.split()
            if word not in self.hubs and self._is_weak(word) == weak
        ]

    def _strong(self) -> dict[int, int]:
        links = self._links(weak=False)
        ends = {end for words, word in links for end in (sighting(words), node(word))}
        edges = [(sighting(words), node(word)) for words, word in links]
        whole = component_of(ends, edges)
        values = defaultdict(set)
        for _, word in links:
            if self._kind(word) in self.policy.never_merge:
                values[whole[node(word)], self._kind(word)].add(word)
        broken = {component for (component, _), held in values.items() if len(held) > 1}
        return whole | self._replayed([x for x in links if whole[node(x[1])] in broken])

    def _replayed(self, links: list[tuple[Words, Words]]) -> dict[int, int]:
        # Stable sorts, the least important first.
        ordered = sorted(links, key=lambda link: (token(link[1]), sighting(link[0])))
        ordered.sort(key=lambda link: self.seen[link[0]], reverse=True)
        ordered.sort(key=lambda link: self._rank(link[1]))
        sets = UnionFind()
        nodes = {end for words, word in links for end in (sighting(words), node(word))}
        kinds = {node(word): self._kind(word) for _, word in links}
        never = {each: kind for each, kind in kinds.items() if kind in self.policy.never_merge}
        for words, word in ordered:
            ends = {sets.root(sighting(words)), sets.root(node(word))}
            held = Counter(kind for value, kind in never.items() if sets.root(value) in ends)
            if len(ends) == 2 and max(held.values(), default=0) > 1:
                self.refused.add((sighting(words), node(word)))
            else:
                sets.join(sighting(words), node(word))
        return {each: sets.root(each) for each in nodes}

    def _attach(self) -> None:
        links = self._links(weak=True)
        persons, followers = defaultdict(set), defaultdict(list)
        for words, word in links:
            if sighting(words) in self.partition:
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

    def groups(self) -> set[frozenset[int]]:
        """Persons as sets of nodes; those without a sighting are none."""
        sightings = {sighting(words) for words in self.seen}
        found = defaultdict(set)
        for each, component in self.partition.items():
            found[component].add(each)
        return {frozenset(group) for group in found.values() if group & sightings}
