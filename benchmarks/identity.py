"""OneID of generated people: a first night, a 1 % night, and components alone, against peers.

`full` and `night` are the stage as the job runs it, from ingested tables to the written map, with
every guard, history and event; by engine: `local` (all in this process), `graphframes` (components
by GraphFrames, the rest in this process), `spark` (both by Spark, but for what has become few).
`duckdb` normalises the dumps, lists the same identifiers and hubs, and clusters by SQL: no tokens,
periods, names, weak kinds, never-merge, numbers or histories. Components alone take the strong
links as bare numbers. Every run is a process of its own, and its session has started before the
clock does. All are held to the same values first, DuckDB to those of a run without periods and
names. What each took is told on stderr as soon as it ends.

    python -m benchmarks.identity [PEOPLE …] [--only WAY,…] [--turns N] [--longest SECONDS]
        [--folder FOLDER]

200,000 people are a million records. The ways take turns, N of them; seconds and ratios are
medians, the span is that of the ratios within a turn, since a machine is not equally fast at all
times. splink joins in where it is installed (`pip install --no-deps splink==5.0.0` beside the
locked packages). FOLDER keeps dumps and lake for another run.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from examples.people.generate import generate
from examples.people.plan import usual_plan
from model.fixed_tables import IDENTITY_HISTORIES, ONE_ID_EVENTS

SIZES = (200_000, 1_000_000)
ENGINES = ("local", "graphframes", "spark")
ALONE = ("scipy", "components", "splink", "graphframes_alone")
PLANNED = 30  # nights, over which re-issued and changed numbers are spread evenly
NIGHTS = (date(2024, 6, 1), date(2024, 6, 2))
Told = dict[str, Any]


def main(arguments: Sequence[str] = ()) -> None:
    """Measures every way at every size, prints seconds, peak memory and ratios."""
    asked = _asked(arguments)
    before: dict[str, float] = {}
    for people in asked.people or SIZES:
        with tempfile.TemporaryDirectory(prefix="onefold-bench-") as scratch:
            folder = _ready(Path(asked.folder or scratch) / f"people-{people}", people)
            only = asked.only.split(",") if asked.only else None
            turns = [_turn(folder, only, asked.longest) for _ in range(asked.turns)]
            _hold_turns_to_the_same_values(folder, turns)
        _print(people, turns, before)
        before = {way: _seconds(way, turns) for way in turns[0]}


def _asked(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.identity")
    parser.add_argument("people", type=int, nargs="*")
    parser.add_argument("--only", default="", help="ways, with commas")
    parser.add_argument("--turns", type=int, default=1)
    parser.add_argument("--longest", type=int, default=3_600, help="seconds that a peer may take")
    parser.add_argument("--folder", default="", help="keeps what is generated and ingested")
    return parser.parse_args(arguments)


def _ready(folder: Path, people: int) -> Path:
    """The project with its dumps, the first two nights ingested."""
    if not (folder / "lake").exists():
        shutil.rmtree(folder, ignore_errors=True)
        generate(usual_plan(people, PLANNED, NIGHTS[0]), folder)
        for night in NIGHTS:
            _told("ingest", folder, str(night))
    return folder


def _turn(folder: Path, only: Sequence[str] | None, longest: int) -> dict[str, Told]:
    """Every way once; without a peer that takes longer than so many seconds."""
    told: dict[str, Told] = {}
    for engine in ENGINES:
        if only and engine not in only:
            continue
        _forget_the_map(folder)
        for night, way in zip(NIGHTS, ("full", "night"), strict=True):
            told[f"{way} {engine}"] = _told("onefold", folder, str(night), engine)
            if way == "full":
                _told("links", folder)
    for way in ("duckdb", *ALONE):
        if (not only or way in only) and (way != "splink" or find_spec("splink")):
            try:
                told[way] = _told(way, folder, longest=longest)
            except subprocess.TimeoutExpired:
                sys.stderr.write(f"{folder.name}: {way}: stopped after {longest:,} s\n")
    return told


def _hold_turns_to_the_same_values(folder: Path, turns: Sequence[dict[str, Told]]) -> None:
    for kind in ("full", "night"):
        _hold_to_the_same_values(turns, [f"{kind} {engine}" for engine in ENGINES])
    _hold_to_the_same_values(turns, ALONE)
    if "duckdb" in turns[0]:
        plain = {"onefold": _found_plainly(folder)}
        _hold_to_the_same_values([*turns, plain], ["duckdb", "onefold"])


def _found_plainly(folder: Path) -> Told:
    """What Onefold finds by the rules that the SQL way has too."""
    _forget_the_map(folder)
    _told("onefold", folder, str(NIGHTS[0]), "local", "plain")
    _told("links", folder)
    return _told("found", folder)


def _forget_the_map(folder: Path) -> None:
    for contract in (*IDENTITY_HISTORIES, ONE_ID_EVENTS):
        shutil.rmtree(folder / "lake" / contract.path, ignore_errors=True)


def _told(way: str, folder: Path, *more: str, longest: int | None = None) -> Told:
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.identity_ways", way, str(folder), *more],
        check=True, stdout=subprocess.PIPE, text=True, timeout=longest,
    )  # fmt: skip
    found: Told = json.loads(ran.stdout.splitlines()[-1])
    if "seconds" in found:
        took = f"{found['seconds']:.1f} s, {found['megabytes']:,} MB"
        sys.stderr.write(f"{folder.name}: {' '.join((way, *more))}: {took}\n")
    return found


def _hold_to_the_same_values(turns: Sequence[Mapping[str, Told]], ways: Sequence[str]) -> None:
    """The same persons, whoever found them and whenever: else a ratio means nothing."""
    told = [(way, turn[way]["values"]) for turn in turns for way in ways if way in turn]
    for way, values in told:
        first, expected = told[0]
        if values != expected:
            sys.exit(f"{way} found {values}, {first} found {expected}")


def _seconds(way: str, turns: Sequence[Mapping[str, Told]]) -> float:
    return median(turn[way]["seconds"] for turn in turns)


def _print(people: int, turns: Sequence[dict[str, Told]], before: Mapping[str, float]) -> None:
    console = Console(width=110)
    table = Table("way", "seconds", "against", "span", "× size before", "peak MB",
                  title=f"OneID of {people:,} people")  # fmt: skip
    for way in turns[0]:
        seconds = _seconds(way, turns)
        grown = f"{seconds / before[way]:.2f}" if way in before else ""
        peak = max(turn[way]["megabytes"] for turn in turns)
        table.add_row(way, f"{seconds:.2f}", *_against(way, turns), grown, f"{peak:,}")
    console.print(table)
    for way, one in turns[-1].items():
        if one["steps"]:
            _print_steps(console, way, one["steps"])


def _against(way: str, turns: Sequence[Mapping[str, Told]]) -> tuple[str, str]:
    """The seconds of a way against those of its peers: the median, and least and most."""
    kind, _, engine = way.partition(" ")
    peers = {"full": ["duckdb"], "night": [f"full {engine}"],
             "components": ["scipy", "graphframes_alone"]}.get(kind, [])  # fmt: skip
    ratios = {
        peer: sorted(turn[way]["seconds"] / turn[peer]["seconds"] for turn in turns)
        for peer in peers if peer in turns[0]
    }  # fmt: skip
    return (
        ", ".join(f"{median(each):.3g} × {peer}" for peer, each in ratios.items()),
        ", ".join(f"{each[0]:.3g} – {each[-1]:.3g}" for each in ratios.values()),
    )


def _print_steps(console: Console, way: str, steps: Sequence[tuple[str, float, int]]) -> None:
    table = Table("step", "seconds", "peak MB", title=f"Steps of {way}")
    for step, seconds, megabytes in steps:
        table.add_row(step, f"{seconds:.2f}", f"{megabytes:,}")
    console.print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
