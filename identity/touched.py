"""What a night must look at again: all that any rule reads of the persons it touches.

The rest keeps its rows. ADR 23 says for every rule what it reads, and why the region covers it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from identity.components import components
from identity.graph import identifier_nodes
from identity.guards import hubs
from identity.rulings import Rulings
from identity.sightings import holdings, identified, is_weak, sighting_state
from model.engines import Engine, Rows
from model.identity_policy import IdentityPolicy
from model.node_ids import node_id
from model.sql_text import date_literal


@dataclass(frozen=True)
class Since:
    """The last night that made the map, and what other rules said on it (rulings.ruled).

    A night that would read more than `largest_share` as many sightings as the map holds is a full
    build.
    """

    night: date
    ruled: Rows
    largest_share: float = 0.4


@dataclass(frozen=True)
class MapBefore:
    """The rows that held before the night: hubs, refused links, and the map."""

    hubs: Rows
    rejected_links: Rows
    one_ids: Rows


@dataclass(frozen=True)
class Region:
    """The part of all sightings that a night resolves anew.

    `read` (sighting_id) are all it reads. `judged` (node_id) are identifiers of which a sighting
    changed, and all are read; for the others `hubs` (node_id) holds. `sightings` (sighting_id) are
    those whose persons are found anew, `numbers` (one_id) those that these persons had before, and
    `joins` (rulings.JOINS) those among them.
    """

    read: Rows
    judged: Rows
    hubs: Rows
    sightings: Rows
    numbers: Rows
    joins: Rows


@dataclass(frozen=True)
class _Turned:
    """What changed: sightings, their identifiers, and all sightings that hold one of these."""

    sightings: Rows
    judged: Rows
    beside: Rows


def region(
    engine: Engine, slices: Rows, since: Since, ruled_now: Rows, rulings: Rulings,
    before: MapBefore, policy: IdentityPolicy, business_date: date,
) -> Region:  # fmt: skip
    """The region of `business_date`, from the sightings' slices up to it and the map before it."""
    pairs = engine.kept(_pairs(engine, slices, policy))
    turned = _turned(engine, slices, pairs, since, ruled_now, business_date)
    now = engine.kept(
        _hubs_of(engine, slices, turned, rulings.refused, policy, business_date)
    )
    seeds = _seeds(engine, pairs, turned, now, before.hubs, rulings)
    keyed = engine.kept(_keyed(engine, before.one_ids))
    keys = engine.kept(_closed(engine, seeds, pairs, keyed, rulings, before, policy))
    again = engine.kept(_again(engine, keys, keyed, seeds))
    joins = engine.kept(_joins_again(engine, rulings.joins, keys, keyed))
    held = "select h.node_id from hubs h anti join judged j on j.node_id = h.node_id"
    return Region(
        read=engine.kept(_read(engine, again, turned, pairs, joins)),
        judged=turned.judged,
        hubs=engine.kept(
            engine.rows("hubs_that_hold", held, hubs=before.hubs, judged=turned.judged)
        ),
        sightings=again,
        numbers=engine.kept(
            engine.rows("numbers_again", "select -key as one_id from keys where key < 0", keys=keys)
        ),
        joins=joins,
    )


def _pairs(engine: Engine, slices: Rows, policy: IdentityPolicy) -> Rows:
    """(sighting_id, node_id, is_weak) of everything ever seen, some more than once."""
    return engine.rows(
        "pairs",
        f"""
        select sighting_id, {node_id("token")} as node_id, {is_weak(policy)} as is_weak
        from (
            select sighting_id, identifier.token as token, identifier.kind as kind
            from (select sighting_id, explode(identifiers) as identifier from slices) listed
        ) tokens
        """,
        slices=slices,
    )


def _turned(
    engine: Engine, slices: Rows, pairs: Rows, since: Since, ruled_now: Rows, business_date: date
) -> _Turned:
    last, night = date_literal(since.night), date_literal(business_date)
    said = engine.kept(
        engine.rows(
            "said_otherwise",
            """
            select distinct node_id from (
                select node_id, ruling from (
                    select node_id, ruling, 1 as was, 0 as is_now from ruled_before
                    union all select node_id, ruling, 0, 1 from ruled_now
                ) both_nights group by node_id, ruling having sum(was) <> sum(is_now)
            ) differing
            """,
            ruled_before=since.ruled, ruled_now=ruled_now,
        )
    )  # fmt: skip
    sightings = engine.kept(
        engine.rows(
            "turned_sightings",
            f"""
            select sighting_id from slices
            where business_date <= {night} and first_date <= {night}
                and (business_date > {last} or first_date > {last})
            union select node_id from said
            union select p.sighting_id from pairs p semi join said d on d.node_id = p.node_id
            """,
            slices=slices, pairs=pairs, said=said,
        )
    )  # fmt: skip
    judged = engine.kept(
        engine.rows(
            "judged_again",
            """
            select distinct p.node_id from pairs p
            semi join turned t on t.sighting_id = p.sighting_id
            """,
            pairs=pairs, turned=sightings,
        )
    )  # fmt: skip
    return _Turned(sightings, judged, engine.kept(_holders(engine, pairs, judged)))


def _holders(engine: Engine, pairs: Rows, identifiers: Rows) -> Rows:
    """The sightings (sighting_id) that hold one of the identifiers (node_id)."""
    holding = """
        select distinct p.sighting_id from pairs p semi join held h on h.node_id = p.node_id
    """
    return engine.rows("holders", holding, pairs=pairs, held=identifiers)


