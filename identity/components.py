"""Connected components of the identity graph, by GraphFrames or in memory, and their proof."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from graphframes import GraphFrame
from numpy.typing import NDArray
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from model.engines import Engine, Rows
from model.errors import OnefoldError, UsageError
from model.identity_policy import ComponentsEngine, ComponentsPolicy
from model.lineage import cut, let_go

# node_id >> 53 cuts the 63-bit numbers into 1,024 buckets in their own order.
_BUCKET_BITS = 53
Dense = NDArray[np.int64]


def components(
    engine: Engine, nodes: Rows, edges: Rows, chosen: ComponentsEngine, policy: ComponentsPolicy
) -> Rows:
    """Every node_id of `nodes` with its component: the smallest node_id it is linked with.

    `edges` (src, dst) end in `nodes`; duplicates and self loops do no harm. `chosen` says who
    labels them, whatever engine holds the rows: `auto` takes memory up to `policy.local_edges`
    links and GraphFrames above. Both give the same labels. OnefoldError where the proof fails.
    """
    taken = _taken(engine, edges, chosen, policy)
    if taken == "graphframes":
        found = _by_graphframes(engine.frame(nodes), engine.frame(edges))
        labels = engine.kept(engine.of(found))
        let_go(found)
        return proven(engine, nodes, edges, labels)
    return _in_memory(engine, nodes, edges)


def _taken(
    engine: Engine, edges: Rows, chosen: ComponentsEngine, policy: ComponentsPolicy
) -> ComponentsEngine:
    if chosen == "graphframes":
        return chosen
    some = f"select count(*) as n from (select 1 from edges limit {policy.local_edges + 1}) few"
    fits = engine.one_row("edge_count", some, edges=edges)["n"] <= policy.local_edges
    if chosen == "local" and not fits:
        raise UsageError(
            f"conf/identity.yml: more than components.local_edges ({policy.local_edges}) links for "
            "the local engine; raise it, or set the engine to auto or graphframes"
        )
    return "local" if fits else "graphframes"


def _in_memory(engine: Engine, nodes: Rows, edges: Rows) -> Rows:
    """Labels by scipy in this process, proven. Bounded: at most `local_edges` links of 16 bytes
    come here, and about 60 bytes a link are held while it works."""
    asked, links = engine.arrow(nodes)["node_id"].to_numpy(), engine.arrow(edges)
    ids, times_asked = np.unique(asked, return_counts=True)
    chunks = [*links["src"].chunks, *links["dst"].chunks]
    places = _places(ids, pa.chunked_array(chunks, pa.int64()))
    src, dst = places[: len(links)], places[len(links) :]
    graph = coo_array((np.ones(len(src), dtype=np.int8), (src, dst)), shape=(len(ids), len(ids)))
    count, label = connected_components(graph, directed=False)
    # Of places that are written several times the last one stays: the first node met of a label,
    # and its smallest, since ids are sorted.
    first = np.empty(count, dtype=np.int64)
    first[label[::-1]] = np.arange(len(ids) - 1, -1, -1)
    prove_here(src, dst, label, times_asked)
    return engine.of(pa.table({"node_id": ids, "component": ids[first][label]}))


def _places(ids: Dense, ends: pa.ChunkedArray) -> Dense:
    """Where each end of a link stands among the nodes."""
    found = pc.index_in(ends, value_set=pa.array(ids))
    _refuse_wrong(ends_without_node=found.null_count)
    return found.to_numpy()


def prove_here(src: Dense, dst: Dense, label: Dense, times_asked: Dense) -> None:
    """What `proven` proves, of dense numbers: ends of links, the labels of all, how often each node
    was asked for."""
    _refuse_wrong(
        cut_links=int(np.count_nonzero(label[src] != label[dst])),
        wrong_nodes=int(np.count_nonzero(times_asked != 1)),
    )


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


def proven(engine: Engine, nodes: Rows, edges: Rows, labels: Rows) -> Rows:
    """`labels`, every node labelled once and no link across two components; else OnefoldError.

    One row of counts comes to the driver.
    """
    counts = engine.one_row(
        "proof",
        """
        with cuts as (
            select count(case when s.component = d.component then null else 1 end) as cut_links
            from edges e
            left join labels s on s.node_id = e.src
            left join labels d on d.node_id = e.dst
        ), said as (
            select sum(asked) as asked, sum(given) as given from (
                select node_id, 1 as asked, 0 as given from nodes
                union all
                select node_id, 0, 1 from labels
            ) both_sides
            group by node_id
        ), wrongs as (
            select count(case when asked <> 1 or given <> 1 then 1 end) as wrong_nodes from said
        )
        select cut_links, wrong_nodes from cuts cross join wrongs
        """,
        nodes=nodes, edges=edges, labels=labels,
    )  # fmt: skip
    _refuse_wrong(**counts)
    return labels


def _refuse_wrong(**counts: int) -> None:
    if any(counts.values()):
        raise OnefoldError(
            f"connected components are not right: {counts}; nothing was written. "
            "Run again with the other engine (components in conf/identity.yml) and report this"
        )
