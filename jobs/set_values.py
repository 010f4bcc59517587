"""The values that people set for persons of a night: its corrections, led to their persons."""

from __future__ import annotations

from pyspark.sql import DataFrame

from jobs.corrections import corrections_of
from jobs.night import Night
from model.fixed_tables import ONE_ID_EVENTS
from model.number_events import redirects
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
