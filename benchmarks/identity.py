"""OneID of generated people: a first night, a 1 % night, and components alone, against peers.

`full` and `night` are the stage as the job runs it, from ingested tables to the written map, with
every guard, history and event; by engine: `local` (all in this process), `graphframes` (components
by GraphFrames, the rest in this process), `spark` (both by Spark, but for what has become few).
`duckdb` normalises the dumps, lists the same identifiers and hubs, and clusters by SQL: no tokens,
periods, names, weak kinds, never-merge, numbers or histories. Components alone take the strong
links as bare numbers. Every run is a process of its own, and its session has started before the
clock does. All are held to the same values first, DuckDB to those of a run without periods and
names. What each took is told on stderr as soon as it ends.

    python -m benchmarks.identity [PEOPLE …] [--only WAY,…] [--turns N] [--once WAY,…]
        [--longest SECONDS] [--folder FOLDER]

200,000 people are a million records. In each of N turns, every way takes every size, but for those
that are run `--once`, in the first turn. A machine is not equally fast at all times, so ratios are
of what ran within a turn; they and seconds are medians over the turns, and spans are told. splink
joins in where it is installed (`pip install --no-deps splink==5.0.0` beside the locked packages).
FOLDER keeps dumps and lake for another run.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Collection, Sequence
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.turns import median_and_span, ratios
from examples.people.generate import generate
from examples.people.plan import usual_plan
from model.fixed_tables import IDENTITY_HISTORIES, ONE_ID_EVENTS

SIZES = (200_000, 1_000_000)
ENGINES = ("local", "graphframes", "spark")
ALONE = ("scipy", "components", "splink", "graphframes_alone")
WAYS = (*ENGINES, "duckdb", *ALONE)
PLANNED = 30  # nights, over which re-issued and changed numbers are spread evenly
NIGHTS = (date(2024, 6, 1), date(2024, 6, 2))
Told = dict[str, Any]
Turn = dict[str, Told]  # by way


def main(arguments: Sequence[str] = ()) -> None:
    """Measures every way at every size, prints seconds, peak memory and ratios."""
    asked = _asked(arguments)
    with tempfile.TemporaryDirectory(prefix="onefold-bench-") as scratch:
        folders = {
            people: _ready(Path(asked.folder or scratch) / f"people-{people}", people)
            for people in asked.people or SIZES
        }
        turns: dict[int, list[Turn]] = {people: [] for people in folders}
        for number in range(asked.turns):
            ways = asked.only - asked.once if number else asked.only
            for people, folder in folders.items():
                turns[people].append(_turn(folder, ways, asked.longest))
        before: Sequence[Turn] = ()
        for people, folder in folders.items():
            _hold_turns_to_the_same_values(folder, turns[people])
            _print(people, turns[people], before)
            before = turns[people]


def _asked(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.identity")
    parser.add_argument("people", type=int, nargs="*")
    parser.add_argument("--only", type=_ways, default={*WAYS}, help="ways, with commas")
    parser.add_argument("--turns", type=int, default=1)
    parser.add_argument("--once", type=_ways, default=set(), help="ways of the first turn alone")
    parser.add_argument("--longest", type=int, default=3_600, help="seconds that a peer may take")
    parser.add_argument("--folder", default="", help="keeps what is generated and ingested")
    return parser.parse_args(arguments)


def _ways(text: str) -> set[str]:
    ways = set(text.split(","))
    if ways - {*WAYS}:
        raise argparse.ArgumentTypeError(f"expected some of {', '.join(WAYS)}")
    return ways


def _ready(folder: Path, people: int) -> Path:
    """The project with its dumps, the first two nights ingested."""
    if not (folder / "lake").exists():
        shutil.rmtree(folder, ignore_errors=True)
        generate(usual_plan(people, PLANNED, NIGHTS[0]), folder)
        for night in NIGHTS:
            _told("ingest", folder, str(night))
    return folder


def _turn(folder: Path, ways: Collection[str], longest: int) -> Turn:
    """Each of the ways once; without a peer that takes longer than so many seconds."""
    told: Turn = {}
    for engine in ENGINES:
        if engine not in ways:
            continue
        _forget_the_map(folder)
        for night, way in zip(NIGHTS, ("full", "night"), strict=True):
            told[f"{way} {engine}"] = _told("onefold", folder, str(night), engine)
            if way == "full":
                _told("links", folder)
    for way in ("duckdb", *ALONE):
        if way in ways and (way != "splink" or find_spec("splink")):
            try:
                told[way] = _told(way, folder, longest=longest)
            except subprocess.TimeoutExpired:
                sys.stderr.write(f"{folder.name}: {way}: stopped after {longest:,} s\n")
    return told


def _hold_turns_to_the_same_values(folder: Path, turns: Sequence[Turn]) -> None:
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


def _hold_to_the_same_values(turns: Sequence[Turn], ways: Sequence[str]) -> None:
    """The same persons, whoever found them and whenever: else a ratio means nothing."""
    told = [(way, turn[way]["values"]) for turn in turns for way in ways if way in turn]
    for way, values in told:
        first, expected = told[0]
        if values != expected:
            sys.exit(f"{way} found {values}, {first} found {expected}")


def _print(people: int, turns: Sequence[Turn], before: Sequence[Turn]) -> None:
    console = Console(width=120)
    table = Table("way", "seconds", "against", "span", "× size before", "span", "peak MB",
                  title=f"OneID of {people:,} people")  # fmt: skip
    for way in turns[0]:
        ran = [turn[way] for turn in turns if way in turn]
        seconds, peak = median(one["seconds"] for one in ran), max(one["megabytes"] for one in ran)
        grown = median_and_span(ratios(zip(turns, before, strict=False), way, way))
        table.add_row(way, f"{seconds:.2f}", *_against(way, turns), *grown, f"{peak:,}")
    console.print(table)
    for way, one in turns[0].items():
        if one["steps"]:
            _print_steps(console, way, one["steps"])


def _against(way: str, turns: Sequence[Turn]) -> tuple[str, str]:
    """The seconds of a way against those of its peers: the median, and least and most."""
    kind, _, engine = way.partition(" ")
    peers = {"full": ["duckdb"], "night": [f"full {engine}"],
             "components": ["scipy", "graphframes_alone"]}.get(kind, [])  # fmt: skip
    told = {
        peer: median_and_span(ratios(zip(turns, turns, strict=True), way, peer))
        for peer in peers if peer in turns[0]
    }  # fmt: skip
    return (
        ", ".join(f"{middle} × {peer}" for peer, (middle, _) in told.items()),
        ", ".join(span for _, span in told.values()),
    )


def _print_steps(console: Console, way: str, steps: Sequence[tuple[str, float, int]]) -> None:
    table = Table("step", "seconds", "peak MB", title=f"Steps of {way}")
    for step, seconds, megabytes in steps:
        table.add_row(step, f"{seconds:.2f}", f"{megabytes:,}")
    console.print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
