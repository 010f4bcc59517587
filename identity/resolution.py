"""A night's identity: sightings and yesterday's map in, the new histories and the events out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pyspark.sql import SparkSession

from identity.components import components
from identity.events import one_id_events
from identity.graph import identifier_nodes, joining_links, link_ends, members
from identity.guards import hubs
from identity.history import holding_before, next_history
from identity.never_merge import KeptApart, keep_apart
from identity.one_ids import numbered
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
    """The night's graph: identifiers, what may link, who belongs together."""

    nodes: Rows
    hubs: Rows
    linkable: Rows
    kept: KeptApart
    members: Rows


def engine_for(row_count: int, spark: SparkSession, policy: IdentityPolicy) -> Engine:
    """Who runs the relational steps over so many rows of identity.sightings.

    This process up to a fifth of `components.local_edges` (a sighting holds two identifiers or so,
    each a link, and takes some two kilobytes here); above it Spark. Both give the same rows.
    """
    fits = row_count <= policy.components.local_edges // _EDGES_PER_SIGHTING
    return LocalEngine(spark) if fits else SparkEngine(spark)


def resolve_identity(
    engine: Engine,
    sightings: Rows,
    refused: Rows,
    histories: Histories,
    policy: IdentityPolicy,
    business_date: date,
    components_by: ComponentsEngine | None = None,
) -> Resolution:
    """OneIDs of the night `business_date`, from all slices of identity.sightings up to it.

    `refused` are tokens (kind, scope, token) that name nobody. `components_by` None: what the
    policy says for a full build where no map is valid the day before, else what it says for a
    night. A sighting none of whose identifiers links is anonymous and not in the map. The
    same data gives the same rows, run again or rebuilt, whatever the order of rows and the engine.
    Nothing is read from the clock.
    """
    before = holding_before(engine, histories.one_ids, business_date)
    state = sighting_state(engine, sightings, business_date)
    found = identified(engine, state, sightings, refused, policy)
    graph = _graph(engine, found, policy, components_by or _by(engine, before, policy))
    numbers = numbered(engine, graph.members, histories.one_ids, histories.events, business_date)
    # Read by the map's history and by the events.
    after = engine.kept(_map(engine, graph.members, numbers))
    links = joining_links(engine, graph.linkable, graph.members, policy)

    def next_of(history: Rows, current: Rows, keep_claims: bool = False) -> Rows:
        return next_history(engine, history, current, business_date, keep_claims)

    return Resolution(
        next_of(histories.nodes, graph.nodes),
        next_of(histories.links, links),
        next_of(histories.hubs, graph.hubs),
        next_of(histories.rejected_links, graph.kept.refused),
        next_of(histories.one_ids, after, keep_claims=True),
        one_id_events(engine, before, after, policy, business_date),
    )


def _by(engine: Engine, before: Rows, policy: IdentityPolicy) -> ComponentsEngine:
    """Who the policy says computes components: for a full build, or for a night after another."""
    some = "select count(*) as n from (select 1 from before_night limit 1) few"
    found = engine.one_row("map_before", some, before_night=before)["n"]
    return policy.components.night if found else policy.components.full_build


def _graph(engine: Engine, found: Rows, policy: IdentityPolicy, by: ComponentsEngine) -> _Graph:
    # Read by every step: sums and refusals are done once.
    known = engine.kept(found)
    held = holdings(engine, known)
    nodes = engine.kept(identifier_nodes(engine, held))
    check_numbers(engine, known, nodes, policy)
    found_hubs = engine.kept(hubs(engine, held, nodes, policy))
    linking = "select h.* from held h anti join hubs b on b.node_id = h.node_id"
    linkable = engine.rows("linkable", linking, held=held, hubs=found_hubs)
    strong, weak = (
        engine.rows("of_strength", f"select * from links where {which}", links=linkable)
        for which in (f"not {is_weak(policy)}", is_weak(policy))
    )
    labels = components(engine, *link_ends(engine, strong), by, policy.components)
    kept = keep_apart(engine, strong, labels, policy)
    persons = engine.kept(kept.labels)  # read by the weak kinds and beside them
    placed = engine.rows(
        "placed", "select * from strong union all select * from weak",
        strong=persons, weak=attached(engine, weak, persons),
    )  # fmt: skip
    # Read by the numbering, the links and the map.
    who = engine.kept(members(engine, held, nodes, placed, policy))
    return _Graph(nodes, found_hubs, linkable, kept, who)


def _map(engine: Engine, placed: Rows, numbers: Rows) -> Rows:
    """The night's map: the columns of identity.one_ids but its validity."""
    return engine.rows(
        "map",
        """
        select m.node_id, m.kind, n.one_id,
            cast(null as date) as seen_from, cast(null as date) as seen_to
        from members m join numbers n on n.component = m.component
        """,
        members=placed, numbers=numbers,
    )  # fmt: skip
