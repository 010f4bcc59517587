"""The identity graph: identifiers as nodes, and stars of links between them and sightings."""

from __future__ import annotations

from identity.sightings import is_weak
from model.engines import Engine, Rows
from model.identity_policy import IdentityPolicy

SHARED, ATTACHED = "shared identifier", "attached"


def identifier_nodes(engine: Engine, held: Rows) -> Rows:
    """Identifiers by period, one row per node_id, hubs among them: the columns of identity.nodes
    but its validity. Days of a sighting before the period do not count."""
    return engine.rows(
        "identifier_nodes",
        """
        select node_id, kind, scope, token, period_from,
            greatest(min(first_date), coalesce(period_from, min(first_date))) as first_date,
            max(last_date) as last_date, count(*) as sighting_count
        from held group by node_id, kind, scope, token, period_from
        """,
        held=held,
    )


def link_ends(engine: Engine, links: Rows, joins: Rows) -> tuple[Rows, Rows]:
    """Nodes (node_id) and edges (src, dst) of links between sightings and identifiers, and of
    joins (node_id, other_node_id) between any two nodes."""
    edges = engine.kept(engine.rows(  # counted, labelled and proven
        "edges",
        """
        select sighting_id as src, node_id as dst from links
        union all select node_id, other_node_id from joins
        """,
        links=links, joins=joins,
    ))  # fmt: skip
    nodes = "select src as node_id from edges union select dst from edges"
    return engine.rows("ends", nodes, edges=edges), edges


def members(
    engine: Engine, held: Rows, nodes: Rows, labels: Rows, policy: IdentityPolicy
) -> Rows:
    """Nodes with the component they belong to, one row per node_id that has one.

    `nodes` are the identifiers of `held`. Columns: node_id, kind ('sighting' for sightings),
    is_strong, component, first_date, token (null for sightings).
    """
    return engine.rows(
        "members",
        f"""
        with ends as (
            select node_id, kind, not {is_weak(policy)} as is_strong, first_date, token from nodes
            union all
            select sighting_id, 'sighting', true, min(first_date), cast(null as string)
            from held group by sighting_id
        )
        select e.node_id, e.kind, e.is_strong, l.component, e.first_date, e.token
        from ends e join labels l on l.node_id = e.node_id
        """,
        held=held, nodes=nodes, labels=labels,
    )  # fmt: skip


def joining_links(
    engine: Engine, linkable: Rows, rejected: Rows, placed: Rows, policy: IdentityPolicy
) -> Rows:
    """Links whose two ends are one person: the columns of identity.links but its validity.

    A `rejected` link (sighting_id, node_id) has its ends in two persons, unless another way joins
    them; and so has that of a weak identifier to the persons that share it. All other links have
    one component. `placed` is (node_id, component).
    """
    apart = engine.kept(engine.rows(  # few beside the links, which need no look at their ends then
        "ends_apart",
        f"""
        select l.sighting_id, l.node_id from (
            select sighting_id, node_id from linkable where {is_weak(policy)}
            union select sighting_id, node_id from rejected
        ) l
        left join placed i on i.node_id = l.node_id
        left join placed s on s.node_id = l.sighting_id
        where i.component is distinct from s.component or i.component is null
        """,
        linkable=linkable, rejected=rejected, placed=placed,
    ))  # fmt: skip
    return engine.rows(
        "joining_links",
        f"""
        select k.sighting_id, k.node_id, k.kind,
            case when {is_weak(policy)} then '{ATTACHED}' else '{SHARED}' end as rule,
            k.sources, k.first_date, k.last_date, k.row_count
        from linkable k
        anti join apart a on a.sighting_id = k.sighting_id and a.node_id = k.node_id
        """,
        linkable=linkable, apart=apart,
    )  # fmt: skip


def first_periods_first(engine: Engine, nodes: Rows) -> Rows:
    """The nodes, later periods behind first ones as far as an engine keeps an order, so that few
    stretches of a file have any (`identity.known_periods.plain_nodes`)."""
    return engine.rows(
        "first_periods_first",
        """
        select * from nodes where period_from is null
        union all select * from nodes where period_from is not null
        """,
        nodes=nodes,
    )


def attached_links(engine: Engine, links: Rows, policy: IdentityPolicy) -> Rows:
    """(sighting_id, node_id) of those `links` that attach a weak identifier."""
    weak = f"select sighting_id, node_id from links where {is_weak(policy)}"
    return engine.rows("attached_links", weak, links=links)


def person_map(engine: Engine, placed: Rows, numbers: Rows, by_day: Rows) -> Rows:
    """The night's map: the columns of identity.one_ids but its validity.

    `placed` are the members, `numbers` is (component, one_id), one row per person. `by_day` are
    sightings that belong to the person of one identifier, by its periods (`ranged`,
    identity.periods); one that a join placed belongs there on all days.
    """
    return engine.rows(
        "map",
        """
        select m.node_id, m.kind, n.one_id,
            cast(null as date) as seen_from, cast(null as date) as seen_to
        from members m join numbers n on n.component = m.component
        union all
        select d.sighting_id, 'sighting', n.one_id, d.seen_from, d.seen_to
        from by_day d join members m on m.node_id = d.node_id
        join numbers n on n.component = m.component
        anti join members s on s.node_id = d.sighting_id
        """,
        members=placed, numbers=numbers, by_day=by_day,
    )  # fmt: skip


def on_all_days(engine: Engine, persons: Rows) -> Rows:
    """The rows of a map that decide all days of their node: one per node_id."""
    whole = "select * from persons where seen_from is null and seen_to is null"
    return engine.rows("on_all_days", whole, persons=persons)
