"""Small log tables of zone ops, read and grown by delta-rs: rows at a time, without a Spark job."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from deltalake import CommitProperties, write_deltalake

from lake.snapshots import open_table, store_place, table_path
from model.contracts import TableContract

_ARROW_TYPES = {
    "string": pa.string(),
    "bigint": pa.int64(),
    "int": pa.int32(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "binary": pa.binary(),
}


def read_rows(root: str, contract: TableContract) -> list[dict[str, Any]]:
    """All rows of a small table as dictionaries; none where it does not exist."""
    table = open_table(table_path(root, contract))
    return [] if table is None else table.to_pyarrow_table().to_pylist()


def append_rows(
    root: str, contract: TableContract, rows: Sequence[tuple[object, ...]], stamp: dict[str, str]
) -> None:
    """Adds rows, in the contract's order of columns, in one commit that bears the stamp."""
    columns = contract.columns
    arrays = [
        pa.array([_entries(row[n]) for row in rows], arrow_type(column.type))
        for n, column in enumerate(columns)
    ]
    fields = [
        pa.field(column.name, array.type, metadata={"comment": column.comment})
        for column, array in zip(columns, arrays, strict=True)
    ]
    write_deltalake(
        store_place(table_path(root, contract)),
        pa.Table.from_arrays(arrays, schema=pa.schema(fields)),
        mode="append",
        commit_properties=CommitProperties(
            custom_metadata={"userMetadata": json.dumps(stamp, sort_keys=True)}
        ),
    )


def arrow_type(ddl: str) -> pa.DataType:
    """A Spark DDL type of a log table as an Arrow type: scalars, and maps of them."""
    nested = re.fullmatch(r"map<(\w+), *(\w+)>", ddl)
    return pa.map_(*map(arrow_type, nested.groups())) if nested else _ARROW_TYPES[ddl]


def _entries(value: object) -> object:
    # Arrow takes a map as pairs; sorted, so that the same map gives the same bytes.
    return sorted(value.items()) if isinstance(value, dict) else value
