"""The ways that benchmarks/identity.py compares, each run in a process of its own.

Prints one JSON object: seconds, peak megabytes, steps, and what was found.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from benchmarks import identity_onefold as onefold
from benchmarks.identity_sql import by_sql
from jobs.memory import PeakMemory
from model.fixed_tables import LINKS, NODES, REJECTED_LINKS

BARE = "links.parquet"  # strong links between sightings and identifiers that are no hubs
Told = dict[str, Any]


def found(labels: pa.Table) -> Told:
    """Nodes, components and which node is where; the smallest node names a component."""
    with duckdb.connect() as connection:
        connection.register("labels", labels)
        counts = connection.sql("""
            with named as (
                select node_id, min(node_id) over (partition by component) as component from labels
            )
            select count(*), count(distinct component), bit_xor(hash(node_id, component)) from named
        """).fetchall()[0]
    return dict(zip(("nodes", "components", "which"), counts, strict=True))


def by_scipy(links: pa.Table) -> pa.Table:
    ends = np.concatenate([links["src"].to_numpy(), links["dst"].to_numpy()])
    ids, dense = np.unique(ends, return_inverse=True)
    src, dst = dense[: len(links)], dense[len(links) :]
    graph = coo_array((np.ones(len(src), np.int8), (src, dst)), shape=(len(ids), len(ids)))
    return pa.table({"node_id": ids, "component": connected_components(graph, directed=False)[1]})


def by_splink(links: pa.Table) -> pa.Table:
    # A peer of this benchmark, in no lock of ours.
    from splink import DuckDBAPI  # noqa: PLC0415
    from splink.clustering import cluster_pairwise_predictions_at_threshold  # noqa: PLC0415

    with duckdb.connect() as connection:
        connection.register("links", links)
        nodes = "select src as node_id from links union select dst from links"
        api = DuckDBAPI(connection)
        clusters = cluster_pairwise_predictions_at_threshold(
            api.register(connection.sql(nodes).to_arrow_table()), api.register(links), api,
            node_id_column_name="node_id",
            edge_id_column_name_left="src", edge_id_column_name_right="dst",
        )  # fmt: skip
        labels = f"select node_id, cluster_id as component from {clusters.physical_name}"
        return connection.sql(labels).to_arrow_table()


def write_links(project: Path) -> None:
    """The bare links, from what a night has written."""
    with duckdb.connect() as connection:
        connection.execute(f"copy ({_strong(project)}) to '{project / BARE}' (format parquet)")


def _strong(project: Path) -> str:
    links, rejected = (onefold.open_rows(project, table) for table in (LINKS, REJECTED_LINKS))
    return f"""
        select sighting_id as src, node_id as dst from {links} where rule = 'shared identifier'
        union all select sighting_id, node_id from {rejected}
    """


def of_the_lake(project: Path) -> Told:
    """What the SQL way finds too, as Onefold wrote it on the first night."""
    components = found(by_scipy(pq.read_table(project / BARE)))["components"]
    with duckdb.connect() as connection:
        kinds = connection.execute(
            f"select kind, count(*) from {onefold.rows_of(project, NODES)} "
            f"where valid_from = date '2024-06-01' group by kind order by kind"
        ).fetchall()
    return {"identifiers": dict(kinds), "components": components}


def _timed(run: Callable[[], Any]) -> Told:
    with PeakMemory(0.1) as memory:
        began = time.monotonic()
        made = run()
        return {"seconds": time.monotonic() - began, "megabytes": memory.megabytes(), "made": made}


def run(way: str, project: Path, more: list[str]) -> Told:
    """Runs one way; what it took and what it found."""
    if way in ("ingest", "onefold"):
        night = date.fromisoformat(more[0])
        stage = onefold.ingest if way == "ingest" else onefold.resolve
        return stage(project, night, *more[1:])
    if way in ("links", "found"):
        return {"values": of_the_lake(project) if way == "found" else write_links(project)}
    if way == "duckdb":
        told = _timed(lambda: by_sql(project))
        return told | {"values": told.pop("made"), "steps": []}
    links = pq.read_table(project / BARE)
    if way in ("components", "graphframes_alone"):
        alone = onefold.components_alone if way == "components" else onefold.graphframes_alone
        told = alone(project, links, _timed)
    else:
        told = _timed(lambda: {"scipy": by_scipy, "splink": by_splink}[way](links))
    return told | {"values": found(told.pop("made")), "steps": []}


if __name__ == "__main__":
    os.environ.setdefault("ONEFOLD_PSEUDONYM_SECRET", "a secret of the benchmark, of no worth")
    sys.stdout.write(json.dumps(run(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])) + "\n")
