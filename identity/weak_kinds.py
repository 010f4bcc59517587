"""Devices, cookies and the like: they attach to the one person they were seen with, never merge."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def attached(weak: DataFrame, labels: DataFrame) -> DataFrame:
    """(node_id, component) of weak identifiers and of the sightings that hold nothing stronger.

    `weak` are holdings of weak kinds that are no hubs; `labels` are the persons of strong links. A
    weak identifier whose sightings with stronger identifiers are all one person joins it; seen with
    several persons, or with none, it is a person of its own, named by its node_id, as long as a
    sighting follows it. A sighting of weak kinds only follows its best-ranked (then by token).
    """
    beside = weak.join(labels.toDF("sighting_id", "person"), on="sighting_id", how="left")
    homes = beside.groupBy("node_id").agg(
        F.min("person").alias("person"), F.max("person").alias("last_person")
    ).select(
        "node_id",
        F.when(F.col("person") == F.col("last_person"), F.col("person")).alias("person"),
    )
    followers = (
        beside.where(F.col("person").isNull())
        .groupBy("sighting_id")
        .agg(F.min_by("node_id", F.struct("rank", "token", "scope")).alias("node_id"))
    )
    settled = homes.join(
        followers.groupBy("node_id").agg(F.lit(True).alias("is_followed")), on="node_id", how="left"
    ).select(
        "node_id",
        F.coalesce("person", F.when(F.col("is_followed"), F.col("node_id"))).alias("component"),
    ).where(F.col("component").isNotNull())
    follow = followers.join(settled, on="node_id", how="inner").select("sighting_id", "component")
    return settled.union(follow)
