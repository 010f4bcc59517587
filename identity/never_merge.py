"""Keeps two values of one rule apart: links replayed strongest first, some refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from identity.rulings import CANNOT_LINK
from model.ddl_types import arrow_schema
from model.engines import Engine, Rows

_REPLAYED = (
    "sighting_id bigint, node_id bigint, kind string, rule string, "
    "sighting_part bigint, node_part bigint"
)
_STRONGEST_FIRST = [
    ("rank", "ascending"), ("last_date", "descending"), ("token", "ascending"),
    ("sighting_id", "ascending"), ("node_id", "ascending"),
]  # fmt: skip
_TASKS = 64  # a component's replay takes microseconds, a task for each would take a thousand times
_Key = tuple[str, str]  # a rule and the scope within which its values differ


@dataclass(frozen=True)
class KeptApart:
    """Labels (node_id, component) after the replay, and the refused links (sighting_id, node_id,
    kind, rule)."""

    labels: Rows
    refused: Rows


def keep_apart(
    engine: Engine, links: Rows, joins: Rows, facts: Rows, labels: Rows
) -> KeptApart:
    """Splits components that hold two values of one rule and scope (`facts`, identity.rulings).

    `links` join sightings and strong identifiers, `joins` any two nodes; `labels` are the
    components of both. Only components that break a rule are replayed, each in one process that
    holds its links: first the joins, of which none is refused, then the strongest kind, the most
    recent, by token; a link that would bring two values together is refused, unless they are those
    of two persons whom a join makes one: it overrules all rules but `cannot_link` ones. The outcome
    does not depend on the order or the partitioning of rows.
    """
    broken = _broken(engine, links, joins, facts, labels)
    # Read for the labels and for the refused links.
    replayed = engine.kept(engine.by_group("replayed", broken, "task", _replay, _REPLAYED))
    split = engine.rows(
        "split",
        # Every link of a node says the same part.
        """
        with parts as (
            select node_id, min(part) as part from (
                select node_id, node_part as part from replayed
                union all
                select sighting_id, sighting_part from replayed
            ) ends
            group by node_id
        )
        select l.node_id, coalesce(p.part, l.component) as component
        from labels l left join parts p on p.node_id = l.node_id
        """,
        labels=labels, replayed=replayed,
    )  # fmt: skip
    refused = "select sighting_id, node_id, kind, rule from replayed where rule is not null"
    return KeptApart(split, engine.rows("refused_links", refused, replayed=replayed))


def _broken(engine: Engine, links: Rows, joins: Rows, facts: Rows, labels: Rows) -> Rows:
    """All that the replay reads of components that hold two values of one rule and scope.

    Rows of three sorts, each with its component: links; joins, which have no kind and their second
    end as node_id; facts, which have no sighting_id.
    """
    return engine.rows(
        "broken",
        f"""
        with told as (
            select l.component, f.node_id, f.rule, f.scope, min(f.value) as value
            from facts f join labels l on l.node_id = f.node_id
            group by l.component, f.node_id, f.rule, f.scope
        ), broken as (
            select distinct component from (
                select component from told
                group by component, rule, scope having min(value) <> max(value)
            ) held_twice
        ), replayed as (
            select l.component, k.sighting_id, k.node_id, k.kind, k.rank, k.last_date, k.token,
                cast(null as string) as rule, cast(null as string) as scope,
                cast(null as string) as value
            from links k join labels l on l.node_id = k.node_id
            union all
            select l.component, j.node_id, j.other_node_id, null, null, null, null,
                null, null, null
            from joins j join labels l on l.node_id = j.node_id
            union all
            select component, null, node_id, null, null, null, null, rule, scope, value from told
        )
        select r.*, r.component % {_TASKS} as task
        from replayed r semi join broken b on b.component = r.component
        """,
        links=links, joins=joins, facts=facts, labels=labels,
    )  # fmt: skip


@dataclass
class _Parts:
    """Union-find over the nodes of one component; each root knows its values of every rule."""

    parent: dict[int, int] = field(default_factory=dict)
    values: dict[int, dict[_Key, frozenset[str]]] = field(default_factory=dict)

    @classmethod
    def of(cls, facts: Sequence[dict[str, Any]]) -> _Parts:
        """Every node a part of its own, with its facts."""
        parts = cls()
        for fact in facts:
            parts.hold(fact["node_id"], {(fact["rule"], fact["scope"]): frozenset({fact["value"]})})
        return parts

    def hold(self, node: int, values: Mapping[_Key, frozenset[str]]) -> None:
        """Adds values to the part of a node."""
        held = self.values.setdefault(self.root(node), {})
        for key, more in values.items():
            held[key] = held.get(key, frozenset()) | more

    def root(self, node: int) -> int:
        while self.parent.setdefault(node, node) != node:
            self.parent[node] = self.parent[self.parent[node]]
            node = self.parent[node]
        return node

    def conflict(self, one: int, other: int) -> str | None:
        """The rule of which joining the two roots would bring two values together that are not
        together yet, in one of them by a join."""
        held, brought = self.values.get(one, {}), self.values.get(other, {})
        rules = [
            key[0] for key in held.keys() & brought.keys()
            if not (held[key] <= brought[key] or brought[key] <= held[key])
        ]  # fmt: skip
        return min(rules, default=None)

    def join(self, one: int, other: int) -> None:
        """Makes one part of two; the smaller number names it."""
        first, second = sorted((one, other))
        if first != second:
            self.parent[second] = first
            self.hold(first, self.values.pop(second, {}))


def _replay(component: pa.Table) -> pa.Table:
    """The joins and links of some components, each with its rule if it is refused."""
    rows = component.sort_by(_STRONGEST_FIRST).to_pylist()
    facts = [row for row in rows if row["sighting_id"] is None]
    joins = [row for row in rows if _is_join(row)]
    links = [row for row in rows if row["sighting_id"] is not None and not _is_join(row)]
    parts = _Parts.of(facts)
    _join_persons(parts, joins, _Parts.of(facts), links)
    # Later links move the parts of earlier ones: all are joined before any is told.
    rules = [*(None for _ in joins), *(_joined(parts, link) for link in links)]
    replayed = [
        {
            "sighting_id": link["sighting_id"], "node_id": link["node_id"],
            "kind": link["kind"], "rule": rule,
            "sighting_part": parts.root(link["sighting_id"]),
            "node_part": parts.root(link["node_id"]),
        }
        for link, rule in zip([*joins, *links], rules, strict=True)
    ]  # fmt: skip
    return pa.Table.from_pylist(replayed, schema=arrow_schema(_REPLAYED))


def _join_persons(
    parts: _Parts, joins: Sequence[dict[str, Any]], alone: _Parts, links: Sequence[dict[str, Any]]
) -> None:
    """Joins the ends, each with what its person holds where links `alone` make persons: so the two
    persons become one, and not two nodes that are torn from them. What a correction keeps apart
    stays apart."""
    if not joins:
        return
    for link in links:
        _joined(alone, link)
    for join in joins:
        parts.join(parts.root(join["sighting_id"]), parts.root(join["node_id"]))
        for end in (join["sighting_id"], join["node_id"]):
            held = alone.values.get(alone.root(end), {})
            parts.hold(end, {
                key: values for key, values in held.items() if not key[0].startswith(CANNOT_LINK)
            })


def _is_join(row: dict[str, Any]) -> bool:
    return row["sighting_id"] is not None and row["kind"] is None


def _joined(parts: _Parts, link: dict[str, Any]) -> str | None:
    """Joins the two ends of a link; the rule that forbids it, where one does."""
    one, other = parts.root(link["sighting_id"]), parts.root(link["node_id"])
    rule = parts.conflict(one, other)
    if rule is None:
        parts.join(one, other)
    return rule
