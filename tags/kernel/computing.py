"""A night's tags in this process: the same wide table as the reference's (tags/computing.py).

Persons are taken some at a time, two groups at once; what they are ranked by is found beforehand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial

import pyarrow as pa

from model.local_engine import LocalEngine
from tags.kernel.prepared import Given, Group, Made, Prepared, Ranks, all_of, places_of
from tags.kernel.reading import People
from tags.kernel.values import whole
from tags.kernel.wide import Wide
from tags.night import Night
from tags.plans import Rank, TagPlan

ROWS_AT_ONCE = 1_000_000  # of one table, of a group of persons


def compute_tags_here(
    engine: LocalEngine, given: Given, plan: TagPlan, business_date: date, *, time_zone: str,
    rows_at_once: int = ROWS_AT_ONCE,
) -> pa.Table:  # fmt: skip
    """The wide table of one night, in order of one_id, as one table in memory."""
    prepared = Prepared.of(engine, given, plan, Night(business_date, time_zone))
    made = for_all_persons(prepared, lambda _, wide: wide.stored(), rows_at_once)
    return pa.concat_tables(made)


def for_all_persons(
    prepared: Prepared, finish: Callable[[Group, Wide], Made],
    rows_at_once: int = ROWS_AT_ONCE, cuts: Sequence[int] = (),
) -> list[Made]:  # fmt: skip
    """What `finish` makes of the columns of each group of persons, in the order of one_id; at
    least one group, be it of nobody. They begin at one_ids of `cuts` where these are near."""
    groups, levels = prepared.groups(rows_at_once, cuts), prepared.plan.levels
    prepared = prepared.knowing_rarities(groups)
    # Many groups are measured again for what ranks ask; a single one is kept as far as it is.
    only = prepared.measured(groups[0]) if len(groups) == 1 else None
    ranks: dict[str, pa.Array] = {}
    for depth, level in enumerate(levels):
        named = [rank for derived in level for rank in derived.ranks]
        if named:  # everybody's place is known before anybody's share
            ranked = partial(_ranked, prepared, only, depth, named, dict(ranks))
            ranks |= places(prepared.engine, named, all_of(groups, ranked))
        if only:
            prepared.derive(only, depth, groups[0], ranks)

    def made(one: tuple[Group, People]) -> Made:
        return finish(one[0], only or prepared.wide(one[1], len(levels), ranks))

    return all_of(list(zip(prepared.named(groups), groups, strict=True)), made)


def _ranked(
    prepared: Prepared, only: Wide | None, depth: int, named: Sequence[Rank], ranks: Ranks,
    people: People,
) -> Ranks:  # fmt: skip
    """The values that some persons are ranked by at a level."""
    return (only or prepared.wide(people, depth, ranks)).ranked(named)


def places(
    engine: LocalEngine, ranks: Sequence[Rank], values: Sequence[Mapping[str, pa.Array]]
) -> dict[str, pa.Array]:
    """How many persons stand above each, and how many have a value; in the order of persons.

    `values` are those they are ranked by, by the ranks' names, of one group of persons after the
    other.
    """
    tables = [pa.table(dict(of_group)) for of_group in values]
    known = pa.concat_tables(tables)
    known = known.append_column("_number", pa.array(range(len(known)), pa.int64()))
    listed = ", ".join(
        f"case when {rank.name} is not null then "
        f"rank() over (order by {rank.name} desc nulls last) - 1 end as {above}, "
        f"count({rank.name}) over () as {count}"
        for rank in ranks for above, count in (places_of(rank),)
    )  # fmt: skip
    found = engine.over("places", f"select {listed} from these order by _number", known)
    return {
        name: whole(found.column(name)) for rank in ranks for name in places_of(rank)
    }
