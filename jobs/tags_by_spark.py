"""A night's tags by Spark: the reference, for lakes that are larger than one process."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from pyspark.sql import DataFrame

from jobs.night import Night
from jobs.night_tags import NightTags
from jobs.plain_values import with_plain_columns
from jobs.set_values import values_set
from model.engines import Engine, Rows
from model.fixed_tables import CUSTOMER_TAGS, STAGE_STATES
from tags.changes import tag_changes
from tags.computing import Memory, compute_night
from tags.metrics import tag_metrics
from tags.plans import TagPlan


def tags_by_spark(
    night: Night, engine: Engine, plan: TagPlan, persons: Rows, night_before: date,
    reasons: Mapping[str, str],
) -> NightTags:  # fmt: skip
    """The tags of D and their changes since another night; `reasons` why columns are stale."""
    lake, day = night.lake, night.business_date
    earlier = lake.read_slice(CUSTOMER_TAGS, night_before)
    has_stages = plan.histories or plan.handed_on
    known = lake.read_slice(STAGE_STATES, night_before) if has_stages else None
    computed = compute_night(
        _sources(night, plan), engine.frame(persons), _golden(night, plan), plan,
        day, time_zone=night.project.settings.project.time_zone,
        memory=Memory(known, values_set(night), earlier),
    )  # fmt: skip
    # Judged, written, compared and measured.
    wide = engine.frame(engine.kept(engine.of(computed.wide)))
    return NightTags(
        wide, engine.of(wide), tag_changes(earlier, wide, day), computed.states,
        tag_metrics(wide, day, {**computed.failures, **reasons}), computed.failures,
    )  # fmt: skip


def _sources(night: Night, plan: TagPlan) -> dict[str, DataFrame]:
    tables = night.definitions.tables
    return {table.name: night.by_person(table) for table in tables if table.name in plan.tables}


def _golden(night: Night, plan: TagPlan) -> DataFrame:
    profiles = night.lake.read_slice(night.definitions.golden, night.business_date)
    return with_plain_columns(night, profiles, plan.plain_columns)
