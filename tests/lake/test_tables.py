"""Writes replace what they name and nothing else, and every reader can read what they wrote."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from lake.log_tables import read_rows
from lake.snapshots import table_path
from lake.tables import Lake
from model.contracts import TableContract, columns
from model.ddl_types import arrow_schema
from model.engines import SparkEngine
from model.errors import OnefoldError
from model.local_engine import LocalEngine
from model.mixed_engine import MixedEngine
from model.task_files import Parts, TaskFiles

D1, D2 = date(2017, 3, 1), date(2017, 3, 2)
TOTALS = TableContract(
    "tags", "totals",
    columns("business_date date | 业务日 | Night", "n bigint | 数 | Number"),
    ("n",), "business_date", is_open=True,
)  # fmt: skip
PERSONS = TableContract(
    "identity", "persons",
    columns("one_id bigint | 客户号 | Person", "names array<string> | 姓名 | Names"),
    ("one_id",), None,
)  # fmt: skip
NOTES = TableContract("ops", "notes", columns("text string | 文 | Text"), ("text",), None)


def as_written(lake: Lake, contract: TableContract) -> DeltaTable:
    return DeltaTable(table_path(lake.root, contract))


def rows(lake: Lake, contract: TableContract, at: int | None = None) -> list[tuple[object, ...]]:
    """The table's rows at a version, sorted."""
    return sorted((tuple(row) for row in lake.read(contract, at).collect()), key=repr)


def as_tuples(table: pa.Table) -> list[tuple[object, ...]]:
    """The rows of an Arrow table, sorted."""
    return sorted((tuple(row.values()) for row in table.to_pylist()), key=repr)


def rows_here(lake: Lake, contract: TableContract, until: date | None = None) -> pa.Table:
    """The table as an engine of this process reads it."""
    with LocalEngine() as engine:
        return engine.arrow(lake.rows(engine, contract, until))


class SparkLake(Lake):
    """A lake that is written and read as one on an object store."""

    is_local = False  # type: ignore[assignment]


class ArrowLake(Lake):
    """A lake whose rows were made in this process."""

    def replace_slice(self, contract: TableContract, rows: Any, day: date) -> None:
        super().replace_slice(contract, rows.toArrow(), day)

    def overwrite(self, contract: TableContract, rows: Any) -> None:
        super().overwrite(contract, rows.toArrow())


class ArrowSparkLake(ArrowLake, SparkLake):
    """Such rows in a lake on an object store."""


@pytest.fixture(scope="module", params=[Lake, SparkLake, ArrowLake, ArrowSparkLake])
def lake(
    request: pytest.FixtureRequest, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory
) -> Lake:
    """Three writes of `totals`: night 1, night 2 with a new column, night 1 again by another run.

    `persons` is written twice; each test that writes has a table of its own.
    """
    root = str(tmp_path_factory.mktemp("my lake 客户"))
    first = request.param(spark, root, "run-1", "inputs-1")
    second = request.param(spark, root, "run-2", "inputs-2")
    night_1 = spark.createDataFrame([(D1, 1), (D1, 2)], TOTALS.schema)
    night_2 = spark.createDataFrame([(D2, 3, 9.5)], f"{TOTALS.schema}, spent double")
    again = spark.createDataFrame([(4, D1)], "n bigint, business_date date")
    first.replace_slice(TOTALS, night_1.coalesce(1), D1)
    first.replace_slice(TOTALS, night_2.coalesce(1), D2)
    second.replace_slice(TOTALS, again.coalesce(1), D1)
    for one_id in (41, 42):
        persons = spark.createDataFrame([("x", one_id, ["a"])], f"extra string, {PERSONS.schema}")
        first.overwrite(PERSONS, persons.coalesce(1))
    return first  # type: ignore[no-any-return]


def test_a_slice_is_replaced_and_the_others_stay(lake: Lake) -> None:
    assert rows(lake, TOTALS, at=0) == [(D1, 1), (D1, 2)]
    assert rows(lake, TOTALS) == [(D1, 4, None), (D2, 3, 9.5)]


def test_a_new_column_is_null_in_the_slices_that_were_there(lake: Lake) -> None:
    assert rows(lake, TOTALS, at=1) == [(D1, 1, None), (D1, 2, None), (D2, 3, 9.5)]