def part_of(engine: Engine, slices: Rows, read: Rows) -> Rows:
    """The slices of some sightings (sighting_id)."""
    some = "select s.* from slices s semi join read_ids r on r.sighting_id = s.sighting_id"
    return engine.rows("part_of_slices", some, slices=slices, read_ids=read)


def _hubs_of(
    engine: Engine, slices: Rows, turned: _Turned, refused: Rows, policy: IdentityPolicy,
    business_date: date,
) -> Rows:  # fmt: skip
    """The judged identifiers that are hubs tonight."""
    part = engine.kept(part_of(engine, slices, turned.beside))
    state = sighting_state(engine, part, business_date)
    held = engine.kept(holdings(engine, identified(engine, state, part, refused, policy)))
    nodes = engine.rows(
        "judged_nodes", "select n.* from nodes n semi join judged j on j.node_id = n.node_id",
        nodes=identifier_nodes(engine, held), judged=turned.judged,
    )  # fmt: skip
    return hubs(engine, held, nodes, policy)


def _seeds(
    engine: Engine, pairs: Rows, turned: _Turned, now: Rows, before: Rows, rulings: Rulings
) -> Rows:
    """Nodes (node_id, is_sighting) whose persons may be others than before.

    A hub that stays one links nobody, so its sightings are at rest, unless a join stands on it.
    """
    return engine.kept(
        engine.rows(
            "seeds",
            """
            with judged_before as (
                select h.node_id from hubs_before h semi join judged j on j.node_id = h.node_id
            ), became as (
                select node_id from (
                    select node_id from judged_before union all select node_id from hubs_now
                ) both_nights group by node_id having count(*) = 1
            ), stayed as (
                select node_id from (
                    select b.node_id from judged_before b
                    semi join hubs_now n on n.node_id = b.node_id
                ) hubs_both anti join (
                    select node_id from joins union select other_node_id from joins
                ) e using (node_id)
            )
            select sighting_id as node_id, true as is_sighting from turned
            union
            select j.node_id, false from judged j anti join stayed s on s.node_id = j.node_id
            union
            select p.sighting_id, true from pairs p semi join became b on b.node_id = p.node_id
            """,
            pairs=pairs, turned=turned.sightings, judged=turned.judged, hubs_now=now,
            hubs_before=before, joins=rulings.joins,
        )
    )  # fmt: skip


def _keyed(engine: Engine, one_ids: Rows) -> Rows:
    """Nodes of the map before with their key: nodes of one person share its negative number. Who is
    not in that map is a key of its own."""
    keyed = "select distinct node_id, kind, -one_id as key from map_before"
    return engine.rows("keyed", keyed, map_before=one_ids)


def _closed(
    engine: Engine, seeds: Rows, pairs: Rows, keyed: Rows, rulings: Rulings, before: MapBefore,
    policy: IdentityPolicy,
) -> Rows:  # fmt: skip
    """Keys (key) of the seeds, and of all whom a rule may look at beside them.

    Those are the two sides of a refused link, all who share a weak identifier that is no hub, both
    ends of a join, and who holds a pinned number with who is to bear it.
    """
    bonds = engine.kept(
        engine.rows(
            "bonds",
            """
            with bonded as (
                select sighting_id as one, node_id as other from rejected_links
                union all
                select p.sighting_id, p.node_id from pairs p
                anti join hubs h on h.node_id = p.node_id where p.is_weak
                union all select node_id, other_node_id from joins
                union all select node_id, -one_id from pins
            )
            select src, dst from (
                select distinct coalesce(k.key, b.one) as src, coalesce(o.key, b.other) as dst
                from bonded b left join keyed k on k.node_id = b.one
                left join keyed o on o.node_id = b.other
            ) ends
            where src <> dst
            """,
            rejected_links=before.rejected_links, pairs=pairs, hubs=before.hubs, keyed=keyed,
            joins=rulings.joins, pins=rulings.pins,
        )
    )  # fmt: skip
    ends = engine.rows(
        "bonded", "select src as node_id from bonds union select dst from bonds", bonds=bonds
    )
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
        seeds=seeds, keyed=keyed,
        labels=components(engine, ends, bonds, "auto", policy.components),
    )  # fmt: skip


def _again(engine: Engine, keys: Rows, keyed: Rows, seeds: Rows) -> Rows:
    """Sightings (sighting_id) whose persons are found anew."""
    return engine.rows(
        "sightings_again",
        """
        select k.node_id as sighting_id from keyed k semi join keys r on r.key = k.key
        where k.kind = 'sighting'
        union
        select node_id from seeds where is_sighting
        """,
        keys=keys, keyed=keyed, seeds=seeds,
    )


def _joins_again(engine: Engine, joins: Rows, keys: Rows, keyed: Rows) -> Rows:
    """The joins within the region: both ends of one are, or neither."""
    return engine.rows(
        "joins_again",
        """
        select distinct j.node_id, j.other_node_id
        from joins j left join keyed k on k.node_id = j.node_id
        semi join keys r on r.key = coalesce(k.key, j.node_id)
        """,
        joins=joins, keyed=keyed, keys=keys,
    )  # fmt: skip


def _read(engine: Engine, again: Rows, turned: _Turned, pairs: Rows, joins: Rows) -> Rows:
    """All sightings that are read: also those of hubs that are judged, or that a join stands on."""
    ends = "select node_id from joins union select other_node_id from joins"
    joined = engine.rows("join_ends", ends, joins=joins)
    return engine.rows(
        "read",
        "select sighting_id from again union select sighting_id from beside "
        "union select sighting_id from holders",
        again=again, beside=turned.beside, holders=_holders(engine, pairs, joined),
    )  # fmt: skip
