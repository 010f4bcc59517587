"""The values that people set for persons of a night: its corrections, led to their persons."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import pyarrow as pa
from pyspark.sql import DataFrame

from identity.corrections import Correction
from jobs.corrections import corrections_of
from jobs.night import Night
from model.engines import Rows
from model.fixed_tables import ONE_ID_EVENTS
from model.local_engine import LocalEngine
from model.number_events import redirects
from tags.kernel.memory import SET
from tags.set_values import CORRECTION_ROWS, set_values


def values_set(night: Night) -> DataFrame | None:
    """One row per person and tag column with a value that holds on the night; None: there is none.

    Numbers lead where they led on that night, so that a past one computed again is as it was.
    """
    day, lake = night.business_date, night.lake
    rows = [
        (each.correction_id, each.one_id, each.tag, each.value, each.instead_of)
        for each in corrections_of(lake.root, tags=True) if each.holds_on(day)
    ]  # fmt: skip
    if not rows:
        return None
    corrections = lake.spark.createDataFrame(rows, CORRECTION_ROWS)
    events = lake.read_until(ONE_ID_EVENTS, day)
    led = lake.spark.sql(redirects("{events}", day), events=events)
    return set_values(corrections, led)


def values_set_here(
    engine: LocalEngine, corrections: Iterable[Correction], events: Rows, business_date: date
) -> pa.Table:
    """The same in this process, as the kernel takes them (SET rows); `events` are rows of
    identity.one_id_events."""
    holding = [each for each in corrections if each.holds_on(business_date)]
    if not holding:
        return SET.empty_table()
    names = ("correction_id", *SET.names)
    said = pa.table({name: [getattr(each, name) for each in holding] for name in names})
    # Of several for one person, as after a merge, the one made last counts.
    newest = engine.rows("values_set", f"""
        select current_one_id as one_id, tag, value, instead_of from (
            select l.current_one_id, c.*, row_number() over (
                partition by l.current_one_id, c.tag order by c.correction_id desc
            ) as place
            from said c inner join ({redirects("events", business_date)}) l on l.one_id = c.one_id
            where l.current_one_id is not null
        ) placed where place = 1
    """, said=engine.of(said), events=events)  # fmt: skip
    return engine.arrow(newest).cast(SET)