def test_a_column_that_the_contract_has_got_since_is_null(lake: Lake) -> None:
    new = columns("spent double | 花 | Spent", "notes array<string> | 文 | Notes")
    grown = replace(TOTALS, columns=(*TOTALS.columns, *new))
    assert rows(lake, grown, at=0) == [(D1, 1, None, None), (D1, 2, None, None)]
    assert rows(lake, grown) == [(D1, 4, None, None), (D2, 3, 9.5, None)]
    told = as_tuples(rows_here(lake, grown).select(grown.column_names))
    assert told == [(D1, 4, None, None), (D2, 3, 9.5, None)]


def test_a_slice_that_is_removed_stays_in_earlier_versions(lake: Lake) -> None:
    brief = replace(TOTALS, name="brief")
    for day, number in ((D1, 1), (D2, 2)):
        one = lake.spark.createDataFrame([(day, number)], TOTALS.schema)
        lake.replace_slice(brief, one.coalesce(1), day)
    lake.remove_slices(brief, [D1])
    assert (rows(lake, brief), lake.days_of(brief)) == ([(D2, 2)], [D2])
    assert rows(lake, brief, at=1) == [(D1, 1), (D2, 2)]


def test_slices_are_read_alone_or_up_to_a_day(lake: Lake) -> None:
    read = {
        "slice 2": lake.read_slice(TOTALS, D2), "until 1": lake.read_until(TOTALS, D1),
        "until 2": lake.read_until(TOTALS, D2),
    }  # fmt: skip
    found = {name: sorted(row.n for row in frame.collect()) for name, frame in read.items()}
    assert found == {"slice 2": [3], "until 1": [4], "until 2": [3, 4]}


def test_either_engine_reads_all_slices_or_up_to_a_day(lake: Lake) -> None:
    for engine in (LocalEngine(lake.spark), SparkEngine(lake.spark), MixedEngine(lake.spark)):
        with engine:
            every, until_1 = lake.rows(engine, TOTALS), lake.rows(engine, TOTALS, until=D1)
            found = [as_tuples(engine.arrow(rows)) for rows in (every, until_1)]
            assert every.columns == ["business_date", "n", "spent"]
        assert found == [[(D1, 4, None), (D2, 3, 9.5)], [(D1, 4, None)]]


def test_a_changed_type_is_refused_by_the_tables_name_and_changes_nothing(lake: Lake) -> None:
    changed = lake.spark.createDataFrame([(D2, 3, "much")], f"{TOTALS.schema}, spent string")
    with pytest.raises(OnefoldError, match=r"^tags\.totals: .* a column changed its type"):
        lake.replace_slice(TOTALS, changed, D2)
    assert as_written(lake, TOTALS).version() == 2


def test_a_history_is_written_whole_with_the_contracts_columns_only(lake: Lake) -> None:
    assert rows(lake, PERSONS) == [(42, ["a"])]
    assert lake.read(PERSONS).columns == ["one_id", "names"]


def test_a_history_has_no_slices(lake: Lake) -> None:
    with pytest.raises(OnefoldError, match=r"identity\.persons is a history"):
        lake.read_slice(PERSONS, D1)


def test_restore_puts_a_table_back_as_it_was(lake: Lake) -> None:
    lake.restore(PERSONS, 0)
    assert rows(lake, PERSONS) == [(41, ["a"])]


def test_the_ledger_grows_by_its_records(lake: Lake) -> None:
    lake.append(NOTES, [("one",)])
    lake.append(NOTES, [("two",), ("three",)])
    texts = [row["text"] for row in read_rows(lake.root, NOTES)]
    assert sorted(texts) == ["one", "three", "two"]


def test_a_table_that_was_never_written_reads_as_no_rows_of_its_schema(lake: Lake) -> None:
    missing = TableContract("identity", "missing", PERSONS.columns, ("one_id",), None)
    assert not lake.exists(missing)
    assert lake.exists(PERSONS)
    assert rows(lake, missing) == []
    types = {field.name: field.dataType.simpleString() for field in lake.read(missing).schema}
    assert types == {"one_id": "bigint", "names": "array<string>"}


def test_titles_are_stored_as_column_comments(lake: Lake) -> None:
    fields = as_written(lake, TOTALS).schema().fields
    comments = {field.name: field.metadata.get("comment") for field in fields}
    assert comments == {"business_date": "业务日 · Night", "n": "数 · Number", "spent": None}


