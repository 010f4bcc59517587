"""Stage 3: the tags of every person of D, their catalogue, their changes and their coverage."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import partial

from jobs.night import Night
from jobs.night_tags import NightTags
from jobs.tag_checks import stale_tags
from jobs.tags_by_spark import tags_by_spark
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
from tags.planning import plan_tags
from tags.schedule import Shown, carried_over, shown_since

NAME = "compute_tags"


def run(night: Night) -> None:
    """Writes the wide table's slice of D, then what is told about it: in this process while the
    tables the tags read are small, by the log's own account, else by Spark.

    Tags whose checks fail keep their last good values, and so do those computed from them.
    """
    book, before = night.definitions.tags, _night_before(night)
    shown = _shown(night, before)
    carried: dict[str, date | None] = {**carried_over(book, shown, night.business_date)}
    with night.engine() as engine:
        persons = _persons(night, engine)
        found = _computed(night, engine, persons, before, carried, {})
        stale = stale_tags(night, engine, found.rows)
        if stale:
            carried = {tag: shown_since(book.tags[tag], shown) for tag in stale} | carried
            found = _computed(night, engine, persons, before, carried, stale)
        _write(night, found)
    _tell(night, stale, carried, found.failures)
    records = catalog_records(book, night.business_date, carried)
    night.lake.replace_records(TAG_CATALOG, records, night.business_date)


def _computed(
    night: Night, engine: Engine, persons: Rows, before: date, carried: Collection[str],
    stale: Mapping[str, str],
) -> NightTags:  # fmt: skip
    book = night.definitions.tags
    plan = plan_tags(book, carried=carried)
    reasons = {
        c.name: f"stale: {why}" for tag, why in stale.items() for c in book.tags[tag].columns
    }
    if isinstance(engine, LocalEngine):
        return tags_here(night, engine, plan, persons, before, reasons)
    return tags_by_spark(night, engine, plan, persons, before, reasons)


def _tell(
    night: Night, stale: Mapping[str, str], carried: Mapping[str, date | None],
    failures: Mapping[str, str],
) -> None:  # fmt: skip
    for tag, reason in stale.items():
        values = f"the values of {carried[tag]}" if carried[tag] else "no values"
        night.progress.say(f"标签 tag {tag} is stale and shows {values}: {reason}")
    for column, reason in failures.items():
        night.progress.say(f"标签 tag {column} is missing tonight: {reason}")


def tables(night: Night) -> Sequence[TableContract]:
    """The tables this stage writes."""
    return TAG_TABLES


def _write(night: Night, found: NightTags) -> None:
    lake, day = night.lake, night.business_date
    contract = replace(CUSTOMER_TAGS, columns=wide_columns(night.definitions.tags))
    lake.replace_slice(contract, found.wide, day)
    side_by_side([
        partial(lake.replace_slice, CUSTOMER_TAG_CHANGES, found.changes, day),
        partial(_write_states, night, found.states),
        partial(lake.replace_slice, TAG_METRICS, found.metrics, day),
    ])


def _write_states(night: Night, states: Output | None) -> None:
    lake, day = night.lake, night.business_date
    if states is None:  # no job for tags that nobody has defined
        lake.replace_records(STAGE_STATES, [], day)
    else:
        lake.replace_slice(STAGE_STATES, states, day)


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
