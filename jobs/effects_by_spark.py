"""What changed definitions would change, counted by Spark: where tables are left to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from pyspark.sql import DataFrame, Row

from identity.corrections import Correction
from jobs.definition_effects import Effects
from jobs.definitions import Definitions
from jobs.night import Night, open_night, session_of
from jobs.progress import Progress
from jobs.tag_rolls import computed_tables, wide_rows
from jobs.tags_by_spark import profiles_by_spark, values_by_spark
from lake.log_tables import read_rows
from lake.readers import persons_at
from model.engines import Engine, Rows, SparkEngine
from model.fixed_tables import CUSTOMER_TAGS, ONE_IDS, STAGE_STATES, TAG_CATALOG
from tags.computing import Memory, compute_night
from tags.definitions import PERSON
from tags.differences import Counted, counted_differences
from tags.kernel.differences import ColumnDifference, Differences
from tags.night import BUSINESS_DATE, ONE_ID


def counted_by_spark(
    definitions: Definitions, business_date: date, effects: Effects,
    corrections: Sequence[Correction], progress: Progress,
) -> Effects:  # fmt: skip
    """The effects with the number of persons they concern, as `counted_here` gives it;
    `corrections` are those of tags by which the night was computed."""
    with session_of(definitions.project) as spark:
        night = open_night(spark, definitions, business_date, progress)
        try:
            return _counted(night, effects, corrections)
        finally:
            night.release()


def _counted(night: Night, effects: Effects, corrections: Sequence[Correction]) -> Effects:
    plan, day, lake = effects.plan, night.business_date, night.lake
    engine = SparkEngine(lake.spark)
    stored = engine.frame(_stored(night, engine))
    earlier = [each for each in lake.days_of(CUSTOMER_TAGS) if each < day]
    states = lake.read_slice(STAGE_STATES, max(earlier)) if plan.histories and earlier else None
    computed = compute_night(
        {t.name: night.by_person(t) for t in night.definitions.tables if t.name in plan.tables},
        _persons(night), profiles_by_spark(night, engine, plan), plan, day,
        time_zone=night.project.settings.project.time_zone,
        memory=Memory(states, values_by_spark(night, engine, corrections), stored),
    )  # fmt: skip
    owners, coded = effects.owners, effects.coded(night.definitions.tags)
    old, new = (_own(frame, owners) for frame in (stored, computed.wide))
    persons = old.select(ONE_ID).union(new.select(ONE_ID)).distinct().count()
    found = counted_differences(old, new, owners, coded, day) if owners else None
    differences = _differences(found, effects, coded, persons)
    return replace(effects, differences=differences, failures=computed.failures)


def _stored(night: Night, engine: Engine) -> Rows:
    """The tags of persons as the night stored them."""
    persons, day = night.definitions.tags.subjects[PERSON], night.business_date
    catalog = read_rows(night.lake.root, TAG_CATALOG, since=day)
    tables = computed_tables([row for row in catalog if row[BUSINESS_DATE] == day], persons)
    return wide_rows(night, engine, persons, tables, day)


def _persons(night: Night) -> DataFrame:
    sql = persons_at("{one_ids}", night.business_date)
    return night.lake.spark.sql(sql, one_ids=night.lake.read(ONE_IDS))


def _own(wide: DataFrame, names: Iterable[str]) -> DataFrame:
    return wide.select(ONE_ID, *(name for name in names if name in wide.columns))


def _differences(
    found: Counted | None, effects: Effects, coded: frozenset[str], persons: int
) -> Differences:
    if found is None:
        return Differences(persons, 0, {}, {})
    # As many rows as there are columns, tags and codes.
    columns = {row["tag"]: row for row in found.columns.collect()}
    tags = {row["owner"]: row["persons"] for row in found.tags.collect()}
    spreads = found.spreads.collect()
    owners = effects.owners
    return Differences(
        persons, tags.get(None, 0), {tag: tags.get(tag, 0) for tag in owners.values()},
        {name: _difference(columns.get(name), spreads, name, name in coded) for name in owners},
    )  # fmt: skip


def _difference(
    row: Row | None, spreads: Sequence[Row], name: str, is_coded: bool
) -> ColumnDifference:
    told = row.asDict() if row else {}
    found = ColumnDifference(
        told.get("changed", 0), told.get("appeared", 0), told.get("gone", 0)
    )
    if not is_coded:
        return found
    before, after = (
        Counter({one["value"]: one["persons"] for one in spreads
                 if one["column"] == name and one["is_after"] == is_after})
        for is_after in (False, True)
    )  # fmt: skip
    return replace(found, before=before, after=after)
