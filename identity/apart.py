"""Why two are not one person: the links that rules cut between them, or on the way between them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, NamedTuple

from identity.explain import IdentityTables
from identity.sightings import sighting_state
from model.engines import Engine, Rows

HUB, WEAK, REFUSED, SHADOW = "hub", "weak", "refused", "shadow"
# What tells most comes first: a person's word, a rule about persons, about time, an identifier.
_ORDER = ("cannot_link", "never_merge", "re-issued", "window", HUB, WEAK, REFUSED, SHADOW)


class Place(NamedTuple):
    """Who holds a node: a person (its OneID), or nobody but the node itself."""

    is_person: bool
    number: int


@dataclass(frozen=True)
class Cut:
    """An identifier that does not join two persons, and the rule that says so.

    `rule`: as identity.rejected_links tells it (`never_merge <kind>`, `cannot_link <id>`, `window`,
    `re-issued`), or what is shared in vain (identity.shared_in_vain). The sighting is the one whose
    link was cut, or one of one of the two; sources and days are of its rows. A correction without
    a link that it could cut has neither.
    """

    rule: str
    kind: str
    scope: str
    token: str
    node_id: int
    sighting_id: int | None
    sources: tuple[str, ...] = ()
    first_date: date | None = None
    last_date: date | None = None


@dataclass(frozen=True)
class Rejection:
    """A link of identity.rejected_links, and who holds its two ends."""

    cut: Cut
    ends: tuple[Place, Place]


Around = Callable[[Collection[Place]], Iterable[Rejection]]


def rejections(engine: Engine, tables: IdentityTables) -> Rows:
    """The links that rules cut, and who holds their ends: one row for each link and holders.

    Columns: rule, kind, scope, token, node_id, sighting_id, one_id (of the identifier) and
    other_one_id (of the sighting); null: nobody.
    """
    return engine.rows(
        "rejections",
        """
        select r.rule, r.kind, n.scope, n.token, r.node_id, r.sighting_id,
            i.one_id, s.one_id as other_one_id
        from rejected_links r
        join (select node_id, scope, token from nodes) n on n.node_id = r.node_id
        left join (select node_id, one_id from one_ids) i on i.node_id = r.node_id
        left join (select node_id, one_id from one_ids) s on s.node_id = r.sighting_id
        """,
        rejected_links=tables.rejected_links, nodes=tables.nodes, one_ids=tables.one_ids,
    )  # fmt: skip


def rejections_around(engine: Engine, rejected: Rows, places: Collection[Place]) -> Rows:
    """Those `rejections` that have an end in one of the places."""
    persons = _numbers(place.number for place in places if place.is_person)
    nodes = _numbers(place.number for place in places if not place.is_person)
    return engine.rows(
        "rejections_around",
        f"""
        select * from rejected
        where one_id in ({persons}) or (one_id is null and node_id in ({nodes}))
            or other_one_id in ({persons})
            or (other_one_id is null and sighting_id in ({nodes}))
        """,
        rejected=rejected,
    )


def _numbers(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(set(numbers)))) or "null"


def rejection(row: Mapping[str, Any]) -> Rejection:
    """A row of `rejections`."""
    names = ("rule", "kind", "scope", "token", "node_id", "sighting_id")
    ends = (
        _place(row["one_id"], row["node_id"]), _place(row["other_one_id"], row["sighting_id"])
    )  # fmt: skip
    return Rejection(Cut(**{name: row[name] for name in names}), ends)


def _place(one_id: int | None, node_id: int) -> Place:
    return Place(False, node_id) if one_id is None else Place(True, one_id)


def cuts_between(
    one: Place, other: Place, around: Around, shared: Collection[Cut]
) -> tuple[Cut, ...]:
    """Why two are apart, what tells most first; none where nothing ever linked them.

    The links between them that a rule cut, and what they share in vain; else the fewest cut links
    that lead from one to the other over third persons. `around` gives the rejections that have an
    end in one of some places: only those on the way are asked for.
    """
    between = {each.cut for each in around([one]) if {*each.ends} == {one, other}}
    direct = tuple(sorted({*between, *shared}, key=_telling))
    return direct or _over_others(one, other, around)


def _telling(cut: Cut) -> tuple[int, str, int, int]:
    first = cut.rule.split()[0]
    place = _ORDER.index(first) if first in _ORDER else len(_ORDER)
    return place, cut.rule, cut.node_id, cut.sighting_id or 0


def _over_others(one: Place, other: Place, around: Around) -> tuple[Cut, ...]:
    """The cut links on a shortest way from one to the other, in its order."""
    came: dict[Place, tuple[Place, Cut] | None] = {one: None}
    reached = [one]
    while reached and other not in came:
        found: dict[Place, tuple[Place, Cut]] = {}
        for here, there, cut in _onward(reached, around):
            if there not in came:
                found.setdefault(there, (here, cut))
        came |= found
        reached = list(found)
    way: list[Cut] = []
    step = came.get(other)
    while step is not None:
        way.append(step[1])
        step = came[step[0]]
    return tuple(way[::-1])


def _onward(reached: Collection[Place], around: Around) -> list[tuple[Place, Place, Cut]]:
    """The cut links that lead on from some places, in an order of their own."""
    each_way = [
        (here, there, each.cut)
        for each in around(reached)
        for here, there in (each.ends, each.ends[::-1])
        if here in reached
    ]
    return sorted(each_way, key=lambda way: (way[0], way[1], _telling(way[2])))


def days_of(engine: Engine, tables: IdentityTables, cuts: Iterable[Cut]) -> Rows:
    """Where and when the sightings of cuts were seen: (sighting_id, sources, first_date,
    last_date)."""
    listed = _numbers(cut.sighting_id for cut in cuts if cut.sighting_id is not None)
    own = engine.rows(
        "sightings_of_cuts", f"select * from slices where sighting_id in ({listed})",
        slices=tables.sightings,
    )  # fmt: skip
    return engine.rows(
        "days_of_sightings",
        """
        select sighting_id, array_sort(array_distinct(array_agg(source))) as sources,
            min(first_date) as first_date, max(last_date) as last_date
        from state group by sighting_id
        """,
        state=sighting_state(engine, own, tables.business_date),
    )


def with_days(cuts: Iterable[Cut], days: Iterable[Mapping[str, Any]]) -> tuple[Cut, ...]:
    """The cuts with what `days_of` tells of their sightings."""
    known = {row["sighting_id"]: row for row in days}

    def dated(cut: Cut) -> Cut:
        row = known.get(cut.sighting_id)
        return cut if row is None else replace(
            cut, sources=tuple(row["sources"]), first_date=row["first_date"],
            last_date=row["last_date"],
        )  # fmt: skip

    return tuple(map(dated, cuts))
