"""Keeps two values of a never-merge kind apart: links replayed strongest first, some refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from model.ddl_types import arrow_schema
from model.engines import Engine, Rows
from model.identity_policy import IdentityPolicy
from model.sql_text import is_one_of

_REPLAYED = (
    "sighting_id bigint, node_id bigint, kind string, rule string, "
    "sighting_part bigint, node_part bigint"
)
_STRONGEST_FIRST = [
    ("rank", "ascending"), ("last_date", "descending"), ("token", "ascending"),
    ("sighting_id", "ascending"),
]  # fmt: skip


@dataclass(frozen=True)
class KeptApart:
    """Labels (node_id, component) after the replay, and the refused links (sighting_id, node_id,
    kind, rule)."""

    labels: Rows
    refused: Rows


def keep_apart(engine: Engine, links: Rows, labels: Rows, policy: IdentityPolicy) -> KeptApart:
    """Splits components that hold two values of a never-merge kind (of one scope).

    `links` join sightings and strong identifiers; `labels` are their components. Only components
    that break the rule are replayed, each in one process that holds its links: strongest kind
    first, then the most recent, then by token; a link that would bring two values together is
    refused. The outcome does not depend on the order or the partitioning of rows.
    """
    replay = _replay_of(frozenset(policy.never_merge_kinds))
    broken = _broken_links(engine, links, labels, policy)
    # Read for the labels and for the refused links.
    replayed = engine.kept(engine.by_group("replayed", broken, "component", replay, _REPLAYED))
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


def _broken_links(engine: Engine, links: Rows, labels: Rows, policy: IdentityPolicy) -> Rows:
    """The links of components that hold two values of a never-merge kind, with their component."""
    return engine.rows(
        "broken_links",
        f"""
        with broken as (
            select distinct component from (
                select l.component
                from links k join labels l on l.node_id = k.node_id
                where {is_one_of("k.kind", policy.never_merge_kinds)}
                group by l.component, k.kind, k.scope
                having min(k.node_id) <> max(k.node_id)
            ) held_twice
        )
        select l.component, k.sighting_id, k.node_id, k.kind, k.scope, k.rank, k.last_date, k.token
        from links k join labels l on l.node_id = k.node_id
        join broken b on b.component = l.component
        """,
        links=links, labels=labels,
    )  # fmt: skip


@dataclass
class _Parts:
    """Union-find over the nodes of one component; each root knows its never-merge values."""

    parent: dict[int, int] = field(default_factory=dict)
    values: dict[int, dict[tuple[str, str], int]] = field(default_factory=dict)

    def root(self, node: int) -> int:
        while self.parent.setdefault(node, node) != node:
            self.parent[node] = self.parent[self.parent[node]]
            node = self.parent[node]
        return node

    def conflict(self, one: int, other: int) -> str | None:
        """The kind of which joining the two roots would bring two values together."""
        held, brought = self.values.get(one, {}), self.values.get(other, {})
        kinds = [key[0] for key, value in brought.items() if held.get(key, value) != value]
        return min(kinds, default=None)

    def join(self, one: int, other: int) -> None:
        """Makes one part of two; the smaller number names it."""
        first, second = sorted((one, other))
        if first != second:
            self.parent[second] = first
            self.values.setdefault(first, {}).update(self.values.pop(second, {}))


def _replay_of(never_merge: frozenset[str]) -> Callable[[pa.Table], pa.Table]:
    def replay(component: pa.Table) -> pa.Table:
        """The links of one component in order of strength, each with its rule if it is refused."""
        links = component.sort_by(_STRONGEST_FIRST).to_pylist()
        parts = _parts_of(links, never_merge)
        # Later links move the parts of earlier ones: all are joined before any is told.
        rules = [_joined(parts, link["sighting_id"], link["node_id"]) for link in links]
        rows = [
            {
                "sighting_id": link["sighting_id"], "node_id": link["node_id"],
                "kind": link["kind"], "rule": rule,
                "sighting_part": parts.root(link["sighting_id"]),
                "node_part": parts.root(link["node_id"]),
            }
            for link, rule in zip(links, rules, strict=True)
        ]  # fmt: skip
        return pa.Table.from_pylist(rows, schema=arrow_schema(_REPLAYED))

    return replay


def _parts_of(links: list[dict[str, Any]], never_merge: frozenset[str]) -> _Parts:
    """Every node of its own part; values of never-merge kinds already in theirs."""
    parts = _Parts()
    for link in links:
        if link["kind"] in never_merge:
            parts.values[link["node_id"]] = {(link["kind"], link["scope"]): link["node_id"]}
    return parts


def _joined(parts: _Parts, sighting: int, node: int) -> str | None:
    """Joins the two ends of a link; the rule that forbids it, where one does."""
    one, other = parts.root(sighting), parts.root(node)
    kind = parts.conflict(one, other)
    if kind is not None:
        return f"never_merge {kind}"
    parts.join(one, other)
    return None
