"""The identity graph: identifiers as nodes, and stars of links between them and sightings."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from identity.sightings import is_strong
from model.identity_policy import IdentityPolicy

SHARED, ATTACHED = "shared identifier", "attached"


def identifier_nodes(held: DataFrame) -> DataFrame:
    """Identifiers, one row per node_id, hubs among them: the columns of identity.nodes but its
    validity."""
    return held.groupBy("node_id", "kind", "scope", "token").agg(
        F.min("first_date").alias("first_date"),
        F.max("last_date").alias("last_date"),
        F.count("*").alias("sighting_count"),
    )


def link_ends(links: DataFrame) -> tuple[DataFrame, DataFrame]:
    """Nodes (node_id) and edges (src, dst) of links between sightings and identifiers."""
    edges = links.select(F.col("sighting_id").alias("src"), F.col("node_id").alias("dst"))
    nodes = edges.select(F.explode(F.array("src", "dst")).alias("node_id")).distinct()
    return nodes, edges


def members(held: DataFrame, labels: DataFrame, policy: IdentityPolicy) -> DataFrame:
    """Nodes with the component they belong to, one row per node_id that has one.

    Columns: node_id, kind ('sighting' for sightings), is_strong, component, first_date, token
    (null for sightings).
    """
    first_date = F.min("first_date").alias("first_date")
    identifiers = held.groupBy("node_id", "kind", "token").agg(first_date)
    seen = held.groupBy("sighting_id").agg(first_date)
    nodes = identifiers.select(
        "node_id", "kind", is_strong(policy).alias("is_strong"), "first_date", "token"
    ).union(
        seen.select("sighting_id", F.lit("sighting"), F.lit(True), "first_date", F.lit(None))
    )
    return nodes.join(labels, on="node_id", how="inner")


def joining_links(linkable: DataFrame, placed: DataFrame, policy: IdentityPolicy) -> DataFrame:
    """Links whose two ends are one person: the columns of identity.links but its validity.

    A refused link has its ends in two persons, and so has that of a weak identifier to the persons
    that share it. `placed` is (node_id, component).
    """
    where = placed.select("node_id", "component")
    rule = F.when(is_strong(policy), SHARED).otherwise(ATTACHED)
    return (
        linkable.join(where, on="node_id", how="inner")
        .join(where.toDF("sighting_id", "person"), on="sighting_id", how="inner")
        .where(F.col("component") == F.col("person"))
        .select(
            "sighting_id", "node_id", "kind", rule.alias("rule"), "sources",
            "first_date", "last_date", "row_count",
        )
    )
