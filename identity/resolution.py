"""A night's identity: sightings and yesterday's map in, the new histories and the events out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pyspark.sql import SparkSession

from identity.components import components
from identity.events import one_id_events
from identity.graph import (
    identifier_nodes,
    joining_links,
    link_ends,
    members,
    on_all_days,
    person_map,
)
from identity.guards import hubs
from identity.history import holding_before, next_history
from identity.lost_map import refuse_a_lost_map, told_events, told_map
from identity.never_merge import keep_apart
from identity.one_ids import numbered
from identity.periods import Periods, periods, ranged
from identity.redirects import claims_of_runs
from identity.rulings import (
    Rulings,
    effective_joins,
    facts_of_kinds,
    refused_to_attach,
    without_names,
)
from identity.sightings import check_numbers, holdings, identified, is_weak, sighting_state
from identity.weak_kinds import attached
from model.engines import Engine, Rows, SparkEngine
from model.identity_policy import ComponentsEngine, IdentityPolicy
from model.local_engine import LocalEngine

_EDGES_PER_SIGHTING = 5  # of memory: what five links take in the components engine


@dataclass(frozen=True)
class Histories:
    """All rows of the identity tables as they are found; empty before the first night."""

    nodes: Rows
    links: Rows
    hubs: Rows
    rejected_links: Rows
    one_ids: Rows
    events: Rows


class Resolution(Histories):
    """The whole new contents of five tables, and the night's slice of identity.one_id_events."""


@dataclass(frozen=True)
class _Graph:
    """The night's graph: identifiers, what may link, who belongs together, or does by day."""

    nodes: Rows
    hubs: Rows
    linkable: Rows
    rejected: Rows
    members: Rows
    pins: Rows
    by_day: Rows


def engine_for(row_count: int, spark: SparkSession, policy: IdentityPolicy) -> Engine:
    """Who runs the relational steps over so many live sightings: this process while they fit, above
    it Spark. Both give the same rows."""
    return LocalEngine(spark) if fits_here(row_count, policy) else SparkEngine(spark)


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
) -> Resolution:
    """OneIDs of the night `business_date`, from all slices of identity.sightings up to it.

    `rulings` are what other rules say than shared identifiers. `components_by` None: what the
    policy says for a full build where no map is valid the day before, else what it says for a
    night. `is_lost`: the map is made anew, with the numbers that the log of events tells up to this
    night; InputMissingError where the map is lost and this is not said. A sighting none of whose
    identifiers links is anonymous and not in the map. The same data gives the same rows, run again
    or rebuilt, whatever the order of rows and the engine. Nothing is read from the clock.
    """
    before = holding_before(engine, histories.one_ids, business_date)
    if not (has_map := _has_rows(engine, before)) and not is_lost:
        refuse_a_lost_map(engine, histories.events, business_date)
    state = sighting_state(engine, sightings, business_date)
    found = identified(engine, state, sightings, rulings.refused, policy)
    usual = policy.components.night if has_map else policy.components.full_build
    graph = _graph(engine, found, rulings, policy, components_by or usual)
    after, events = _numbered(engine, graph, before, histories, policy, business_date, is_lost)
    links = joining_links(engine, graph.linkable, graph.members, policy)

    def next_of(history: Rows, current: Rows, keep_claims: bool = False) -> Rows:
        return next_history(engine, history, current, business_date, keep_claims)

    return Resolution(
        next_of(histories.nodes, graph.nodes),
        next_of(histories.links, links),
        next_of(histories.hubs, graph.hubs),
        next_of(histories.rejected_links, graph.rejected),
        next_of(histories.one_ids, after, keep_claims=True),
        events,
    )


def _numbered(
    engine: Engine, graph: _Graph, before: Rows, histories: Histories, policy: IdentityPolicy,
    day: date, is_lost: bool,
) -> tuple[Rows, Rows]:  # fmt: skip
    """The night's map, and its events; `before` is the map that held before it."""
    log, history = histories.events, histories.one_ids
    held = told_map(engine, log, graph.members, day) if is_lost else history
    numbers = numbered(engine, graph.members, held, log, graph.pins, day)
    # Read by the map's history and by the events.
    after = engine.kept(person_map(engine, graph.members, numbers, graph.by_day))
    whole = on_all_days(engine, after)
    if is_lost:
        return after, told_events(engine, log, graph.members, whole, policy, day)
    claims = claims_of_runs(engine, history, day)
    was = on_all_days(engine, before)
    return after, one_id_events(engine, was, whole, log, claims, policy, day)


def _has_rows(engine: Engine, rows: Rows) -> bool:
    some = "select count(*) as n from (select 1 from these limit 1) few"
    return bool(engine.one_row("some", some, these=rows)["n"])


def _graph(
    engine: Engine, found: Rows, rulings: Rulings, policy: IdentityPolicy, by: ComponentsEngine
) -> _Graph:
    # Read by every step: sums and refusals are done once.
    known = engine.kept(found)
    cut = periods(engine, holdings(engine, known), rulings, policy)
    nodes = engine.kept(identifier_nodes(engine, cut.held))
    check_numbers(engine, known, nodes, policy)
    rulings = without_names(engine, rulings, nodes)
    found_hubs = engine.kept(hubs(engine, cut.held, nodes, policy, rulings.person_names))
    linkable, by_day = _linkable(engine, cut, found_hubs, policy)
    strong, weak = (
        engine.rows("of_strength", f"select * from links where {which}", links=linkable)
        for which in (f"not {is_weak(policy)}", is_weak(policy))
    )
    # Read by the components and by what keeps apart.
    joins = engine.kept(effective_joins(engine, rulings.joins, cut.held, nodes))
    labels = components(engine, *link_ends(engine, strong, joins), by, policy.components)
    facts = _facts(engine, rulings, strong, policy)
    kept = keep_apart(engine, strong, joins, facts, labels)
    persons = engine.kept(kept.labels)  # read by the weak kinds and beside them
    placed, apart = _with_weak(engine, weak, rulings.facts, persons)
    # Read by the numbering, the links and the map.
    who = engine.kept(members(engine, cut.held, nodes, placed, policy))
    rejected = _and(engine, "rejected", _and(engine, "refused", kept.refused, apart), cut.cuts)
    return _Graph(nodes, found_hubs, linkable, rejected, who, rulings.pins, by_day)


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


def _linkable(
    engine: Engine, cut: Periods, found_hubs: Rows, policy: IdentityPolicy
) -> tuple[Rows, Rows]:
    """The holdings that may link, and the sightings that link nobody since their person depends on
    the day (`ranged`, identity.periods)."""
    linking = "select h.* from held h anti join hubs b on b.node_id = h.node_id"
    without_hubs = engine.rows("without_hubs", linking, held=cut.held, hubs=found_hubs)
    by_day = engine.kept(ranged(engine, cut.across, without_hubs, policy))
    linkable = "select h.* from held h anti join by_day d on d.sighting_id = h.sighting_id"
    return engine.rows("linkable", linkable, held=without_hubs, by_day=by_day), by_day


def _facts(engine: Engine, rulings: Rulings, strong: Rows, policy: IdentityPolicy) -> Rows:
    """Everything of which a person has one value: the rulings' facts, and never-merge kinds."""
    return _and(engine, "facts", rulings.facts, facts_of_kinds(engine, strong, policy))
