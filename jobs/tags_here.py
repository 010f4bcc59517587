"""The stage of tags in this process: groups of persons become files of the tables it writes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from tempfile import mkdtemp

import pyarrow as pa

from jobs.night import Night
from jobs.night_tags import NightTags
from jobs.plain_values import with_plain_columns_here
from jobs.set_values import values_set
from jobs.tiles import Tiles
from lake.arrow_files import write_parquet
from lake.keyed_files import KeyedFiles
from model.contracts import TableContract
from model.engines import Rows
from model.fixed_tables import CUSTOMER_TAGS, STAGE_STATES
from model.local_engine import LocalEngine
from model.sql_text import date_literal
from model.task_files import TaskFiles
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


def tags_here(
    night: Night, engine: LocalEngine, plan: TagPlan, persons: Rows, night_before: date,
    reasons: Mapping[str, str],
) -> NightTags:  # fmt: skip
    """The tags of D and their changes since another night, in files of the engine's folder;
    `reasons` why columns are stale."""
    day = night.business_date
    before = _slice_of(night, engine, CUSTOMER_TAGS, night_before)
    earlier = KeyedFiles.of(night.lake.files(CUSTOMER_TAGS, night_before), ONE_ID)
    folder = Path(mkdtemp(dir=engine.folder))
    given = _given(night, engine, plan, persons, night_before, before)

    def written(group: Group, found: Wide) -> dict[str, tuple[Path, pa.Schema]]:
        old = earlier.between(group.first, group.end)
        wide, states = found.stored(), found.states(given.states)
        tables = {"wide": wide, "changes": tag_changes_here(engine, old, wide, day)}
        if states is not None:
            tables["states"] = states
        return {name: _file(folder, name, group, rows) for name, rows in tables.items()}

    prepared = Prepared.of(engine, given, plan, _tag_night(night))
    groups = for_all_persons(prepared, written)

    def files(name: str) -> TaskFiles:
        schema = groups[0][name][1]
        return TaskFiles(
            night.lake.spark, [group[name][0] for group in groups], schema, {BUSINESS_DATE: day}
        )

    wide = files("wide")
    rows = engine.of_files(wide.files)
    failures = {**prepared.failures, **reasons}
    metrics = tag_metrics_here(engine, rows, wide.schema, day, failures)
    states = files("states") if "states" in groups[0] else None
    return NightTags(wide, rows, files("changes"), states, metrics, prepared.failures)


def _given(
    night: Night, engine: LocalEngine, plan: TagPlan, persons: Rows, night_before: date,
    before: Rows,
) -> Given:  # fmt: skip
    """All that the tags are computed from."""
    book, tables = night.definitions.tags, {t.name: t for t in night.definitions.tables}
    values = values_set(night) if plan.overrides else None
    has_stages = plan.histories or plan.handed_on
    states = _slice_of(night, engine, STAGE_STATES, night_before) if has_stages else None
    return Given(
        {name: night.person_rows(engine, tables[name]) for name in plan.tables},
        book.tables, persons, _golden(night, engine, plan), book.golden, before, states,
        None if values is None else engine.arrow(engine.of(values)), _tiles(night, engine, plan),
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
    write_parquet(rows.drop_columns([BUSINESS_DATE]), file)
    return file, rows.schema


def _golden(night: Night, engine: LocalEngine, plan: TagPlan) -> Rows:
    rows = _slice_of(night, engine, night.definitions.golden, night.business_date)
    return with_plain_columns_here(night, engine, rows, plan.plain_columns)


def _slice_of(night: Night, engine: LocalEngine, contract: TableContract, day: date) -> Rows:
    return engine.rows(
        "slice", f"select * from these where {BUSINESS_DATE} = {date_literal(day)}",
        these=night.lake.rows(engine, contract, until=day),
    )  # fmt: skip
