"""The stage of tags by Spark: the reference, and the way of what does not fit one process."""

from __future__ import annotations

from functools import partial

from pyspark.sql import DataFrame

from jobs.night import Night
from jobs.plain_values import with_plain_columns
from jobs.set_values import values_set
from jobs.tag_profiles import profiles
from jobs.tag_rolls import NightBefore, wide_rows
from jobs.written_tags import WrittenTags, write_states
from lake.tables import side_by_side
from model.engines import Engine
from model.fixed_tables import STAGE_STATES
from tags.changes import tag_changes
from tags.computing import Memory, TagNight, compute_night
from tags.definitions import TagBook
from tags.metrics import tag_metrics
from tags.night import BUSINESS_DATE, ONE_ID
from tags.plans import TagPlan
from tags.rolls import Roll
from tags.wide_tables import WideTable, changes_contract, columns_by_table, wide_tables


def write_tags_by_spark(
    night: Night, engine: Engine, book: TagBook, plan: TagPlan, roll: Roll, before: NightBefore
) -> WrittenTags:
    """Writes the slices of D of the wide tables about an object, of their changes, and of the
    states of stages."""
    lake, day = night.lake, night.business_date
    computed = _computed(night, engine, plan, roll, before)
    tables = wide_tables(book)
    wide = engine.frame(roll.named(engine, computed.wide))
    if len(tables) > 1:  # each is written from it
        wide = engine.frame(engine.kept(wide))
    for table in tables:
        lake.replace_slice(table.contract, _columns_of(table, wide, roll), day)
    rows = engine.frame(roll.numbered(
        engine, wide_rows(night, engine, roll.subject, columns_by_table(book), day)
    )).select(ONE_ID, *(column.name for column in plan.columns))  # fmt: skip
    changes = roll.named(engine, tag_changes(engine.frame(roll.earlier), rows, day))
    contract = changes_contract(roll.subject)
    side_by_side([
        partial(lake.replace_slice, contract, engine.frame(changes), day),
        *([partial(write_states, night, computed.states)] if roll.numbers is None else []),
    ])  # fmt: skip
    return WrittenTags(computed.failures, tag_metrics(rows, day, computed.failures))


def _computed(
    night: Night, engine: Engine, plan: TagPlan, roll: Roll, before: NightBefore
) -> TagNight:
    """What the reference computes; nobody but persons has a profile, stages or set values."""
    people, earlier = engine.frame(roll.people), engine.frame(roll.earlier)
    golden, memory = people, Memory(earlier=earlier)
    if roll.numbers is None:
        golden = _golden(night, engine, plan)
        known = night.lake.read_slice(STAGE_STATES, before.day) if plan.histories else None
        memory = Memory(known, values_set(night), earlier)
    sources = {name: engine.frame(rows) for name, rows in roll.sources.items()}
    return compute_night(
        {name: sources[name] for name in plan.tables}, people, golden, plan, night.business_date,
        time_zone=night.project.settings.project.time_zone, memory=memory,
    )  # fmt: skip


def _columns_of(table: WideTable, wide: DataFrame, roll: Roll) -> DataFrame:
    return wide.select(BUSINESS_DATE, *roll.subject.id_names, *table.tag_columns)


def _golden(night: Night, engine: Engine, plan: TagPlan) -> DataFrame:
    rows = engine.of(night.lake.read_slice(night.definitions.golden, night.business_date))
    chosen = engine.frame(profiles(night, engine, rows, plan))
    return with_plain_columns(night, chosen, plan.plain_sources)
