"""How well OneID found the people of a folder, from what its last night published."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from identity.evaluate import Evaluation, evaluated
from model.local_engine import LocalEngine

# The table that each of the seven channels ends in has one key beside the channel.
KEYS = {
    "profiles": "account_id", "orders": "order_id", "interactions": "interaction_id",
    "events": "event_id", "service_cases": "case_id",
}  # fmt: skip
_FOUND = " union all ".join(
    f"select channel, {key} as record_id, one_id from by_person.{table}"
    for table, key in KEYS.items()
)
# Every version of a record is the same person's.
_TRUE = """
    select channel, record_id, any_value(person) as person
    from read_parquet('{folder}/truth/records/*.parquet', filename = true)
    where parse_filename(filename, true)::date <= (select max(arrived_date) from clean.profiles)
    group by channel, record_id
    having not bool_or(does = 'delete')
"""


def found_records(folder: Path) -> pa.Table:
    """All records that stand after the last published night: channel, record_id, person, one_id.

    `folder` holds the lake that its project writes by default. one_id is null where the record has
    none; deleted records are left out.
    """
    views = (folder / "lake" / "views" / "duckdb.sql").read_text(encoding="utf-8")
    with duckdb.connect() as connection:
        connection.execute(views)
        return connection.sql(
            f"select t.*, f.one_id from ({_TRUE.format(folder=folder)}) t "
            f"left join ({_FOUND}) f on f.channel = t.channel and f.record_id = t.record_id"
        ).to_arrow_table()


def found_people(folder: Path) -> Evaluation:
    """OneIDs against persons over all records that stand; one without a OneID is alone."""
    return quality(found_records(folder))


def quality(records: pa.Table) -> Evaluation:
    """How good the OneIDs of records (as found_records has them) are; one without a OneID is a
    person of its own."""
    element = pa.array(range(len(records)), pa.int64())
    with LocalEngine() as engine:
        found, truth = (
            engine.of(pa.table({"element": element, "cluster": records[name]}))
            for name in ("one_id", "person")
        )
        return evaluated(engine, found, truth, unfound="alone")


def merged_by_shape(folder: Path) -> dict[str, tuple[int, int]]:
    """`merged_things` of a folder, whose truth holds what is planted."""
    return merged_things(found_records(folder), pq.read_table(folder / "truth/events.parquet"))


def merged_things(records: pa.Table, events: pa.Table) -> dict[str, tuple[int, int]]:
    """For every kind of event how many there are, and in how many a wrong merge sits.

    Where an event names two persons (a bridge, a number's two owners, a family's member and its
    head), they share a OneID; else the person shares one with anybody. `records` as in
    found_records, `events` those of the truth.
    """
    with duckdb.connect() as connection:
        connection.register("records", records)
        connection.register("events", events)
        counts = connection.sql("""
            with people as (select distinct one_id, person from records where one_id is not null),
            mixed as (
                select distinct p.person, o.person as other
                from people p join people o on o.one_id = p.one_id and o.person <> p.person
            ), things as (
                select e.event, exists (
                    select 1 from mixed m where m.person = e.person
                        and m.other = coalesce(e.other_person, m.other)
                ) as is_merged
                from events e
            )
            select event, count(*), count(*) filter (is_merged) from things
            group by event order by event
        """).fetchall()
    return {event: (things, merged) for event, things, merged in counts}
