"""Hubs: identifiers shared so widely, or by sightings so at odds, that they join nobody."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from identity.sightings import rank_of
from model.identity_policy import IdentityPolicy


def hubs(held: DataFrame, policy: IdentityPolicy) -> DataFrame:
    """Identifiers that lose all their links, one row per node_id, with the first reason that holds.

    Values of never-merge kinds are no hubs: they are kept apart link by link. Counted over all
    sightings at once, so that no order of rows decides. Columns of identity.hubs but its validity.
    """
    nodes = held.groupBy("node_id", "kind", "scope").agg(F.count("*").alias("sighting_count"))
    reason = F.coalesce(
        F.when(F.col("sighting_count") > _limit("max_sightings", policy), "max_sightings"),
        F.when(F.col("peer_count") > _limit("max_peers", policy), "max_peers"),
        F.when(F.col("is_disputed"), "disagree"),
    )
    return (
        nodes.join(_peers(held, policy), on="node_id", how="left")
        .select(
            "node_id", "kind", "scope", "sighting_count",
            F.coalesce("peer_count", F.lit(0)).alias("peer_count"),
            F.coalesce("is_disputed", F.lit(False)).alias("is_disputed"),
        )
        .where(~F.col("kind").isin(*policy.never_merge))
        .select("node_id", "kind", "scope", reason.alias("reason"), "sighting_count", "peer_count")
        .where(F.col("reason").isNotNull())
    )


def _peers(held: DataFrame, policy: IdentityPolicy) -> DataFrame:
    """Per identifier: the largest number of distinct values of one stronger kind and scope beside
    it, and whether two values of a kind of `disagree` are beside it. A sighting holds a handful of
    identifiers, so its pairs are few."""
    weaker = held.select("sighting_id", "node_id", "rank")
    stronger = held.select(
        "sighting_id",
        F.col("kind").alias("peer_kind"),
        F.col("scope").alias("peer_scope"),
        F.col("node_id").alias("peer"),
    )
    is_stronger = rank_of(F.col("peer_kind"), policy) < F.col("rank")
    disputes = F.col("peer_kind").isin(*policy.disagree.kinds) & (F.col("values") > 1)
    return (
        weaker.join(stronger, on="sighting_id", how="inner")
        .where(is_stronger)
        .groupBy("node_id", "peer_kind", "peer_scope")
        .agg(F.count_distinct("peer").alias("values"))
        .groupBy("node_id")
        .agg(F.max("values").alias("peer_count"), F.max(disputes).alias("is_disputed"))
    )


def _limit(name: str, policy: IdentityPolicy) -> Column:
    """The kind's limit of that name; null where it has none, so that no count is above it."""
    limit = F.lit(None).cast("int")
    for kind, rules in policy.kinds.items():
        limit = F.when(F.col("kind") == kind, F.lit(getattr(rules, name))).otherwise(limit)
    return limit
