"""A night's identity: sightings and yesterday's map in, the new histories and the events out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import partial

from pyspark.sql import SparkSession

from identity.components import components
from identity.disputed_names import contradicting_sightings
from identity.events import one_id_events
from identity.graph import (
    joining_links,
    link_ends,
    members,
    on_all_days,
    person_map,
)
from identity.ground import (
    Again,
    Ground,
    Histories,
    all_rejected,
    ground_again,
    looked_at,
    whole_ground,
)
from identity.history import Part, holding_before, next_history, rows_of_part
from identity.lost_map import refuse_a_lost_map, told_events, told_map
from identity.never_merge import keep_apart
from identity.one_ids import numbered
from identity.periods import ranged
from identity.redirects import claims_of_runs
from identity.reissued import Disputed
from identity.rulings import (
    Rulings,
    effective_joins,
    facts_of_kinds,
    nothing,
    refused_to_attach,
)
from identity.sightings import is_weak
from identity.touched import Since
from identity.weak_kinds import attached
from model.engines import Engine, Rows, SparkEngine
from model.fixed_tables import ONE_IDS
from model.identity_policy import ComponentsEngine, IdentityPolicy
from model.local_engine import LocalEngine

_FEW = 100_000  # live sightings, of whose tables this process holds whole copies and sorts them
_EDGES_PER_SIGHTING = 5  # of memory: what five links take in the components engine


class Resolution(Histories):
    """The whole new contents of five tables, and the night's slice of identity.one_id_events."""


@dataclass(frozen=True)
class _Graph:
    """The night's graph: what may link, who belongs together, or does by day."""

    linkable: Rows
    rejected: Rows
    members: Rows
    by_day: Rows


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
    disputed: Disputed | None = None,
    since: Since | None = None,
) -> Resolution:
    """OneIDs of the night `business_date`, from all slices of identity.sightings up to it.

    `rulings` are what other rules say than shared identifiers. `components_by` None: what the
    policy says for a full build where no map is valid the day before, else what it says for a
    night. `is_lost`: the map is made anew, with the numbers that the log of events tells up to this
    night; InputMissingError where the map is lost and this is not said. `disputed` judges pairs of
    sightings by their names (identity.reissued); None: as the rulings' names tell. A sighting none
    of whose identifiers links is anonymous and not in the map. The same data gives the same rows,
    run again or rebuilt, whatever the order of rows and the engine. Nothing is read from the clock.

    `since`: the histories are as that earlier night left them, of the same slices, policy and code.
    Then a night looks at what changed only, for the same rows; None, or where that is too much: at
    everything.
    """
    before = holding_before(engine, histories.one_ids, business_date)
    if not is_lost:
        refuse_a_lost_map(engine, before, histories.events, business_date)
    by = components_by or _by(engine, before, policy)
    disputed = disputed or _by_names(rulings)
    again = None if since is None or is_lost else looked_at(
        engine, sightings, rulings, histories, policy, business_date, disputed, since
    )  # fmt: skip
    ground = (
        whole_ground(engine, sightings, rulings, policy, business_date, disputed) if again is None
        else ground_again(engine, sightings, rulings, policy, business_date, again)
    )  # fmt: skip
    graph = _graph(engine, ground, policy, by)
    after, events = _numbered(
        engine, graph, ground.rulings.pins, histories, policy, business_date, is_lost, again
    )
    return _resolution(
        engine, histories, ground, graph, after, events, policy, business_date, again
    )


def _resolution(
    engine: Engine, histories: Histories, ground: Ground, graph: _Graph, after: Rows, events: Rows,
    policy: IdentityPolicy, business_date: date, again: Again | None,
) -> Resolution:  # fmt: skip
    """The new contents of all tables."""

    def next_of(
        history: Rows, current: Rows, part: Part | None = None, keep_claims: bool = False
    ) -> Rows:
        return next_history(engine, history, current, business_date, keep_claims, part)

    of_nodes, of_sightings, of_numbers = (
        (None, None, None) if again is None
        else (again.of_nodes, again.of_sightings, again.of_numbers)
    )  # fmt: skip
    links = joining_links(engine, graph.linkable, graph.members, policy)
    rejected = graph.rejected if again is None else all_rejected(engine, graph.rejected, again)
    return Resolution(
        next_of(histories.nodes, ground.nodes, of_nodes),
        next_of(histories.links, links, of_sightings),
        next_of(histories.hubs, ground.hubs, of_nodes),
        next_of(histories.rejected_links, rejected),
        next_of(histories.one_ids, after, of_numbers, keep_claims=True),
        events,
    )


