"""A night's identity: sightings and yesterday's map in, the new histories and the events out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pyspark.sql import SparkSession

from identity.events import one_id_events
from identity.graph import first_periods_first, joining_links, on_all_days, person_map
from identity.ground import (
    Again,
    Ground,
    Histories,
    all_rejected,
    ground_again,
    looked_at,
    whole_ground,
)
from identity.history import (
    first_history,
    has_rows,
    holding_before,
    next_history,
    next_history_of_part,
)
from identity.lost_map import refuse_a_lost_map, told_events, told_map
from identity.one_ids import numbered
from identity.persons import Persons, persons_of
from identity.redirects import claims_of_runs
from identity.rulings import Rulings, nothing
from identity.touched import Since
from model.engines import Engine, Part, Rows, SparkEngine
from model.fixed_tables import ONE_IDS
from model.identity_policy import ComponentsEngine, IdentityPolicy
from model.local_engine import LocalEngine

_Numbered = tuple[Rows, Rows, Part | None]  # a map, events, which part of the map it is
_FEW = 100_000  # live sightings, of whose tables this process holds whole copies and sorts them
_EDGES_PER_SIGHTING = 5  # of memory: what five links take in the components engine


@dataclass(frozen=True)
class Resolution(Histories):
    """The whole new contents of five tables, and the night's slice of identity.one_id_events;
    `known` are the sightings it looked at (identity.sightings.identified)."""

    known: Rows


def engine_for(row_count: int, spark: SparkSession, policy: IdentityPolicy) -> Engine:
    """Who runs the relational steps over so many live sightings: this process while they fit, above
    it Spark. Both give the same rows."""
    if not fits_here(row_count, policy):
        return SparkEngine(spark)
    return LocalEngine(spark, is_large=row_count > _FEW)


def fits_here(row_count: int, policy: IdentityPolicy) -> bool:
    """Whether so many live sightings (identity.sightings.live_count) fit into this process.

    They do up to a fifth of `components.local_edges`: a sighting holds two identifiers or so, each
    a link, and takes some two kilobytes here.
    """
    return row_count <= policy.components.local_edges // _EDGES_PER_SIGHTING


def resolve_identity(
    engine: Engine,
    sightings: Rows,
    rulings: Rulings,
    histories: Histories,
    policy: IdentityPolicy,
    business_date: date,
    components_by: ComponentsEngine | None = None,
    is_lost: bool = False,
    since: Since | None = None,
) -> Resolution:
    """OneIDs of the night `business_date`, from all slices of identity.sightings up to it.

    `rulings` are what other rules say than shared identifiers. `components_by` None: what the
    policy says for a full build where no map is valid the day before, else what it says for a
    night. `is_lost`: the map is made anew, with the numbers that the log of events tells up to this
    night; InputMissingError where the map is lost and this is not said. A sighting none of whose
    identifiers links is anonymous and not in the map. The same data gives the same rows, run again
    or rebuilt, whatever the order of rows and the engine. Nothing is read from the clock.

    `since`: the histories are as that earlier night left them, of the same slices, policy and code.
    Then the night looks at what changed only, for the same rows; None, where that is too much, or
    where this night or a later one was run before: at everything.
    """
    before = holding_before(engine, histories.one_ids, business_date)
    if not (has_map := has_rows(engine, before)) and not is_lost:
        refuse_a_lost_map(engine, histories.events, business_date)
    again = None if is_lost else looked_at(
        engine, sightings, rulings, histories, policy, business_date, since
    )
    seen = (engine, sightings, rulings, policy, business_date)
    ground = whole_ground(*seen) if again is None else ground_again(engine, policy, again)
    usual = policy.components.night if has_map else policy.components.full_build
    persons = persons_of(engine, ground, policy, components_by or usual)
    found = (engine, persons, ground.rulings.pins, histories, policy, business_date)
    told = _numbered_again(*found, again) if again else _numbered(*found, before, is_lost)
    state = (ground, persons, *told)
    return _written(engine, histories, has_map, *state, policy, business_date, again)


def _written(
    engine: Engine, histories: Histories, has_map: bool, ground: Ground, persons: Persons,
    after: Rows, events: Rows, of_numbers: Part | None, policy: IdentityPolicy,
    business_date: date, again: Again | None,
) -> Resolution:  # fmt: skip
    """The new contents of all tables."""
    # A job on Spark, which only a night without a map needs.
    is_first = not has_map and not has_rows(engine, *histories.with_validity)

    def next_of(
        history: Rows, current: Rows, part: Part | None = None, keep_claims: bool = False
    ) -> Rows:
        if is_first:
            return first_history(engine, history, current, business_date)
        if part is None:
            return next_history(engine, history, current, business_date, keep_claims)
        return next_history_of_part(engine, history, part, current, business_date, keep_claims)

    of_nodes, of_sightings = (
        (None, None) if again is None else (again.of_nodes, again.of_sightings)
    )
    links = joining_links(
        engine, persons.linkable, persons.rejected, persons.members, policy
    )
    rejected = persons.rejected if again is None else all_rejected(engine, persons.rejected, again)
    return Resolution(
        next_of(histories.nodes, first_periods_first(engine, ground.nodes), of_nodes),
        next_of(histories.links, links, of_sightings),
        next_of(histories.hubs, ground.hubs, of_nodes),
        next_of(histories.rejected_links, rejected),
        next_of(histories.one_ids, after, of_numbers, keep_claims=True),
        events,
        ground.known,
    )


def _numbered(
    engine: Engine, persons: Persons, pins: Rows, histories: Histories, policy: IdentityPolicy,
    day: date, before: Rows, is_lost: bool,
) -> _Numbered:  # fmt: skip
    """The night's whole map, and its events; `before` is the map that held before it."""
    log, history = histories.events, histories.one_ids
    held = told_map(engine, log, persons.members, day) if is_lost else history
    numbers = numbered(engine, persons.members, held, log, pins, day)
    # Read by the map's history and by the events.
    after = engine.kept(person_map(engine, persons.members, numbers, persons.by_day))
    whole = on_all_days(engine, after)
    if is_lost:
        return after, told_events(engine, log, persons.members, whole, policy, day), None
    claims = claims_of_runs(engine, history, day)
    was = on_all_days(engine, before)
    return after, one_id_events(engine, was, whole, log, claims, policy, day), None


