"""The stage of tags in this process: groups of persons become files of the tables it writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from jobs.night import Night
from jobs.plain_values import with_plain_columns_here
from jobs.set_values import values_set
from jobs.tag_profiles import profiles
from jobs.tag_rolls import NightBefore
from jobs.written_tags import WrittenTags, write_states
from lake.arrow_files import write_parquet
from lake.tables import side_by_side
from model.contracts import TableContract
from model.engines import Rows
from model.fixed_tables import STAGE_STATES
from model.local_engine import LocalEngine
from model.sql_text import date_literal
from model.task_files import TaskFiles
from tags.definitions import TagBook
from tags.kernel.changes import tag_changes_here
from tags.kernel.computing import for_all_persons
from tags.kernel.metrics import tag_metrics_here
from tags.kernel.prepared import Given, Group, Prepared
from tags.kernel.wide import Wide
from tags.night import BUSINESS_DATE, ONE_ID
from tags.night import Night as TagNight
from tags.plans import TagPlan
from tags.rolls import Roll
from tags.wide_tables import WideTable, changes_contract, wide_tables

_STATES = STAGE_STATES.name


def write_tags_here(
    night: Night, engine: LocalEngine, book: TagBook, plan: TagPlan, roll: Roll,
    before: NightBefore,
) -> WrittenTags:  # fmt: skip
    """Writes the slices of D of the wide tables about an object, of their changes, and of the
    states of stages, by what the kernel finds."""
    day, zone = night.business_date, night.project.settings.project.time_zone
    given = _given(night, engine, book, plan, roll, before)
    prepared = Prepared.of(engine, given, plan, TagNight(day, zone))
    filing = _Filing.of(engine, book, roll, day)
    groups = for_all_persons(prepared, filing.written)
    files = {name: _files(night, groups, name) for name in groups[0]}
    changes = changes_contract(roll.subject)
    writes = {table.contract: files[table.contract.name] for table in filing.tables}
    writes[changes] = files[changes.name]
    # The changes are told from what the engine holds: any table may come first.
    side_by_side([
        *(partial(night.lake.replace_slice, contract, rows, day)
          for contract, rows in writes.items()),
        *([partial(write_states, night, files.get(_STATES))] if roll.numbers is None else []),
    ])  # fmt: skip
    metrics = [
        record for table in filing.tables
        for record in _metrics(engine, table, files[table.contract.name], day, prepared.failures)
    ]  # fmt: skip
    return WrittenTags(prepared.failures, metrics)


@dataclass(frozen=True)
class _Filing:
    """How a group's rows become files: a wide table's columns each, the ids where the number was.

    `own` are the columns of every table, `ids` those of number 1, 2, …; None: persons, whose number
    is their id.
    """

    engine: LocalEngine
    tables: Sequence[WideTable]
    changes: str
    earlier: Rows
    own: Sequence[str]
    ids: pa.Table | None
    day: date

    @classmethod
    def of(cls, engine: LocalEngine, book: TagBook, roll: Roll, day: date) -> _Filing:
        """For a roll's tags."""
        ids = None
        if roll.numbers is not None:
            listed = ", ".join(f"`{name}`" for name in roll.subject.id_names)
            sql = f"select {listed} from n order by _number"
            ids = engine.arrow(engine.rows("ids", sql, n=roll.numbers)).combine_chunks()
        changes = changes_contract(roll.subject).name
        own = (BUSINESS_DATE, *roll.subject.id_names)
        return cls(engine, wide_tables(book), changes, roll.earlier, own, ids, day)

    def written(self, group: Group, found: Wide) -> dict[str, tuple[Path, pa.Schema]]:
        """The files of a group by table, with their columns."""
        old = self.engine.arrow(self.engine.rows(
            "old_rows", f"select * from old where {_within(group)}", old=self.earlier
        ))  # fmt: skip
        wide, states = found.stored(), found.states()
        changes = tag_changes_here(self.engine, old, wide, self.day)
        named = self._named(wide)
        tables = {
            table.contract.name: named.select([*self.own, *table.tag_columns])
            for table in self.tables
        }
        tables[self.changes] = self._named(changes)
        if states is not None:
            tables[_STATES] = states
        return {name: _file(self.engine, name, group, rows) for name, rows in tables.items()}

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
) -> Sequence[tuple[object, ...]]:
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
    values = values_set(night) if plan.overrides else None
    states = _slice_of(night, engine, STAGE_STATES, before.day) if plan.histories else None
    return Given(
        roll.sources, book.tables, roll.people, _golden(night, engine, plan), book.golden,
        roll.earlier, states, None if values is None else engine.arrow(engine.of(values)),
    )  # fmt: skip


def _file(
    engine: LocalEngine, name: str, group: Group, rows: pa.Table
) -> tuple[Path, pa.Schema]:
    """Writes a group's rows of one table, which the name of the slice tells the date of. The lake
    may take the file itself, so no other rows are ever written under its name."""
    file = engine.folder / f"{name}-{group.number}.parquet"
    write_parquet(rows.drop_columns([BUSINESS_DATE]), file)
    return file, rows.schema


def _golden(night: Night, engine: LocalEngine, plan: TagPlan) -> Rows:
    rows = _slice_of(night, engine, night.definitions.golden, night.business_date)
    chosen = profiles(night, engine, rows, plan)
    return with_plain_columns_here(night, engine, chosen, plan.plain_sources)


def _slice_of(night: Night, engine: LocalEngine, contract: TableContract, day: date) -> Rows:
    return engine.rows(
        "slice", f"select * from these where {BUSINESS_DATE} = {date_literal(day)}",
        these=night.lake.rows(engine, contract, until=day),
    )  # fmt: skip


def _within(group: Group) -> str:
    """SQL that holds for the persons of a group, also for those who are no longer."""
    first = "" if group.first is None else f" and one_id >= {group.first}"
    end = "" if group.end is None else f" and one_id < {group.end}"
    return f"true{first}{end}"
