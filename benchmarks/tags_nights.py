"""Tags of two nights of a lake, from clean tables: tiles made, then grown by what changed.

A clean table of events and a map of persons are generated; on the second night come one more day,
late rows (2 %), new versions of earlier rows (1 %), 0.5 % of persons merge and 0.1 % split.
`onefold` is what the stage of tags does from opened lake to written tables; `duckdb` finds the
newest version of every key, joins the map, and computes the same columns in CASE form. Every run
is a process of its own, cold, and both find the same values on both nights.

    python -m benchmarks.tags_nights [--events N,…] [--tags 200]
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from benchmarks.tags_data import SIMPLE, TODAY, Wish, definitions, wishes, write_events
from benchmarks.tags_peers import PERSON, case_sql
from benchmarks.tags_ways import found
from jobs import compute_tags
from jobs.definitions import Definitions, load_definitions
from jobs.memory import PeakMemory
from jobs.night import Night
from jobs.progress import progress_for
from lake.readers import by_person
from lake.tables import Lake
from model.contracts import TableContract
from model.fixed_tables import CUSTOMER_TAGS, ONE_IDS
from model.task_files import TaskFiles
from privacy.tokens import TokenKey

ROOT = Path(__file__).parents[1]
PEOPLE_PER_EVENT = 0.05
NIGHTS = (TODAY - timedelta(days=1), TODAY)
WAYS = ("onefold", "duckdb")
NOBODY: Any = None  # no Spark takes part where tables lie on a disk
Told = dict[str, Any]

# Every person has two sightings. Rows that are late, and those told anew, are drawn by their key.
_VERSIONS = """
    select channel, 'app' as dataset,
           cast(one_id * 2 + hash(event_id) % 2 as bigint) as sighting_id, day,
           cast(1 as int) as generation, 'night-' || {night} as source_file,
           row_number() over () as source_line, false as is_deleted, {own}
    from (select *, hash(channel, event_id) % 1000000 as draw from '{events}') e
    where {kept}
"""
_IS_LATE = f"day between date '{NIGHTS[1]}' - 20 and date '{NIGHTS[0]}' and draw < 1500"
_IS_TOLD_ANEW = f"day <= date '{NIGHTS[0]}' and draw >= 999900"
_PERIODS = """
    with people as (
        select one_id, lead(one_id, 1, one_id) over (order by one_id) as beside
        from (select distinct one_id from '{events}') d
    ), sightings as (
        select distinct cast(one_id * 2 + hash(event_id) % 2 as bigint) as node_id, one_id
        from '{events}'
    ), told as (
        select node_id, one_id, beside, one_id % 1000 < 5 as merges,
               node_id % 2 = 1 and one_id % 1000 = 5 as splits
        from sightings join people using (one_id)
    ), periods as (
        select node_id, one_id, date '{first}' as valid_from,
               case when merges or splits then date '{today}' end as valid_to from told
        union all
        select node_id, case when merges then beside else one_id + 1 end, date '{today}', null
        from told where merges or splits
    )
    select node_id, 'sighting' as kind, one_id, valid_from, valid_to,
           cast(null as date) as seen_from, cast(null as date) as seen_to
    from periods
