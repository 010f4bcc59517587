"""Tiles: rows by person that last from night to night, for tables so large that a night must not
put them in order anew. To the last row they are what reading the clean table would give."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from jobs.night import Night
from lake.log_tables import read_rows
from lake.readers import held_by_person, valid_at
from lake.tile_rows import (
    TileSources,
    TileTables,
    changed_keys,
    changes_since,
    in_order_of_persons,
    rows_in_order,
)
from model.canonical import CanonicalTable
from model.ddl_types import arrow_schema
from model.engines import Rows
from model.fixed_tables import ONE_IDS
from model.local_engine import LocalEngine
from model.ops_tables import TILED
from model.sql_text import date_literal
from model.task_files import TaskFiles
from tags.kernel.reading import Asked
from tags.kernel.tiles import PLACE, Tile

FEWEST = 1_000_000  # rows of a clean table; to put fewer in order takes no longer than to keep them
MOST_CHANGED = 0.1  # of a base's rows; beyond, a base is made anew
_GIGABYTES = 3.0  # in which a base is put in order; what does not fit is spilled
_FORMAT = "1"  # of tiles: another one makes new bases


@dataclass(frozen=True)
class _State:
    """A night for which a tile stands: the night and the rows of its base, its columns, and a hash
    of what it is made of."""

    night: date
    base_night: date
    base_count: int
    columns: tuple[str, ...]
    made_of: str


@dataclass
class Tiles:
    """The tiles of one night."""

    night: Night
    engine: LocalEngine
    _maps: dict[date, str] = field(default_factory=dict, repr=False)

    def of(self, table: CanonicalTable, asked: Asked) -> Tile | None:
        """The tile of a table with all that is asked of it, at D; None where the table is small.

        It is what it was on the newest night up to D whose inputs all stand, with what changed
        since; where there is none, or too much changed, all of it is made anew.
        """
        if self.night.lake.row_count_until(table.contract, self._day) < FEWEST:
            return None
        needed = TileTables.of(table, asked.columns)
        state = next(self._standing(needed), None)
        if state is None:
            return self._anew(needed)
        tables = TileTables(table, state.columns)
        if state.night == self._day:
            return self._tile(tables, state, self._changes(tables, state))
        return self._changed(tables, state) or self._anew(needed)

    def _standing(self, tables: TileTables) -> Iterator[_State]:
        """The nights up to D, newest first, whose tile has the columns and whose inputs stand."""
        states = [_State(*row) for name, *row in self._told() if name == tables.table.name]
        for state in sorted(states, key=lambda state: state.night, reverse=True):
            is_of_use = state.night <= self._day and {*tables.stored} <= {*state.columns}
            if is_of_use and state.made_of == self._made_of(tables.table, state.night):
                yield state

    def _anew(self, tables: TileTables) -> Tile:
        """All rows in order, as a new base without changes."""
        file = self.engine.folder / f"{tables.base.name}.parquet"
        rows = rows_in_order(self.engine, self._sources(tables), self._day)
        count = self.engine.write(rows, str(file), _GIGABYTES)
        self._remember(tables.table, date.min)
        lake, schema = self.night.lake, pq.read_schema(file)
        lake.overwrite(tables.base, TaskFiles(lake.spark, [file], schema, {}))
        made_of = self._made_of(tables.table, self._day)
        state = _State(self._day, self._day, count, tables.stored, made_of)
        self._remember(tables.table, self._day, state)
        return self._tile(tables, state, self._changes(tables, state))

    def _changed(self, tables: TileTables, state: _State) -> Tile | None:
        """The tile of an earlier night with what changed since; None where that is much."""
        engine, of, before = self.engine, self._sources(tables), self._changes(tables, state)
        keys = changed_keys(engine, of, state.night, self._day)
        rows = changes_since(engine, of, keys, self._base(tables), before, self._day)
        count = engine.one_row("changes", "select count(*) as n from these", these=rows)["n"]
        if count > MOST_CHANGED * state.base_count:
            return None
        self._remember(tables.table, self._day)
        self.night.lake.replace_slice(tables.changes, engine.output(rows), self._day)
        now = replace(state, night=self._day, made_of=self._made_of(tables.table, self._day))
        self._remember(tables.table, self._day, now)
        return self._tile(tables, now, rows)

    def _tile(self, tables: TileTables, state: _State, changes: Rows) -> Tile:
        order = in_order_of_persons(tables.table)
        removed = self.engine.arrow(self.engine.rows("removed", """
            select `_place` from these where not `_is_added` order by `_place`
        """, these=changes))  # fmt: skip
        added = self.engine.arrow(self.engine.rows("added", f"""
            select * exclude (business_date, `_is_added`) from these where `_is_added`
            order by {order}
        """, these=changes))  # fmt: skip
        return Tile(self._base(tables), state.base_count, removed[PLACE].to_numpy(), added)

    def _sources(self, tables: TileTables) -> TileSources:
        read = partial(self.night.lake.rows, self.engine)
        return TileSources(tables, read(tables.table.contract, until=self._day), read(ONE_IDS))

    def _base(self, tables: TileTables) -> Path:
        (file,) = self.night.lake.files(tables.base)
        return file

    def _changes(self, tables: TileTables, state: _State) -> Rows:
        """The changes of a night for which a tile stands; none on the night of its base."""
        if state.night == state.base_night:
            return self.engine.of(arrow_schema(tables.changes.schema).empty_table())
        return self.engine.rows(
            "changes", f"select * from these where business_date = {date_literal(state.night)}",
            these=self.night.lake.rows(self.engine, tables.changes, until=state.night),
        )  # fmt: skip

    def _made_of(self, table: CanonicalTable, day: date) -> str:
        """A hash of how the rows of a night are read, of their files and of the map."""
        sql = held_by_person(table, "versions", "one_ids", day)
        files = self.night.lake.files_until(table.contract, day)
        digest = hashlib.sha256()
        for text in (_FORMAT, sql, table.contract.schema, *files, self._map_at(day)):
            digest.update(text.encode() + b"\0")
        return digest.hexdigest()

    def _map_at(self, day: date) -> str:
        """A hash of who every sighting was on a night."""
        if day not in self._maps:
            told = self.engine.one_row("map", f"""
                select count(*) as n, bit_xor(hash(node_id, one_id, seen_from, seen_to)) as h
                from ({valid_at('one_ids', ONE_IDS.column_names, day)}) v where kind = 'sighting'
            """, one_ids=self.night.lake.rows(self.engine, ONE_IDS))  # fmt: skip
            self._maps[day] = f"{told['n']} {told['h']}"
        return self._maps[day]

    def _told(self) -> Iterator[tuple[Any, ...]]:
        for row in read_rows(self.night.lake.root, TILED):
            yield tuple(row[name] for name in TILED.column_names)

    def _remember(self, table: CanonicalTable, since: date, state: _State | None = None) -> None:
        """Forgets what is told of a table's nights from `since` on, for the night's own state. A
        run that is killed between the two leaves none, and the tables are nobody's."""
        kept = [row for row in self._told() if row[0] != table.name or row[1] < since]
        told = [] if state is None else [(table.name, *vars(state).values())]
        self.night.lake.overwrite_records(TILED, [*kept, *told])

    @property
    def _day(self) -> date:
        return self.night.business_date
