"""What rules say beside shared identifiers: four frames that any rule may add rows to.

So a rule is rows and no branch: never-merge kinds, composites and corrections that keep apart are
all facts, of which a person has one value each.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from identity.disputed_names import SealedNames
from model.ddl_types import arrow_schema
from model.engines import Engine, Rows
from model.identity_policy import IdentityPolicy
from model.node_ids import plain_id
from model.sql_text import is_one_of

REFUSED = "kind string, scope string, token string, reason string"
FACTS = "node_id bigint, rule string, scope string, value string"
JOINS = "node_id bigint, other_node_id bigint"
PINS = "node_id bigint, one_id bigint"
CANNOT_LINK = "cannot_link "  # how the rules of corrections that keep apart begin
NAMED = "name bigint, token string, named_on date"


@dataclass(frozen=True)
class Rulings:
    """A night's rulings; a node is a sighting or an identifier, by its number.

    `refused` (kind, scope, token, reason): identifiers that name nobody. `facts` (node_id, rule,
    scope, value): no person holds two values of one rule and scope; a link that would bring them
    together is refused under the rule's name. Of two values of one node the smaller counts.
    `joins` (node_id, other_node_id): the persons of two nodes are one, ahead of all links and
    whatever hubs say, and facts but those of rules CANNOT_LINK; without effect where either end was
    not seen. `pins` (node_id, one_id): the person that holds the node bears this number. Rows may
    come twice, in any order.

    `person_names`: those that sightings bear, sealed, for rules that ask whether they can be one
    person's. `named` (name, token, named_on): names, numbers below 0, that facts, joins and pins
    may have in place of a node_id: they mean the node that an identifier was on a day, since one
    that was re-issued is several. None: there are no names.
    """

    refused: Rows
    facts: Rows
    joins: Rows
    pins: Rows
    person_names: SealedNames | None = None
    named: Rows | None = None


def nothing(engine: Engine, columns: str) -> Rows:
    """No rows, of the columns given as DDL: what a rule that is not in force says."""
    return engine.of(arrow_schema(columns).empty_table())


def without_names(engine: Engine, rulings: Rulings, nodes: Rows) -> Rulings:
    """The rulings with a node_id in place of every name; what is said of an identifier that nobody
    shows has no effect. `nodes` are the night's identifiers."""
    if rulings.named is None:
        return rulings
    meant = engine.kept(_meant(engine, rulings.named, nodes))
    facts = """
        select coalesce(m.node_id, f.node_id) as node_id, f.rule, f.scope, f.value
        from facts f left join meant m on m.name = f.node_id
    """
    joins = """
        select coalesce(m.node_id, j.node_id) as node_id,
            coalesce(o.node_id, j.other_node_id) as other_node_id
        from joins j
        left join meant m on m.name = j.node_id
        left join meant o on o.name = j.other_node_id
    """
    pins = """
        select coalesce(m.node_id, p.node_id) as node_id, p.one_id
        from pins p left join meant m on m.name = p.node_id
    """
    return replace(
        rulings,
        facts=engine.rows("facts_of_nodes", facts, facts=rulings.facts, meant=meant),
        joins=engine.rows("joins_of_nodes", joins, joins=rulings.joins, meant=meant),
        pins=engine.rows("pins_of_nodes", pins, pins=rulings.pins, meant=meant),
        named=None,
    )


def _meant(engine: Engine, named: Rows, nodes: Rows) -> Rows:
    """(name, node_id) of the names of somebody: the identifier's last node that began by the day of
    the name, or its first one where all began later."""
    return engine.rows(
        "meant",
        """
        select name, node_id from (
            select n.name, i.node_id, row_number() over (
                partition by n.name
                order by case when i.first_date <= n.named_on then i.first_date end
                    desc nulls last, i.first_date nulls first, i.node_id
            ) as place
            from named n join nodes i on i.token = n.token
        ) in_order
        where place = 1
        """,
        named=named, nodes=nodes,
    )  # fmt: skip


def facts_of_kinds(engine: Engine, links: Rows, policy: IdentityPolicy) -> Rows:
    """Facts (FACTS) of never-merge kinds: each of their identifiers is a value of its own, the same
    in all its periods."""
    return engine.rows(
        "facts_of_kinds",
        f"""
        select distinct node_id, 'never_merge ' || kind as rule, scope,
            cast({plain_id("links")} as string) as value
        from links where {is_one_of("kind", policy.never_merge_kinds)}
        """,
        links=links,
    )


def effective_joins(engine: Engine, joins: Rows, held: Rows, nodes: Rows) -> Rows:
    """The joins (JOINS) both of whose ends are there, one row per pair, the smaller end first.

    `nodes` are the identifiers of the holdings `held`. Joins are few: what is large is read once.
    """
    return engine.rows(
        "effective_joins",
        """
        with ends as (
            select node_id from joins union select other_node_id from joins
        ), seen as (
            select n.node_id from nodes n semi join ends e on e.node_id = n.node_id
            union
            select h.sighting_id from held h semi join ends e on e.node_id = h.sighting_id
        )
        select distinct least(j.node_id, j.other_node_id) as node_id,
            greatest(j.node_id, j.other_node_id) as other_node_id
        from joins j
        join seen s on s.node_id = j.node_id
        join seen o on o.node_id = j.other_node_id
        """,
        joins=joins, held=held, nodes=nodes,
    )  # fmt: skip


def refused_to_attach(engine: Engine, weak: Rows, facts: Rows, persons: Rows) -> Rows:
    """Weak holdings whose sighting is a person's that has another value of a rule than the weak
    identifier (`facts`): the columns of identity.rejected_links but its validity.

    `persons` (node_id, component) are those of strong links and joins; a weak identifier that has
    its person by a join keeps it. Facts of weak identifiers are few: what is large is read once.
    """
    return engine.rows(
        "refused_to_attach",
        """
        with told as (
            select w.sighting_id, w.node_id, w.kind, f.rule, f.scope, min(f.value) as value
            from weak w join facts f on f.node_id = w.node_id
            anti join persons p on p.node_id = w.node_id
            group by w.sighting_id, w.node_id, w.kind, f.rule, f.scope
        ), theirs as (
            select p.component, f.node_id, f.rule, f.scope, min(f.value) as value
            from facts f
            semi join told t on t.rule = f.rule and t.scope = f.scope
            join persons p on p.node_id = f.node_id
            group by p.component, f.node_id, f.rule, f.scope
        ), compared as (
            select t.sighting_id, t.node_id, t.kind, t.rule
            from told t
            join persons p on p.node_id = t.sighting_id
            join theirs o on o.component = p.component and o.rule = t.rule and o.scope = t.scope
            group by t.sighting_id, t.node_id, t.kind, t.rule, t.scope
            having max(case when o.value = t.value then 1 else 0 end) = 0
        )
        select sighting_id, node_id, kind, min(rule) as rule
        from compared group by sighting_id, node_id, kind
        """,
        weak=weak, facts=facts, persons=persons,
    )  # fmt: skip