"""


def main(arguments: Sequence[str] = ()) -> None:
    """Measures both nights by both ways at every size; prints seconds, ratios and growth."""
    asked = _asked(arguments)
    table = Table("events", "night", "way", "seconds", "× duckdb", "× first night",
                  "× size before", "peak MB", "MB read",
                  title=f"{asked.tags} tags from clean tables")  # fmt: skip
    before: dict[tuple[str, date], Told] = {}
    for events in map(int, asked.events.split(",")):
        with tempfile.TemporaryDirectory(prefix="onefold-bench-") as scratch:
            write_lake(Path(scratch), events, asked.tags)
            told = {
                (way, night): _told(Path(scratch), way, night, asked.tags)
                for night in NIGHTS for way in WAYS
            }  # fmt: skip
        for row in _rows(events, told, before):
            table.add_row(*row)
        before = told
    Console(width=130).print(table)


def _asked(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tags_nights")
    parser.add_argument("--events", default="10000000", help="sizes, with commas")
    parser.add_argument("--tags", type=int, default=200)
    return parser.parse_args(arguments)


def write_lake(folder: Path, events: int, tags: int) -> None:
    """A project with so many tags, whose lake has events and a map of two nights."""
    shutil.copytree(ROOT / "conf", folder / "conf", ignore=shutil.ignore_patterns("quality"))
    (folder / "tag_definitions").mkdir()
    text = definitions(wishes(tags, SIMPLE))
    (folder / "tag_definitions" / "bench.yml").write_text(text, encoding="utf-8")
    file = folder / "events.parquet"
    write_events(file, events, int(events * PEOPLE_PER_EVENT))
    known = _definitions(folder)
    contract = known.project.model.tables["events"].contract
    later = f"day = date '{NIGHTS[1]}' or ({_IS_LATE})"
    _write_versions(folder, contract, NIGHTS[0], f"not ({later})", "amount")
    _write_versions(folder, contract, NIGHTS[1], f"{later} or ({_IS_TOLD_ANEW})", "amount / 2")
    periods = _PERIODS.format(events=file, first=NIGHTS[0], today=NIGHTS[1])
    with duckdb.connect() as connection:
        rows = connection.sql(periods).to_arrow_table()
    _lake(known).overwrite(ONE_IDS, rows)


def _write_versions(
    folder: Path, contract: TableContract, night: date, kept: str, amount: str
) -> None:
    made = folder / f"{night}.parquet"
    with duckdb.connect() as connection:
        has = connection.sql(f"select * from '{folder / 'events.parquet'}' limit 0").columns
        common = {"channel", "dataset", "sighting_id", "day", "generation", "source_file",
                  "source_line", "is_deleted", "arrived_date"}  # fmt: skip
        own = ", ".join(
            f"cast({_value(name, has, amount)} as {_DUCKDB.get(c.type, c.type)}) as {name}"
            for c in contract.columns if (name := c.name) not in common
        )  # fmt: skip
        sql = _VERSIONS.format(
            night=f"'{night}'", own=own, events=folder / "events.parquet", kept=kept
        )
        connection.execute(f"copy ({sql}) to '{made}' (format parquet)")
    same = {"arrived_date": night}
    rows = TaskFiles(NOBODY, [made], pq.read_schema(made), same)
    _lake(_definitions(folder)).replace_slice(contract, rows, night)


def _value(name: str, has: Sequence[str], amount: str) -> str:
    if name == "amount":
        return f"case when {_IS_TOLD_ANEW} then {amount} else amount end"
    return name if name in has else "null"


_DUCKDB = {"string": "varchar", "timestamp": "timestamptz"}


def _definitions(folder: Path) -> Definitions:
    return load_definitions(folder, "local", [])


def _lake(known: Definitions) -> Lake:
    return Lake(NOBODY, known.project.lake_root)


def _told(folder: Path, way: str, night: date, tags: int) -> Told:
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.tags_nights", way, str(folder), str(night), str(tags)],
        check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    told: Told = json.loads(ran.stdout.splitlines()[-1])
    return told


def run_way(way: str, folder: Path, night: date, tags: int) -> Told:
    """One night by one way: what it took, read and found."""
    columns, known = wishes(tags, SIMPLE), _definitions(folder)
    with PeakMemory(0.1) as memory:
        began = time.monotonic()
        files = (_onefold if way == "onefold" else _duckdb)(folder, night, known, columns)
        seconds, megabytes = time.monotonic() - began, memory.megabytes()
    read = int(Path("/proc/self/io").read_text().split()[1]) // 2**20
    return {"seconds": seconds, "megabytes": megabytes, "read": read,
            "values": found(files, columns)}  # fmt: skip


def _onefold(folder: Path, night: date, known: Definitions, _: Sequence[Wish]) -> list[Path]:
    known = _definitions(folder)  # a night loads and checks its tags
    lake, key = _lake(known), TokenKey.from_secret("a secret of the benchmark, of no worth at all")
    compute_tags.run(Night(night, known, lake, key, progress_for("text", quiet=True)))
    return sorted((Path(lake.root) / CUSTOMER_TAGS.path).glob(f"business_date={night}/*.parquet"))


def _duckdb(folder: Path, night: date, known: Definitions, columns: Sequence[Wish]) -> list[Path]:
    """All columns in one query over the newest versions with their persons."""
    table, out = known.project.model.tables["events"], folder / "duckdb.parquet"
    clean = Path(known.project.lake_root) / table.contract.path
    periods = Path(known.project.lake_root) / ONE_IDS.path
    with duckdb.connect() as connection:
        connection.execute("set preserve_insertion_order = false")
        connection.execute(f"create view versions as from read_parquet('{clean}/*/*.parquet')")
        connection.execute(f"create view one_ids as from read_parquet('{periods}/*.parquet')")
        rows = by_person(table, "versions", "one_ids", night)
        connection.execute(f"create table rows as {rows}")
        listed = ", ".join(case_sql(wish, night) for wish in columns)
        connection.execute(
            f"copy (select {PERSON}, {listed} from rows group by {PERSON}) "
            f"to '{out}' (format parquet)"
        )
    return [out]


def _rows(
    events: int, told: Mapping[tuple[str, date], Told], before: Mapping[tuple[str, date], Told]
) -> list[list[str]]:
    rows = []
    for (way, night), one in told.items():
        peer, first = told["duckdb", night], told[way, NIGHTS[0]]
        if one["values"] != peer["values"]:
            sys.exit(f"onefold and duckdb found different values on {night}")
        grown = f"{one['seconds'] / before[way, night]['seconds']:.2f}" if before else ""
        rows.append([
            f"{events:,}", str(night), way, f"{one['seconds']:.1f}",
            f"{one['seconds'] / peer['seconds']:.2f}", f"{one['seconds'] / first['seconds']:.2f}",
            grown, f"{one['megabytes']:,}", f"{one['read']:,}",
        ])  # fmt: skip
    return rows


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in WAYS:
        way_, folder_, night_, tags_ = sys.argv[1:]
        one_ = run_way(way_, Path(folder_), date.fromisoformat(night_), int(tags_))
        sys.stdout.write(json.dumps(one_) + "\n")
    else:
        main(sys.argv[1:])
