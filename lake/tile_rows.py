"""Rows by person in the order of persons and time, and what changes of them between two nights.

For tiles: rows that last from night to night. SQL of DuckDB, since they lie where that reads them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from lake.readers import held_by_person, moved_sightings
from model.canonical import CanonicalTable
from model.contracts import Column, TableContract, columns
from model.duckdb_sql import parquet_literal
from model.engines import Rows
from model.local_engine import LocalEngine
from model.sql_text import date_literal

_OF_PERSONS = Column("one_id", "bigint", "客户号", "The person")


@dataclass(frozen=True)
class TileTables:
    """The two tables of a tile, and the columns of the clean table that they hold."""

    table: CanonicalTable
    stored: tuple[str, ...]

    @classmethod
    def of(cls, table: CanonicalTable, asked: Collection[str]) -> TileTables:
        """The columns asked for, those that order rows, and those by which rows are found again."""
        needed = {*asked, *_order(table), *table.key, "sighting_id"}
        return cls(table, tuple(name for name in table.contract.column_names if name in needed))

    @property
    def base(self) -> TableContract:
        """One file in the order of persons and time, whole."""
        return TableContract(
            "tags", f"tiles_of_{self.table.name}", (_OF_PERSONS, *self._own),
            ("one_id", *self.table.key), None, f"{self.table.title} 按客户排序",
            f"Rows of clean.{self.table.name} in the order of persons and time",
        )  # fmt: skip

    @property
    def changes(self) -> TableContract:
        """By night all that changed since the base."""
        marks = columns(
            "business_date date | 业务日 | Night",
            "_is_added boolean | 新增 | Whether the row has come; else the base's row at the place "
            "counts no longer, and the other columns are null",
            "_place bigint | 位置 | Of what counts no longer; of the base's last row of the person "
            "before the one that has come, null: none",
        )
        return TableContract(
            "tags", f"tile_changes_of_{self.table.name}", (*marks, _OF_PERSONS, *self._own),
            ("_is_added", "_place", "one_id", *self.table.key), "business_date",
            f"{self.table.title} 按客户排序的变化",
            f"What changed in tags.{self.base.name} since it was made",
        )  # fmt: skip

    @property
    def _own(self) -> tuple[Column, ...]:
        return tuple(c for c in self.table.contract.columns if c.name in self.stored)


@dataclass(frozen=True)
class TileSources:
    """What a tile is made of: all versions of a table's rows, and the history of the map."""

    tables: TileTables
    versions: Rows
    one_ids: Rows


def rows_in_order(engine: LocalEngine, of: TileSources, day: date) -> Rows:
    """All rows of persons at `day`, those that wait for their day among them, in order."""
    table = of.tables.table
    held = held_by_person(table, "versions", "one_ids", day)
    return engine.rows("tile", f"""
        select {_listed(of)} from ({held}) h where one_id is not null
        order by {in_order_of_persons(table)}
    """, versions=of.versions, one_ids=of.one_ids)  # fmt: skip


def changed_keys(engine: LocalEngine, of: TileSources, since: date, day: date) -> Rows:
    """The keys of which a row came between two nights, or whose person is another; kept."""
    key = ", ".join(f"v.`{name}`" for name in of.tables.table.key)
    moved = moved_sightings("one_ids", since, day)
    return engine.kept(engine.rows("changed_keys", f"""
        select {key} from versions v
        where v.arrived_date > {date_literal(since)} and v.arrived_date <= {date_literal(day)}
        union
        select {key} from versions v semi join ({moved}) m on m.node_id = v.sighting_id
    """, versions=of.versions, one_ids=of.one_ids))  # fmt: skip