def test_every_commit_tells_which_run_wrote_it_and_from_what(lake: Lake) -> None:
    stamps = [json.loads(commit["userMetadata"]) for commit in as_written(lake, TOTALS).history()]
    assert stamps == [
        {"run_id": "run-2", "inputs_hash": "inputs-2"},
        {"run_id": "run-1", "inputs_hash": "inputs-1"},
        {"run_id": "run-1", "inputs_hash": "inputs-1"},
    ]


@pytest.mark.parametrize("contract", [TOTALS, PERSONS])
def test_tables_stay_readable_by_everyone(lake: Lake, contract: TableContract) -> None:
    table = as_written(lake, contract)
    assert table.protocol().min_reader_version == 1
    assert not table.protocol().reader_features
    assert table.metadata().configuration.get("delta.enableDeletionVectors") == "false"


def test_a_table_is_partitioned_by_the_day_of_its_slices(lake: Lake) -> None:
    assert as_written(lake, TOTALS).metadata().partition_columns == ["business_date"]
    assert as_written(lake, PERSONS).metadata().partition_columns == []


def test_the_log_tells_counts_and_no_values(lake: Lake) -> None:
    log = Path(table_path(lake.root, TOTALS)) / "_delta_log"
    for commit in log.glob("*.json"):
        actions = [json.loads(line) for line in commit.read_text(encoding="utf-8").splitlines()]
        stats = [json.loads(action["add"]["stats"]) for action in actions if "add" in action]
        for told in stats:
            assert told["numRecords"] > 0
            assert not {**told.get("minValues", {}), **told.get("maxValues", {})}


def test_days_and_rows_are_known_without_a_job(lake: Lake) -> None:
    assert lake.days_of(TOTALS) == [D1, D2]
    assert [lake.row_count(TOTALS, day) for day in (D1, D2, date(2017, 3, 9))] == [1, 1, 0]
    assert [lake.row_count_until(TOTALS, day) for day in (date(2017, 2, 1), D1, D2)] == [0, 1, 2]


def test_records_of_the_driver_replace_a_slice_without_spark(scratch: Path) -> None:
    lake = Lake(None, str(scratch), "run-1")  # type: ignore[arg-type]
    lake.replace_records(TOTALS, [(D1, 1), (D1, 2)], D1)
    lake.replace_records(TOTALS, [(D2, 3)], D2)
    lake.replace_records(TOTALS, [(D1, 4)], D1)
    found = sorted(tuple(row.values()) for row in read_rows(lake.root, TOTALS))
    assert found == [(D1, 4), (D2, 3)]


PERSON_ROWS = {"one_id": [2, 1, 3, None], "names": [["b"], [], None, ["a", "c"]]}


def test_arrow_rows_are_written_and_read_without_spark(scratch: Path) -> None:
    lake = Lake(None, str(scratch), "run-1")  # type: ignore[arg-type]
    assert rows_here(lake, PERSONS).num_rows == 0
    assert rows_here(lake, PERSONS).schema.types == [pa.int64(), pa.list_(pa.string())]
    lake.overwrite(PERSONS, pa.table(PERSON_ROWS).append_column("extra", pa.array([1, 2, 3, 4])))
    first = pa.table({"business_date": [D1], "n": [1]})
    lake.replace_slice(TOTALS, first, D1)
    lake.replace_slice(TOTALS, pa.table({"business_date": [D2], "n": [2], "x": ["new"]}), D2)
    assert as_tuples(rows_here(lake, TOTALS)) == [(D1, 1, None), (D2, 2, "new")]
    lake.replace_slice(TOTALS, first.slice(1), D1)
    expected = [(1, []), (2, ["b"]), (3, None), (None, ["a", "c"])]
    assert as_tuples(rows_here(lake, PERSONS)) == sorted(expected, key=repr)
    assert as_tuples(rows_here(lake, TOTALS)) == [(D2, 2, "new")]
    assert rows_here(lake, TOTALS, until=D1).num_rows == 0


def test_a_folder_is_read_whatever_its_name_means_elsewhere(scratch: Path) -> None:
    # A pattern, which the second lake's name fits, and what other readers take for a column.
    for n, name in enumerate(("one_id=5 [a]*", "one_id=5 ax")):
        lake = Lake(None, str(scratch / name), "run-1")  # type: ignore[arg-type]
        lake.overwrite(PERSONS, pa.table({"one_id": [n], "names": [["it's"]]}))
        lake.replace_slice(TOTALS, pa.table({"business_date": [D1], "n": [n]}), D1)
    for n, name in enumerate(("one_id=5 [a]*", "one_id=5 ax")):
        lake = Lake(None, str(scratch / name), "run-1")  # type: ignore[arg-type]
        assert as_tuples(rows_here(lake, PERSONS)) == [(n, ["it's"])]
        assert as_tuples(rows_here(lake, TOTALS)) == [(D1, n)]


