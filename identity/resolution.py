"""A night's identity: sightings and yesterday's map in, the new histories and the events out."""

from __future__ import annotations

from collections.abc import Callable
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
    PartOfHistory,
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
from model.engines import Engine, Part, Rows
from model.fixed_tables import ONE_IDS
from model.identity_policy import ComponentsEngine, IdentityPolicy
from model.local_engine import LocalEngine
from model.mixed_engine import MixedEngine
from model.threads import both

# The map as it is found, what it is now, and what tells the events between the two.
_Numbered = tuple[Rows | PartOfHistory, Rows, Callable[[], Rows]]
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
        return MixedEngine(spark)
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
    tables = _Tables.of(engine, histories, business_date, has_map)
    by = components_by or _usual(policy, has_map)
    found = (engine, ground, histories, policy, business_date, by, before, again, is_lost)
    # Who is whom takes one core most of the time, which leaves another one for reading.
    identifiers, (persons, told) = both(
        lambda: tables.of_identifiers(ground, again), lambda: _people(*found)
    )
    return tables.written(ground, identifiers, persons, told, policy, again)


def _usual(policy: IdentityPolicy, has_map: bool) -> ComponentsEngine:
    return policy.components.night if has_map else policy.components.full_build


def _people(
    engine: Engine, ground: Ground, histories: Histories, policy: IdentityPolicy,
    business_date: date, by: ComponentsEngine, before: Rows, again: Again | None, is_lost: bool,
) -> tuple[Persons, _Numbered]:  # fmt: skip
    """Who is whom, and under which number."""
    persons = persons_of(engine, ground, policy, by)
    found = (engine, persons, ground.rulings.pins, histories, policy, business_date)
    told = _numbered_again(*found, again) if again else _numbered(*found, before, is_lost)
    return persons, told


@dataclass(frozen=True)
class _Tables:
    """The histories as a night finds them, of which it makes their new contents; none of them has
    rows on the first one."""

    engine: Engine
    histories: Histories
    business_date: date
    is_first: bool

    @classmethod
    def of(
        cls, engine: Engine, histories: Histories, business_date: date, has_map: bool
    ) -> _Tables:
        # A job on Spark, which only a night without a map needs.
        is_first = not has_map and not has_rows(engine, *histories.with_validity)
        return cls(engine, histories, business_date, is_first)

    def of_identifiers(
        self, ground: Ground, again: Again | None
    ) -> tuple[Rows, Rows, Rows | PartOfHistory]:
        """The new nodes and hubs, and the links as they are found: what is known of identifiers
        before it is known who is whom."""
        histories = self.histories
        nodes, hubs, links = histories.nodes, histories.hubs, histories.links
        now = first_periods_first(self.engine, ground.nodes)
        if again is None:
            return self._next_of(nodes, now), self._next_of(hubs, ground.hubs), links
        return (
            self._next_of(self._part(nodes, again.of_nodes), now),
            self._next_of(self._part(hubs, again.of_hubs), ground.hubs),
            self._part(links, again.of_sightings),
        )

    def written(
        self, ground: Ground, identifiers: tuple[Rows, Rows, Rows | PartOfHistory],
        persons: Persons, told: _Numbered, policy: IdentityPolicy, again: Again | None,
    ) -> Resolution:  # fmt: skip
        """The new contents of all tables."""
        engine, (nodes, hubs, links), (one_ids, now, happened) = self.engine, identifiers, told
        rejected = persons.rejected
        joining = joining_links(engine, persons.linkable, rejected, persons.members, policy)
        if again is not None:
            rejected = all_rejected(engine, rejected, again)
        # Events are many small steps.
        events, (next_links, next_one_ids) = both(
            happened,
            lambda: (self._next_of(links, joining), self._next_of(one_ids, now, keep_claims=True)),
        )
        next_rejected = self._next_of(self.histories.rejected_links, rejected)
        return Resolution(
            nodes, next_links, hubs, next_rejected, next_one_ids, events, ground.known
        )

    def _part(self, history: Rows, part: Part) -> PartOfHistory:
        return PartOfHistory.read(self.engine, history, part)

    def _next_of(
        self, found: Rows | PartOfHistory, current: Rows, keep_claims: bool = False
    ) -> Rows:
        engine, day = self.engine, self.business_date
        if isinstance(found, PartOfHistory):
            return next_history_of_part(engine, found, current, day, keep_claims)
        if self.is_first:
            return first_history(engine, found, current, day)
        return next_history(engine, found, current, day, keep_claims)


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
        lost = (engine, log, persons.members, whole, policy, day)
        return history, after, lambda: told_events(*lost)
    claims = claims_of_runs(engine, history, day)
    maps = (engine, on_all_days(engine, before), whole)
    return history, after, lambda: one_id_events(*maps, log, claims, policy, day)


def _numbered_again(
    engine: Engine, persons: Persons, pins: Rows, histories: Histories, policy: IdentityPolicy,
    day: date, again: Again,
) -> _Numbered:  # fmt: skip
    """The map of the persons found anew, and the night's events: of all others nothing happened."""
    held = again.numbers_ever(engine, histories.one_ids, persons.members)
    part = PartOfHistory.read(engine, histories.one_ids, again.of_numbers(held))
    numbers = numbered(engine, persons.members, held, histories.events, pins, day)
    after = engine.kept(person_map(engine, persons.members, numbers, persons.by_day))
    was = engine.kept(on_all_days(engine, holding_before(engine, part.rows, day)))
    # No run of this night was before, and of earlier nights' runs the log has told.
    claims = nothing(engine, ONE_IDS.schema)
    whole = on_all_days(engine, after)
    log = _log_of(engine, histories.events, was, whole)
    return part, after, lambda: one_id_events(engine, was, whole, log, claims, policy, day)


def _log_of(engine: Engine, log: Rows, before: Rows, after: Rows) -> Rows:
    """What the log tells of the numbers of two maps, and of all that ever led to another one."""
    numbers = engine.few(engine.rows(
        "numbers_told",
        """
        select one_id from before_night union select one_id from after_night
        union select one_id from leads_on where other_one_id is not null
        """,
        leads_on=log, before_night=before, after_night=after,
    ))  # fmt: skip
    theirs = "select l.* from log l semi join numbers n on n.one_id = l.one_id"
    return engine.few(engine.rows("log_of", theirs, log=log, numbers=numbers))