def _numbered_again(
    engine: Engine, persons: Persons, pins: Rows, histories: Histories, policy: IdentityPolicy,
    day: date, again: Again,
) -> _Numbered:  # fmt: skip
    """The map of the persons found anew, and the night's events: of all others nothing happened."""
    held = again.numbers_ever(engine, histories.one_ids, persons.members)
    part = again.of_numbers(held)
    numbers = numbered(engine, persons.members, held, histories.events, pins, day)
    after = engine.kept(person_map(engine, persons.members, numbers, persons.by_day))
    before = holding_before(engine, engine.part_of(histories.one_ids, part), day)
    was = engine.kept(on_all_days(engine, before))
    # No run of this night was before, and of earlier nights' runs the log has told.
    claims = nothing(engine, ONE_IDS.schema)
    whole = on_all_days(engine, after)
    log = _log_of(engine, histories.events, was, whole)
    return after, one_id_events(engine, was, whole, log, claims, policy, day), part


def _log_of(engine: Engine, log: Rows, before: Rows, after: Rows) -> Rows:
    """What the log tells of the numbers of two maps, and of all that ever led to another one."""
    return engine.rows(
        "log_of",
        """
        select l.* from log l semi join (
            select one_id from before_night union select one_id from after_night
            union select one_id from leads_on where other_one_id is not null
        ) n on n.one_id = l.one_id
        """,
        log=log, leads_on=log, before_night=before, after_night=after,
    )  # fmt: skip
