"""The part of the map that a night resolves anew: all persons that a rule may look at together with
somebody of whom something changed. ADR 23 says for every rule why that is all of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from identity.bonds import Bonds
from identity.judged import Judged, NightBefore
from identity.rulings import Rulings, nothing
from identity.touched import Touched
from model.engines import Engine, Rows
from model.identity_policy import IdentityPolicy


@dataclass(frozen=True)
class Region:
    """`sightings` (sighting_id, a few other nodes among them) whose persons are found anew, and
    `numbers` (one_id) that these persons had before; `keyed` are the rows of Bonds of these."""

    sightings: Rows
    numbers: Rows
    keyed: Rows


def region(
    engine: Engine, touched: Touched, judged: Judged, bonds: Bonds, at_most: Region,
    policy: IdentityPolicy,
) -> Region:  # fmt: skip
    """The region of what was touched and judged: all that is bound to who is beside a change. It is
    sought among those of `at_most`, where no correction binds anybody else."""
    seeds = _seeds(
        engine, touched, judged.changed, judged.pieces, judged.resting, judged.rulings
    )
    said = bonds.said(engine, judged.rulings, policy)
    among = replace(bonds, keyed=at_most.keyed) if said is bonds else said
    return _bound(engine, seeds, judged.pieces, among)


def region_at_most(
    engine: Engine, touched: Touched, before: NightBefore, bonds: Bonds, rulings: Rulings
) -> Region:
    """What the region is if all that is judged is judged otherwise; what corrections bind aside."""
    changed = engine.rows(
        "all_judged", "select node_id as plain_id from judged", judged=touched.judged
    )
    pieces = engine.few(engine.rows(
        "pieces_before",
        """
        select n.node_id, n.plain_id from nodes n
        semi join changed c on c.plain_id = n.plain_id
        """,
        nodes=before.nodes, changed=changed,
    ))  # fmt: skip
    resting = nothing(engine, "node_id bigint")
    seeds = _seeds(engine, touched, changed, pieces, resting, rulings)
    return _bound(engine, seeds, pieces, bonds)


def _seeds(
    engine: Engine, touched: Touched, changed: Rows, pieces: Rows, resting: Rows, rulings: Rulings
) -> Rows:
    """Nodes (node_id) whose persons may be others than before.

    Who shows an identifier that is judged otherwise is one, and who is beside a sighting that
    changed, but not beside a hub, which links nobody; and all that joins and pins are about.
    """
    return engine.kept(engine.rows(  # read where they are keys, and where they are none
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
        turned=touched.sightings, pairs=touched.pairs, changed=changed, pieces=pieces,
        held=touched.held, resting=resting, joins=rulings.joins, pins=rulings.pins,
    ))  # fmt: skip


def _bound(engine: Engine, seeds: Rows, pieces: Rows, bonds: Bonds) -> Region:
    """The persons of the seeds, and all that are bound to one; `pieces` are no sightings."""
    named = engine.few(engine.rows(
        "seeds_named", "select k.* from keyed k semi join seeds s on s.node_id = k.node_id",
        keyed=bonds.keyed, seeds=seeds,
    ))  # fmt: skip
    keys = engine.kept(engine.rows(
        "region_keys",
        """
        with seed_keys as (
            select distinct coalesce(k.key, s.node_id) as key
            from seeds s left join named k on k.node_id = s.node_id
        ), blocks as (
            select distinct l.component from labels l semi join seed_keys s on s.key = l.node_id
        )
        select key from seed_keys
        union
        select l.node_id from labels l semi join blocks b on b.component = l.component
        """,
        seeds=seeds, named=named, labels=bonds.labels,
    ))  # fmt: skip
    theirs = "select k.* from keyed k semi join keys r on r.key = k.key"
    keyed = engine.kept(engine.rows("keyed_again", theirs, keyed=bonds.keyed, keys=keys))
    again = """
        select node_id as sighting_id from keyed where is_sighting
        union
        select k.key from keys k anti join pieces p on p.node_id = k.key where k.key > 0
    """
    numbers = "select -key as one_id from keys where key < 0"
    return Region(
        engine.kept(engine.rows("sightings_again", again, keyed=keyed, keys=keys, pieces=pieces)),
        engine.kept(engine.rows("numbers_again", numbers, keys=keys)), keyed,
    )  # fmt: skip
