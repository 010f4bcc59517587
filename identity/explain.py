"""How two nodes came to be one person: the strongest path over the person's links, step by step."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from model.engines import Engine, Rows

_Cost = tuple[int, int, int]
_NO_COST: _Cost = (0, 0, 0)


@dataclass(frozen=True)
class IdentityTables:
    """What zone identity knows on a night: slices of sightings up to it, and of the histories the
    rows that hold on it."""

    business_date: date
    sightings: Rows
    nodes: Rows
    links: Rows
    hubs: Rows
    rejected_links: Rows
    one_ids: Rows


@dataclass(frozen=True, order=True)
class Link:
    """What joins two nodes: a sighting and an identifier it shows, or two identifiers that a
    correction joins.

    `rank` is that of the identifier's kind, 0 of a correction's; `row_count` are the rows behind
    it. Of a correction, kind and token are those of its second end, `other_token` is the first's
    (None else), and there are no sources, days or rows.
    """

    one: int
    other: int
    kind: str
    scope: str
    token: str
    rule: str
    rank: int
    sources: tuple[str, ...] = ()
    first_date: date | None = None
    last_date: date | None = None
    row_count: int | None = None
    other_token: str | None = None


@dataclass(frozen=True)
class Step:
    """A link of a path, walked from `start` to `end`. `is_bridge`: no other links of the person
    join the two ends of the path."""

    link: Link
    start: int
    end: int
    is_bridge: bool


def links_of_person(engine: Engine, tables: IdentityTables, one_id: int) -> Rows:
    """The links of one person on a night: (one, other, kind, scope, token, rule, sources,
    first_date, last_date, row_count), one the sighting and other the identifier."""
    return engine.rows(
        "links_of_person",
        f"""
        with own as (select node_id from one_ids where kind = 'sighting' and one_id = {one_id}),
        joining as (select k.* from links k semi join own s on s.node_id = k.sighting_id)
        select k.sighting_id as one, k.node_id as other, k.kind, n.scope, n.token, k.rule,
            k.sources, k.first_date, k.last_date, k.row_count
        from joining k join nodes n on n.node_id = k.node_id
        """,
        links=tables.links, one_ids=tables.one_ids, nodes=tables.nodes,
    )  # fmt: skip


def strongest_path(links: Iterable[Link], start: int, goal: int) -> tuple[Step, ...] | None:
    """The path between two nodes whose weakest link is strongest; of several the one of fewest
    links, then of stronger ones, then of more recent ones. No steps from a node to itself; None
    where no path is.
    """
    known = sorted(links)
    if start == goal:
        return ()
    for rank in sorted({link.rank for link in known}):
        walk = _shortest([link for link in known if link.rank <= rank], start, goal)
        if walk:
            return tuple(
                Step(link, one, other, not _shortest(_without(known, link), start, goal))
                for one, other, link in walk
            )
    return None


_Walk = list[tuple[int, int, Link]]


def _without(links: Iterable[Link], left_out: Link) -> list[Link]:
    return [link for link in links if link is not left_out]


def _shortest(links: Iterable[Link], start: int, goal: int) -> _Walk:
    """The links of the cheapest walk (Dijkstra's), each with the nodes it leads from and to; none
    where there is no walk."""
    around = _around(links)
    costs = {start: _NO_COST}
    came: dict[int, tuple[int, Link]] = {}
    queue = [(_NO_COST, start)]
    while queue:
        cost, node = heapq.heappop(queue)
        if node == goal:
            return _walked(came, goal)
        if cost > costs[node]:
            continue
        for neighbour, link in around.get(node, ()):
            further = _further(cost, link)
            if neighbour not in costs or further < costs[neighbour]:
                costs[neighbour], came[neighbour] = further, (node, link)
                heapq.heappush(queue, (further, neighbour))
    return []


def _around(links: Iterable[Link]) -> Mapping[int, Sequence[tuple[int, Link]]]:
    """Every node's neighbours, with the link to each."""
    found: dict[int, list[tuple[int, Link]]] = defaultdict(list)
    for link in links:
        found[link.one].append((link.other, link))
        found[link.other].append((link.one, link))
    return found


def _further(cost: _Cost, link: Link) -> _Cost:
    """The cost of a walk and one link more: links, their ranks, the days since they were seen."""
    age = 0 if link.last_date is None else date.max.toordinal() - link.last_date.toordinal()
    return cost[0] + 1, cost[1] + link.rank, cost[2] + age


def _walked(came: Mapping[int, tuple[int, Link]], goal: int) -> _Walk:
    walk: _Walk = []
    node = goal
    while node in came:
        before, link = came[node]
        walk.append((before, node, link))
        node = before
    return walk[::-1]
