"""Stage 3: the tags of every person of D, their catalogue, their changes and their coverage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import partial

from pyspark.sql import DataFrame

from jobs.night import Night
from jobs.plain_values import with_plain_columns
from jobs.set_values import values_set
from lake.readers import valid_at
from lake.tables import side_by_side
from model.contracts import TableContract
from model.fixed_tables import (
    CUSTOMER_TAG_CHANGES,
    CUSTOMER_TAGS,
    ONE_IDS,
    STAGE_STATES,
    TAG_CATALOG,
    TAG_METRICS,
    TAG_TABLES,
)
from tags.catalog import catalog_records, wide_columns
from tags.changes import tag_changes
from tags.computing import Memory, compute_night
from tags.metrics import tag_metrics
from tags.planning import plan_tags
from tags.plans import TagPlan

NAME = "compute_tags"


def run(night: Night) -> None:
    """Writes the wide table's slice of D, then what is told about it."""
    lake, day, book = night.lake, night.business_date, night.definitions.tags
    plan = plan_tags(book)
    before = _day_before(night)
    known = lake.read_slice(STAGE_STATES, before) if plan.histories else None
    computed = compute_night(
        _sources(night, plan), _persons(night), _golden(night, plan), plan, day,
        time_zone=night.project.settings.project.time_zone,
        memory=Memory(known, values_set(night)),
    )  # fmt: skip
    wide = computed.wide
    for column, reason in computed.failures.items():
        night.progress.say(f"标签 tag {column} is missing tonight: {reason}")
    lake.replace_slice(replace(CUSTOMER_TAGS, columns=wide_columns(book)), wide, day)

    written = lake.read_slice(CUSTOMER_TAGS, day).select(*wide.columns)
    changes = tag_changes(lake.read_slice(CUSTOMER_TAGS, before), written, day)
    side_by_side([
        partial(lake.replace_records, TAG_CATALOG, catalog_records(book, day), day),
        partial(lake.replace_slice, CUSTOMER_TAG_CHANGES, changes, day),
        partial(_write_states, night, computed.states),
        partial(lake.replace_slice, TAG_METRICS, tag_metrics(written, day, computed.failures), day),
    ])


def _write_states(night: Night, states: DataFrame | None) -> None:
    lake, day = night.lake, night.business_date
    if states is None:  # no Spark job for tags that nobody has defined
        lake.replace_records(STAGE_STATES, [], day)
    else:
        lake.replace_slice(STAGE_STATES, states, day)


def tables(night: Night) -> Sequence[TableContract]:
    """The tables this stage writes."""
    return TAG_TABLES


def _sources(night: Night, plan: TagPlan) -> dict[str, DataFrame]:
    tables = night.definitions.tables
    return {table.name: night.by_person(table) for table in tables if table.name in plan.tables}


def _golden(night: Night, plan: TagPlan) -> DataFrame:
    profiles = night.lake.read_slice(night.definitions.golden, night.business_date)
    return with_plain_columns(night, profiles, plan.plain_columns)


def _persons(night: Night) -> DataFrame:
    """Everyone the map of D knows, once."""
    names = ONE_IDS.column_names
    rows = night.lake.spark.sql(
        valid_at("{one_ids}", names, night.business_date), one_ids=night.lake.read(ONE_IDS)
    )
    return rows.select("one_id").distinct()


def _day_before(night: Night) -> date:
    """The newest night before D that has a wide table; on the first night D−1, which has none."""
    earlier = [day for day in night.lake.days_of(CUSTOMER_TAGS) if day < night.business_date]
    return max(earlier, default=night.business_date - timedelta(days=1))


if __name__ == "__main__":
    from jobs.command_line import submit

    submit("run", "--only", NAME)
