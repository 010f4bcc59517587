"""The stage of tags in this process: groups of persons become files of the tables it writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa

from jobs.corrections import corrections_of
from jobs.night import Night
from jobs.plain_values import with_plain_columns_here
from jobs.set_values import values_set_here
from lake.arrow_files import write_parquet
from model.contracts import TableContract
from model.engines import Output, Rows
from model.fixed_tables import CUSTOMER_TAGS, ONE_ID_EVENTS, STAGE_STATES, VAULT_PROFILES
from model.local_engine import LocalEngine
from model.sql_text import date_literal
from model.task_files import TaskFiles
from tags.kernel.changes import tag_changes_here
from tags.kernel.computing import for_all_persons
from tags.kernel.metrics import tag_metrics_here
from tags.kernel.prepared import Given, Group, Prepared
from tags.kernel.wide import Wide
from tags.night import BUSINESS_DATE
from tags.night import Night as TagNight
from tags.plans import TagPlan


@dataclass(frozen=True)
class TagsHere:
    """What a night's tags are: the slices of their tables, the records of their metrics, and why
    some columns could not be computed. `states` None: no tag has stages."""

    wide: Output
    changes: Output
    states: Output | None
    metrics: Sequence[tuple[object, ...]]
    failures: Mapping[str, str]


def tags_here(
    night: Night, engine: LocalEngine, plan: TagPlan, persons: Rows, night_before: date
) -> TagsHere:
    """The tags of D and their changes since another night, in files of the engine's folder."""
    day = night.business_date
    before = _slice_of(night, engine, CUSTOMER_TAGS, night_before)
    tag_night = TagNight(day, night.project.settings.project.time_zone)
    given = _given(night, engine, plan, persons, night_before, before)

    def written(group: Group, found: Wide) -> dict[str, tuple[Path, pa.Schema]]:
        old = engine.arrow(
            engine.rows("old_rows", f"select * from old where {group.condition}", old=before)
        )
        wide, states = found.stored(), found.states()
        tables = {"wide": wide, "changes": tag_changes_here(engine, old, wide, day)}
        if states is not None:
            tables["states"] = states
        return {name: _file(engine, name, group, rows) for name, rows in tables.items()}

    prepared = Prepared.of(engine, given, plan, tag_night)
    groups = for_all_persons(prepared, written)

    def files(name: str) -> TaskFiles:
        schema = groups[0][name][1]
        return TaskFiles(
            night.lake.spark, [group[name][0] for group in groups], schema, {BUSINESS_DATE: day}
        )

    wide = files("wide")
    metrics = tag_metrics_here(
        engine, engine.of_files(wide.files), wide.schema, day, prepared.failures
    )
    states = files("states") if plan.histories else None
    return TagsHere(wide, files("changes"), states, metrics, prepared.failures)


def _given(
    night: Night, engine: LocalEngine, plan: TagPlan, persons: Rows, night_before: date,
    before: Rows,
) -> Given:  # fmt: skip
    """All that the tags are computed from."""
    book, tables = night.definitions.tags, {t.name: t for t in night.definitions.tables}
    events = night.lake.rows(engine, ONE_ID_EVENTS, until=night.business_date)
    corrections = corrections_of(night.lake.root, tags=True) if plan.overrides else ()
    states = _slice_of(night, engine, STAGE_STATES, night_before) if plan.histories else None
    return Given(
        {name: night.person_rows(engine, tables[name]) for name in plan.tables},
        book.tables, persons, _golden(night, engine, plan), book.golden, before, states,
        values_set_here(engine, corrections, events, night.business_date),
    )  # fmt: skip


def _file(
    engine: LocalEngine, name: str, group: Group, rows: pa.Table
) -> tuple[Path, pa.Schema]:
    """Writes a group's rows of one table, which the name of the slice tells the date of."""
    file = engine.folder / f"{name}-{group.number}.parquet"
    write_parquet(rows.drop_columns([BUSINESS_DATE]), file)
    return file, rows.schema


def _golden(night: Night, engine: LocalEngine, plan: TagPlan) -> Rows:
    rows = _slice_of(night, engine, night.definitions.golden, night.business_date)
    vault = night.lake.rows(engine, VAULT_PROFILES, until=night.business_date)
    return with_plain_columns_here(
        engine, rows, plan.plain_columns, night.project.model, vault, night.key
    )


def _slice_of(night: Night, engine: LocalEngine, contract: TableContract, day: date) -> Rows:
    return engine.rows(
        "slice", f"select * from these where {BUSINESS_DATE} = {date_literal(day)}",
        these=night.lake.rows(engine, contract, until=day),
    )  # fmt: skip
