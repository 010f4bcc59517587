"""Stage 3: the tags of every person of D, and of all else that tags are about; their catalogue,
their changes and their coverage."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from jobs.night import Night
from jobs.old_slices import remove_old_slices
from jobs.tag_rolls import NightBefore, night_before, roll_for
from jobs.tags_by_spark import write_tags_by_spark
from jobs.tags_here import write_tags_here
from jobs.written_tags import WrittenTags, write_metrics
from model.contracts import TableContract
from model.engines import Engine
from model.fixed_tables import TAG_CATALOG, TAG_TABLES
from model.local_engine import LocalEngine
from tags.catalog import catalog_records
from tags.definitions import TagBook
from tags.planning import plan_tags
from tags.schedule import carried_over
from tags.wide_tables import described_subjects, more_tables

NAME = "compute_tags"


def run(night: Night) -> None:
    """Writes the wide tables' slices of D, persons' first, then what is told about them: in this
    process while the tables the tags read are small, by the log's own account, else by Spark."""
    book, before = night.definitions.tags, night_before(night)
    carried: dict[str, date] = {}
    with night.engine() as engine:
        written = []
        for about in described_subjects(book):
            own = carried_over(about, before.shown, night.business_date)
            written.append(_write(night, engine, about, own, before))
            carried |= own
        write_metrics(night, written)
    for each in written:
        for column, reason in each.failures.items():
            night.progress.say(f"标签 tag {column} is missing tonight: {reason}")
    records = catalog_records(book, night.business_date, carried)
    night.lake.replace_records(TAG_CATALOG, records, night.business_date)
    remove_old_slices(night, [before.day])


def tables(night: Night) -> Sequence[TableContract]:
    """The tables this stage writes."""
    return (*TAG_TABLES, *more_tables(night.definitions.tags))


def _write(
    night: Night, engine: Engine, about: TagBook, carried: dict[str, date], before: NightBefore
) -> WrittenTags:
    plan = plan_tags(about, carried=carried)
    roll = roll_for(night, engine, about, plan, before)
    if isinstance(engine, LocalEngine):
        return write_tags_here(night, engine, about, plan, roll, before)
    return write_tags_by_spark(night, engine, about, plan, roll, before)


if __name__ == "__main__":
    from jobs.command_line import submit

    submit("run", "--only", NAME)
