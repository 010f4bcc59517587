"""Nights of random clean rows, what the lake makes of them, and the same in plain Python."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pyarrow as pa

from ingestion.channels import Channel, Dataset
from ingestion.planning import PlannedFile
from ingestion.table_readings import with_readings
from ingestion.withdrawals import (
    as_sightings,
    changed_rows,
    gone_rows,
    sighting_changes,
    vanished_rows,
    withdrawn_sightings,
)
from lake.readers import current_rows, held_rows
from model.canonical import CanonicalTable
from model.ddl_types import arrow_schema
from model.engines import Engine
from model.fixed_tables import SIGHTINGS
from tests.ingestion.fixtures import NIGHT, the_model

Row = dict[str, Any]
Key = tuple[str, str]


@dataclass(frozen=True)
class Told:
    """One line of a file: an order as its file tells it."""

    order: str
    hour: int
    amount: int
    sighting: int | None
    is_deleted: bool = False


@dataclass
class File:
    """The bytes of a path, edition by edition."""

    path: str
    generation: int
    lines: list[Told]


@dataclass
class World:
    """A clean table and identity.sightings, grown night by night by the code under test."""

    channel: Channel
    dataset: Dataset
    table: CanonicalTable = field(init=False)
    clean: list[Row] = field(default_factory=list)
    sightings: list[Row] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.table = with_readings(the_model(), [self.channel]).tables["orders"]

    @property
    def is_whole(self) -> bool:
        return self.dataset.entry.arrives == "full"

    @property
    def is_counted_by_version(self) -> bool:
        return self.is_whole or self.dataset.entry.deleted is not None

    def take(self, engine: Engine, night: date, files: list[File]) -> None:
        """A night takes files; one run again forgets what it wrote before."""
        self.clean = [row for row in self.clean if row["arrived_date"] < night]
        self.sightings = [row for row in self.sightings if row["business_date"] < night]
        rows = [row for file in files for row in self._rows(file, night)]
        arrived = self._clean(engine, rows)
        versions = self._clean(engine, self.clean)
        seen = engine.of(self._seen(rows, night))
        earlier = engine.of(pa.Table.from_pylist(self.sightings, arrow_schema(SIGHTINGS.schema)))
        superseding = [
            PlannedFile(f.path, night, "", 1, f.generation, "superseded")
            for f in files if f.generation > 1
        ]  # fmt: skip
        if self.is_whole:
            sql = held_rows(self.table, "versions", night - timedelta(days=1))
            held = engine.kept(engine.rows("held", sql, versions=versions))
            parts = [
                changed_rows(engine, self.table, arrived, held),
                gone_rows(engine, self.table, self.dataset, arrived, None, held, night),
            ]
        else:
            parts = [arrived, vanished_rows(
                engine, self.table, self.dataset, arrived, versions, superseding, night
            )]  # fmt: skip
        new = [row for part in parts for row in engine.arrow(part).to_pylist()]
        if self.is_counted_by_version:
            changes = sighting_changes(
                engine, self.table, self._clean(engine, new), versions,
                {(self.dataset.channel, self.dataset.name)}, night,
            )  # fmt: skip
            told = [as_sightings(engine, [changes], [seen, earlier], night)]
        else:
            told = [seen, withdrawn_sightings(engine, self.dataset, earlier, superseding, night)]
        self.sightings += [row for part in told for row in engine.arrow(part).to_pylist()]
        self.clean += new

    def current(self, engine: Engine, night: date) -> dict[str, int]:
        """Amount by order, as readers see it."""
        sql = current_rows(self.table, "versions", night)
        rows = engine.arrow(engine.rows("now", sql, versions=self._clean(engine, self.clean)))
        found = {row["order_id"]: int(row["amount"]) for row in rows.to_pylist()}
        assert len(found) == rows.num_rows, "one row a key"
        return found

    def counts(self) -> Counter[int]:
        """Rows left by sighting."""
        total: Counter[int] = Counter()
        for row in self.sightings:
            total[row["sighting_id"]] += row["row_count"]
        return Counter({sighting: count for sighting, count in total.items() if count})

    def _clean(self, engine: Engine, rows: list[Row]) -> Any:
        return engine.of(pa.Table.from_pylist(rows, arrow_schema(self.table.contract.schema)))

    def _rows(self, file: File, night: date) -> Iterator[Row]:
        for line, told in _standing(file):
            yield {
                "channel": self.dataset.channel, "dataset": self.dataset.name,
                "sighting_id": told.sighting, "day": NIGHT, "arrived_date": night,
                "generation": file.generation, "source_file": file.path, "source_line": line,
                "is_deleted": told.is_deleted, "order_id": told.order,
                "paid_at": _at(told.hour), "amount": told.amount,
            }  # fmt: skip

    def _seen(self, rows: list[Row], night: date) -> pa.Table:
        counts = Counter(
            (row["sighting_id"], row["source_file"]) for row in rows
            if row["sighting_id"] is not None and not row["is_deleted"]
        )  # fmt: skip
        found = [
            {
                "business_date": night, "sighting_id": sighting,
                "identifiers": [{"kind": "phone", "scope": "global", "token": f"t{sighting}"}],
                "channel": self.dataset.channel, "dataset": self.dataset.name,
                "first_date": NIGHT, "last_date": NIGHT, "row_count": count, "source_file": path,
            }
            for (sighting, path), count in counts.items()
        ]  # fmt: skip
        return pa.Table.from_pylist(found, arrow_schema(SIGHTINGS.schema))


def _at(hour: int) -> datetime:
    return datetime(NIGHT.year, NIGHT.month, NIGHT.day, hour % 24, tzinfo=timezone.utc)


def _standing(file: File) -> list[tuple[int, Told]]:
    """One line per order, as ingestion leaves them: the newest by time, then by line."""
    best: dict[str, tuple[int, int]] = {}
    for line, told in enumerate(file.lines):
        best[told.order] = max((told.hour % 24, line), best.get(told.order, (-1, -1)))
    return sorted((line, file.lines[line]) for _, line in best.values())


def files_now(nights: list[list[File]]) -> list[tuple[int, File]]:
    """Every path's newest bytes, with the night that brought them."""
    newest = {file.path: (n, file) for n, files in enumerate(nights) for file in files}
    return sorted(newest.values(), key=lambda each: (each[0], each[1].path))


