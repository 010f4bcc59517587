"""Sets of tags over generated events: the kernel against DuckDB, Polars and a query for every tag.

All read one file of events in the order of persons and time. `onefold` loads and checks the tags,
plans, reads, computes and commits a Delta table; putting the rows in order, which a night does
before, is told apart (`order`). DuckDB has the CASE form, so many columns at a time as is fastest;
`spark` is one group by and one join for every tag. Every run is a process of its own, cold. Before
ratios are printed, all are held to the same values where equal times or counts leave no choice.

    python -m benchmarks.tags [--events N] [--sets 40s,200s,1000s,200m,1000m] [--ways WAY,…]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.tags_data import write_events

SETS = "40s,200s,1000s,200m,1000m"
WAYS = "onefold,duckdb,polars,spark"
PEOPLE_PER_EVENT = 0.05
NAIVE_UP_TO = 40  # tags with a query each
Told = Mapping[str, Any]


def main(arguments: Sequence[str] = ()) -> None:
    """Measures every way with every set and prints seconds and ratios."""
    asked = _asked(arguments)
    table = Table("set", "way", "seconds", "× duckdb", "× polars", "× spark", "steps", "peak MB",
                  title=f"Tags over {asked.events:,} events")  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="onefold-bench-") as scratch:
        folder = Path(asked.folder or scratch)
        if not (folder / "events.parquet").exists():
            folder.mkdir(parents=True, exist_ok=True)
            people = int(asked.events * PEOPLE_PER_EVENT)
            write_events(folder / "events.parquet", asked.events, people)
        for set_ in asked.sets.split(","):
            for row in _rows(set_, _measured(folder, set_, asked.ways.split(","))):
                table.add_row(*row)
    Console(width=130).print(table)


def _asked(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tags")
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--sets", default=SETS, help="columns; s simple, m mixed with distinct …")
    parser.add_argument("--ways", default=WAYS)
    parser.add_argument("--folder", default="", help="keeps the events")
    return parser.parse_args(arguments)


def _measured(folder: Path, set_: str, ways: Sequence[str]) -> dict[str, Told]:
    count, kind = int(set_[:-1]), set_[-1]
    told = {
        way: _told(way, folder, count, kind)
        for way in ways if way != "spark" or (count <= NAIVE_UP_TO and kind == "s")
    }  # fmt: skip
    first, expected = next((way, one["values"]) for way, one in told.items())
    for way, one in told.items():
        wrong = [n for n, value in one["values"].items() if value != expected[n]]
        if wrong:
            name = wrong[0]
            sys.exit(f"{way} found {name} {one['values'][name]}, {first} {expected[name]}")
    return told


def _told(way: str, folder: Path, count: int, kind: str) -> Told:
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.tags_ways", way, str(folder), str(count), kind],
        check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    found: Told = json.loads(ran.stdout.splitlines()[-1])
    sys.stderr.write(f"{count}{kind} {way}: {_seconds(found):.1f} s\n")
    return found


def _rows(set_: str, told: Mapping[str, Told]) -> list[list[str]]:
    return [
        [set_, way, f"{_seconds(one):.1f}",
         *(_ratio(one, told.get(peer)) for peer in ("duckdb", "polars", "spark")),
         ", ".join(f"{name} {seconds:.1f}" for name, seconds in one["steps"].items()),
         f"{one['megabytes']:,}"]
        for way, one in told.items()
    ]  # fmt: skip


def _ratio(one: Told, peer: Told | None) -> str:
    return f"{_seconds(one) / _seconds(peer):.2f}" if peer else ""


def _seconds(one: Told) -> float:
    """What compares: the rows are in order already for all others."""
    return float(one["seconds"]) - float(one["steps"].get("order", 0))


if __name__ == "__main__":
    main(sys.argv[1:])