def test_the_same_rows_in_any_order_are_the_same_bytes(scratch: Path) -> None:
    rows = pa.table(PERSON_ROWS)
    contents = []
    for order in ([0, 1, 2, 3], [3, 1, 0, 2]):
        lake = Lake(None, str(scratch / str(order)), "run-1")  # type: ignore[arg-type]
        lake.overwrite(PERSONS, rows.take(order))
        lake.overwrite(PERSONS, rows.take(order))
        files = sorted(Path(lake.path(PERSONS)).glob("*.parquet"))
        assert len(files) == 2, "each version has a file of its own"
        contents += [file.read_bytes() for file in files]
    assert len(set(contents)) == 1
    metadata = pq.read_metadata(files[0])
    assert metadata.row_group(0).column(0).compression == "ZSTD"


def test_rows_that_do_not_fit_the_contract_are_refused_without_their_values(scratch: Path) -> None:
    lake = Lake(None, str(scratch), "run-1")  # type: ignore[arg-type]
    with pytest.raises(OnefoldError, match=r"identity\.persons: .* changed its type") as told:
        lake.overwrite(PERSONS, pa.table({"one_id": ["secret"], "names": [["a"]]}))
    assert "secret" not in str(told.value)


EVERYTHING = TableContract(
    "clean", "everything",
    columns(
        "arrived_date date | 日 | Day", "n bigint | 数 | Number", "place int | 位 | Place",
        "amount decimal(18,2) | 额 | Amount", "at timestamp | 时 | Time", "on date | 日 | Day",
        "text string | 文 | Text", "sealed binary | 封 | Sealed", "is_new boolean | 新 | New",
        "share double | 份 | Share", "names array<string> | 名 | Names",
    ),
    ("n",), "arrived_date",
)  # fmt: skip
EVERY_ROW = pa.table(
    {
        "arrived_date": [D1, D1], "n": [1, None], "place": [7, None],
        "amount": [Decimal("1.50"), None], "at": [datetime(2017, 3, 1, tzinfo=timezone.utc), None],
        "on": [D2, None], "text": ["a'b", None], "sealed": [b"\x00", None], "is_new": [True, None],
        "share": [0.5, None], "names": [["x"], None],
    },
    arrow_schema(EVERYTHING.schema),
)


def test_rows_too_many_for_memory_are_written_as_they_are(scratch: Path) -> None:
    lake = Lake(None, str(scratch), "run-1")  # type: ignore[arg-type]
    with LocalEngine(is_large=True) as engine:
        given = engine.of(EVERY_ROW)
        # Of another type and in another order than the contract's, as steps may leave them.
        sql = "select names, cast(place as bigint) as place, * exclude (names, place) from given"
        loose = engine.rows("loose", sql, given=given)
        lake.replace_slice(EVERYTHING, engine.output(loose), D1)
        lake.replace_slice(EVERYTHING, engine.output(loose), D1)
    found = rows_here(lake, EVERYTHING).select(EVERY_ROW.column_names)
    assert as_tuples(found) == as_tuples(EVERY_ROW)
    assert lake.row_count(EVERYTHING, D1) == 2


def test_files_of_tasks_become_the_slice_without_being_written_again(scratch: Path) -> None:
    lake = Lake(None, str(scratch / "lake"), "run-1")  # type: ignore[arg-type]
    for run in range(2):
        files = [scratch / f"{run}-{n}.parquet" for n in range(3)]
        own = EVERY_ROW.drop_columns(["arrived_date"])
        for file, rows_of_file in zip(files, (own.slice(1), own.slice(0, 1), own.slice(2)),
                                      strict=True):  # fmt: skip
            pq.write_table(rows_of_file, file)
        made = TaskFiles(
            None, files[:run], EVERY_ROW.schema, {"arrived_date": D1}  # type: ignore[arg-type]
        )
        others = replace(made, files=files[run:])
        lake.replace_slice(EVERYTHING, Parts([made, others]), D1)
        assert all(file.exists() for file in files), "others may still read them"
    assert as_tuples(rows_here(lake, EVERYTHING)) == as_tuples(EVERY_ROW)
    assert len(as_written(lake, EVERYTHING).file_uris()) == 2, "no file without rows"
