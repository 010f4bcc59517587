"""Onefold's ways of benchmarks/identity.py: stages by engine and by step, and its components."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from functools import wraps
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from graphframes import GraphFrame
from pyspark.sql import functions as F

from identity.components import components
from identity.graph import link_ends
from identity.rulings import JOINS, nothing
from jobs import ingest_channels, resolve_identity
from jobs.definitions import Definitions, load_definitions
from jobs.memory import PeakMemory
from jobs.night import Night, open_night, session_of
from jobs.progress import progress_for
from lake.snapshots import files_at, version_of
from lake.tables import Lake
from model.contracts import TableContract
from model.dates import Duration
from model.engines import SparkEngine
from model.fixed_tables import ONE_IDS
from model.identity_policy import ComponentsPolicy, IdentityPolicy
from model.local_engine import LocalEngine
from model.mixed_engine import MixedEngine

Told = dict[str, Any]
Timed = Callable[[Callable[[], Any]], Told]
NEVER = 36_500  # days
# Every size in one process, or none.
POLICIES = {
    "local": ComponentsPolicy("local", "local", 10**9),
    "graphframes": ComponentsPolicy("graphframes", "graphframes", 10**9),
    "spark": ComponentsPolicy("graphframes", "graphframes", 0),
}


def ingest(project: Path, day: date) -> Told:
    """The first stage of a night."""
    with _night(project, day, load_definitions(project, "local", [])) as night:
        ingest_channels.run(night)
    return {"values": None}


def resolve(project: Path, day: date, engine: str, is_plain: str = "") -> Told:
    """The second stage of a night, with what it took by step and the map it left; `is_plain`:
    without the rules that SQL has no way for, periods of identifiers and names."""
    definitions = load_definitions(project, "local", [])
    policy = replace(definitions.policy, components=POLICIES[engine])
    policy = _without_days_and_names(policy) if is_plain else policy
    with _night(project, day, replace(definitions, policy=policy)) as night, _Steps() as steps:
        began = time.monotonic()
        resolve_identity.map_people(night)
        seconds = time.monotonic() - began
    megabytes = max((mb for _, _, mb in steps.told), default=0)
    return {"seconds": seconds, "megabytes": megabytes, "steps": steps.told,
            "values": _map_of(project)}  # fmt: skip


def _without_days_and_names(policy: IdentityPolicy) -> IdentityPolicy:
    kinds = {
        name: replace(kind, window=None, reissued_after=Duration(NEVER))
        for name, kind in policy.kinds.items()
    }
    return replace(policy, kinds=kinds, disagree=replace(policy.disagree, names=False))


@contextmanager
def _night(project: Path, day: date, definitions: Definitions) -> Iterator[Night]:
    with session_of(definitions.project) as spark:
        spark.range(10).count()
        yield open_night(spark, definitions, day, progress_for("text", quiet=True))


class _Steps:
    """Seconds and peak megabytes of all that an engine computes, by the step's name, and of the
    writing; nested steps are the outermost's."""

    COMPUTING = ("of", "kept", "arrow", "by_group", "mapped", "_few", "write")

    def __init__(self) -> None:
        self.told: list[tuple[str, float, int]] = []
        self._memory = PeakMemory(0.05)
        self._depth = threading.local()
        self._began = time.monotonic()

    def __enter__(self) -> _Steps:
        self._memory.__enter__()
        for engine in (LocalEngine, SparkEngine, MixedEngine):
            for name in {*self.COMPUTING} & {*vars(engine)}:
                setattr(engine, name, self._watched(getattr(engine, name)))
        SparkEngine.rows = _named(SparkEngine.rows)  # type: ignore[method-assign]
        Lake.overwrite = self._told_as("write", Lake.overwrite)  # type: ignore[method-assign]
        return self

    def __exit__(self, *_: object) -> None:
        self._memory.__exit__()

    def _watched(self, method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def watched(engine: LocalEngine, rows: Any, *more: Any, **named: Any) -> Any:
            found = getattr(rows, "__dict__", {}).get("name", "rows")
            name = rows if isinstance(rows, str) else found
            with self._one(name.rsplit("_", 1)[0]):
                return method(engine, rows, *more, **named)

        return watched

    def _told_as(self, what: str, method: Callable[..., None]) -> Callable[..., None]:
        @wraps(method)
        def watched(lake: Lake, contract: TableContract, rows: Any) -> None:
            with self._one(f"{what} {contract.full_name}"):
                method(lake, contract, rows)

        return watched

    @contextmanager
    def _one(self, step: str) -> Iterator[None]:
        depth = getattr(self._depth, "now", 0)
        self._depth.now = depth + 1
        began = time.monotonic()
        try:
            yield
        finally:
            self._depth.now = depth
            if depth == 0:
                self.told.append((step, time.monotonic() - began, self._memory.megabytes()))


def _named(method: Callable[..., Any]) -> Callable[..., Any]:
    """Lets frames bear the name of the step that makes them, as rows of the local engine do."""
    @wraps(method)
    def made(engine: SparkEngine, step: str, sql: str, **frames: Any) -> Any:
        found = method(engine, step, sql, **frames)
        found.__dict__["name"] = f"{step}_0"
        return found

    return made


def rows_of(project: Path, contract: TableContract) -> str:
    """A table of the lake as DuckDB reads it."""
    path = str(project / "lake" / contract.path)
    version = version_of(path)
    files = [] if version is None else files_at(path, version)
    return f"read_parquet({files})"


def open_rows(project: Path, contract: TableContract) -> str:
    """The rows of a history that hold now."""
    return f"(select * from {rows_of(project, contract)} where valid_to is null)"


def _map_of(project: Path) -> Told:
    with duckdb.connect() as connection:
        counts = connection.sql(
            "select count(*), count(distinct one_id), bit_xor(hash(node_id, one_id)) "
            f"from {open_rows(project, ONE_IDS)}"
        ).fetchall()[0]
    return dict(zip(("nodes", "persons", "which"), counts, strict=True))


def components_alone(project: Path, links: pa.Table, timed: Timed) -> Told:
    """Labels of the local engine, proven."""
    with LocalEngine() as engine:
        given = links.rename_columns(["sighting_id", "node_id"])

        def labels() -> pa.Table:
            ends = link_ends(engine, engine.of(given), nothing(engine, JOINS))
            return engine.arrow(components(engine, *ends, "local", POLICIES["local"]))

        return timed(labels)


def graphframes_alone(project: Path, links: pa.Table, timed: Timed) -> Told:
    """GraphFrames over the same links as they are."""
    with session_of(load_definitions(project, "local", []).project) as spark:
        spark.range(10).count()

        def labels() -> pa.Table:
            edges = spark.createDataFrame(links)
            nodes = edges.select(F.col("src").alias("id")).union(edges.select("dst")).distinct()
            found = GraphFrame(nodes, edges).connectedComponents(
                algorithm="graphframes", useLabelsAsComponents=True
            )
            return found.withColumnRenamed("id", "node_id").select("node_id", "component").toArrow()

        return timed(labels)
