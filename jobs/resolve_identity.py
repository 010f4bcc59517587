"""Stage 2: sightings → one OneID per person, with every guard; golden profiles."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pyarrow as pa
from pyspark.sql import DataFrame

from identity.golden import golden_profiles
from identity.ground import Histories
from identity.locality import ruled
from identity.refused import refused_counts
from identity.resolution import Resolution, engine_for, fits_here, resolve_identity
from identity.sightings import live_count
from identity.touched import held_ever
from jobs.identity_inputs import corrected, rulings_of
from jobs.last_resolution import forget, last_resolution, remember
from jobs.night import Night
from jobs.person_names import TableOfPersons
from model.contracts import TableContract
from model.ddl_types import arrow_schema
from model.engines import Engine, Rows, SparkEngine
from model.fixed_tables import (
    HUBS,
    IDENTITY_HISTORIES,
    LINKS,
    NODES,
    ONE_ID_EVENTS,
    ONE_IDS,
    REFUSED_IDENTIFIERS,
    REJECTED_LINKS,
    SIGHTINGS,
)
from model.local_engine import LocalEngine
from model.sql_text import is_one_of
from model.threads import side_by_side

NAME = "resolve_identity"


def run(night: Night) -> None:
    """The map of D from the map of D−1 and all sightings up to D, then golden profiles."""
    map_people(night)
    night.lake.replace_slice(night.definitions.golden, _golden(night), night.business_date)


def map_people(night: Night) -> None:
    """Everything but the golden profiles: the map, the graph behind it, and what happened."""
    lake, day, policy = night.lake, night.business_date, night.definitions.policy
    last = last_resolution(night)
    with engine_for(_size(night), lake.spark, policy) as engine:
        seen = lake.rows(engine, SIGHTINGS, until=day)
        persons = TableOfPersons.of(night, engine)
        uncorrected = rulings_of(night, engine, persons, last)
        rulings = corrected(night, engine, uncorrected)
        said = ruled(engine, rulings)
        since = None
        if last is not None and said is not None:
            first_held = last.first_held(night, engine, seen)
            renamed = None if persons is None else persons.renamed_since(last.night)
            since = last.since(night, engine, said, first_held, renamed)
        linking = _linking(night, engine, seen)
        resolution = resolve_identity(
            engine, linking, rulings, _histories(night, engine), policy, day,
            is_lost=night.rebuilds_map, since=since,
        )  # fmt: skip
        if since is None:
            pairs = first_held = engine.kept(held_ever(engine, seen, policy, resolution.known))
        else:
            pairs, said = since.pairs, since.ruled_now
        forget(night)
        _write(night, engine, resolution, refused_counts(engine, seen, pairs, rulings.refused, day))
        remember(night, engine, uncorrected.refused, said, first_held, is_whole=since is None)


def tables(night: Night) -> Sequence[TableContract]:
    """The tables this stage writes."""
    return (*IDENTITY_HISTORIES, ONE_ID_EVENTS, REFUSED_IDENTIFIERS, night.definitions.golden)


def _size(night: Night) -> int:
    """How many sightings the night works on, at most.

    The log knows how many rows all nights left, additions and removals; where those fit, the live
    ones do, and only else they are counted.
    """
    lake, day = night.lake, night.business_date
    ever = lake.row_count_until(SIGHTINGS, day)
    if fits_here(ever, night.definitions.policy):
        return ever
    with LocalEngine(lake.spark) if lake.is_local else SparkEngine(lake.spark) as engine:
        return live_count(engine, lake.rows(engine, SIGHTINGS, until=day), day)


def _linking(night: Night, engine: Engine, sightings: Rows) -> Rows:
    """Those that may join persons: shadow channels link nobody."""
    shadow = [c.name for c in night.definitions.channels if c.status == "shadow"]
    if not shadow:
        return sightings
    return engine.rows("linking_sightings", f"""
        select * from sightings where not {is_one_of('channel', shadow)}
    """, sightings=sightings)  # fmt: skip


def _histories(night: Night, engine: Engine) -> Histories:
    read = partial(night.lake.rows, engine)
    return Histories(
        nodes=read(NODES), links=read(LINKS), hubs=read(HUBS), rejected_links=read(REJECTED_LINKS),
        one_ids=read(ONE_IDS), events=read(ONE_ID_EVENTS),
    )


def _write(night: Night, engine: Engine, resolution: Resolution, refused: Rows) -> None:
    def overwrite(contract: TableContract, rows: Rows) -> None:
        night.lake.overwrite(contract, engine.output(rows))

    def replace_slice(contract: TableContract, rows: Rows) -> None:
        night.lake.replace_slice(contract, engine.output(rows), night.business_date)

    side_by_side([
        partial(overwrite, NODES, resolution.nodes),
        partial(overwrite, LINKS, resolution.links),
        partial(overwrite, HUBS, resolution.hubs),
        partial(overwrite, REJECTED_LINKS, resolution.rejected_links),
        partial(overwrite, ONE_IDS, resolution.one_ids),
        partial(replace_slice, ONE_ID_EVENTS, resolution.events),
        partial(replace_slice, REFUSED_IDENTIFIERS, refused),
    ])


def _golden(night: Night) -> DataFrame | pa.Table:
    golden = night.project.model.golden_tables
    if not golden:  # a model may describe nobody, and count what they do all the same
        return arrow_schema(night.definitions.golden.schema).empty_table()
    (table,) = golden
    definitions = night.definitions
    trust_ranks = {channel.name: channel.trust_rank for channel in definitions.channels}
    accounts = night.by_person(table)
    return golden_profiles(
        accounts, trust_ranks, table, definitions.policy, night.business_date
    )


if __name__ == "__main__":
    from jobs.command_line import submit

    submit("run", "--only", NAME)
