"""What a night's tags are computed from, ready: tables in order, persons numbered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from typing import TypeVar

import numpy as np
import pyarrow as pa

from language.binding import quoted
from language.local_sql import local_source, local_sql
from language.types import Columns
from model.ddl_types import arrow_schema, arrow_type
from model.engines import Rows
from model.fixed_tables import STAGE_STATES
from model.local_engine import LocalEngine
from tags.definitions import SourceTable
from tags.kernel.funnels import columns_of_funnel
from tags.kernel.groupings import asked_of, columns_of
from tags.kernel.memory import SET, SetValues, known_stages_here
from tags.kernel.queries import answer_queries_here
from tags.kernel.reading import Asked, InOrder, People, PersonRows, ordered, rows_of
from tags.kernel.tiles import Tile, TileRows
from tags.kernel.tops import Rarity, columns_of_top, rarity_of, united, votes_of
from tags.kernel.values import Integers, whole
from tags.kernel.wide import MASK, Wide, absents_of
from tags.night import ONE_ID, Night
from tags.plans import Picked, Rank, TagPlan, TopCell, TopGrouping

_AT_ONCE = 2  # groups of persons, which fill two cores
_NEAR = 0.1  # of a group: so far its bounds are moved to those of another night's files
NO_STATES = arrow_schema(STAGE_STATES.schema).empty_table()
Ranks = Mapping[str, pa.Array]  # how many stand above everybody, and how many have a value
One = TypeVar("One")
Made = TypeVar("Made")


def all_of(ones: Sequence[One], function: Callable[[One], Made]) -> list[Made]:
    """What a function makes of each, two at a time."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(function, ones))


@dataclass(frozen=True)
class Given:
    """What tags are computed from, as for the reference.

    `golden_types` are the types of the golden profile's columns. `earlier`: the wide table of the
    night before, `states` what it left of stages, `values` what people set (memory.SET); None:
    there is none. `tables` tells the columns of the sources; `tiles` are those that last, of
    tables that need not be read then.
    """

    sources: Mapping[str, Rows]
    tables: Mapping[str, SourceTable]
    persons: Rows
    golden: Rows
    golden_types: Columns
    earlier: Rows | None = None
    states: Rows | None = None
    values: pa.Table | None = None
    tiles: Mapping[str, Tile] = field(default_factory=dict)


@dataclass(frozen=True)
class Group:
    """Some persons: all with a one_id from `first` (None: from the smallest) up to, without, `end`
    (None: to the largest), also those who are no longer."""

    number: int
    first: int | None
    end: int | None

    @property
    def condition(self) -> str:
        """SQL that holds for the persons of the group."""
        first = "" if self.first is None else f" and {ONE_ID} >= {self.first}"
        end = "" if self.end is None else f" and {ONE_ID} < {self.end}"
        return f"true{first}{end}"


