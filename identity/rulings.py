"""What rules say beside shared identifiers: four frames that any rule may add rows to.

So a rule is rows and no branch: never-merge kinds, composites and corrections that keep apart are
all facts, of which a person has one value each.
"""

from __future__ import annotations

from dataclasses import dataclass

from model.ddl_types import arrow_schema
from model.engines import Engine, Rows
from model.identity_policy import IdentityPolicy
from model.node_ids import plain_id
from model.sql_text import is_one_of

REFUSED = "kind string, scope string, token string, reason string"
FACTS = "node_id bigint, rule string, scope string, value string"
JOINS = "node_id bigint, other_node_id bigint"
PINS = "node_id bigint, one_id bigint"


@dataclass(frozen=True)
class Rulings:
    """A night's rulings; a node is a sighting or an identifier, by its number.

    `refused` (kind, scope, token, reason): identifiers that name nobody. `facts` (node_id, rule,
    scope, value): no person holds two values of one rule and scope; a link that would bring them
    together is refused under the rule's name. Of two values of one node the smaller counts.
    `joins` (node_id, other_node_id): nodes of one person, ahead of all links and whatever the facts
    or hubs say; without effect where either end was not seen. `pins` (node_id, one_id): the person
    that holds the node bears this number. Rows may come twice, in any order.
    """

    refused: Rows
    facts: Rows
    joins: Rows
    pins: Rows


def nothing(engine: Engine, columns: str) -> Rows:
    """No rows, of the columns given as DDL: what a rule that is not in force says."""
    return engine.of(arrow_schema(columns).empty_table())


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
