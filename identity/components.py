"""Connected components of the identity graph, by GraphFrames or in memory, and their proof."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from graphframes import GraphFrame
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.types import LongType, StructField, StructType
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from model.errors import OnefoldError, UsageError
from model.identity_policy import ComponentsPolicy, Engine
from model.lineage import cut, let_go

_LABELS = StructType([StructField("node_id", LongType()), StructField("component", LongType())])
# node_id >> 53 cuts the 63-bit numbers into 1,024 buckets in their own order.
_BUCKET_BITS = 53


def components(
    nodes: DataFrame, edges: DataFrame, engine: Engine, policy: ComponentsPolicy
) -> DataFrame:
    """Every node_id of `nodes` with its component: the smallest node_id it is linked with.

    `edges` (src, dst) end in `nodes`; duplicates and self loops do no harm. `auto` takes the local
    engine up to `policy.local_edges` links and GraphFrames above. Both give the same labels. The
    result is cut from its lineage: the caller lets it go. OnefoldError where the proof fails.
    """
    taken = _engine(edges, engine, policy)
    labels = _by_graphframes(nodes, edges) if taken == "graphframes" else _in_memory(nodes, edges)
    return proven(nodes, edges, labels)


def _engine(edges: DataFrame, engine: Engine, policy: ComponentsPolicy) -> Engine:
    if engine == "graphframes":
        return engine
    fits = edges.limit(policy.local_edges + 1).count() <= policy.local_edges
    if engine == "local" and not fits:
        raise UsageError(
            f"conf/identity.yml: more than components.local_edges ({policy.local_edges}) links for "
            "the local engine; raise it, or set the engine to auto or graphframes"
        )
    return "local" if fits else "graphframes"


def _in_memory(nodes: DataFrame, edges: DataFrame) -> DataFrame:
    """Labels by scipy on the driver. Bounded: at most `local_edges` links of 16 bytes come here,
    and about 60 bytes a link are held while it works."""
    links = edges.select("src", "dst").toArrow()
    ends = np.concatenate([links["src"].to_numpy(), links["dst"].to_numpy()])
    ids, dense = np.unique(ends, return_inverse=True)
    src, dst = dense[: links.num_rows], dense[links.num_rows :]
    graph = coo_array((np.ones(len(src), dtype=np.int8), (src, dst)), shape=(len(ids), len(ids)))
    _, label = connected_components(graph, directed=False)
    # ids are sorted, so the first node met of a label is its smallest.
    _, first = np.unique(label, return_index=True)
    found = pa.table({"node_id": ids, "component": ids[first][label]})
    linked = nodes.sparkSession.createDataFrame(found, schema=_LABELS)
    labels = nodes.select("node_id").join(linked, on="node_id", how="left")
    return cut(labels.select("node_id", F.coalesce("component", "node_id").alias("component")))


def _by_graphframes(nodes: DataFrame, edges: DataFrame) -> DataFrame:
    if nodes.sparkSession.sparkContext.getCheckpointDir() is None:
        raise UsageError("GraphFrames needs a checkpoint directory: set one for the session")
    # GraphFrames reads its vertices and edges anew in every round.
    numbered = cut(_dense(nodes))
    dense_edges = cut(
        edges.join(numbered.toDF("src", "s"), on="src", how="inner")
        .join(numbered.toDF("dst", "d"), on="dst", how="inner")
        .select(F.col("s").alias("src"), F.col("d").alias("dst"))
    )
    graph = GraphFrame(numbered.select(F.col("dense").alias("id")), dense_edges)
    found = graph.connectedComponents(algorithm="graphframes", useLabelsAsComponents=True)
    # Dense numbers keep the order of node ids: the smallest of a component names its smallest node.
    labels = cut(
        numbered.join(found.withColumnRenamed("id", "dense"), on="dense", how="inner")
        .select("node_id", F.col("component").alias("first"))
        .join(numbered.toDF("component", "first"), on="first", how="inner")
        .select("node_id", "component")
    )
    found.unpersist()
    let_go(dense_edges)
    let_go(numbered)
    return labels


def _dense(nodes: DataFrame) -> DataFrame:
    """(node_id, dense): 0, 1, 2, … in the order of node_id, numbered by bucket in parallel."""
    bucketed = nodes.select("node_id", F.shiftright("node_id", _BUCKET_BITS).alias("bucket"))
    before = Window.orderBy("bucket").rowsBetween(Window.unboundedPreceding, -1)
    starts = bucketed.groupBy("bucket").count().select(
        "bucket", F.coalesce(F.sum("count").over(before), F.lit(0)).alias("start")
    )
    within = Window.partitionBy("bucket").orderBy("node_id")
    # At most 1,024 starts: small enough for every task.
    return bucketed.join(F.broadcast(starts), on="bucket", how="inner").select(
        "node_id", (F.col("start") + F.row_number().over(within) - 1).alias("dense")
    )


def proven(nodes: DataFrame, edges: DataFrame, labels: DataFrame) -> DataFrame:
    """`labels`, every node labelled once and no link across two components; else OnefoldError.

    One action that brings one row of counts to the driver.
    """
    cut = (
        edges.join(labels.toDF("src", "s"), on="src", how="left")
        .join(labels.toDF("dst", "d"), on="dst", how="left")
        .agg(F.count_if(~F.col("s").eqNullSafe(F.col("d")) | F.col("s").isNull()).alias("cut"))
    )
    wrong = (
        nodes.select("node_id", F.lit(1).alias("asked"), F.lit(0).alias("given"))
        .union(labels.select("node_id", F.lit(0), F.lit(1)))
        .groupBy("node_id")
        .agg(F.sum("asked").alias("asked"), F.sum("given").alias("given"))
        .agg(F.count_if((F.col("asked") != 1) | (F.col("given") != 1)).alias("wrong"))
    )
    counts = cut.crossJoin(wrong).first()
    if counts is None or counts["cut"] or counts["wrong"]:
        raise OnefoldError(
            f"connected components are not right: {counts}; nothing was written. "
            "Run again with the other engine (components in conf/identity.yml) and report this"
        )
    return labels
