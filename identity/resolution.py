"""A night's identity: sightings and yesterday's map in, the new histories and the events out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from identity.components import components
from identity.events import one_id_events
from identity.graph import identifier_nodes, joining_links, link_ends, members
from identity.guards import hubs
from identity.history import holding_before, next_history
from identity.never_merge import KeptApart, keep_apart
from identity.one_ids import numbered
from identity.sightings import check_holdings, holdings, is_strong, sighting_state
from identity.weak_kinds import attached
from model.identity_policy import Engine, IdentityPolicy
from model.lineage import cut, let_go


@dataclass(frozen=True)
class Histories:
    """All rows of the identity tables as they are found; empty before the first night."""

    nodes: DataFrame
    links: DataFrame
    hubs: DataFrame
    rejected_links: DataFrame
    one_ids: DataFrame
    events: DataFrame


@dataclass(frozen=True)
class Resolution:
    """The whole new contents of five tables, and the night's slice of identity.one_id_events."""

    nodes: DataFrame
    links: DataFrame
    hubs: DataFrame
    rejected_links: DataFrame
    one_ids: DataFrame
    events: DataFrame
    cached: tuple[DataFrame, ...]

    def release(self) -> None:
        """Lets go of what is cached; to be called once every frame is written."""
        for frame in self.cached:
            let_go(frame)


@dataclass(frozen=True)
class _Graph:
    """The night's graph: what is held, what may link, who belongs together."""

    held: DataFrame
    hubs: DataFrame
    linkable: DataFrame
    kept: KeptApart
    members: DataFrame
    cached: tuple[DataFrame, ...]


def resolve_identity(
    sightings: DataFrame,
    refused: DataFrame,
    histories: Histories,
    policy: IdentityPolicy,
    business_date: date,
    engine: Engine | None = None,
) -> Resolution:
    """OneIDs of the night `business_date`, from all slices of identity.sightings up to it.

    `refused` are tokens (kind, scope, token) that name nobody. `engine` None: what the policy says
    for a full build where no map is valid the day before, else what it says for a night. A sighting
    none of whose identifiers links is anonymous and not in the map. The same data gives the same
    rows, run again or rebuilt, whatever the order of rows. Nothing is read from the clock.
    """
    before = holding_before(histories.one_ids, business_date).select("node_id", "kind", "one_id")
    chosen = engine or (
        policy.components.full_build if before.isEmpty() else policy.components.night
    )
    identifiers = holdings(sighting_state(sightings, business_date), refused, policy)
    graph = _graph(identifiers, policy, chosen)
    numbering = numbered(graph.members, histories.one_ids, histories.events, business_date)
    # Read by the map's history and by the events.
    now = cut(
        graph.members.join(numbering.one_ids, on="component", how="inner").select(
            "node_id", "kind", "one_id"
        )
    )
    links = joining_links(graph.linkable, graph.members, policy)
    always = F.lit(None).cast("date")
    one_ids = now.select("*", always.alias("seen_from"), always.alias("seen_to"))
    return Resolution(
        next_history(histories.nodes, identifier_nodes(graph.held), business_date),
        next_history(histories.links, links, business_date),
        next_history(histories.hubs, graph.hubs, business_date),
        next_history(histories.rejected_links, graph.kept.refused, business_date),
        next_history(histories.one_ids, one_ids, business_date, keep_claims=True),
        one_id_events(before, now, policy, business_date),
        (now, *numbering.cached, *graph.cached),
    )


def _graph(identifiers: DataFrame, policy: IdentityPolicy, engine: Engine) -> _Graph:
    held = cut(identifiers)  # read by every step: the sums and the refusals are done once
    check_holdings(held, policy)
    found_hubs = cut(hubs(held, policy))
    linkable = held.join(found_hubs.select("node_id"), on="node_id", how="left_anti")
    strong = linkable.where(is_strong(policy))
    labels = components(*link_ends(strong), engine, policy.components)
    kept = keep_apart(strong, labels, policy)
    weak = linkable.where(~is_strong(policy))
    placed = kept.labels.union(attached(weak, kept.labels))
    # Read by the numbering, the links and the map.
    who = cut(members(held, placed, policy))
    cached = (who, *kept.cached, labels, found_hubs, held)
    return _Graph(held, found_hubs, linkable, kept, who, cached)
