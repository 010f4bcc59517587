"""Tiles are, night after night, what reading the clean table and the map anew would give."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from jobs import tiles
from jobs.tiles import Tiles
from lake.log_tables import read_rows
from lake.readers import by_person, valid_at
from lake.tables import Lake
from model.contracts import TableContract
from model.ddl_types import arrow_schema
from model.fixed_tables import ONE_IDS
from model.local_engine import LocalEngine
from model.ops_tables import TILED
from tags.definitions import SourceTable
from tags.kernel.reading import Asked, People, ordered
from tags.kernel.tiles import TileRows
from tests.lake.test_readers import VISITS, march, version

FIRST, NIGHTS, KEYS, SIGHTINGS = 4, 9, 25, 9
COLUMNS = {"n": "integer", "group": "text", "end": "timestamp", "dataset": "text"}
SOURCE = SourceTable("visits", COLUMNS, "end", VISITS.key)  # type: ignore[arg-type]
Row = dict[str, Any]


def asked_until(
    night: date, *, columns: set[str] | None = None, first: date | None = None
) -> Asked:
    names = frozenset({"n", "group"} if columns is None else columns)
    return Asked(SOURCE, names, (), (), True, (first, night))


@dataclass
class World:
    """A lake with a clean table and a map, grown at random; `map` are who sightings are now."""

    root: Path
    chance: random.Random
    files: dict[str, list[Row]] = field(default_factory=dict)
    history: list[Row] = field(default_factory=list)

    def night_of(self, day: date) -> Any:
        return SimpleNamespace(business_date=day, lake=Lake(None, str(self.root)))  # type: ignore[arg-type]

    def grow(self, day: date) -> None:
        """A night's versions: new files, an earlier one again with other bytes; then the map."""
        rows = self._new_file(f"f{day}", day, 1)
        for path in self.chance.sample(sorted(self.files), min(len(self.files), 1)):
            if self.chance.random() < 0.3:
                rows += self._superseded(path, day)
        self.files[f"f{day}"] = rows
        self._write(VISITS.contract, rows, day)
        self._move(day)
        self.night_of(day).lake.overwrite(
            ONE_IDS, pa.Table.from_pylist(self.history, arrow_schema(ONE_IDS.schema))
        )

    def _write(self, contract: TableContract, rows: list[Row], day: date) -> None:
        table = pa.Table.from_pylist(rows, arrow_schema(contract.schema))
        self.night_of(day).lake.replace_slice(contract, table, day)

    def _new_file(self, path: str, day: date, generation: int) -> list[Row]:
        return [
            version(
                self.chance.randrange(1000), f"k{self.chance.randrange(KEYS)}",
                at=None if self.chance.random() < 0.1 else self.chance.randint(1, day.day + 3),
                arrived=day.day, generation=generation, file=path, line=line,
                deleted=self.chance.random() < 0.15, sighting=self.chance.randrange(SIGHTINGS),
            )
            for line in range(30 if day.day == FIRST else self.chance.randrange(9))
        ]  # fmt: skip

    def _superseded(self, path: str, day: date) -> list[Row]:
        """Another edition of a file; for what vanished from it a mark."""
        old = self.files[path]
        generation = max((row["generation"] for row in old), default=0) + 1
        rows = self._new_file(path, day, generation)
        gone = {row["group"] for row in old} - {row["group"] for row in rows}
        marks = [version(0, key, arrived=day.day, generation=generation, file=path, deleted=True)
                 for key in sorted(gone)]  # fmt: skip
        self.files[path] = rows
        return [*rows, *({**mark, "source_line": None} for mark in marks)]

    def _move(self, day: date) -> None:
        """Some sightings become other persons, some nobody, some by the day of their rows."""
        for sighting in range(SIGHTINGS):
            if day.day > FIRST and self.chance.random() < 0.8:
                continue
            for row in self.history:
                if row["node_id"] == sighting and row["valid_to"] is None:
                    row["valid_to"] = day
            self.history = [r for r in self.history if r["valid_from"] != r["valid_to"]]
            cut = march(self.chance.randint(2, 8))
            before = cut - timedelta(days=1)  # type: ignore[operator]
            whole, by_day = [(None, None)], [(None, before), (cut, None)]
            spans = self.chance.choice([[], whole, whole, by_day])
            for start, end in spans:
                self.history.append({
                    "node_id": sighting, "kind": "sighting", "one_id": self.chance.randint(1, 6),
                    "valid_from": day, "valid_to": None, "seen_from": start, "seen_to": end,
                })  # fmt: skip


def persons_at(engine: LocalEngine, world: World, day: date) -> pa.Array:
    sql = valid_at("one_ids", ONE_IDS.column_names, day)
    rows = engine.rows(
        "persons", f"select distinct one_id from ({sql}) v order by one_id",
        one_ids=world.night_of(day).lake.rows(engine, ONE_IDS),
    )  # fmt: skip
    return engine.arrow(rows)["one_id"].combine_chunks()


