"""Identifiers judged anew where something near them changed: their periods, and whether they are
hubs. For all others, the tables of the night before tell."""

from __future__ import annotations

from dataclasses import dataclass, replace

from identity.found import Found, Slices
from identity.graph import identifier_nodes
from identity.guards import hubs
from identity.known_periods import known_periods
from identity.periods import Periods, periods
from identity.rulings import Rulings, without_names
from identity.sightings import check_numbers, holdings
from identity.touched import Touched, held_by, holders
from model.engines import Engine, Rows
from model.identity_policy import IdentityPolicy
from model.node_ids import plain_id


@dataclass(frozen=True)
class NightBefore:
    """The rows of histories that held before the night; `nodes` as `plain_nodes` has them,
    `attached` (sighting_id, node_id) the links of weak identifiers."""

    nodes: Rows
    attached: Rows
    hubs: Rows
    rejected_links: Rows
    one_ids: Rows


@dataclass(frozen=True)
class Judged:
    """What is known of identifiers tonight.

    `nodes` and `hubs` are rows of those judged anew, by period. `pieces` (node_id, plain_id) are
    the nodes that these are or were, `changed` (plain_id) those judged otherwise than before,
    `resting` (node_id) the hubs that stay hubs. `all_hubs` (node_id) are all that are hubs tonight.
    `cut` has the starts of periods and the cuts of those judged. `rulings` have nodes in place of
    names. `seen` are the sightings it took, `held` their holdings by period, `all_nodes` rows as of
    `nodes` of all that these hold: where others may hold one too, of these holdings alone.
    """

    nodes: Rows
    hubs: Rows
    pieces: Rows
    changed: Rows
    resting: Rows
    all_hubs: Rows
    cut: Periods
    rulings: Rulings
    seen: Found
    held: Rows
    all_nodes: Rows


def judged(
    engine: Engine, slices: Slices, touched: Touched, also: Rows, rulings: Rulings,
    before: NightBefore, policy: IdentityPolicy,
) -> Judged:  # fmt: skip
    """The identifiers of `touched.judged`, judged by all that any rule reads of them; `also`
    (sighting_id) are other sightings that may be asked for, to be read at once. They are too far
    from all that is judged to be of any weight."""
    near = engine.kept(_near(engine, touched.pairs, touched.judged))
    both = "select sighting_id from near union select sighting_id from also"
    seen = slices.found(engine.kept(engine.rows("seen", both, near=near, also=also)))
    if rulings.person_names is not None:
        rulings = replace(rulings, person_names=rulings.person_names.among(engine, near))
    known = known_periods(engine, before.nodes, before.rejected_links, touched.judged)
    cut = periods(engine, holdings(engine, seen.rows), rulings, policy, known)
    held = engine.kept(cut.held)
    beside = engine.kept(identifier_nodes(engine, held))
    check_numbers(engine, seen.rows, beside, policy)
    nodes = engine.kept(_nodes(engine, beside, touched.judged))
    told = without_names(engine, rulings, nodes)
    own = engine.rows(
        "judged_held", "select h.* from held h semi join nodes n on n.node_id = h.node_id",
        held=held, nodes=nodes,
    )  # fmt: skip
    found = engine.kept(hubs(engine, held, nodes, policy, told.person_names, own))
    was = engine.kept(_told_before(engine, before, touched.judged))
    now = engine.kept(_told_now(engine, nodes, found))
    pieces = engine.kept(engine.rows(
        "pieces", "select node_id, plain_id from was union select node_id, plain_id from told_now",
        was=was, told_now=now,
    ))  # fmt: skip
    return Judged(
        nodes, found, pieces, engine.kept(_changed(engine, was, now)),
        engine.kept(_resting(engine, was, now)),
        engine.kept(_all_hubs(engine, before.hubs, pieces, found)), cut, told, seen,
        held, beside,
    )  # fmt: skip


def _near(engine: Engine, pairs: Rows, judged: Rows) -> Rows:
    """All sightings that tell of the identifiers judged: their own, and those of whatever is seen
    with one: of who stands on the sides of a silence, and of who bears a name beside it."""
    beside = held_by(engine, pairs, engine.kept(holders(engine, pairs, judged)))
    return holders(engine, pairs, engine.kept(beside))


def _nodes(engine: Engine, nodes: Rows, judged: Rows) -> Rows:
    """The rows of identity.nodes of the identifiers judged, of which all holdings are there."""
    those = f"select n.* from nodes n semi join judged j on j.node_id = {plain_id('n')}"
    return engine.rows("judged_nodes", those, nodes=nodes, judged=judged)


def _told_before(engine: Engine, before: NightBefore, judged: Rows) -> Rows:
    """(plain_id, node_id, is_hub) of the identifiers judged, as it was."""
    return engine.rows(
        "told_before",
        """
        select n.plain_id, n.node_id, h.node_id is not null as is_hub
        from nodes n semi join judged j on j.node_id = n.plain_id
        left join hubs h on h.node_id = n.node_id
        """,
        nodes=before.nodes, judged=judged, hubs=before.hubs,
    )  # fmt: skip


def _told_now(engine: Engine, nodes: Rows, hubs: Rows) -> Rows:
    return engine.rows(
        "told_now",
        f"""
        select {plain_id("n")} as plain_id, n.node_id, h.node_id is not null as is_hub
        from nodes n left join hubs h on h.node_id = n.node_id
        """,
        nodes=nodes, hubs=hubs,
    )  # fmt: skip


def _changed(engine: Engine, was: Rows, now: Rows) -> Rows:
    return engine.rows(
        "judged_otherwise",
        """
        select distinct plain_id from (
            select plain_id from (
                select * from was union all select * from told_now
            ) both_nights group by plain_id, node_id, is_hub having count(*) = 1
        ) differing
        """,
        was=was, told_now=now,
    )  # fmt: skip


def _resting(engine: Engine, was: Rows, now: Rows) -> Rows:
    both = """
        select w.node_id from was w semi join told_now t on t.node_id = w.node_id and t.is_hub
        where w.is_hub
    """
    return engine.rows("resting", both, was=was, told_now=now)


def _all_hubs(engine: Engine, before: Rows, pieces: Rows, found: Rows) -> Rows:
    return engine.rows(
        "all_hubs",
        """
        select b.node_id from before_night b anti join pieces p on p.node_id = b.node_id
        union all select node_id from found
        """,
        before_night=before, pieces=pieces, found=found,
    )  # fmt: skip
