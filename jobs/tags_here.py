"""The stage of tags in this process: groups of persons become files of the tables it writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa

from jobs.night import Night
from jobs.plain_values import with_plain_columns_here
from lake.arrow_files import write_parquet
from model.ddl_types import arrow_schema
from model.engines import Output, Rows
from model.fixed_tables import CUSTOMER_TAG_CHANGES, CUSTOMER_TAGS
from model.local_engine import LocalEngine
from model.sql_text import date_literal
from model.task_files import TaskFiles
from tags.kernel.changes import tag_changes_here
from tags.kernel.computing import Given, Group, Prepared, for_all_persons, own_tables
from tags.kernel.elsewhere import tables_elsewhere, told_by_spark
from tags.kernel.metrics import tag_metrics_here
from tags.night import BUSINESS_DATE
from tags.night import Night as TagNight
from tags.plans import TagPlan


@dataclass(frozen=True)
class TagsHere:
    """What a night's tags are: the slices of their tables, and the records of their metrics."""

    wide: Output
    changes: Output
    metrics: Sequence[tuple[object, ...]]


def tags_here(
    night: Night, engine: LocalEngine, plan: TagPlan, persons: Rows, night_before: date
) -> TagsHere:
    """The tags of D and their changes since another night, in files of the engine's folder."""
    day, read = night.business_date, night.definitions.tables
    tag_night = TagNight(day, night.project.settings.project.time_zone)
    known = night.lake.rows(engine, CUSTOMER_TAGS, until=night_before)
    before = _slice(engine, known, night_before)
    given = Given(
        {t.name: night.person_rows(engine, t) for t in read if t.name in own_tables(plan)},
        persons, _golden(night, engine, plan), night.definitions.tags.golden,
        before, _told(night, engine, plan, tag_night),
    )  # fmt: skip

    def written(group: Group, wide: pa.Table) -> tuple[Path, Path, pa.Schema]:
        old = engine.arrow(
            engine.rows("old_rows", f"select * from old where {_within(group)}", old=before)
        )
        changes = tag_changes_here(engine, old, wide, day)
        files = [engine.folder / f"{name}-{group.number}.parquet" for name in ("wide", "changes")]
        for file, rows in zip(files, (wide, changes), strict=True):
            write_parquet(rows.drop_columns([BUSINESS_DATE]), file)
        return files[0], files[1], wide.schema

    prepared = Prepared.of(engine, given, plan, tag_night)
    groups = for_all_persons(prepared, written)
    wide, changes, schemas = zip(*groups, strict=True)
    of_changes = arrow_schema(CUSTOMER_TAG_CHANGES.schema)
    return TagsHere(
        TaskFiles(night.lake.spark, wide, schemas[0], {BUSINESS_DATE: day}),
        TaskFiles(night.lake.spark, changes, of_changes, {BUSINESS_DATE: day}),
        tag_metrics_here(engine, engine.of_files(wide), schemas[0], day),
    )


def _told(
    night: Night, engine: LocalEngine, plan: TagPlan, tag_night: TagNight
) -> Rows | None:
    """The columns that Spark computes, where a plan has any."""
    read = tables_elsewhere(plan)
    sources = {t.name: night.by_person(t) for t in night.definitions.tables if t.name in read}
    told = told_by_spark(sources, plan, tag_night)
    return None if told is None else engine.of(told)


def _golden(night: Night, engine: LocalEngine, plan: TagPlan) -> Rows:
    day = night.business_date
    rows = night.lake.rows(engine, night.definitions.golden, until=day)
    return with_plain_columns_here(night, engine, _slice(engine, rows, day), plan.plain_columns)


def _slice(engine: LocalEngine, rows: Rows, day: date) -> Rows:
    return engine.rows(
        "slice", f"select * from these where {BUSINESS_DATE} = {date_literal(day)}", these=rows
    )


def _within(group: Group) -> str:
    """SQL that holds for the persons of a group, also for those who are no longer."""
    first = "" if group.first is None else f" and one_id >= {group.first}"
    end = "" if group.end is None else f" and one_id < {group.end}"
    return f"true{first}{end}"
