"""Small log tables of zone ops, read and grown by delta-rs: rows at a time, without a Spark job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import pyarrow as pa
from deltalake import CommitProperties, write_deltalake
from pyarrow import fs

from lake.commits import CONFIGURATION, stamp_text
from lake.files import file_system
from lake.snapshots import open_table, rows_of, store_place, table_path
from model.contracts import TableContract
from model.ddl_types import arrow_schema, arrow_type

Records = Sequence[tuple[object, ...]]


def read_rows(
    root: str, contract: TableContract, since: date | None = None
) -> list[dict[str, Any]]:
    """The rows of a small table as dictionaries, all or those of slices `since` a day; none where
    it does not exist."""
    path = table_path(root, contract)
    table = open_table(path)
    return [] if table is None else rows_of(path, table, contract.sliced_by, since)


def read_rows_at(root: str, contract: TableContract, moment: datetime) -> list[dict[str, Any]]:
    """The rows of a small table as they were at a moment, by its commits' own account of when they
    were made; where its log no longer tells of that, as the oldest commit told of left them."""
    path = table_path(root, contract)
    table = open_table(path)
    if table is None:
        return []
    made = {commit["version"]: commit["timestamp"] for commit in table.history()}
    before = [version for version, at in made.items() if at <= moment.timestamp() * 1000]
    version = max(before, default=min(made))
    then = open_table(path, version) if before or version else None
    return [] if then is None else rows_of(path, then)


def append_records(
    root: str, contract: TableContract, records: Records, stamp: Mapping[str, str]
) -> None:
    """Adds records, in the contract's order of columns, in one commit that bears the stamp."""
    _write(root, contract, records, stamp, mode="append")


def replace_records(
    root: str, contract: TableContract, records: Records, stamp: Mapping[str, str], day: date
) -> None:
    """Makes records the slice of `day`, in one commit that bears the stamp."""
    exists = open_table(table_path(root, contract)) is not None
    where = f"{contract.sliced_by} = DATE '{day.isoformat()}'" if exists else None
    by = [contract.sliced_by] if contract.sliced_by else None
    _write(root, contract, records, stamp, mode="overwrite", predicate=where, partition_by=by)


def overwrite_records(
    root: str, contract: TableContract, records: Records, stamp: Mapping[str, str]
) -> None:
    """Makes records the whole table, in one commit that bears the stamp."""
    _write(root, contract, records, stamp, mode="overwrite")


def read_columns(root: str, contract: TableContract, names: Sequence[str]) -> pa.Table:
    """Some columns of a table, without Spark; no rows where it does not exist. By Arrow's own file
    system, as lake.snapshots.rows_of says why."""
    path = table_path(root, contract)
    table = open_table(path)
    if table is None:
        return arrow_schema(contract.schema).empty_table().select(names)
    native, place = file_system(path)
    rows = table.to_pyarrow_dataset(filesystem=fs.SubTreeFileSystem(place, native))
    return rows.to_table(columns=list(names))


def _write(
    root: str, contract: TableContract, records: Records, stamp: Mapping[str, str], **how: Any
) -> None:
    columns = contract.columns
    path = table_path(root, contract)
    told = {column.name: {"comment": column.comment} for column in columns} | _told_by(path)
    arrays = [
        pa.array([_entries(record[n]) for record in records], arrow_type(column.type))
        for n, column in enumerate(columns)
    ]
    fields = [
        pa.field(column.name, array.type, metadata=told[column.name])
        for column, array in zip(columns, arrays, strict=True)
    ]
    write_deltalake(
        store_place(path),
        pa.Table.from_arrays(arrays, schema=pa.schema(fields)),
        configuration=CONFIGURATION,
        # A lake of an earlier version gets the columns that its ledger lacks.
        schema_mode="merge",
        commit_properties=CommitProperties(custom_metadata={"userMetadata": stamp_text(stamp)}),
        **how,
    )


def _told_by(path: str) -> dict[str, dict[str, str]]:
    """What a table tells of the columns it has, as an older release may have worded it: delta-rs
    merges the same words only."""
    table = open_table(path)
    fields = [] if table is None else table.schema().fields
    return {
        field.name: {key: str(value) for key, value in field.metadata.items()} for field in fields
    }


def _entries(value: object) -> object:
    # Arrow takes a map as pairs; their order is the writer's.
    return list(value.items()) if isinstance(value, Mapping) else value