def expected(nights: list[list[File]]) -> tuple[dict[str, int], Counter[int]]:
    """Current amounts and sightings of files that arrive in parts, rule by rule.

    Bytes that their path no longer has never were. Of what is left, an order's versions stand in
    the order of time, night, generation, path and line; one that withdraws takes back all before.
    """
    versions: dict[str, list[tuple[Any, Told]]] = {}
    for n, file in files_now(nights):
        for line, told in _standing(file):
            place = (told.hour % 24, n, file.generation, file.path, line)
            versions.setdefault(told.order, []).append((place, told))
    current: dict[str, int] = {}
    sightings: Counter[int] = Counter()
    for order, found in versions.items():
        ordered = [told for _, told in sorted(found, key=lambda each: each[0])]
        last_gone = max((n for n, told in enumerate(ordered) if told.is_deleted), default=-1)
        if not ordered[-1].is_deleted:
            current[order] = ordered[-1].amount
        sightings.update(
            told.sighting for told in ordered[last_gone + 1 :] if told.sighting is not None
        )
    return current, sightings


def expected_of_states(states: list[list[Told]]) -> tuple[dict[str, int], Counter[int]]:
    """The same of whole states: the last one counts, and an order's changes since it came."""
    current: dict[str, Told] = {}
    said: dict[str, list[int]] = {}
    for state in states:
        told = {each.order: each for each in state}
        for order in [order for order in current if order not in told]:
            del current[order], said[order]
        for order, each in told.items():
            if current.get(order) != each:
                current[order] = each
                said.setdefault(order, []).extend([each.sighting] if each.sighting else [])
    amounts = {order: each.amount for order, each in current.items()}
    return amounts, Counter(one for sightings in said.values() for one in sightings)


def random_lines(chance: random.Random, orders: str, may_delete: bool) -> list[Told]:
    """Lines over a few orders, with many ties."""
    return [
        Told(
            chance.choice(orders), chance.randint(0, 3), chance.randint(1, 3),
            chance.choice([None, 1, 2, 3, 4]), may_delete and chance.random() < 0.25,
        )
        for _ in range(chance.randint(0, 6))
    ]  # fmt: skip


def random_nights(seed: int, may_delete: bool) -> list[list[File]]:
    """Nights of files, some of them new bytes of earlier paths."""
    chance = random.Random(seed)
    generations: Counter[str] = Counter()
    nights = []
    for n in range(5):
        paths = [f"{n}{name}" for name in "ab" if chance.random() < 0.8]
        paths += [path for path in sorted(generations) if chance.random() < 0.3]
        files = []
        for path in paths:
            generations[path] += 1
            files.append(File(path, generations[path], random_lines(chance, "PQRS", may_delete)))
        nights.append(files)
    return nights
