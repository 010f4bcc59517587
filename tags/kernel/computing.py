"""A night's tags in this process: the same wide table as the reference's (tags/computing.py).

Persons are taken some at a time, two groups at once; what they are ranked by is found beforehand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from itertools import pairwise
from typing import TypeVar

import numpy as np
import pyarrow as pa

from language.binding import quoted
from language.local_sql import local_source, local_sql
from language.types import Columns
from model.ddl_types import arrow_schema
from model.engines import Rows
from model.fixed_tables import STAGE_STATES
from model.local_engine import LocalEngine
from tags.kernel.funnels import columns_of_funnel
from tags.kernel.groupings import asked_of, columns_of
from tags.kernel.memory import SET, SetValues, known_stages_here
from tags.kernel.reading import OrderedRows, People, PersonRows, ordered, rows_of
from tags.kernel.tops import Rarity, columns_of_top, rarity_of, united, votes_of
from tags.kernel.wide import MASK, Wide
from tags.night import ONE_ID, Night
from tags.plans import Picked, Rank, TagPlan, TopCell, TopGrouping

ROWS_AT_ONCE = 250_000  # of one table, of a group of persons
_AT_ONCE = 2  # groups, which fill two cores
NO_STATES = arrow_schema(STAGE_STATES.schema).empty_table()
Made = TypeVar("Made")


@dataclass(frozen=True)
class Given:
    """What tags are computed from, as for the reference.

    `golden_types` are the types of the golden profile's columns. `earlier`: the wide table of the
    night before, `states` what it left of stages, `values` what people set (memory.SET); None:
    there is none. `answers`: what the plan's queries gave, each a column unique by one_id;
    `failures`: why others gave nothing, by column.
    """

    sources: Mapping[str, Rows]
    persons: Rows
    golden: Rows
    golden_types: Columns
    earlier: Rows | None = None
    states: Rows | None = None
    values: pa.Table | None = None
    answers: Sequence[Rows] = ()
    failures: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Group:
    """Some persons: all with a one_id from `first` (None: from the smallest) up to, without, `end`
    (None: to the largest), also those who are no longer."""

    number: int
    first: int | None
    end: int | None


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
    rows_at_once: int = ROWS_AT_ONCE,
) -> list[Made]:  # fmt: skip
    """What `finish` makes of the columns of each group of persons, in the order of one_id; at
    least one group, be it of nobody."""
    groups, levels = prepared.groups(rows_at_once), prepared.plan.levels
    prepared = prepared.knowing_rarities(groups)
    ranks: dict[str, pa.Array] = {}
    for depth, level in enumerate(levels):
        named = [rank for derived in level for rank in derived.ranks]
        if named:  # everybody's place is known before anybody's share
            values = _all(groups, partial(prepared.ranked, depth, named, dict(ranks)))
            ranks |= _places(prepared.engine, named, values)

    def made(one: tuple[Group, People]) -> Made:
        return finish(one[0], prepared.wide(one[1], len(levels), ranks))

    return _all(list(zip(prepared.named(groups), groups, strict=True)), made)


One = TypeVar("One")


def _all(ones: Sequence[One], function: Callable[[One], Made]) -> list[Made]:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(function, ones))


@dataclass(frozen=True)
class Prepared:
    """A night's tables in order, and who the persons are."""

    engine: LocalEngine
    plan: TagPlan
    night: Night
    ids: pa.Array
    tables: Mapping[str, OrderedRows]
    filled: Sequence[Rows]
    kept: Sequence[Rows]
    values: SetValues
    failures: Mapping[str, str]
    rarity: Mapping[TopCell, Rarity] = field(default_factory=dict)

    @classmethod
    def of(cls, engine: LocalEngine, given: Given, plan: TagPlan, night: Night) -> Prepared:
        """Reads every table once."""
        people = engine.kept(engine.rows("people", f"""
            select {ONE_ID}, row_number() over (order by {ONE_ID}) - 1 as number from these
        """, these=given.persons))  # fmt: skip
        ids = engine.arrow(
            engine.rows("ids", f"select {ONE_ID} from p order by {ONE_ID}", p=people)
        )
        tables = {
            name: ordered(engine, given.sources[name], people, asked_of(plan, name, night), night)
            for name in measured_tables(plan)
        }
        known = engine.of(NO_STATES) if given.states is None else given.states
        states = [known_stages_here(engine, known, plan.histories)] if plan.histories else []
        carried = [column.name for column in plan.carried]
        if carried and given.earlier is None:
            raise ValueError("the plan carries columns over: it needs the wide table of a night")
        return cls(
            engine, plan, night, ids.column(ONE_ID).combine_chunks(), tables,
            [*_picked(engine, given, people, plan.picks, night),
             *(_numbered(engine, rows, people) for rows in given.answers)],
            [*(_numbered(engine, rows, people, carried) for rows in [given.earlier] if rows
               and carried), *(_numbered(engine, rows, people) for rows in states)],
            SetValues(SET.empty_table() if given.values is None else given.values, plan.overrides),
            given.failures,
        )  # fmt: skip

    def groups(self, rows_at_once: int) -> list[People]:
        """Persons of neighbouring numbers, of whom no table has many more rows than said."""
        most = max((table.count for table in self.tables.values()), default=0)
        count = max(1, -(-most // rows_at_once))
        bounds = sorted({*np.linspace(0, len(self.ids), count + 1).astype(int).tolist()})
        return [People(start, end) for start, end in pairwise(bounds)] or [People(0, 0)]

    def named(self, groups: Sequence[People]) -> Iterator[Group]:
        """The groups by the one_ids where they begin."""
        inner = [self.ids[people.start].as_py() for people in groups[1:]]
        for number, (first, end) in enumerate(pairwise([None, *inner, None])):
            yield Group(number, first, end)

    def wide(self, people: People, depth: int, ranks: Mapping[str, pa.Array]) -> Wide:
        """The columns of some persons up to, without, a level."""
        plan, night = self.plan, self.night
        ids = self.ids[people.start : people.end]
        wide = Wide(self.engine, plan, night, ids, self.values)
        for known in self.filled:
            wide.add(self._of(known, people))
        for known in self.kept:
            wide.keep(self._of(known, people))
        wide.fail(self.failures)
        tables = self.rows(people)
        for name, rows in tables.items():
            own = [grouping for grouping in plan.groupings if grouping.table.name == name]
            wide.add(columns_of(rows, own, night))
        for top in plan.tops:
            votes = votes_of(tables, top)
            wide.add(dict(columns_of_top(votes, top.cells, self.rarity, night)))
        for funnel in plan.funnels:
            wide.add(dict(columns_of_funnel(tables, funnel, night)))
        for level in plan.levels[:depth]:
            named = {place for d in level for rank in d.ranks for place in _names(rank)}
            wide.derive(level, {n: ranks[n][people.start : people.end] for n in named})
        return wide

    def ranked(
        self, depth: int, named: Sequence[Rank], ranks: Mapping[str, pa.Array], people: People
    ) -> dict[str, pa.Array]:
        """The values that some persons are ranked by at a level."""
        return self.wide(people, depth, ranks).ranked(named)

    def rows(self, people: People) -> dict[str, PersonRows]:
        """The rows of some persons, by table."""
        return {
            name: rows_of(self.engine, table, people, self.night)
            for name, table in self.tables.items()
        }

    def knowing_rarities(self, groups: Sequence[People]) -> Prepared:
        """The same, once it is known how many persons vote for what, where scores depend on it."""
        found: dict[TopCell, Rarity] = {}
        for top in self.plan.tops:
            if any(cell.rarity for cell in top.cells):
                of_groups = _all(groups, partial(self.rarities, top))
                found |= {cell: united([one[cell] for one in of_groups]) for cell in of_groups[0]}
        return replace(self, rarity=found)

    def rarities(self, top: TopGrouping, people: People) -> dict[TopCell, Rarity]:
        """How many of some persons vote for what, of the cells whose scores depend on it."""
        votes = votes_of(self.rows(people), top)
        return {cell: rarity_of(votes, cell, self.night) for cell in top.cells if cell.rarity}

    def _of(self, rows: Rows, people: People) -> dict[str, pa.Array]:
        """Columns that were there before, of some persons."""
        found = self.engine.arrow(self.engine.rows("known", f"""
            select * exclude (_number) from these
            where _number >= {people.start} and _number < {people.end} order by _number
        """, these=rows))  # fmt: skip
        return {name: found.column(name).combine_chunks() for name in found.column_names}


def measured_tables(plan: TagPlan) -> list[str]:
    """The tables whose rows are put in order, sorted: all but those that only queries read, which
    Spark answers."""
    read = {grouping.table.name for grouping in plan.groupings}
    read |= {ballot.table.name for top in plan.tops for ballot in top.ballots}
    read |= {step.table.name for funnel in plan.funnels for step in funnel.steps}
    return sorted(read)


def _numbered(
    engine: LocalEngine, rows: Rows, people: Rows, names: Sequence[str] | None = None
) -> Rows:
    """Columns (None: all) of rows that are unique by one_id, for every person, with the persons'
    numbers."""
    own = [name for name in rows.columns if name != ONE_ID] if names is None else names
    listed = "".join(f", r.{local_sql(quoted(name))}" for name in own)
    return engine.kept(engine.rows("numbered", f"""
        select p.number as _number {listed} from people p left join these r
        on r.{ONE_ID} = p.{ONE_ID}
    """, people=people, these=rows))  # fmt: skip


def _picked(
    engine: LocalEngine, given: Given, people: Rows, picks: Sequence[Picked], night: Night
) -> list[Rows]:
    """What is picked of everybody's golden profile; nothing where no tag picks."""
    listed = ", ".join(_picked_columns(picks, night))
    if not listed:
        return []
    found = engine.kept(engine.rows("golden", f"""
        select p.number as _number, {listed} from people p
        left join {local_source('golden', given.golden_types)} g on g.{ONE_ID} = p.{ONE_ID}
    """, people=people, golden=given.golden))  # fmt: skip
    return [found]


def _picked_columns(picks: Sequence[Picked], night: Night) -> Iterator[str]:
    for pick in picks:
        name = pick.column.name
        if pick.is_high:
            yield f'{local_sql(quoted(f"{pick.golden}_mask"))} as {local_sql(quoted(MASK + name))}'
        if not pick.is_high or pick.needs_plain:
            yield f"{local_sql(night.bind(pick.sql))} as {local_sql(quoted(name))}"


def _names(rank: Rank) -> tuple[str, str]:
    return f"{rank.name}_above", f"{rank.name}_count"


def _places(
    engine: LocalEngine, ranks: Sequence[Rank], values: Sequence[Mapping[str, pa.Array]]
) -> dict[str, pa.Array]:
    """How many persons stand above each, and how many have a value; in the order of persons."""
    tables = [pa.table(dict(of_group)) for of_group in values]
    known = pa.concat_tables(tables)
    known = known.append_column("_number", pa.array(range(len(known)), pa.int64()))
    listed = ", ".join(
        f"case when {rank.name} is not null then "
        f"rank() over (order by {rank.name} desc nulls last) - 1 end as {above}, "
        f"count({rank.name}) over () as {count}"
        for rank in ranks for above, count in (_names(rank),)
    )  # fmt: skip
    found = engine.over("places", f"select {listed} from these order by _number", known)
    return {
        name: found.column(name).combine_chunks() for rank in ranks for name in _names(rank)
    }