def _numbered(
    engine: Engine, graph: _Graph, pins: Rows, histories: Histories, policy: IdentityPolicy,
    day: date, is_lost: bool, again: Again | None,
) -> tuple[Rows, Rows]:  # fmt: skip
    """The night's map, and its events."""
    log, history = histories.events, histories.one_ids
    held = told_map(engine, log, graph.members, day) if is_lost else history
    if again is not None:
        held = _numbers_ever(engine, history, graph.members)
    numbers = numbered(engine, graph.members, held, log, pins, day)
    # Read by the map's history and by the events.
    after = engine.kept(person_map(engine, graph.members, numbers, graph.by_day))
    whole = on_all_days(engine, after)
    if is_lost:
        return after, told_events(engine, log, graph.members, whole, policy, day)
    before = on_all_days(engine, holding_before(engine, history, day))
    claims = claims_of_runs(engine, history, day)
    if again is not None:  # no run of this night was before, and those of earlier nights are told
        before = rows_of_part(engine, before, again.of_numbers)
        claims = nothing(engine, ONE_IDS.schema)
    return after, one_id_events(engine, before, whole, log, claims, policy, day)


def _numbers_ever(engine: Engine, history: Rows, members: Rows) -> Rows:
    """The rows of the map's history that numbering some members may read: those of every number
    that one of them ever had, and of the largest."""
    return engine.kept(
        engine.rows(
            "numbers_ever",
            """
            with theirs as (
                select h.one_id from history h semi join members m on m.node_id = h.node_id
                union select max(one_id) from history
            )
            select h.* from history h semi join theirs t on t.one_id = h.one_id
            """,
            history=history, members=members,
        )
    )  # fmt: skip


def _by_names(rulings: Rulings) -> Disputed | None:
    """Which sightings contradict each other by the names they bear."""
    names = rulings.person_names
    return None if names is None else partial(contradicting_sightings, names=names)


def _by(engine: Engine, before: Rows, policy: IdentityPolicy) -> ComponentsEngine:
    """Who the policy says computes components: for a full build, or for a night after another."""
    some = "select count(*) as n from (select 1 from before_night limit 1) few"
    found = engine.one_row("map_before", some, before_night=before)["n"]
    return policy.components.night if found else policy.components.full_build


def _graph(
    engine: Engine, ground: Ground, policy: IdentityPolicy, by: ComponentsEngine
) -> _Graph:
    rulings = ground.rulings
    linkable, by_day = _linkable(engine, ground, policy)
    strong, weak = (
        engine.rows("of_strength", f"select * from links where {which}", links=linkable)
        for which in (f"not {is_weak(policy)}", is_weak(policy))
    )
    # Read by the components and by what keeps apart.
    joins = engine.kept(effective_joins(engine, rulings.joins, ground.held, ground.all_nodes))
    labels = components(engine, *link_ends(engine, strong, joins), by, policy.components)
    facts = _facts(engine, rulings, strong, policy)
    kept = keep_apart(engine, strong, joins, facts, labels)
    persons = engine.kept(kept.labels)  # read by the weak kinds and beside them
    placed, apart = _with_weak(engine, weak, rulings.facts, persons)
    # Read by the numbering, the links and the map.
    who = engine.kept(members(engine, ground.held, ground.all_nodes, placed, policy))
    rejected = _and(engine, "rejected", _and(engine, "refused", kept.refused, apart), ground.cuts)
    return _Graph(linkable, rejected, who, by_day)


def _with_weak(
    engine: Engine, weak: Rows, facts: Rows, persons: Rows
) -> tuple[Rows, Rows]:
    """The persons with what attaches to them, and the weak links refused."""
    apart = engine.kept(refused_to_attach(engine, weak, facts, persons))
    others = """
        select w.* from weak w
        anti join apart a on a.sighting_id = w.sighting_id and a.node_id = w.node_id
    """
    may_attach = engine.rows("may_attach", others, weak=weak, apart=apart)
    attaching = attached(engine, may_attach, persons)
    return _and(engine, "placed", persons, attaching), apart


def _and(engine: Engine, step: str, some: Rows, more: Rows) -> Rows:
    both = "select * from these union all select * from more"
    return engine.rows(step, both, these=some, more=more)


def _linkable(engine: Engine, ground: Ground, policy: IdentityPolicy) -> tuple[Rows, Rows]:
    """The holdings that may link, and the sightings that link nobody since their person depends on
    the day (`ranged`, identity.periods)."""
    linking = "select h.* from held h anti join hubs b on b.node_id = h.node_id"
    without_hubs = engine.rows(
        "without_hubs", linking, held=ground.held, hubs=ground.hub_nodes
    )
    by_day = engine.kept(ranged(engine, ground.across, without_hubs, policy))
    linkable = "select h.* from held h anti join by_day d on d.sighting_id = h.sighting_id"
    return engine.rows("linkable", linkable, held=without_hubs, by_day=by_day), by_day


def _facts(engine: Engine, rulings: Rulings, strong: Rows, policy: IdentityPolicy) -> Rows:
    """Everything of which a person has one value: the rulings' facts, and never-merge kinds."""
    return _and(engine, "facts", rulings.facts, facts_of_kinds(engine, strong, policy))
