"""Where numbers lead on a night: to a living person, or to nobody."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date

from model.engines import Engine, Rows
from model.number_events import redirects


def leads_of(
    engine: Engine, events: Rows, one_ids: Collection[int], business_date: date
) -> Mapping[int, int | None]:
    """The living number of each, None where nobody is left of it; those never given are not told.

    `events` are rows of identity.one_id_events.
    """
    if not one_ids:
        return {}
    listed = ", ".join(map(str, sorted(one_ids)))
    sql = (
        f"select one_id, current_one_id from ({redirects('events', business_date)}) r "
        f"where one_id in ({listed})"
    )
    rows = engine.arrow(engine.rows("numbers_lead", sql, events=events)).to_pylist()
    return {row["one_id"]: row["current_one_id"] for row in rows}
