"""Ingesting csv: all that a night does with 0.25, 0.5 and 1 GB, against DuckDB and Polars.

The peers do the same cleaning, to one Parquet file per dump, and nothing else: no proof of lines,
no tokens, no vault, no quarantine, no gate. `clean` is the part of Onefold that compares: reading,
typing, cleaning and writing clean Delta. Every run is a process of its own, and its session has
started before the clock does. The ways take turns, so that a machine that slows down slows all of
them; printed are the median of the turns' seconds and of the ratios within a turn, with their span.
Before ratios are printed, all are held to the same values.

    python -m benchmarks.ingest [GIGABYTES …]
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.ingest_data import write_project
from benchmarks.turns import median_and_span, ratios

SIZES = (0.25, 0.5, 1.0)
TURNS = 3
WAYS = ("duckdb", "polars", "clean", "night")
AGAINST = "duckdb"
WRITTEN = ("clean", "lake", "profiles.parquet", "events.parquet")
Told = Mapping[str, Any]


def main(arguments: list[str]) -> None:
    """Measures every way at every size and prints the ratios."""
    sizes = [float(each) for each in arguments] or SIZES
    title = f"Ingesting csv, 2 dumps of events and profiles, {TURNS} turns"
    columns = ("GB", "way", "seconds", f"× {AGAINST}", "span", "× size before", "peak MB", "rows")
    table = Table(*columns, title=title)
    before: dict[str, float] = {}
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="onefold-bench-") as folder:
            project = write_project(Path(folder), size)
            read = sum(f.stat().st_size for f in (project / "landing").rglob("*.csv")) / 1e9
            turns = [_turn(project) for _ in range(TURNS)]
        for way in WAYS:
            seconds = median(turn[way]["seconds"] for turn in turns)
            grown = f"{seconds / before[way]:.2f}" if way in before else ""
            against = median_and_span(ratios(zip(turns, turns, strict=True), way, AGAINST))
            table.add_row(
                f"{read:.2f}", way, f"{seconds:.1f}", *against, grown,
                f"{max(turn[way]['megabytes'] for turn in turns):,}",
                f"{turns[0][way]['values']['rows']:,}",
            )  # fmt: skip
            before[way] = seconds
    Console(width=110).print(table)


def _turn(project: Path) -> dict[str, Told]:
    """Every way once, each from nothing written."""
    told = {}
    for way in WAYS:
        for name in WRITTEN:
            written = project / name
            shutil.rmtree(written) if written.is_dir() else written.unlink(missing_ok=True)
        told[way] = _measured(way, project)
    _hold_to_the_same_values(told)
    return told


def _measured(way: str, project: Path) -> Told:
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.ingest_ways", way, str(project)],
        check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    found: Told = json.loads(ran.stdout.splitlines()[-1])
    return found


def _hold_to_the_same_values(told: Mapping[str, Told]) -> None:
    """The same rows, filled cells and sums, whoever cleaned: else a ratio means nothing."""
    expected = told[AGAINST]["values"]
    for way, one in told.items():
        if one["values"] != expected:
            sys.exit(f"{way} found {one['values']}, {AGAINST} found {expected}")


if __name__ == "__main__":
    main(sys.argv[1:])