def changes_since(
    engine: LocalEngine, of: TileSources, keys: Rows, base: Path, before: Rows, day: date
) -> Rows:
    """All that changed since a base was made, as rows of `TileTables.changes` of `day`; kept.

    `keys` have changed since a night on which `before` were the changes.
    """
    changed = engine.kept(engine.rows(
        "changed",
        f"select v.* from versions v semi join keys k on {of.tables.table.same_key('v', 'k')}",
        versions=of.versions, keys=keys,
    ))  # fmt: skip
    added = _added(engine, of, day, keys=keys, changed=changed, changes=before)
    near = _near(engine, of, base, changed, added)
    names = ", ".join(f"`{name}`" for name in of.tables.changes.column_names)
    nothing = ", ".join(f"null as `{name}`" for name in ("one_id", *of.tables.stored))
    return engine.kept(engine.rows("changes", f"""
        select {names} from (
            select {date_literal(day)} as business_date, true as `_is_added`, * from placed
        ) added
        union all
        select {date_literal(day)}, false, `_place`, {nothing} from (
            select `_place` from changes where not `_is_added`
            union
            select n.`_place` from near n semi join keys k on {of.tables.table.same_key('n', 'k')}
        ) removed
    """, placed=_placed(engine, of, near, added), near=near, keys=keys,
        changes=before))  # fmt: skip


def _added(engine: LocalEngine, of: TileSources, day: date, **given: Rows) -> Rows:
    """The rows that a base lacks at `day`: of the keys that changed, and those it lacked before;
    each with a number of its own. `changed` are all versions of the keys."""
    now = held_by_person(of.tables.table, "changed", "one_ids", day, whole="versions")
    return engine.kept(engine.rows("added", f"""
        select *, row_number() over () as `_number` from (
            select {_listed(of)} from ({now}) h where one_id is not null
            union all
            select {_listed(of)} from changes c
            anti join keys k on {of.tables.table.same_key('c', 'k')}
            where `_is_added`
        ) united
    """, versions=of.versions, one_ids=of.one_ids, **given))  # fmt: skip


def _near(engine: LocalEngine, of: TileSources, base: Path, changed: Rows, added: Rows) -> Rows:
    """The base's rows of everybody of whom something changed, with their places: of who has added
    rows, and of whoever the map has ever told to be a changed key's. A row of the base that still
    counted on the night before is of whom the map of that night tells."""
    columns = ", ".join(f"b.`{name}`" for name in dict.fromkeys(
        ("one_id", *_order(of.tables.table), *of.tables.table.key)
    ))  # fmt: skip
    return engine.kept(engine.rows("near", f"""
        select {columns}, b.`_place` from ({_numbered(base)}) b semi join (
            select one_id from added
            union
            select one_id from one_ids o semi join changed c on c.sighting_id = o.node_id
            where kind = 'sighting'
        ) p on p.one_id = b.one_id
    """, added=added, one_ids=of.one_ids, changed=changed))  # fmt: skip


def _placed(engine: LocalEngine, of: TileSources, near: Rows, added: Rows) -> Rows:
    """The added rows with the `place` of the base's last row before each of the same person."""
    by = in_order_of_persons(of.tables.table)
    window = f"partition by one_id order by {by} rows unbounded preceding"
    placed = engine.rows("placed", f"""
        select `_number`, max(`_at`) over ({window}) as `_place` from (
            select {by}, `_place` as `_at`, null as `_number`
            from near n semi join added a on a.one_id = n.one_id
            union all
            select {by}, null, `_number` from added
        ) united qualify `_number` is not null
    """, near=near, added=added)  # fmt: skip
    return engine.rows("added_rows", f"""
        select {_listed(of)}, p.`_place` from added a join placed p on p.`_number` = a.`_number`
    """, added=added, placed=placed)  # fmt: skip


def _numbered(base: Path) -> str:
    file = parquet_literal(str(base))
    rows = f"read_parquet({file}, file_row_number = true)"
    return f"select *, file_row_number as `_place` from {rows}"


def _listed(of: TileSources) -> str:
    return ", ".join(f"`{name}`" for name in ("one_id", *of.tables.stored))


def _order(table: CanonicalTable) -> Sequence[str]:
    """As the rows of a person stand (tags.definitions.SourceTable.order)."""
    return ("day", *([table.time] if table.time else []), "arrived_date", *table.key)


def in_order_of_persons(table: CanonicalTable) -> str:
    """SQL of the order of a tile's rows."""
    return ", ".join(f"`{name}`" for name in ("one_id", *_order(table)))
