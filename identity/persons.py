"""Who belongs together on a night: links, rules that join and keep apart, and weak kinds."""

from __future__ import annotations

from dataclasses import dataclass

from identity.components import components
from identity.graph import link_ends, members
from identity.ground import Ground
from identity.never_merge import keep_apart
from identity.periods import ranged
from identity.rulings import Rulings, effective_joins, facts_of_kinds, refused_to_attach
from identity.sightings import is_weak
from identity.weak_kinds import attached
from model.engines import Engine, Rows
from model.identity_policy import ComponentsEngine, IdentityPolicy


@dataclass(frozen=True)
class Persons:
    """What may link (`linkable`, holdings), which links were refused, who belongs to which person
    (`members`, graph.members), or does so `by_day` (periods.ranged)."""

    linkable: Rows
    rejected: Rows
    members: Rows
    by_day: Rows


def persons_of(
    engine: Engine, ground: Ground, policy: IdentityPolicy, by: ComponentsEngine
) -> Persons:
    """The persons of a ground; `by` says who computes components."""
    rulings = ground.rulings
    linkable, by_day = _linkable(engine, ground, policy)
    strong, weak = (
        engine.rows("of_strength", f"select * from links where {which}", links=linkable)
        for which in (f"not {is_weak(policy)}", is_weak(policy))
    )
    # Read by the components and by what keeps apart.
    joins = engine.kept(effective_joins(engine, rulings.joins, ground.held, ground.all_nodes))
    labels = components(engine, *link_ends(engine, strong, joins), by, policy.components)
    facts = _facts(engine, rulings, strong, policy)
    kept = keep_apart(engine, strong, joins, facts, labels)
    persons = engine.kept(kept.labels)  # read by the weak kinds and beside them
    placed, apart = _with_weak(engine, weak, rulings.facts, persons)
    # Read by the numbering, the links and the map.
    who = engine.kept(members(engine, ground.held, ground.all_nodes, placed, policy))
    refused = engine.together("refused", kept.refused, apart)
    rejected = engine.together("rejected", refused, ground.cuts)
    return Persons(linkable, rejected, who, by_day)


def _with_weak(
    engine: Engine, weak: Rows, facts: Rows, persons: Rows
) -> tuple[Rows, Rows]:
    """The persons with what attaches to them, and the weak links refused."""
    apart = engine.kept(refused_to_attach(engine, weak, facts, persons))
    others = """
        select w.* from weak w
        anti join apart a on a.sighting_id = w.sighting_id and a.node_id = w.node_id
    """
    may_attach = engine.rows("may_attach", others, weak=weak, apart=apart)
    attaching = attached(engine, may_attach, persons)
    return engine.together("placed", persons, attaching), apart


def _linkable(engine: Engine, ground: Ground, policy: IdentityPolicy) -> tuple[Rows, Rows]:
    """The holdings that may link, and the sightings that link nobody since their person depends on
    the day (`ranged`, identity.periods)."""
    linking = "select h.* from held h anti join hubs b on b.node_id = h.node_id"
    without_hubs = engine.rows(
        "without_hubs", linking, held=ground.held, hubs=ground.hub_nodes
    )
    by_day = engine.kept(ranged(engine, ground.across, without_hubs, policy))
    linkable = "select h.* from held h anti join by_day d on d.sighting_id = h.sighting_id"
    return engine.rows("linkable", linkable, held=without_hubs, by_day=by_day), by_day


def _facts(engine: Engine, rulings: Rulings, strong: Rows, policy: IdentityPolicy) -> Rows:
    """Everything of which a person has one value: the rulings' facts, and never-merge kinds."""
    return engine.together("facts", rulings.facts, facts_of_kinds(engine, strong, policy))
