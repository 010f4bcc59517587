"""How much of a night's sets of identifiers one and the same value is in: by dataset and kind."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from model.engines import Engine, Rows
from model.sql_text import date_literal

FEWEST = 20  # sets with a kind, below which the commonest value says nothing
LOOKED_AT = 100_000  # sets: a share of one half shows in a sample, and their numbers are hashes


def commonest_identifiers(
    engine: Engine, sightings: Rows, business_date: date
) -> Mapping[str, Mapping[str, tuple[int, int]]]:
    """By `channel.dataset` and kind: how many sets of identifiers that the night added show the
    kind, and how many of them its commonest value; kinds in few sets are left out.

    `sightings` are rows of identity.sightings. Of very many sets a sample is looked at, the same
    whatever the order of rows.
    """
    added = f"business_date = {date_literal(business_date)} and row_count > 0"
    counted = engine.one_row("sets_added", f"""
        select count(*) as n from sightings where {added}
    """, sightings=sightings)  # fmt: skip
    each = 1 + int(counted["n"]) // LOOKED_AT
    found = engine.rows("commonest", f"""
        with shown as (
            select distinct channel, dataset, sighting_id, identifier.kind as kind,
                identifier.scope as scope, identifier.token as token
            from (
                select channel, dataset, sighting_id, explode(identifiers) as identifier
                from sightings where {added} and sighting_id % {each} = 0
            ) exploded
        ), sets as (
            select channel, dataset, kind, count(distinct sighting_id) as sets
            from shown group by channel, dataset, kind
            having count(distinct sighting_id) >= {FEWEST}
        ), sized as (
            select channel, dataset, kind, count(*) as size
            from shown group by channel, dataset, kind, scope, token
        )
        select concat_ws('.', s.channel, s.dataset) as name, s.kind, max(s.sets) as sets,
            max(z.size) as commonest
        from sets s join sized z
            on z.channel = s.channel and z.dataset = s.dataset and z.kind = s.kind
        group by s.channel, s.dataset, s.kind
    """, sightings=sightings)  # fmt: skip
    by_name: dict[str, dict[str, tuple[int, int]]] = {}
    for row in engine.arrow(found).to_pylist():
        by_name.setdefault(row["name"], {})[row["kind"]] = (row["sets"], row["commonest"])
    return by_name