@dataclass(frozen=True)
class Prepared:
    """A night's tables in order, and who the persons are."""

    engine: LocalEngine
    plan: TagPlan
    night: Night
    ids: pa.Array
    tables: Mapping[str, InOrder]
    filled: Sequence[Rows]
    kept: Sequence[Rows]
    values: SetValues
    failures: Mapping[str, str]
    absents: Mapping[str, pa.Scalar]
    rarity: Mapping[TopCell, Rarity] = field(default_factory=dict)

    @classmethod
    def of(cls, engine: LocalEngine, given: Given, plan: TagPlan, night: Night) -> Prepared:
        """Reads every table once."""
        engine.learn()
        people = engine.kept(engine.rows("people", f"""
            select {ONE_ID}, row_number() over (order by {ONE_ID}) - 1 as number from these
        """, these=given.persons))  # fmt: skip
        ids = engine.arrow(
            engine.rows("ids", f"select {ONE_ID} from p order by {ONE_ID}", p=people)
        )
        ids = whole(ids.column(ONE_ID))
        tables = {
            name: _in_order(engine, given, people, asked_of(plan, name, night), ids)
            for name in plan.measured_tables
        }
        types = {name: table.columns for name, table in given.tables.items()}
        answers = answer_queries_here(engine, given.sources, types, plan.queries, night)
        known = engine.of(NO_STATES) if given.states is None else given.states
        states = [known_stages_here(engine, known, plan.histories)] if plan.histories else []
        return cls(
            engine, plan, night, ids, tables,
            [*_picked(engine, given, people, plan.picks, night),
             *(_numbered(engine, rows, people) for rows in answers.rows)],
            [_numbered(engine, rows, people)
             for rows in (*_carried(engine, given.earlier, plan), *states)],
            SetValues(SET.empty_table() if given.values is None else given.values, plan.overrides),
            answers.failures, absents_of(engine, plan),
        )  # fmt: skip

    def groups(self, rows_at_once: int, cuts: Sequence[int] = ()) -> list[People]:
        """Persons of neighbouring numbers, of whom no table has many more rows than said; they
        begin at one_ids of `cuts` where these are near, as files of another night do."""
        most = max((table.count for table in self.tables.values()), default=0)
        count = max(1, -(-most // rows_at_once))
        bounds = np.linspace(0, len(self.ids), count + 1).astype(np.int64)
        bounds[1:-1] = _near(bounds[1:-1], np.searchsorted(self.ids.to_numpy(), [*cuts]),
                             len(self.ids) / count * _NEAR)  # fmt: skip
        found = sorted({*bounds.tolist()})
        return [People(start, end) for start, end in pairwise(found)] or [People(0, 0)]

    def named(self, groups: Sequence[People]) -> Iterator[Group]:
        """The groups by the one_ids where they begin."""
        inner = [self.ids[people.start].as_py() for people in groups[1:]]
        for number, (first, end) in enumerate(pairwise([None, *inner, None])):
            yield Group(number, first, end)

    def measured(self, people: People) -> Wide:
        """The columns of some persons that are read or measured, before any is derived."""
        plan, night = self.plan, self.night
        ids = self.ids[people.start : people.end]
        wide = Wide(self.engine, plan, night, ids, self.values, self.absents)
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
        return wide

    def derive(self, wide: Wide, depth: int, people: People, ranks: Ranks) -> None:
        """Adds the columns of a level to those of some persons."""
        level = self.plan.levels[depth]
        named = {place for d in level for rank in d.ranks for place in places_of(rank)}
        wide.derive(level, {name: ranks[name][people.start : people.end] for name in named})

    def wide(self, people: People, depth: int, ranks: Ranks) -> Wide:
        """The columns of some persons up to, without, a level."""
        wide = self.measured(people)
        for level in range(depth):
            self.derive(wide, level, people, ranks)
        return wide

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
                of_groups = all_of(groups, partial(self.rarities, top))
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
        return {name: whole(found.column(name)) for name in found.column_names}


def _near(places: Integers, others: Integers, most: float) -> Integers:
    """Places, or the nearest of others where one is not further than said."""
    if not len(others):
        return places
    nearest = others[np.abs(places[:, None] - others).argmin(axis=1)]
    return np.where(np.abs(nearest - places) <= most, nearest, places)


def _in_order(
    engine: LocalEngine, given: Given, people: Rows, asked: Asked, ids: pa.Array
) -> InOrder:
    name = asked.table.name
    if name in given.tiles:
        return TileRows(asked, given.tiles[name], ids.to_numpy())
    return ordered(engine, given.sources[name], people, asked)


def places_of(rank: Rank) -> tuple[str, str]:
    """The columns of a rank: how many persons stand above, how many have a value."""
    return f"{rank.name}_above", f"{rank.name}_count"


def _carried(engine: LocalEngine, earlier: Rows | None, plan: TagPlan) -> Iterator[Rows]:
    """The columns that an earlier wide table tells, by one_id; a column that this does not have,
    of this name and type, is missing."""
    if not plan.carried:
        return
    if earlier is None:
        raise ValueError("the plan carries columns over: it needs the wide table of a night")
    there = engine.schema_of(earlier)
    types = {c.name: arrow_type(c.spark_type) for c in plan.carried}
    listed = ", ".join(
        local_sql(quoted(c.name))
        if c.name in there.names and there.field(c.name).type == types[c.name]
        else f"{local_sql(f'CAST(NULL AS {c.spark_type})')} as {local_sql(quoted(c.name))}"
        for c in plan.carried
    )
    yield engine.rows("carried", f"select {ONE_ID}, {listed} from these", these=earlier)


def _numbered(engine: LocalEngine, rows: Rows, people: Rows) -> Rows:
    """Columns of rows that are unique by one_id, for every person, with the persons' numbers."""
    own = [name for name in rows.columns if name != ONE_ID]
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
