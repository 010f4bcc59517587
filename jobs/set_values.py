"""The values that people set for persons of a night: its corrections, led to their persons."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import pyarrow as pa

from identity.corrections import Correction
from model.ddl_types import arrow_schema
from model.engines import Engine, Rows
from model.local_engine import LocalEngine
from model.number_events import redirects
from tags.kernel.memory import SET
from tags.set_values import CORRECTION_ROWS, set_values


def values_set(
    engine: Engine, corrections: Iterable[Correction], events: Rows, business_date: date
) -> Rows | None:
    """One row per person and tag column with a value that holds on the night; None: there is none.

    `corrections` are those of tags, `events` rows of identity.one_id_events: numbers lead where
    they led on that night, so that a past one computed again is as it was.
    """
    holding = [each for each in corrections if each.holds_on(business_date)]
    if not holding:
        return None
    schema = arrow_schema(CORRECTION_ROWS)
    said = [{name: getattr(each, name) for name in schema.names} for each in holding]
    leads = engine.rows("numbers_lead", redirects("events", business_date), events=events)
    return set_values(engine, engine.of(pa.Table.from_pylist(said, schema=schema)), leads)


def values_set_here(
    engine: LocalEngine, corrections: Iterable[Correction], events: Rows, business_date: date
) -> pa.Table | None:
    """The same as the kernel takes them (SET rows)."""
    rows = values_set(engine, corrections, events, business_date)
    return None if rows is None else engine.arrow(rows).cast(SET)
