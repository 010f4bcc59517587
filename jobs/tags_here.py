"""The stage of tags in this process: groups of persons become files of the tables it writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from jobs.computed_tags import ComputedTags
from jobs.corrections import corrections_of
from jobs.night import Night
from jobs.plain_values import with_plain_columns_here
from jobs.set_values import values_set_here
from jobs.tag_profiles import profiles
from jobs.tag_rolls import NightBefore
from jobs.tiles import Tiles
from lake.arrow_files import write_parquet
from lake.keyed_files import KeyedFiles
from model.contracts import TableContract
from model.engines import Rows
from model.fixed_tables import ONE_ID_EVENTS, STAGE_STATES, VAULT_PROFILES
from model.local_engine import LocalEngine
from model.sql_text import date_literal
from model.task_files import TaskFiles
from tags.definitions import TagBook
from tags.kernel.changes import tag_changes_here
from tags.kernel.computing import for_all_persons
from tags.kernel.groupings import asked_of
from tags.kernel.metrics import tag_metrics_here
from tags.kernel.prepared import Given, Group, Prepared
from tags.kernel.tiles import Tile
from tags.kernel.wide import Wide
from tags.night import BUSINESS_DATE, ONE_ID
from tags.night import Night as TagNight
from tags.plans import TagPlan
from tags.rolls import Roll
from tags.wide_tables import WideTable, changes_contract, wide_contract, wide_tables

_STATES = STAGE_STATES.name
Earlier: TypeAlias = Callable[[Group], pa.Table]  # the rows of another night of some persons
Cuts: TypeAlias = Sequence[int]  # the one_ids at which its files begin, where it has such


def tags_here(
    night: Night, engine: LocalEngine, book: TagBook, plan: TagPlan, roll: Roll,
    before: NightBefore, reasons: Mapping[str, str],
) -> ComputedTags:  # fmt: skip
    """The tags of D about an object and their changes since another night, in files of the engine's
    folder; `reasons` why columns are stale."""
    day = night.business_date
    given = _given(night, engine, book, plan, roll, before)
    prepared = Prepared.of(engine, given, plan, _tag_night(night))
    earlier, cuts = _earlier(night, engine, roll, before)
    filing = _Filing.of(engine, book, roll, earlier, given.states, day)
    groups = for_all_persons(prepared, filing.written, cuts=cuts)
    files = {name: _files(night, groups, name) for name in groups[0]}
    failures = {**prepared.failures, **reasons}
    changes = changes_contract(roll.subject)
    wide = {table.contract: files[table.contract.name] for table in filing.tables}
    return ComputedTags(
        wide, {c.full_name: engine.of_files(own.files) for c, own in wide.items()},
        (changes, files[changes.name]), files.get(_STATES),
        pa.concat_tables([
            _metrics(engine, table, wide[table.contract], day, failures) for table in filing.tables
        ]),
        prepared.failures,
    )  # fmt: skip


def _earlier(
    night: Night, engine: LocalEngine, roll: Roll, before: NightBefore
) -> tuple[Earlier, Cuts]:
    """The rows of another night of a group: persons who have one wide table are stretches of its
    files, of which each is read once where groups begin as they do; else they are asked for."""
    names = [*before.tables(roll.subject)]
    if roll.numbers is None and len(names) == 1:
        files = night.lake.files(wide_contract(roll.subject, names[0]), before.day)
        keyed = KeyedFiles.of(files, ONE_ID)
        return lambda group: keyed.between(group.first, group.end), keyed.starts
    return lambda group: engine.arrow(engine.rows(
        "old_rows", f"select * from old where {group.condition}", old=roll.earlier
    )), ()  # fmt: skip


@dataclass(frozen=True)
class _Filing:
    """How a group's rows become files: a wide table's columns each, the ids where the number was.

    `own` are the columns of every table, `ids` those of number 1, 2, …; None: persons, whose number
    is their id.
    """

    engine: LocalEngine
    tables: Sequence[WideTable]
    changes: str
    earlier: Earlier
    own: Sequence[str]
    ids: pa.Table | None
    states: Rows | None
    folder: Path
    day: date

    @classmethod
    def of(
        cls, engine: LocalEngine, book: TagBook, roll: Roll, earlier: Earlier,
        states: Rows | None, day: date,
    ) -> _Filing:  # fmt: skip
        """For a roll's tags, in a folder of its own: the lake may take a file itself, so no other
        rows are ever written under its name."""
        ids = None
        if roll.numbers is not None:
            listed = ", ".join(f"`{name}`" for name in roll.subject.id_names)
            sql = f"select {listed} from n order by _number"
            ids = engine.arrow(engine.rows("ids", sql, n=roll.numbers)).combine_chunks()
        changes = changes_contract(roll.subject).name
        own = (BUSINESS_DATE, *roll.subject.id_names)
        folder = Path(mkdtemp(dir=engine.folder))
        return cls(engine, wide_tables(book), changes, earlier, own, ids, states, folder, day)

    def written(self, group: Group, found: Wide) -> dict[str, tuple[Path, pa.Schema]]:
        """The files of a group by table, with their columns."""
        old, wide, states = self.earlier(group), found.stored(), found.states(self.states)
        changes = tag_changes_here(self.engine, old, wide, self.day)
        named = self._named(wide)
        tables = {
            table.contract.name: named.select([*self.own, *table.tag_columns])
            for table in self.tables
        }
        tables[self.changes] = self._named(changes)
        if states is not None:
            tables[_STATES] = states
        return {name: _file(self.folder, name, group, rows) for name, rows in tables.items()}

    def _named(self, rows: pa.Table) -> pa.Table:
        """The rows with ids in the place of numbers."""
        if self.ids is None:
            return rows
        places = pc.subtract(rows.column(ONE_ID), 1)
        ids = self.ids.take(places)
        others = {n: rows.column(n) for n in rows.column_names if n not in (BUSINESS_DATE, ONE_ID)}
        own = {name: ids.column(name) for name in ids.column_names}
        return pa.table({BUSINESS_DATE: rows.column(BUSINESS_DATE), **own, **others})


def _metrics(
    engine: LocalEngine, table: WideTable, rows: TaskFiles, day: date, failures: Mapping[str, str]
) -> pa.Table:
    columns = pa.schema([rows.schema.field(name) for name in table.tag_columns])
    return tag_metrics_here(engine, engine.of_files(rows.files), columns, day, failures)


def _files(
    night: Night, groups: Sequence[Mapping[str, tuple[Path, pa.Schema]]], name: str
) -> TaskFiles:
    """A table's files, whose folder tells the date of."""
    schema = groups[0][name][1]
    return TaskFiles(
        night.lake.spark, [group[name][0] for group in groups], schema,
        {BUSINESS_DATE: night.business_date},
    )  # fmt: skip


