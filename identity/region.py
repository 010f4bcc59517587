"""The part of the map that a night resolves anew: all persons that a rule may look at together with
somebody of whom something changed. ADR 23 says for every rule why that is all of them."""

from __future__ import annotations

from dataclasses import dataclass

from identity.components import components
from identity.judged import Judged, NightBefore
from identity.periods import REISSUED, WINDOW
from identity.touched import Touched
from model.engines import Engine, Rows
from model.identity_policy import IdentityPolicy
from model.sql_text import is_one_of

_BY_DAY = "(seen_from is not null or seen_to is not null)"


@dataclass(frozen=True)
class Region:
    """`sightings` (sighting_id, some other nodes among them) whose persons are found anew, and
    `numbers` (one_id) that these persons had before."""

    sightings: Rows
    numbers: Rows


def region(
    engine: Engine, touched: Touched, judged: Judged, before: NightBefore, policy: IdentityPolicy
) -> Region:
    """The region of what was touched and judged.

    Nodes of one person are one key, its number below zero; a node that was in no person is its own.
    Keys are bound by all that rules look at: the region is what is bound to a seed.
    """
    seeds = engine.kept(_seeds(engine, touched, judged))
    keyed = engine.kept(_keyed(engine, before.one_ids))
    bonds = engine.kept(_bonds(engine, touched, judged, before, keyed, policy))
    ends = engine.rows(
        "bonded", "select src as node_id from bonds union select dst from bonds", bonds=bonds
    )
    labels = components(engine, ends, bonds, "auto", policy.components)
    keys = engine.kept(_bound(engine, seeds, keyed, labels))
    again = """
        select k.node_id as sighting_id from keyed k semi join keys r on r.key = k.key
        where k.is_sighting
        union select key from keys where key > 0
    """
    numbers = "select -key as one_id from keys where key < 0"
    return Region(
        engine.kept(engine.rows("sightings_again", again, keyed=keyed, keys=keys)),
        engine.kept(engine.rows("numbers_again", numbers, keys=keys)),
    )


def _seeds(engine: Engine, touched: Touched, judged: Judged) -> Rows:
    """Nodes (node_id) whose persons may be others than before.

    Who shows an identifier that is judged otherwise is one, and who is beside a sighting that
    changed, but not beside a hub, which links nobody; and all that joins and pins are about.
    """
    return engine.rows(
        "seeds",
        """
        select sighting_id as node_id from turned
        union
        select p.sighting_id from pairs p semi join changed c on c.plain_id = p.node_id
        union
        select p.node_id from pieces p
        semi join (
            select node_id from held union select plain_id from changed
        ) h on h.node_id = p.plain_id
        anti join resting r on r.node_id = p.node_id
        union select node_id from joins union select other_node_id from joins
        union select node_id from pins
        """,
        turned=touched.sightings, pairs=touched.pairs, changed=judged.changed,
        pieces=judged.pieces, held=touched.held, resting=judged.resting, joins=judged.rulings.joins,
        pins=judged.rulings.pins,
    )  # fmt: skip


def _keyed(engine: Engine, one_ids: Rows) -> Rows:
    """(node_id, is_sighting, key, is_by_day) of the map before; a sighting whose person depends on
    the day has a row for each of them."""
    is_sighting = "kind = 'sighting'"
    return engine.rows(
        "keyed",
        f"""
        select node_id, {is_sighting} as is_sighting, -one_id as key, false as is_by_day
        from map_before where not {_BY_DAY}
        union all
        select distinct node_id, {is_sighting}, -one_id, true from map_before where {_BY_DAY}
        """,
        map_before=one_ids,
    )


def _bonds(
    engine: Engine, touched: Touched, judged: Judged, before: NightBefore, keyed: Rows,
    policy: IdentityPolicy,
) -> Rows:  # fmt: skip
    """Pairs of keys (src, dst): the two sides of a refused link, all who hold an identifier that is
    `_shared`, both ends of a join, a pinned number and who is to bear it, and all persons of one
    sighting."""
    cuts = is_one_of("rule", (WINDOW, REISSUED))
    return engine.rows(
        "bonds",
        f"""
        with by_day as (
            select node_id from keyed where is_by_day
        ), bonded as (
            select sighting_id as one, node_id as other from rejected_links where not {cuts}
            union all
            select p.sighting_id, s.node_id from pairs p join shared s on s.plain_id = p.node_id
            union all select node_id, other_node_id from joins
            union all select node_id, -one_id from pins
            union all select node_id, node_id from by_day
        ), named as (
            select k.node_id, k.key from keyed k
            semi join (select one from bonded union select other from bonded) b on b.one = k.node_id
        )
        select src, dst from (
            select distinct coalesce(k.key, b.one) as src, coalesce(o.key, b.other) as dst
            from bonded b left join named k on k.node_id = b.one
            left join named o on o.node_id = b.other
        ) ends
        where src <> dst
        """,
        shared=_shared(engine, before, policy), keyed=keyed,
        rejected_links=before.rejected_links, pairs=touched.pairs,
        joins=judged.rulings.joins, pins=judged.rulings.pins,
    )  # fmt: skip


def _shared(engine: Engine, before: NightBefore, policy: IdentityPolicy) -> Rows:
    """(node_id, plain_id) of identifiers that several persons may hold, all of whom decide who has
    it: weak ones that were no hubs, and all periods of those re-issued."""
    weak = is_one_of("kind", policy.weak_kinds)
    return engine.rows(
        "shared_before",
        f"""
        select n.node_id, n.plain_id from nodes n
        anti join hubs h on h.node_id = n.node_id where {weak}
        union
        select n.node_id, n.plain_id from nodes n semi join (
            select p.plain_id from nodes p
            semi join rejected_links r on r.node_id = p.node_id and r.rule = '{REISSUED}'
        ) given on given.plain_id = n.plain_id
        """,
        nodes=before.nodes, hubs=before.hubs, rejected_links=before.rejected_links,
    )  # fmt: skip


def _bound(engine: Engine, seeds: Rows, keyed: Rows, labels: Rows) -> Rows:
    """The keys of the seeds, and of all that is bound to one."""
    return engine.rows(
        "region_keys",
        """
        with seed_keys as (
            select distinct coalesce(k.key, s.node_id) as key
            from seeds s left join keyed k on k.node_id = s.node_id
        ), blocks as (
            select distinct l.component from labels l semi join seed_keys s on s.key = l.node_id
        )
        select key from seed_keys
        union
        select l.node_id from labels l semi join blocks b on b.component = l.component
        """,
        seeds=seeds, keyed=keyed, labels=labels,
    )  # fmt: skip
