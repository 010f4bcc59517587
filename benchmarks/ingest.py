"""Ingesting csv: all that a night does with 0.25, 0.5 and 1 GB, against DuckDB and Polars.

The peers do the same cleaning, to one Parquet file per dump, and nothing else: no proof of lines,
no tokens, no vault, no quarantine, no gate. `clean` is the part of Onefold that compares: reading,
typing, cleaning and writing clean Delta. Every run is a process of its own, and its session has
started before the clock does. Before ratios are printed, all are held to the same values.

    python -m benchmarks.ingest [GIGABYTES …]
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.ingest_data import write_project

SIZES = (0.25, 0.5, 1.0)
WAYS = ("duckdb", "polars", "clean", "night")
AGAINST = "duckdb"


def main(arguments: list[str]) -> None:
    """Measures every way at every size and prints the ratios."""
    sizes = [float(each) for each in arguments] or SIZES
    console = Console(width=110)
    table = Table("GB", "way", "seconds", f"× {AGAINST}", "× size before", "peak MB", "rows",
                  title="Ingesting csv, 2 dumps of events and profiles")  # fmt: skip
    before: dict[str, float] = {}
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="onefold-bench-") as folder:
            project = write_project(Path(folder), size)
            read = sum(f.stat().st_size for f in (project / "landing").rglob("*.csv")) / 1e9
            told = {way: _measured(way, project) for way in WAYS}
            _hold_to_the_same_values(told)
        for way, one in told.items():
            grown = f"{one['seconds'] / before[way]:.2f}" if way in before else ""
            ratio = one["seconds"] / told[AGAINST]["seconds"]
            table.add_row(
                f"{read:.2f}", way, f"{one['seconds']:.1f}", f"{ratio:.2f}", grown,
                f"{one['megabytes']:,}", f"{one['values']['rows']:,}",
            )  # fmt: skip
            before[way] = one["seconds"]
    console.print(table)


def _measured(way: str, project: Path) -> dict[str, Any]:
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.ingest_ways", way, str(project)],
        check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


def _hold_to_the_same_values(told: dict[str, dict[str, Any]]) -> None:
    """The same rows, filled cells and sums, whoever cleaned: else a ratio means nothing."""
    expected = told[AGAINST]["values"]
    for way, one in told.items():
        if one["values"] != expected:
            sys.exit(f"{way} found {one['values']}, {AGAINST} found {expected}")


if __name__ == "__main__":
    main(sys.argv[1:])
