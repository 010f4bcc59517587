"""Keeps two values of a never-merge kind apart: links replayed strongest first, some refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from model.identity_policy import IdentityPolicy
from model.lineage import cut

_REPLAYED = (
    "sighting_id bigint, node_id bigint, kind string, rule string, "
    "sighting_part bigint, node_part bigint"
)
_READ = ("component", "sighting_id", "node_id", "kind", "scope", "rank", "last_date", "token")


@dataclass(frozen=True)
class KeptApart:
    """Labels (node_id, component) after the replay, and the refused links (sighting_id, node_id,
    kind, rule). `cached` is what the caller lets go when both are written."""

    labels: DataFrame
    refused: DataFrame
    cached: tuple[DataFrame, ...] = ()


def keep_apart(links: DataFrame, labels: DataFrame, policy: IdentityPolicy) -> KeptApart:
    """Splits components that hold two values of a never-merge kind (of one scope).

    `links` join sightings and strong identifiers; `labels` are their components. Only components
    that break the rule are replayed, each in one task that holds its links: strongest kind first,
    then the most recent, then by token; a link that would bring two values together is refused.
    The outcome does not depend on the order or the partitioning of rows.
    """
    located = links.join(labels, on="node_id", how="inner")
    broken = (
        located.where(F.col("kind").isin(*policy.never_merge))
        .groupBy("component", "kind", "scope")
        .agg((F.min("node_id") != F.max("node_id")).alias("is_broken"))
        .where("is_broken")
        .select("component")
        .distinct()
    )
    # Read for the labels and for the refused links.
    replayed = cut(
        located.join(broken, on="component", how="left_semi")
        .select(*_READ)
        .groupBy("component")
        .applyInPandas(_replay_of(frozenset(policy.never_merge)), schema=_REPLAYED)
    )
    parts = replayed.select("node_id", F.col("node_part").alias("part")).union(
        replayed.select("sighting_id", "sighting_part")
    )
    # Every link of a node says the same part.
    part_of = parts.groupBy("node_id").agg(F.min("part").alias("part"))
    split = labels.join(part_of, on="node_id", how="left").select(
        "node_id", F.coalesce("part", "component").alias("component")
    )
    refused = replayed.where(F.col("rule").isNotNull())
    return KeptApart(split, refused.select("sighting_id", "node_id", "kind", "rule"), (replayed,))


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


def _replay_of(never_merge: frozenset[str]) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def replay(component: pd.DataFrame) -> pd.DataFrame:
        """The links of one component in order of strength, each with its rule if it is refused."""
        ordered = component.sort_values(
            ["rank", "last_date", "token", "sighting_id"], ascending=[True, False, True, True]
        )
        parts = _parts_of(ordered, never_merge)
        rules = [
            _joined(parts, sighting, node)
            for sighting, node in zip(ordered["sighting_id"], ordered["node_id"], strict=True)
        ]
        return pd.DataFrame(
            {
                "sighting_id": ordered["sighting_id"],
                "node_id": ordered["node_id"],
                "kind": ordered["kind"],
                "rule": rules,
                "sighting_part": [parts.root(s) for s in ordered["sighting_id"]],
                "node_part": [parts.root(n) for n in ordered["node_id"]],
            }
        )

    return replay


def _parts_of(links: pd.DataFrame, never_merge: frozenset[str]) -> _Parts:
    """Every node of its own part; values of never-merge kinds already in theirs."""
    parts = _Parts()
    for node, kind, scope in _values(links, never_merge):
        parts.values[node] = {(kind, scope): node}
    return parts


def _values(links: pd.DataFrame, never_merge: frozenset[str]) -> Iterator[tuple[int, str, str]]:
    held = links[links["kind"].isin(never_merge)]
    yield from zip(held["node_id"], held["kind"], held["scope"], strict=True)


def _joined(parts: _Parts, sighting: int, node: int) -> str | None:
    """Joins the two ends of a link; the rule that forbids it, where one does."""
    one, other = parts.root(sighting), parts.root(node)
    kind = parts.conflict(one, other)
    if kind is not None:
        return f"never_merge {kind}"
    parts.join(one, other)
    return None
