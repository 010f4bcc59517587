"""Anchors: the one node that stands for a number in the log, so that the log tells who it is."""

from __future__ import annotations

from model.engines import Engine, Rows
from model.identity_policy import IdentityPolicy
from model.number_events import HAS_ENDED
from model.sql_text import text_literal


def unanchored(engine: Engine, numbers: Rows, after: Rows, told: Rows) -> Rows:
    """(one_id, was) of live numbers whose anchor in the log is not theirs, or that have none.

    `numbers` is (one_id, was, lives), `after` the night's map, `told` what the log said last of
    every number before the night.
    """
    return engine.rows(
        "unanchored",
        f"""
        with in_place as (
            select t.one_id from told t
            semi join after_night a on a.one_id = t.one_id and a.node_id = t.node_id
            where not {HAS_ENDED}
        )
        select n.one_id, n.was from numbers n left join in_place p on p.one_id = n.one_id
        where n.lives and (not n.was or p.one_id is null)
        """,
        numbers=numbers, after_night=after, told=told,
    )  # fmt: skip


def anchors(engine: Engine, nodes: Rows, numbers: Rows, policy: IdentityPolicy) -> Rows:
    """(one_id, node_id): the node that stands for each of `numbers` (one_id), of `nodes` (node_id,
    kind, one_id, seen_from, seen_to).

    Identifiers stay longer than sightings, and the strongest are the last that become hubs; weak
    ones move from person to person. So: the strongest kind, then a sighting; of several the
    smallest number. What is a person's for some days only comes last.
    """
    strong = sorted(set(policy.kinds) - set(policy.weak_kinds), key=policy.rank)
    whole = "seen_from is null and seen_to is null"
    choices = ", ".join(
        f"min(case when kind = {text_literal(kind)} and {whole} then c.node_id end)"
        for kind in (*strong, "sighting")
    )
    return engine.rows(
        "anchors",
        f"""
        select c.one_id, coalesce({choices}, min(c.node_id)) as node_id
        from nodes c semi join wanted w on w.one_id = c.one_id
        group by c.one_id
        """,
        nodes=nodes, wanted=numbers,
    )  # fmt: skip
