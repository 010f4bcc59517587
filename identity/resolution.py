"""A night's identity: sightings and yesterday's map in, the new histories and the events out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pyspark.sql import SparkSession

from identity.components import components
from identity.events import one_id_events
from identity.graph import identifier_nodes, joining_links, link_ends, members, person_map
from identity.guards import hubs
from identity.history import Part, holding_before, next_history, rows_of_part
from identity.never_merge import KeptApart, keep_apart
from identity.one_ids import numbered
from identity.rulings import Rulings, effective_joins, facts_of_kinds, ruled
from identity.sightings import check_numbers, holdings, identified, is_weak, sighting_state
from identity.touched import MapBefore, Region, Since, part_of, region
from identity.weak_kinds import attached
from model.engines import Engine, Rows, SparkEngine
from model.identity_policy import ComponentsEngine, IdentityPolicy
from model.local_engine import LocalEngine

_FEW = 100_000  # live sightings, of whose tables this process holds whole copies and sorts them
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
    since: Since | None = None,
) -> Resolution:
    """OneIDs of the night `business_date`, from all slices of identity.sightings up to it.

    `rulings` are what other rules say than shared identifiers. `components_by` None: what the
    policy says for a full build where no map is valid the day before, else what it says for a
    night. A sighting none of whose identifiers links is anonymous and not in the map. The
    same data gives the same rows, run again or rebuilt, whatever the order of rows and the engine.
    Nothing is read from the clock.

    `since`: the histories are as that earlier night left them, of the same slices, policy and code.
    Then only what changed is looked at (identity.touched), for the same rows; None, or where too
    much changed: a full build.
    """
    before = holding_before(engine, histories.one_ids, business_date)
    by = components_by or _by(engine, before, policy)
    again = _region(engine, sightings, rulings, histories, policy, business_date, since)
    read = sightings if again is None else engine.kept(part_of(engine, sightings, again.read))
    state = sighting_state(engine, read, business_date)
    found = identified(engine, state, read, rulings.refused, policy)
    graph = _graph(engine, found, rulings, policy, by, again)
    nodes_part = None if again is None else Part("node_id", again.judged)
    links_part = None if again is None else Part("sighting_id", again.sightings)
    map_part = None if again is None else Part("one_id", again.numbers)
    numbers = numbered(
        engine, graph.members, _numbers_ever(engine, histories.one_ids, graph.members, again),
        histories.events, rulings.pins, business_date,
    )  # fmt: skip
    # Read by the map's history and by the events.
    after = engine.kept(person_map(engine, graph.members, numbers))
    links = joining_links(engine, graph.linkable, graph.members, policy)

    def next_of(
        history: Rows, current: Rows, part: Part | None, keep_claims: bool = False
    ) -> Rows:
        return next_history(engine, history, current, business_date, keep_claims, part)

    return Resolution(
        next_of(histories.nodes, graph.nodes, nodes_part),
        next_of(histories.links, links, links_part),
        next_of(histories.hubs, graph.hubs, nodes_part),
        next_of(histories.rejected_links, graph.kept.refused, links_part),
        next_of(histories.one_ids, after, map_part, keep_claims=True),
        one_id_events(
            engine, rows_of_part(engine, before, map_part), after, policy, business_date
        ),
    )


def _by(engine: Engine, before: Rows, policy: IdentityPolicy) -> ComponentsEngine:
    """Who the policy says computes components: for a full build, or for a night after another."""
    some = "select count(*) as n from (select 1 from before_night limit 1) few"
    found = engine.one_row("map_before", some, before_night=before)["n"]
    return policy.components.night if found else policy.components.full_build


def _region(
    engine: Engine, sightings: Rows, rulings: Rulings, histories: Histories, policy: IdentityPolicy,
    business_date: date, since: Since | None,
) -> Region | None:  # fmt: skip
    """What a night looks at; None: everything."""
    said = None if since is None else ruled(engine, rulings)
    if since is None or said is None or since.night >= business_date:
        return None

    def held(history: Rows) -> Rows:
        return engine.kept(holding_before(engine, history, business_date))

    before = MapBefore(*map(held, (histories.hubs, histories.rejected_links, histories.one_ids)))
    found = region(
        engine, sightings, since, said, rulings, before, policy, business_date
    )
    counts = engine.one_row(
        "region_share",
        """
        select (select count(*) from read_again) as again,
            (select count(*) from map_before where kind = 'sighting') as before
        """,
        read_again=found.read, map_before=before.one_ids,
    )  # fmt: skip
    return found if counts["again"] <= since.largest_share * counts["before"] else None


def _numbers_ever(engine: Engine, history: Rows, placed: Rows, again: Region | None) -> Rows:
    """The rows of the map's history that numbering some members may read: those of every number
    that one of them ever had, and of the largest."""
    if again is None:
        return history
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
            history=history, members=placed,
        )
    )  # fmt: skip


def _graph(
    engine: Engine, found: Rows, rulings: Rulings, policy: IdentityPolicy, by: ComponentsEngine,
    again: Region | None,
) -> _Graph:  # fmt: skip
    # Read by every step: sums and refusals are done once.
    known = engine.kept(found)
    held = holdings(engine, known)
    nodes = engine.kept(identifier_nodes(engine, held))
    check_numbers(engine, known, nodes, policy)
    judged = nodes if again is None else rows_of_part(engine, nodes, Part("node_id", again.judged))
    found_hubs = engine.kept(hubs(engine, held, judged, policy))
    linkable = _linkable(engine, held, found_hubs, again)
    strong, weak = (
        engine.rows("of_strength", f"select * from links where {which}", links=linkable)
        for which in (f"not {is_weak(policy)}", is_weak(policy))
    )
    given = rulings.joins if again is None else again.joins
    # Read by the components and by what keeps apart.
    joins = engine.kept(effective_joins(engine, given, held, nodes))
    labels = components(engine, *link_ends(engine, strong, joins), by, policy.components)
    facts = _facts(engine, rulings, strong, policy)
    kept = keep_apart(engine, strong, joins, facts, labels)
    persons = engine.kept(kept.labels)  # read by the weak kinds and beside them
    placed = engine.rows(
        "placed", "select * from strong union all select * from weak",
        strong=persons, weak=attached(engine, weak, persons),
    )  # fmt: skip
    # Read by the numbering, the links and the map.
    who = engine.kept(members(engine, held, nodes, placed, policy))
    return _Graph(judged, found_hubs, linkable, kept, who)


def _linkable(engine: Engine, held: Rows, found_hubs: Rows, again: Region | None) -> Rows:
    """The holdings that may link: of no hub, and of the sightings looked at."""
    free = engine.rows(
        "linkable", "select h.* from held h anti join hubs b on b.node_id = h.node_id",
        held=held, hubs=found_hubs,
    )  # fmt: skip
    if again is None:
        return free
    # Hubs that nothing happened to are told by the night before.
    others = engine.rows(
        "linkable_again", "select h.* from free h anti join hubs b on b.node_id = h.node_id",
        free=free, hubs=again.hubs,
    )  # fmt: skip
    return engine.kept(rows_of_part(engine, others, Part("sighting_id", again.sightings)))


def _facts(engine: Engine, rulings: Rulings, strong: Rows, policy: IdentityPolicy) -> Rows:
    """Everything of which a person has one value: the rulings' facts, and never-merge kinds."""
    return engine.rows(
        "facts", "select * from given union all select * from of_kinds",
        given=rulings.facts, of_kinds=facts_of_kinds(engine, strong, policy),
    )  # fmt: skip
