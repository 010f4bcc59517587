"""What a Delta table is at a version, read from its log by delta-rs: no Spark, milliseconds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow.dataset as ds
import pyarrow.parquet as pq
from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError
from pyarrow import fs

from lake.files import file_system
from model.contracts import Column, TableContract

Days = Callable[[date], bool]  # which slices of a table are meant


@dataclass(frozen=True)
class DataFile:
    """One file of a version: where every reader finds it, its rows, the day of its slice."""

    place: str
    row_count: int
    day: date | None


def version_of(path: str) -> int | None:
    """The table's newest version; None where there is no table."""
    table = open_table(path)
    return None if table is None else int(table.version())


def versions(root: str, contracts: Iterable[TableContract]) -> dict[str, int]:
    """Newest versions by `zone.name`, of the tables that exist."""
    known = list(contracts)
    with ThreadPoolExecutor(8) as pool:
        found = pool.map(lambda contract: version_of(table_path(root, contract)), known)
        pairs = zip(known, found, strict=True)
        return {contract.full_name: version for contract, version in pairs if version is not None}


def table_path(root: str, contract: TableContract) -> str:
    """Where a table lies under the lake's root."""
    return f"{root.rstrip('/')}/{contract.path}"


def files_at(path: str, version: int) -> list[str]:
    """The data files that make up a version, sorted, by names that every reader finds."""
    table = open_table(path, version)
    return [] if table is None else [file.place for file in data_files(path, table)]


def data_files(path: str, table: DeltaTable, days: Days | None = None) -> list[DataFile]:
    """The data files of an opened table, of all its slices or of the days meant; by place."""
    actions = table.get_add_actions(flatten=True)
    by = table.metadata().partition_columns
    names = ["path", "num_records", *(f"partition.{name}" for name in by)]
    columns = (actions.column(name).to_pylist() for name in names)
    root = store_place(path).rstrip("/")
    files = [
        DataFile(f"{root}/{name}", count or 0, day[0] if day else None)
        for name, count, *day in zip(*columns, strict=True)
        if days is None or days(day[0])
    ]
    return sorted(files, key=lambda file: file.place)


def rows_of(
    path: str, table: DeltaTable, sliced_by: str | None = None, since: date | None = None
) -> list[dict[str, Any]]:
    """The rows of a small table as dictionaries, all or those of slices `since` a day.

    Read by Arrow's own file system: delta-rs' one calls Python from Arrow's threads, and a process
    that ends meanwhile is aborted.
    """
    native, place = file_system(path)
    rows: list[dict[str, Any]] = table.to_pyarrow_table(
        filesystem=fs.SubTreeFileSystem(place, native),
        filters=ds.field(sliced_by) >= since if sliced_by and since else None,
    ).to_pylist()
    return rows


def first_value(path: str, column: str) -> Any:
    """A value of a column in the table's oldest slice, of whose files the beginning of one is read;
    None where there is no row."""
    table = open_table(path)
    for file in [] if table is None else data_files(path, table):
        native, place = file_system(file.place)
        with native.open_input_file(place) as source:
            batches = pq.ParquetFile(source).iter_batches(batch_size=1, columns=[column])
            for batch in batches:
                return batch[column][0].as_py()
    return None


def row_count(path: str, days: Days | None = None) -> int | None:
    """Rows of the newest version, by its files' own account; None where there is no table."""
    table = open_table(path)
    return None if table is None else sum(f.row_count for f in data_files(path, table, days))


def open_table(path: str, version: int | None = None) -> DeltaTable | None:
    """The table at a version, or the newest; None where there is no table."""
    try:
        return DeltaTable(store_place(path), version=version)
    except TableNotFoundError:
        return None


def lacking(table: DeltaTable, contract: TableContract) -> tuple[Column, ...]:
    """The columns of a contract that a table does not have yet, as after a model was extended: its
    readers take them for null."""
    known = {field.name for field in table.schema().fields}
    return tuple(column for column in contract.columns if column.name not in known)


def store_place(path: str) -> str:
    """A place as delta-rs names it: Hadoop calls the store s3a, everyone else s3."""
    return path.replace("s3a://", "s3://", 1)
