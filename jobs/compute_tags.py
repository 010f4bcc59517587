"""Stage 3: the tags of every person of D, and of all else that tags are about; their catalogue,
their changes and their coverage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from jobs.computed_tags import ComputedTags, write_metrics, write_tags
from jobs.night import Night
from jobs.old_slices import remove_old_slices
from jobs.tag_checks import stale_tags
from jobs.tag_rolls import NightBefore, night_before, roll_for
from jobs.tags_by_spark import tags_by_spark
from jobs.tags_here import tags_here
from model.contracts import TableContract
from model.engines import Engine
from model.fixed_tables import TAG_CATALOG, TAG_TABLES
from model.local_engine import LocalEngine
from tags.catalog import catalog_records
from tags.definitions import PERSON, TagBook
from tags.planning import plan_tags
from tags.schedule import carried_over, shown_since
from tags.wide_tables import described_subjects, more_tables

NAME = "compute_tags"
Carried = Mapping[str, date | None]  # tags that are not computed, and the night whose values show


def run(night: Night) -> None:
    """Writes the wide tables' slices of D, persons' first, then what is told about them: in this
    process while the tables the tags read are small, by the log's own account, else by Spark.

    Tags whose checks fail keep their last good values, and so do those computed from them.
    """
    book, before = night.definitions.tags, night_before(night)
    written: list[ComputedTags] = []
    carried: dict[str, date | None] = {}
    stale: dict[str, str] = {}
    with night.engine() as engine:
        for about in described_subjects(book):
            own: Carried = carried_over(about, before.shown, night.business_date)
            found = _computed(night, engine, about, own, stale, before)
            stale |= stale_tags(night, engine, about, found.rows, stale)
            if late := {tag: shown_since(about.tags[tag], before.shown) for tag in stale
                        if about.tags[tag].object == about.object}:  # fmt: skip
                own = late | {**own}
                found = _computed(night, engine, about, own, stale, before)
            write_tags(night, found, about.object == PERSON)
            written.append(found)
            carried |= own
        write_metrics(night, written)
    _tell(night, stale, carried, written)
    records = catalog_records(book, night.business_date, carried, before.told)
    night.lake.replace_records(TAG_CATALOG, records, night.business_date)
    remove_old_slices(night, [before.day])


def tables(night: Night) -> Sequence[TableContract]:
    """The tables this stage writes."""
    return (*TAG_TABLES, *more_tables(night.definitions.tags))


def _computed(
    night: Night, engine: Engine, about: TagBook, carried: Carried, stale: Mapping[str, str],
    before: NightBefore,
) -> ComputedTags:  # fmt: skip
    plan = plan_tags(about, carried=carried)
    roll = roll_for(night, engine, about, plan, before)
    reasons = {
        c.name: f"stale: {why}" for tag, why in stale.items() for c in about.tags[tag].columns
    }
    if isinstance(engine, LocalEngine):
        return tags_here(night, engine, about, plan, roll, before, reasons)
    return tags_by_spark(night, engine, about, plan, roll, before, reasons)


def _tell(
    night: Night, stale: Mapping[str, str], carried: Carried, written: Sequence[ComputedTags]
) -> None:
    for tag, reason in stale.items():
        values = f"the values of {carried[tag]}" if carried[tag] else "no values"
        night.progress.say(f"标签 tag {tag} is stale and shows {values}: {reason}")
    for column, reason in {c: r for each in written for c, r in each.failures.items()}.items():
        night.progress.say(f"标签 tag {column} is missing tonight: {reason}")


if __name__ == "__main__":
    from jobs.command_line import submit

    submit("run", "--only", NAME)