def _given(
    night: Night, engine: LocalEngine, book: TagBook, plan: TagPlan, roll: Roll,
    before: NightBefore,
) -> Given:  # fmt: skip
    """All that the tags are computed from; nobody but persons has a profile, stages or set values.
    """
    if roll.numbers is not None:
        return Given(roll.sources, book.tables, roll.people, roll.people, {}, roll.earlier)
    events = night.lake.rows(engine, ONE_ID_EVENTS, until=night.business_date)
    corrections = corrections_of(night.lake.root, tags=True) if plan.overrides else ()
    has_stages = plan.histories or plan.handed_on
    states = _slice_of(night, engine, STAGE_STATES, before.day) if has_stages else None
    return Given(
        roll.sources, book.tables, roll.people, _golden(night, engine, plan), book.golden,
        roll.earlier, states, values_set_here(engine, corrections, events, night.business_date),
        _tiles(night, engine, plan),
    )  # fmt: skip


def _tiles(night: Night, engine: LocalEngine, plan: TagPlan) -> dict[str, Tile]:
    """The tiles of the tables that are so large that they have one."""
    tiles, tables = Tiles(night, engine), {t.name: t for t in night.definitions.tables}
    tag_night = _tag_night(night)
    found = {
        name: tiles.of(tables[name], asked_of(plan, name, tag_night))
        for name in plan.measured_tables
    }
    return {name: tile for name, tile in found.items() if tile is not None}


def _tag_night(night: Night) -> TagNight:
    return TagNight(night.business_date, night.project.settings.project.time_zone)


def _file(folder: Path, name: str, group: Group, rows: pa.Table) -> tuple[Path, pa.Schema]:
    """Writes a group's rows of one table, which the name of the slice tells the date of."""
    file = folder / f"{name}-{group.number}.parquet"
    # Whose rows they are is all that anybody looks for in a file.
    write_parquet(rows.drop_columns([BUSINESS_DATE]), file, [ONE_ID])
    return file, rows.schema


def _golden(night: Night, engine: LocalEngine, plan: TagPlan) -> Rows:
    rows = _slice_of(night, engine, night.definitions.golden, night.business_date)
    chosen = profiles(engine, night.definitions, rows, partial(night.person_rows, engine), plan)
    vault = night.lake.rows(engine, VAULT_PROFILES, until=night.business_date)
    return with_plain_columns_here(
        engine, chosen, plan.plain_sources, night.project.model, vault, night.key
    )


def _slice_of(night: Night, engine: LocalEngine, contract: TableContract, day: date) -> Rows:
    return engine.rows(
        "slice", f"select * from these where {BUSINESS_DATE} = {date_literal(day)}",
        these=night.lake.rows(engine, contract, until=day),
    )  # fmt: skip
