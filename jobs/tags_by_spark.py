"""The stage of tags by Spark: the reference, and the way of what does not fit one process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

from pyspark.sql import DataFrame

from identity.corrections import Correction
from jobs.computed_tags import ComputedTags
from jobs.corrections import corrections_of
from jobs.night import Night
from jobs.plain_values import with_plain_columns
from jobs.set_values import values_set
from jobs.tag_profiles import profiles
from jobs.tag_rolls import NightBefore
from model.engines import Engine
from model.fixed_tables import ONE_ID_EVENTS, STAGE_STATES
from tags.changes import tag_changes
from tags.computing import Memory, TagNight, compute_night
from tags.definitions import TagBook
from tags.metrics import tag_metrics
from tags.night import BUSINESS_DATE, ONE_ID
from tags.plans import TagPlan
from tags.rolls import Roll
from tags.wide_tables import WideTable, changes_contract, wide_tables


def tags_by_spark(
    night: Night, engine: Engine, book: TagBook, plan: TagPlan, roll: Roll, before: NightBefore,
    reasons: Mapping[str, str],
) -> ComputedTags:  # fmt: skip
    """The tags of D about an object and their changes since another night; `reasons` why columns
    are stale."""
    day = night.business_date
    computed = _computed(night, engine, plan, roll, before)
    # Judged, written, compared and measured.
    rows = engine.frame(engine.kept(engine.of(computed.wide)))
    named = engine.frame(roll.named(engine, rows))
    wide = {table.contract: _columns_of(table, named, roll) for table in wide_tables(book)}
    own = rows.select(ONE_ID, *(column.name for column in plan.columns))
    changes = roll.named(engine, tag_changes(engine.frame(roll.earlier), own, day))
    return ComputedTags(
        wide, {contract.full_name: engine.of(frame) for contract, frame in wide.items()},
        (changes_contract(roll.subject), engine.frame(changes)), computed.states,
        tag_metrics(own, day, {**computed.failures, **reasons}), computed.failures,
    )  # fmt: skip


def _computed(
    night: Night, engine: Engine, plan: TagPlan, roll: Roll, before: NightBefore
) -> TagNight:
    """What the reference computes; nobody but persons has a profile, stages or set values."""
    people, earlier = engine.frame(roll.people), engine.frame(roll.earlier)
    golden, memory = people, Memory(earlier=earlier)
    if roll.numbers is None:
        golden = profiles_by_spark(night, engine, plan)
        has_stages = plan.histories or plan.handed_on
        known = night.lake.read_slice(STAGE_STATES, before.day) if has_stages else None
        corrections = corrections_of(night.lake.root, tags=True) if plan.overrides else ()
        memory = Memory(known, values_by_spark(night, engine, corrections), earlier)
    sources = {name: engine.frame(rows) for name, rows in roll.sources.items()}
    return compute_night(
        {name: sources[name] for name in plan.tables}, people, golden, plan, night.business_date,
        time_zone=night.project.settings.project.time_zone, memory=memory,
    )  # fmt: skip


def values_by_spark(
    night: Night, engine: Engine, corrections: Iterable[Correction]
) -> DataFrame | None:
    """The values that people set for persons of the night by these corrections."""
    day = night.business_date
    events = night.lake.rows(engine, ONE_ID_EVENTS, until=day)
    found = values_set(engine, corrections, events, day)
    return None if found is None else engine.frame(found)


def _columns_of(table: WideTable, wide: DataFrame, roll: Roll) -> DataFrame:
    return wide.select(BUSINESS_DATE, *roll.subject.id_names, *table.tag_columns)


def profiles_by_spark(night: Night, engine: Engine, plan: TagPlan) -> DataFrame:
    """The night's golden profiles as a plan reads them."""
    rows = engine.of(night.lake.read_slice(night.definitions.golden, night.business_date))
    own = partial(night.person_rows, engine)
    chosen = engine.frame(profiles(engine, night.definitions, rows, own, plan))
    return with_plain_columns(night, chosen, plan.plain_sources)
