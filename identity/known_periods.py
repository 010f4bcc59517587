"""What the tables of the night before know of identifiers: their periods, and where these begin."""

from __future__ import annotations

from identity.periods import REISSUED, KnownPeriods, Starts
from identity.reissued import CROWD
from model.engines import Engine, Rows
from model.node_ids import plain_id


def plain_nodes(engine: Engine, nodes: Rows) -> Rows:
    """(node_id, plain_id, kind, period_from, sighting_count) of rows of identity.nodes; plain_id
    is the number that an identifier has whatever its periods.

    Tokens, the dearest of what nodes hold, are read of later periods alone, which a full build
    writes together (`identity.graph.first_periods_first`).
    """
    return engine.rows(
        "plain_nodes",
        f"""
        select node_id, node_id as plain_id, kind, period_from, sighting_count
        from first_periods where period_from is null
        union all
        select n.node_id, {plain_id("n")}, n.kind, n.period_from, n.sighting_count
        from later_periods n where n.period_from is not null
        """,
        first_periods=nodes, later_periods=nodes,  # of one name the rows would be kept for both
    )  # fmt: skip


def known_periods(
    engine: Engine, nodes: Rows, rejected_links: Rows, judged: Rows
) -> KnownPeriods:
    """The periods of all identifiers but those judged anew (node_id, whatever the period).

    `nodes` (`plain_nodes`) and `rejected_links` are rows that held the night before. A cut for
    re-issue leaves a refused link to the node before it; a period whose predecessor has none began
    by the window.
    """
    pieces = engine.kept(_pieces(engine, nodes, rejected_links, judged))
    start = "period_from as starts_on, cast(null as bigint) as sighting_id from pieces where"
    aged = f"select plain_id as node_id, {start} is_aged"
    given = f"select window_id as node_id, {start} not is_aged and period_from is not null"
    return KnownPeriods(
        judged,
        Starts(
            engine.kept(engine.rows("known_aged", aged, pieces=pieces)),
            engine.kept(engine.rows("known_given", given, pieces=pieces)),
        ),
        engine.kept(_crowds(engine, nodes, pieces, judged)),
    )


def _pieces(engine: Engine, nodes: Rows, rejected_links: Rows, judged: Rows) -> Rows:
    """(plain_id, node_id, period_from, sighting_count, is_aged, window_id): a row per period of
    identifiers that have several. `is_aged`: it began by the window; `window_id`: the node that the
    window has without cuts for re-issue."""
    later = engine.few(engine.rows(
        "later", "select distinct plain_id from nodes where period_from is not null", nodes=nodes
    ))
    return engine.rows(
        "known_pieces",
        f"""
        with others as (
            select n.*, lag(n.node_id) over (
                partition by n.plain_id order by n.period_from nulls first
            ) as before_id
            from nodes n semi join later l on l.plain_id = n.plain_id
            anti join judged j on j.node_id = n.plain_id
        ), begun as (
            select o.*, period_from is not null and r.node_id is null as is_aged
            from others o left join (
                select distinct node_id from rejected_links where rule = '{REISSUED}'
            ) r on r.node_id = o.before_id
        ), counted as (
            select *, sum(case when is_aged then 1 else 0 end) over (
                partition by plain_id order by period_from nulls first
                rows between unbounded preceding and current row
            ) as window_no
            from begun
        )
        select plain_id, node_id, period_from, sighting_count, is_aged,
            first_value(node_id) over (
                partition by plain_id, window_no order by period_from nulls first
                rows between unbounded preceding and current row
            ) as window_id
        from counted
        """,
        nodes=nodes, later=later, rejected_links=rejected_links, judged=judged,
    )  # fmt: skip


def _crowds(engine: Engine, nodes: Rows, pieces: Rows, judged: Rows) -> Rows:
    """Identifiers by window (node_id) that more sightings hold than one owner has."""
    return engine.rows(
        "known_crowds",
        f"""
        select window_id as node_id from pieces
        group by window_id having sum(sighting_count) > {CROWD}
        union
        select n.node_id from nodes n
        anti join pieces p on p.node_id = n.node_id
        anti join judged j on j.node_id = n.node_id
        where n.sighting_count > {CROWD}
        """,
        nodes=nodes, pieces=pieces, judged=judged,
    )  # fmt: skip
