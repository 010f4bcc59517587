"""Stage 3: the tags of every person of D, their catalogue, their changes and their coverage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import partial

from pyspark.sql import DataFrame

from jobs.night import Night
from jobs.plain_values import with_plain_columns
from jobs.set_values import values_set
from jobs.tag_profiles import profiles
from jobs.tags_here import tags_here
from lake.log_tables import read_rows
from lake.readers import valid_at
from lake.tables import side_by_side
from model.contracts import TableContract
from model.engines import Engine, Output, Rows
from model.fixed_tables import (
    CUSTOMER_TAG_CHANGES,
    CUSTOMER_TAGS,
    ONE_IDS,
    STAGE_STATES,
    TAG_CATALOG,
    TAG_METRICS,
    TAG_TABLES,
)
from model.local_engine import LocalEngine
from tags.catalog import catalog_records, wide_columns
from tags.changes import tag_changes
from tags.computing import Memory, compute_night
from tags.metrics import tag_metrics
from tags.planning import plan_tags
from tags.plans import TagPlan
from tags.schedule import Shown, carried_over

NAME = "compute_tags"


def run(night: Night) -> None:
    """Writes the wide table's slice of D, then what is told about it: in this process while the
    tables the tags read are small, by the log's own account, else by Spark."""
    book, before = night.definitions.tags, _night_before(night)
    carried = carried_over(book, _shown(night, before), night.business_date)
    plan = plan_tags(book, carried=carried)
    with night.engine() as engine:
        if isinstance(engine, LocalEngine):
            failures = _here(night, engine, plan, before)
        else:
            failures = _by_spark(night, engine, plan, before)
    for column, reason in failures.items():
        night.progress.say(f"标签 tag {column} is missing tonight: {reason}")
    records = catalog_records(book, night.business_date, carried)
    night.lake.replace_records(TAG_CATALOG, records, night.business_date)


def tables(night: Night) -> Sequence[TableContract]:
    """The tables this stage writes."""
    return TAG_TABLES


def _here(night: Night, engine: LocalEngine, plan: TagPlan, before: date) -> Mapping[str, str]:
    """Writes what the kernel finds; the columns that could not be computed, and why."""
    lake, day = night.lake, night.business_date
    found = tags_here(night, engine, plan, _persons(night, engine), before)
    lake.replace_slice(_contract(night), found.wide, day)
    side_by_side([
        partial(lake.replace_slice, CUSTOMER_TAG_CHANGES, found.changes, day),
        partial(_write_states, night, found.states),
        partial(lake.replace_records, TAG_METRICS, found.metrics, day),
    ])
    return found.failures


def _by_spark(night: Night, engine: Engine, plan: TagPlan, before: date) -> Mapping[str, str]:
    """The same by the reference."""
    lake, day = night.lake, night.business_date
    earlier = lake.read_slice(CUSTOMER_TAGS, before)
    known = lake.read_slice(STAGE_STATES, before) if plan.histories else None
    computed = compute_night(
        _sources(night, plan), engine.frame(_persons(night, engine)),
        _golden(night, engine, plan), plan, day, time_zone=night.project.settings.project.time_zone,
        memory=Memory(known, values_set(night), earlier),
    )  # fmt: skip
    lake.replace_slice(_contract(night), computed.wide, day)
    written = lake.read_slice(CUSTOMER_TAGS, day).select(*computed.wide.columns)
    metrics = tag_metrics(written, day, computed.failures)
    side_by_side([
        partial(lake.replace_slice, CUSTOMER_TAG_CHANGES, tag_changes(earlier, written, day), day),
        partial(_write_states, night, computed.states),
        partial(lake.replace_slice, TAG_METRICS, metrics, day),
    ])
    return computed.failures


def _write_states(night: Night, states: Output | None) -> None:
    lake, day = night.lake, night.business_date
    if states is None:  # no job for tags that nobody has defined
        lake.replace_records(STAGE_STATES, [], day)
    else:
        lake.replace_slice(STAGE_STATES, states, day)


def _contract(night: Night) -> TableContract:
    return replace(CUSTOMER_TAGS, columns=wide_columns(night.definitions.tags))


def _sources(night: Night, plan: TagPlan) -> dict[str, DataFrame]:
    tables = night.definitions.tables
    return {table.name: night.by_person(table) for table in tables if table.name in plan.tables}


def _golden(night: Night, engine: Engine, plan: TagPlan) -> DataFrame:
    rows = engine.of(night.lake.read_slice(night.definitions.golden, night.business_date))
    chosen = engine.frame(profiles(night, engine, rows, plan))
    return with_plain_columns(night, chosen, plan.plain_sources)


def _persons(night: Night, engine: Engine) -> Rows:
    """Everyone the map of D knows, once."""
    valid = valid_at("one_ids", ONE_IDS.column_names, night.business_date)
    return engine.rows(
        "persons", f"select distinct one_id from ({valid}) v",
        one_ids=night.lake.rows(engine, ONE_IDS),
    )  # fmt: skip


def _night_before(night: Night) -> date:
    """The newest night before D that the wide table has; on the first night D−1, which is empty."""
    earlier = [day for day in night.lake.days_of(CUSTOMER_TAGS) if day < night.business_date]
    return max(earlier, default=night.business_date - timedelta(days=1))


def _shown(night: Night, before: date) -> dict[str, Shown]:
    """What the catalogue of the night before tells of its columns."""
    rows = read_rows(night.lake.root, TAG_CATALOG, since=before)
    return {
        row["column_name"]: Shown(row["type"], row["definition_hash"], row.get("computed_date"))
        for row in rows if row["business_date"] == before
    }  # fmt: skip


if __name__ == "__main__":
    from jobs.command_line import submit

    submit("run", "--only", NAME)
