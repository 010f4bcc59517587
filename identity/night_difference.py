"""What a night changes in the map of persons, as counts: for the gate, a dry run and the report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from identity.sightings import is_weak
from model.engines import Engine, Rows
from model.identity_policy import IdentityPolicy

_SIZES = ((1, "1"), (2, "2"), (3, "3"), (4, "4"), (5, "5"), (10, "6-10"), (20, "11-20"))
_LARGER = "21+"


class SizeCount(NamedTuple):
    """How many persons have so many sightings (a number, or a range such as 6-10)."""

    size: str
    before: int
    after: int


@dataclass(frozen=True)
class NightDifference:
    """Persons of the map before a night and after it, and what became of them.

    `minted`, `gone`: numbers that are new, and that are no longer there; people_after =
    people_before + minted - gone. Of the numbers gone, `merged` are persons who held something
    strong and are now one person with others who did; who attached is gone and merged with nobody.
    Of the minted, `split` were part of another person. `moved` counts nodes (sightings and
    identifiers) that are there on both sides with different persons, those of merges and splits
    among them. `new_hubs`: identifiers that became hubs. `largest`: sightings of the largest
    person after; `sizes`: persons by sightings, smallest first, sizes that nobody has left out.
    """

    people_before: int = 0
    people_after: int = 0
    sighting_count: int = 0
    minted: int = 0
    merged: int = 0
    split: int = 0
    gone: int = 0
    moved: int = 0
    new_hubs: int = 0
    largest: int = 0
    sizes: tuple[SizeCount, ...] = ()


class Held(NamedTuple):
    """What holds at a date: rows of identity.one_ids and of identity.hubs."""

    one_ids: Rows
    hubs: Rows


def night_difference(
    engine: Engine, before: Held, after: Held, policy: IdentityPolicy
) -> NightDifference:
    """The difference between what held the day before a night and what holds at it.

    Cost: a grouping of both maps and a join of them; a few numbers come back.
    """
    numbers = engine.kept(_numbers(engine, before.one_ids, after.one_ids, policy))
    moves = engine.kept(_moves(engine, before.one_ids, after.one_ids, policy))
    counts = engine.one_row("persons", """
        select count(case when was then 1 end) as people_before,
            count(case when lives then 1 end) as people_after,
            coalesce(cast(sum(size_after) as bigint), 0) as sighting_count,
            count(case when lives and not was then 1 end) as minted,
            count(case when was and not lives then 1 end) as gone,
            coalesce(cast(max(size_after) as bigint), 0) as largest
        from numbers
    """, numbers=numbers)  # fmt: skip
    moved = engine.one_row("moved", """
        select coalesce(cast(sum(nodes) as bigint), 0) as moved from moves
    """, moves=moves)  # fmt: skip
    hubs = engine.one_row("new_hubs", """
        select count(distinct h.node_id) as new_hubs
        from after_night h anti join before_night b on b.node_id = h.node_id
    """, before_night=before.hubs, after_night=after.hubs)  # fmt: skip
    return NightDifference(
        **counts, **moved, **hubs, merged=_merged(engine, numbers, moves),
        split=_split(engine, numbers, moves), sizes=_sizes(engine, numbers),
    )  # fmt: skip


def _numbers(engine: Engine, before: Rows, after: Rows, policy: IdentityPolicy) -> Rows:
    """A row for every number of either map: whether it is there before (`was`) and after
    (`lives`), its sightings in each, whether it held anything strong before, and what it holds
    after."""
    strong, weak = f"kind <> 'sighting' and not {is_weak(policy)}", is_weak(policy)
    return engine.rows(
        "numbers",
        f"""
        select one_id, bool_or(was) as was, bool_or(not was) as lives,
            count(case when was and kind = 'sighting' then 1 end) as size_before,
            count(case when not was and kind = 'sighting' then 1 end) as size_after,
            bool_or(was and {strong}) as was_strong,
            bool_or(not was and {strong}) as is_strong, bool_or(not was and {weak}) as is_weak
        from (
            select one_id, kind, true as was from before_night
            union all select one_id, kind, false from after_night
        ) both_maps group by one_id
        """,
        before_night=before, after_night=after,
    )  # fmt: skip


def _moves(engine: Engine, before: Rows, after: Rows, policy: IdentityPolicy) -> Rows:
    """(old_one_id, one_id, nodes, strong, sightings): nodes that changed person, and how many of
    them are strong identifiers and sightings. A node with several ranges moves by range."""
    return engine.rows(
        "moves",
        f"""
        select o.one_id as old_one_id, n.one_id, count(*) as nodes,
            count(case when n.kind = 'sighting' then 1 end) as sightings,
            count(case when n.kind <> 'sighting' and not n.is_weak then 1 end) as strong
        from (select *, {is_weak(policy)} as is_weak from after_night) n
        join before_night o
            on o.node_id = n.node_id and o.seen_from is not distinct from n.seen_from
        where n.one_id <> o.one_id
        group by o.one_id, n.one_id
        """,
        before_night=before, after_night=after,
    )  # fmt: skip


def _merged(engine: Engine, numbers: Rows, moves: Rows) -> int:
    """Persons with something strong who are gone into another: of those that meet in one person,
    all but one. A person whose parts went to several is where most of its strong identifiers
    are, then most sightings."""
    row = engine.one_row("merged", """
        with went as (
            select m.one_id, row_number() over (
                partition by m.old_one_id
                order by m.strong desc nulls last, m.sightings desc nulls last, m.one_id nulls first
            ) as place
            from moves m join numbers n on n.one_id = m.old_one_id
            where m.strong > 0 and n.was_strong and not n.lives
        ), met as (
            select one_id, count(*) as persons from went where place = 1 group by one_id
        )
        select coalesce(cast(sum(
            case when n.was_strong then m.persons else m.persons - 1 end
        ) as bigint), 0) as merged
        from met m join numbers n on n.one_id = m.one_id
    """, numbers=numbers, moves=moves)  # fmt: skip
    return int(row["merged"])


def _split(engine: Engine, numbers: Rows, moves: Rows) -> int:
    """New persons who were part of another; a device that is let go again is no split."""
    row = engine.one_row("split", """
        select count(distinct n.one_id) as split
        from numbers n join moves m on m.one_id = n.one_id
        where not n.was and (n.is_strong or not n.is_weak) and m.strong + m.sightings > 0
    """, numbers=numbers, moves=moves)  # fmt: skip
    return int(row["split"])


def _sizes(engine: Engine, numbers: Rows) -> tuple[SizeCount, ...]:
    names = " ".join(f"when size <= {most} then '{name}'" for most, name in _SIZES)
    found = engine.rows("sizes_of_persons", f"""
        select case {names} else '{_LARGER}' end as name,
            count(case when was then 1 end) as was, count(case when not was then 1 end) as lives
        from (
            select true as was, size_before as size from numbers where size_before > 0
            union all select false, size_after from numbers where size_after > 0
        ) persons
        group by case {names} else '{_LARGER}' end
    """, numbers=numbers)  # fmt: skip
    counted = {row["name"]: row for row in engine.arrow(found).to_pylist()}
    order = (*(name for _, name in _SIZES), _LARGER)
    return tuple(
        SizeCount(name, counted[name]["was"], counted[name]["lives"])
        for name in order if name in counted
    )  # fmt: skip
