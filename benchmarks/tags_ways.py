"""The ways that benchmarks/tags.py compares, each run in a process of its own.

Prints one JSON object: seconds, peak megabytes, steps, and what was found by column.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from benchmarks.tags_data import MIXED, SIMPLE, TODAY, Wish, definitions, wishes
from benchmarks.tags_peers import (
    MIXED_AT_ONCE,
    PERSON,
    SIMPLE_AT_ONCE,
    by_duckdb,
    by_polars,
    one_query_a_tag,
)
from jobs.memory import PeakMemory
from lake.arrow_files import write_parquet
from lake.session import spark_session
from lake.tables import Lake
from model.canonical import read_model
from model.errors import Problems
from model.fixed_tables import CUSTOMER_TAGS
from model.local_engine import LocalEngine
from model.settings import SparkSettings
from model.strict_yaml import load_yaml, parse_yaml
from model.task_files import TaskFiles
from tags.definitions import TagBook
from tags.kernel.computing import for_all_persons
from tags.kernel.prepared import Given, Group, Prepared
from tags.kernel.wide import Wide
from tags.loading import load_tags
from tags.night import BUSINESS_DATE, Night
from tags.planning import plan_tags

ROOT = Path(__file__).parents[1]
NO_SPARK: Any = None  # takes part where tables lie on a disk
# What all ways find alike; last and top differ where times or counts are equal.
COMPARED = ("count", "sum", "max", "distinct", "days")


def book_of(columns: Sequence[Wish]) -> TagBook:
    """The tags over the shipped model."""
    problems = Problems()
    model = read_model(load_yaml(ROOT / "conf" / "model.yml", problems), problems)
    files = {"bench.yml": parse_yaml(definitions(list(columns)), "bench.yml", problems)}
    book = load_tags(files, model, {}, problems)
    problems.raise_if_any()
    return book


class Kernel:
    """Ours, whose steps are timed apart: plan, rows in order, columns, commit."""

    def __init__(self, events: Path, out: Path, columns: Sequence[Wish]) -> None:
        self.engine = LocalEngine()
        rows = self.engine.of_files([events])
        persons = self.engine.rows("persons", f"select distinct {PERSON} from rows", rows=rows)
        self.given = Given({"events": rows}, book_of(columns).tables, persons, persons, {})
        self.columns, self.out = columns, out
        self.steps: dict[str, float] = {}

    def run(self) -> list[Path]:
        """Everything, from texts of tags to the committed table."""
        plan = self._step("plan", lambda: plan_tags(book_of(self.columns)))
        night = Night(TODAY, "UTC")
        prepared = self._step("order", lambda: Prepared.of(self.engine, self.given, plan, night))
        files = self._step("columns", lambda: for_all_persons(prepared, self._written))
        self._step("commit", lambda: self._committed([file for file, _ in files], files[0][1]))
        return self._lake().files(CUSTOMER_TAGS, TODAY)

    def _step(self, name: str, step: Callable[[], Any]) -> Any:
        began = time.monotonic()
        found = step()
        self.steps[name] = time.monotonic() - began
        return found

    def _written(self, group: Group, found: Wide) -> tuple[Path, pa.Schema]:
        wide, file = found.stored(), self.engine.folder / f"wide-{group.number}.parquet"
        write_parquet(wide.drop_columns([BUSINESS_DATE]), file, [PERSON])
        return file, wide.schema

    def _committed(self, files: Sequence[Path], schema: pa.Schema) -> None:
        rows = TaskFiles(NO_SPARK, files, schema, {BUSINESS_DATE: TODAY})
        self._lake().replace_slice(CUSTOMER_TAGS, rows, TODAY)

    def _lake(self) -> Lake:
        return Lake(NO_SPARK, str(self.out))


def found(files: Sequence[Path], columns: Sequence[Wish]) -> dict[str, list[str]]:
    """Of every column that all ways find alike how many persons have a value, the sum, and a hash
    of who has which: equal where every cell is."""
    told: dict[str, list[str]] = {}
    with duckdb.connect() as connection:
        sources: dict[str, list[str]] = {}
        for file in files:
            names = connection.sql(f"select * from '{file}' limit 0").columns
            for name in names:
                sources.setdefault(name, []).append(str(file))
        for wish in columns:
            if wish.function in COMPARED:
                name = wish.column
                row = connection.sql(f"""
                    select count(n), sum(n), bit_xor(hash({PERSON}, n)) from (
                        select {PERSON}, cast(nullif({name}, 0) as decimal(38, 2)) as n
                        from read_parquet({sources[name]})
                    ) where n is not null
                """).fetchall()[0]
                told[name] = [str(value) for value in row]
    return told


def main(way: str, folder: Path, count: int, kind: str) -> None:
    """Runs one way over the folder's events and tells what it took and found."""
    columns = wishes(count, MIXED if kind == "m" else SIMPLE)
    events, out = folder / "events.parquet", folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    steps: dict[str, float] = {}
    with PeakMemory(0.1) as memory:
        began = time.monotonic()
        if way.startswith("onefold"):
            kernel = Kernel(events, out, columns)
            for _ in range(2 if way.endswith("warm") else 1):
                began = time.monotonic()
                files = kernel.run()
            steps = kernel.steps
        elif way == "duckdb":
            at_once = MIXED_AT_ONCE if kind == "m" else SIMPLE_AT_ONCE
            files = by_duckdb(events, out, columns, at_once)
        elif way == "polars":
            files = by_polars(events, out, columns)
        else:
            with spark_session(SparkSettings(), "tags", folder / "spark") as spark:
                began = time.monotonic()
                files = one_query_a_tag(spark, events, out, columns)
        seconds, megabytes = time.monotonic() - began, memory.megabytes()
    told = {
        "seconds": seconds, "megabytes": megabytes, "steps": steps,
        "values": found(files, columns),
    }  # fmt: skip
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