def expected(
    engine: LocalEngine, world: World, day: date, asked: Asked, ids: pa.Array
) -> list[Row]:
    """The rows of all persons, read and put in order anew."""
    lake = world.night_of(day).lake
    rows = engine.rows(
        "visits", by_person(VISITS, "versions", "one_ids", day),
        versions=lake.rows(engine, VISITS.contract, until=day), one_ids=lake.rows(engine, ONE_IDS),
    )  # fmt: skip
    people = engine.of(pa.table({"one_id": ids, "number": pa.array(range(len(ids)), pa.int64())}))
    return plain(ordered(engine, rows, people, asked).of(People(0, len(ids))))


def found(engine: LocalEngine, world: World, day: date, asked: Asked, ids: pa.Array) -> list[Row]:
    """The same of the tile, few persons at a time."""
    tile = Tiles(world.night_of(day), engine).of(VISITS, asked)
    assert tile is not None
    rows = TileRows(asked, tile, ids.to_numpy())
    parts = [rows.of(People(n, min(n + 2, len(ids)))) for n in range(0, len(ids), 2)]
    assert rows.count == tile.count - len(tile.removed) + len(tile.added)
    return [row for part in parts for row in plain(part)]


def plain(rows: pa.Table) -> list[Row]:
    return rows.select(sorted(rows.column_names)).to_pylist()


@pytest.fixture
def engine() -> Iterator[LocalEngine]:
    with LocalEngine() as one:
        one.learn()
        yield one


@pytest.fixture(autouse=True)
def small_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiles, "FEWEST", 0)
    monkeypatch.setattr(tiles, "MOST_CHANGED", 1e9)


@pytest.mark.parametrize("seed", range(12))
def test_every_night_of_a_random_world(engine: LocalEngine, tmp_path: Path, seed: int) -> None:
    world = World(tmp_path, random.Random(seed))
    days = [march(FIRST + n) for n in range(NIGHTS)]
    for day in days:
        assert day is not None
        world.grow(day)
        first = world.chance.choice([None, march(3)])
        for again in (day, *world.chance.sample([d for d in days if d and d <= day], 1)):
            assert again is not None
            asked, ids = asked_until(again, first=first), persons_at(engine, world, again)
            same = expected(engine, world, again, asked, ids)
            assert found(engine, world, again, asked, ids) == same
    assert {row["base_date"] for row in told(world)} == {march(FIRST)}, "one base for all nights"


def told(world: World) -> list[Row]:
    return read_rows(str(world.root), TILED)


def test_a_base_is_made_anew_only_where_it_must_be(
    engine: LocalEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path, random.Random(99))

    def base_date(day: date, columns: set[str] | None = None) -> date:
        asked, ids = asked_until(day, columns=columns), persons_at(engine, world, day)
        assert found(engine, world, day, asked, ids) == expected(engine, world, day, asked, ids)
        (row,) = [row for row in told(world) if row["business_date"] == day]
        base: date = row["base_date"]
        return base

    one, two, three, four = (date(2017, 3, day) for day in (4, 5, 6, 7))
    world.grow(one)
    world.grow(two)
    assert (base_date(one, {"n"}), base_date(two, {"n"})) == (one, one)
    assert base_date(two, {"n", "dataset"}) == two, "a column more"
    assert base_date(two, {"n"}) == two, "a column less is there all the same"
    world.grow(three)
    world.chance.seed(1)
    world._write(VISITS.contract, world._new_file("late", two, 1), two)
    assert base_date(three) == three, "an earlier slice was written again"
    world.grow(four)
    monkeypatch.setattr(tiles, "MOST_CHANGED", 0.0)
    assert base_date(four) == four, "too much has changed"


def test_a_run_killed_while_writing_leaves_no_tile(
    engine: LocalEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path, random.Random(7))
    one, two = date(2017, 3, 4), date(2017, 3, 5)
    world.grow(one)
    world.grow(two)
    asked, ids = asked_until(one), persons_at(engine, world, one)
    found(engine, world, one, asked, ids)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Lake, "replace_slice", killed)
        with pytest.raises(KeyboardInterrupt):
            found(engine, world, two, asked_until(two), persons_at(engine, world, two))
    assert [row["business_date"] for row in told(world)] == [one]
    asked, ids = asked_until(two), persons_at(engine, world, two)
    assert found(engine, world, two, asked, ids) == expected(engine, world, two, asked, ids)


def test_small_tables_have_none(
    engine: LocalEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, day = World(tmp_path, random.Random(3)), date(2017, 3, 4)
    world.grow(day)
    monkeypatch.setattr(tiles, "FEWEST", 10_000)
    assert Tiles(world.night_of(day), engine).of(VISITS, asked_until(day)) is None
    assert told(world) == []
