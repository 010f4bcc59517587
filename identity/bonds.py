"""Persons of the night before as keys, and which of them a rule looks at together."""

from __future__ import annotations

from dataclasses import dataclass

from identity.components import components
from identity.history import has_rows
from identity.judged import NightBefore
from identity.periods import REISSUED, WINDOW
from identity.rulings import Rulings
from model.engines import Engine, Rows
from model.identity_policy import IdentityPolicy
from model.sql_text import is_one_of


@dataclass(frozen=True)
class Bonds:
    """Nodes of one person of the night before are one key, its number below zero; a node that was
    in no person is its own.

    `keyed` (node_id, is_sighting, key, is_by_day) is the map before; a sighting whose person
    depends on the day has a row for each of its ranges. `bonds` (src, dst) are pairs of keys,
    `labels` (node_id, component) says of each such key to which others it is bound.
    """

    keyed: Rows
    bonds: Rows
    labels: Rows

    def said(self, engine: Engine, rulings: Rulings, policy: IdentityPolicy) -> Bonds:
        """These, with what corrections bind: both ends of a join, a pinned number and who is to
        bear it."""
        if not has_rows(engine, rulings.joins, rulings.pins):
            return self
        said = engine.rows(
            "said_together",
            """
            select node_id as one, other_node_id as other from joins
            union all select node_id, -one_id from pins
            """,
            joins=rulings.joins, pins=rulings.pins,
        )  # fmt: skip
        both = "select * from bonds union all select * from said"
        frames = {"bonds": self.bonds, "said": _of_keys(engine, said, self.keyed)}
        return _labelled(engine, self.keyed, engine.rows("all_bonds", both, **frames), policy)


def bonds_before(
    engine: Engine, pairs: Rows, before: NightBefore, policy: IdentityPolicy
) -> Bonds:
    """The bonds that the night before tells of: the two sides of a refused link, all who hold an
    identifier that several persons may hold (a weak one that was no hub, any that was re-issued, in
    all its periods), since all of them decide who has it, and all persons of one sighting.

    `pairs` is identity.touched.held_ever. Most weak identifiers and their sightings are one person,
    as their links tell, and bind nobody.
    """
    keyed = engine.kept(_keyed(engine, before.one_ids))
    bonded = engine.rows(
        "bonded",
        f"""
        with loose as (
            select p.sighting_id, p.node_id from pairs p
            anti join attached a on a.node_id = p.node_id and a.sighting_id = p.sighting_id
            where p.is_weak
        )
        select sighting_id as one, node_id as other from rejected_links
        where not {is_one_of("rule", (WINDOW, REISSUED))}
        union all
        select l.sighting_id, w.node_id from loose l join weak w on w.plain_id = l.node_id
        union all
        select p.sighting_id, g.node_id from pairs p join given g on g.plain_id = p.node_id
        union all select node_id, node_id from keyed where is_by_day
        """,
        pairs=pairs, attached=before.attached, rejected_links=before.rejected_links, keyed=keyed,
        weak=_weak(engine, before, policy), given=_given(engine, before),
    )  # fmt: skip
    return _labelled(engine, keyed, _of_keys(engine, engine.kept(bonded), keyed), policy)


def _labelled(engine: Engine, keyed: Rows, bonds: Rows, policy: IdentityPolicy) -> Bonds:
    kept = engine.kept(bonds)
    ends = "select src as node_id from bonds union select dst from bonds"
    keys = engine.rows("bonded_keys", ends, bonds=kept)
    return Bonds(keyed, kept, components(engine, keys, kept, "auto", policy.components))


def _keyed(engine: Engine, one_ids: Rows) -> Rows:
    return engine.rows(
        "keyed",
        """
        select node_id, kind = 'sighting' as is_sighting, -one_id as key,
            seen_from is not null or seen_to is not null as is_by_day
        from map_before
        """,
        map_before=one_ids,
    )


def _weak(engine: Engine, before: NightBefore, policy: IdentityPolicy) -> Rows:
    """(node_id, plain_id) of the weak identifiers that were no hubs."""
    return engine.rows(
        "weak_before",
        f"""
        select n.node_id, n.plain_id from nodes n
        anti join hubs h on h.node_id = n.node_id where {is_one_of("kind", policy.weak_kinds)}
        """,
        nodes=before.nodes, hubs=before.hubs,
    )  # fmt: skip


def _given(engine: Engine, before: NightBefore) -> Rows:
    """(node_id, plain_id) of all periods of the identifiers that were re-issued."""
    cut = engine.few(engine.rows(
        "cut_before",
        f"""
        select p.plain_id from nodes p
        semi join rejected_links r on r.node_id = p.node_id and r.rule = '{REISSUED}'
        """,
        nodes=before.nodes, rejected_links=before.rejected_links,
    ))  # fmt: skip
    given = "select n.node_id, n.plain_id from nodes n semi join cut c on c.plain_id = n.plain_id"
    return engine.few(engine.rows("given_before", given, nodes=before.nodes, cut=cut))


def _of_keys(engine: Engine, bonded: Rows, keyed: Rows) -> Rows:
    """Pairs of nodes (one, other) as pairs of their keys (src, dst), each once, without those of
    one key."""
    named = engine.few(engine.rows(
        "keys_named",
        """
        select k.node_id, k.key from keyed k
        semi join (select one from bonded union select other from bonded) b on b.one = k.node_id
        """,
        bonded=bonded, keyed=keyed,
    ))  # fmt: skip
    return engine.rows(
        "bonds",
        """
        select src, dst from (
            select distinct coalesce(k.key, b.one) as src, coalesce(o.key, b.other) as dst
            from bonded b left join named k on k.node_id = b.one
            left join named o on o.node_id = b.other
        ) ends
        where src <> dst
        """,
        bonded=bonded, named=named,
    )  # fmt: skip
