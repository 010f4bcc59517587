"""Histories of which a night writes what changed: the rows of histories written whole."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import DataFrame, SparkSession

from identity.history import PartOfHistory, next_history, next_history_of_part
from lake.arrow_files import rows_here
from lake.snapshots import files_at, row_count
from lake.tables import Lake
from model.contracts import Column, TableContract
from model.ddl_types import arrow_schema
from model.engines import Engine, Part
from model.local_engine import LocalEngine
from model.mixed_engine import MixedEngine
from model.revisions import MOST_FILES, Revision
from tests.identity.worlds import night

STATE = "node_id bigint, kind string, tags array<string>"
THINGS = TableContract(
    "identity", "things",
    tuple(Column(*each.split()) for each in f"{STATE}, valid_from date, valid_to date".split(", ")),
    key=("node_id",), sliced_by=None,
)  # fmt: skip
Row = tuple[Any, ...]


class History:
    """A table of some hundred things, which nights change here and there; `fixed` columns are the
    same in all rows of a number, and it is said that they are. With `spark`, its engine reads it,
    for which `few` rows are few."""

    def __init__(
        self, folder: Path, seed: int, claims: bool = False, fixed: tuple[str, ...] = (),
        spark: SparkSession | None = None, few: int = 0,
    ) -> None:  # fmt: skip
        self.spark, self.few = spark, few
        self.lake = Lake(spark, str(folder), run_id="run")  # type: ignore[arg-type]  # maybe none
        self.place = self.lake.path(THINGS)
        self.claims, self.fixed = claims, fixed
        self.choice = random.Random(seed)
        self.state = {n: {self._thing(n) for _ in range(3)} for n in range(300)}
        self.whole(night(1))

    def _thing(self, number: int) -> Row:
        kinds = ["a", "b", None]
        kind = kinds[number % 3] if "kind" in self.fixed else self.choice.choice(kinds)
        return number, kind, self.choice.choice([None, (), ("x",), ("x", None)])

    def change(self) -> list[int]:
        """Other things of some numbers, and of a new one; which numbers."""
        some = [*self.choice.sample(range(300), 20), 300 + len(self.state)]
        for number in some:
            held = sorted(self.state.get(number, ()), key=repr)
            kept = {thing for thing in held if self.choice.random() < 0.7}
            self.state[number] = kept | {self._thing(number)}
        return some

    def whole(self, day: date) -> None:
        """Writes the history anew as of a night."""
        with LocalEngine(is_large=True) as engine:
            held = rows_here(engine, self.place, THINGS)
            now = engine.of(self._table(self.state))
            self.lake.overwrite(THINGS, engine.output(
                next_history(engine, held, now, day, self.claims)
            ))  # fmt: skip

    def part(self, numbers: list[int], day: date) -> Counter[Row]:
        """Revises it in what has one of the numbers; the rows that it would have if written whole,
        by how often."""
        with self._engine() as engine:
            held = self.lake.rows(engine, THINGS)
            values = engine.of(pa.table({"node_id": pa.array(numbers, pa.int64())}))
            now = engine.of(self._table(numbers))
            part = Part("node_id", values, fixed=self.fixed)
            read = PartOfHistory.read(engine, held, part)
            found = next_history_of_part(engine, read, now, day, self.claims)
            everything = engine.of(self._table(self.state))
            full = next_history(engine, held, everything, day, self.claims)
            expected = counted(engine.arrow(full))
            assert counted(engine.arrow(found)) == expected, "as rows of a step"
            written = engine.output(found)
            assert isinstance(written, Revision)
            self.lake.overwrite(THINGS, written)
        assert self.rows(self.version) == expected, "as written"
        return expected

    def _engine(self) -> Engine:
        return MixedEngine(self.spark, self.few) if self.spark else LocalEngine(is_large=True)

    def _table(self, numbers: Any) -> pa.Table:
        names = [part.split()[0] for part in STATE.split(", ")]
        things = [each for number in numbers for each in sorted(self.state[number], key=repr)]
        listed = [dict(zip(names, thing, strict=True)) for thing in things]
        return pa.Table.from_pylist(listed, arrow_schema(STATE))

    def files(self) -> list[str]:
        """Those of the newest version."""
        return files_at(self.place, self.version)

    @property
    def version(self) -> int:
        """The newest one."""
        return len(list(Path(self.place, "_delta_log").glob("*.json"))) - 1

    def rows(self, version: int) -> Counter[Row]:
        """Those of a version, as its files have them."""
        return sum((counted(pq.read_table(f)) for f in files_at(self.place, version)), Counter())


def counted(rows: pa.Table) -> Counter[Row]:
    return Counter(
        tuple(tuple(value) if isinstance(value, list) else value for value in row.values())
        for row in rows.select(list(THINGS.column_names)).to_pylist()
    )


@pytest.fixture(params=["closed for good", "claims", "fixed"])
def history(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[History]:
    is_fixed = request.param == "fixed"
    return History(
        tmp_path, seed=5, claims=request.param == "claims", fixed=("kind",) if is_fixed else ()
    )


def test_nights_leave_the_rows_of_a_history_written_whole(history: History) -> None:
    expected, counts = {history.version: history.rows(history.version)}, []
    for number in range(2, 13):
        rows = history.part(history.change(), night(number))
        expected[history.version] = rows
        assert row_count(history.place) == rows.total()
        counts.append(len(history.files()))
    assert counts == [2, 3, 4, 5, 6, 7, MOST_FILES, 1, 2, 3, 4]
    assert {version: history.rows(version) for version in expected} == expected, "earlier ones"


@pytest.mark.parametrize("few", [200, 30])  # all that changed, or of which numbers it is alone
def test_spark_revises_a_history_out_of_its_files(
    tmp_path: Path, spark: SparkSession, few: int
) -> None:
    history = History(tmp_path, seed=6, fixed=("kind",), spark=spark, few=few)
    for number in (2, 3):
        history.part(history.change(), night(number))
    assert len(history.files()) == 3


def test_of_more_than_are_few_spark_writes_a_history_whole(
    tmp_path: Path, spark: SparkSession
) -> None:
    history = History(tmp_path, seed=7, spark=spark)
    for number in range(300):
        history.state[number] = {history._thing(number)}
    with MixedEngine(spark, most_here=200) as engine:
        held = history.lake.rows(engine, THINGS)
        now = engine.of(history._table(range(300)))
        values = engine.rows("numbers", "select distinct node_id from now_rows", now_rows=now)
        part = PartOfHistory.read(engine, held, Part("node_id", values))
        found = next_history_of_part(engine, part, now, night(2))
        expected = counted(engine.arrow(next_history(engine, held, now, night(2))))
        written = engine.output(found)
        assert isinstance(written, DataFrame)
        history.lake.overwrite(THINGS, written)
    assert history.rows(history.version) == expected


def test_files_without_a_closed_row_are_the_same_ones_under_another_name(tmp_path: Path) -> None:
    history = History(tmp_path, seed=1)
    history.state[900] = {history._thing(900)}
    history.part([900], night(2))
    before = {Path(file).stat().st_ino for file in history.files()}
    history.state[900] = {(900, "other", ())}
    history.part([900], night(3))
    after = [Path(file).stat().st_ino for file in history.files()]
    assert [inode in before for inode in after] == [True, False, False]


def test_claims_of_a_night_are_opened_again(tmp_path: Path) -> None:
    """Night 2 is run after night 3, whose rows so become claims; then night 3 comes as it was."""
    history = History(tmp_path, seed=2, claims=True)
    before = dict(history.state)
    first = history.part(changed := history.change(), night(3))
    after, history.state = history.state, before
    history.whole(night(2))
    assert claims(history.rows(history.version))
    history.state = after
    assert history.part(changed, night(3)) == first
    assert len(history.files()) == 1, "no row is new"


def claims(rows: Counter[Row]) -> set[Row]:
    return {row for row in rows if row[3] == row[4]}


def test_a_part_in_which_rows_are_taken_back_is_written_whole(tmp_path: Path) -> None:
    history = History(tmp_path, seed=3)
    for kind, count in (("new", 2), ("newer", 1)):
        history.state[7] = {(7, kind, ())}
        history.part([7], night(2))
        assert len(history.files()) == count


def test_a_file_that_lacks_a_younger_column_is_written_whole(tmp_path: Path) -> None:
    history = History(tmp_path, seed=4)
    younger = TableContract(
        "identity", "things", (*THINGS.columns[:3], Column("note", "string"), *THINGS.columns[3:]),
        key=("node_id",), sliced_by=None,
    )  # fmt: skip
    with LocalEngine(is_large=True) as engine:
        held = rows_here(engine, history.place, younger)
        values = engine.of(pa.table({"node_id": [1]}))
        part = PartOfHistory.read(engine, held, Part("node_id", values))
        now = engine.rows("none", "select * from h where false", h=held)
        state = engine.rows("state", "select node_id, kind, tags, note from h", h=now)
        found = next_history_of_part(engine, part, state, night(2))
        history.lake.overwrite(younger, engine.output(found))
    (file,) = history.files()
    assert "note" in pq.read_schema(file).names
