"""What OneID is held to (identity.md), at full size: bridges, hubs, families, handed-on numbers.

Two worlds of generated people are ingested and resolved by the local engine: one with nothing
planted, and one with the usual shapes, with a million people 20,000 bridges between two national
ids, 20,000 members who gave their store's phone, 5,000 accounts of one kiosk, 10,000 families with
one phone, 10,000 numbers that were re-issued and 10,000 that people changed. Both are compared with
the truth by identity/evaluate.py; what the shapes cost is the difference between the two.

    python -m benchmarks.identity_bar [PEOPLE] [--folder FOLDER]

FOLDER keeps dumps and lakes for another run.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from benchmarks.identity import NIGHTS
from benchmarks.identity_onefold import open_rows, rows_of
from examples.people.found import KEYS, merged_things, quality
from examples.people.generate import generate
from examples.people.plan import Plan, usual_plan
from identity.evaluate import Evaluation
from jobs.definitions import load_definitions
from lake.readers import by_person
from model.fixed_tables import ONE_IDS

PEOPLE = 1_000_000


@dataclass(frozen=True)
class Found:
    """What a world's map is worth: `merged` by shape how many there are and in how many two people
    became one, `two_cards` persons with two national ids."""

    quality: Evaluation
    merged: dict[str, tuple[int, int]]
    two_cards: int
    seconds: float


def main(arguments: Sequence[str] = ()) -> None:
    """Resolves both worlds and prints what they are held to, and what was found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.identity_bar")
    parser.add_argument("people", type=int, nargs="?", default=PEOPLE)
    parser.add_argument("--folder", default="", help="keeps what is generated and ingested")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="onefold-bench-") as scratch:
        root = Path(asked.folder or scratch)
        alone = _found(root / f"alone-{asked.people}", Plan(asked.people, 1, NIGHTS[0]))
        usual = usual_plan(asked.people, 1, NIGHTS[0])
        planted = _found(root / f"planted-{asked.people}", usual)
    _print(asked.people, alone, planted)


def _found(folder: Path, plan: Plan) -> Found:
    if not (folder / "lake" / "clean").exists():
        generate(plan, folder)
        _run("ingest", folder, str(NIGHTS[0]))
    seconds = _resolved(folder)
    records = found_records(folder)
    events = pq.read_table(folder / "truth" / "events.parquet")
    return Found(quality(records), merged_things(records, events), _two_cards(folder), seconds)


def _resolved(folder: Path) -> float:
    """The seconds of a first night's map; that of a night run before is made anew."""
    for path in (folder / "lake" / "identity").glob("*"):
        if path.name != "sightings":
            shutil.rmtree(path)
    return float(json.loads(_run("onefold", folder, str(NIGHTS[0]), "local"))["seconds"])


def _run(way: str, folder: Path, *more: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.identity_ways", way, str(folder), *more],
        check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    return ran.stdout.splitlines()[-1]


def found_records(folder: Path) -> pa.Table:
    """channel, record_id, person, one_id of every record of the first night."""
    model = load_definitions(folder, "local", []).project.model
    with duckdb.connect() as connection:
        found = []
        for name, key in KEYS.items():
            table = model.tables[name]
            rows = by_person(
                table, rows_of(folder, table.contract), rows_of(folder, ONE_IDS), NIGHTS[0]
            )
            found.append(f"select channel, {key} as record_id, one_id from ({rows})")
        truth = folder / "truth" / "records" / f"{NIGHTS[0]}.parquet"
        return connection.sql(f"""
            select t.channel, t.record_id, t.person, f.one_id from (
                select channel, record_id, any_value(person) as person from '{truth}'
                group by channel, record_id having not bool_or(does = 'delete')
            ) t left join ({' union all '.join(found)}) f
            on f.channel = t.channel and f.record_id = t.record_id
        """).to_arrow_table()


def _two_cards(folder: Path) -> int:
    with duckdb.connect() as connection:
        return int(connection.sql(f"""
            select count(*) from (
                select one_id from {open_rows(folder, ONE_IDS)} where kind = 'national_id'
                group by one_id having count(*) > 1
            )
        """).fetchall()[0][0])


def _print(people: int, alone: Found, planted: Found) -> None:
    table = Table("held to", "found", "of", title=f"OneID of {people:,} people with planted shapes")
    ours, without = planted.quality.b_cubed, alone.quality.b_cubed
    lost = (without.recall - ours.recall) * 100
    table.add_row("no person with two national ids", f"{planted.two_cards:,}", "bridges "
                  f"{planted.merged.get('bridge', (0, 0))[0]:,}")  # fmt: skip
    table.add_row("B-cubed precision at least 0.99", f"{ours.precision:.5f}", "")
    table.add_row("B-cubed recall lost at most 1 point", f"{lost:.3f}", f"{without.recall:.5f}")
    things, merged = planted.merged.get("recycled_phone", (0, 0))
    table.add_row(
        "re-issued numbers that join two owners, at most 1 %", f"{merged:,}", f"{things:,}"
    )
    for shape, (count, wrong) in planted.merged.items():
        table.add_row(f"{shape}: two people became one", f"{wrong:,}", f"{count:,}")
    table.add_row("seconds", f"{planted.seconds:.1f}", f"alone {alone.seconds:.1f}")
    Console(width=110).print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
