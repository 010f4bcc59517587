"""Writes to tables on a local disk: Spark or Arrow writes Parquet, delta-rs commits it in one
transaction.

Spark's own Delta writer runs several jobs over the log around every commit, two seconds for a
slice of ten rows; a night writes some thirty. Elsewhere (object stores) it writes all the same.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, Schema
from deltalake.transaction import AddAction, create_table_with_add_actions
from pyspark.sql import DataFrame

from lake.arrow_files import in_order, write_parquet
from lake.snapshots import open_table
from model.contracts import TableContract
from model.engines import Output
from model.errors import OnefoldError

# Kept by every table: readers of all kinds, and a log that is read in few steps.
CONFIGURATION = {"delta.enableDeletionVectors": "false", "delta.checkpointInterval": "10"}
_MAY_BE_NULL = ("nullable", "containsNull", "valueContainsNull")
_WRITING = "_writing"  # readers pass over names that begin with an underscore


def commit_rows(
    path: str, contract: TableContract, rows: Output, stamp: Mapping[str, str],
    day: date | None = None,
) -> None:
    """Makes `rows` the slice of `day`, or the whole table where `day` is None, in one commit.

    New columns are added to the table; OnefoldError, before anything is written, where a column
    changed its type. A kill before the commit leaves files that no version names.
    """
    table = open_table(path)
    schema = merged_schema(contract, table, rows)
    slice_of = {} if day is None else {str(contract.sliced_by): day.isoformat()}
    name = _file_name(stamp, table)
    if isinstance(rows, pa.Table):
        rows = in_order(rows.drop_columns([*slice_of]), contract)
    elif isinstance(rows, DataFrame):
        rows = rows.drop(*slice_of)
    else:
        rows = rows.select(pa.schema([f for f in rows.schema if f.name not in slice_of]))
    adds = _written(rows, Path(path), slice_of, name)
    properties = CommitProperties(custom_metadata={"userMetadata": stamp_text(stamp)})
    by = [contract.sliced_by] if contract.sliced_by else []
    if table is None:
        create_table_with_add_actions(
            path, schema, adds, mode="error", partition_by=by, description=contract.comment,
            configuration=CONFIGURATION, commit_properties=properties,
        )  # fmt: skip
    else:
        table.create_write_transaction(
            [*adds], "overwrite", schema, partition_by=by, commit_properties=properties,
            partition_filters=[(name, "=", value) for name, value in slice_of.items()] or None,
        )  # fmt: skip


def stamp_text(stamp: Mapping[str, str]) -> str:
    """Which run wrote a commit and from what, as Spark's history shows it."""
    return json.dumps(dict(stamp), sort_keys=True)


def merged_schema(
    contract: TableContract, table: DeltaTable | None, rows: Output
) -> Schema:
    """The table's columns, then those that only `rows` have, each with its contract's titles."""
    comments = {column.name: column.comment for column in contract.columns}
    new = {f["name"]: _field(f, comments) for f in _fields(rows)}
    old_fields = json.loads(table.schema().to_json())["fields"] if table else []
    fields = {field["name"]: field for field in old_fields}
    for name, field in new.items():
        if name in fields and fields[name]["type"] != field["type"]:
            raise type_changed(contract, f"column {name}")
    return Schema.from_json(
        json.dumps({"type": "struct", "fields": list((fields | new).values())})
    )


def _fields(rows: Output) -> list[dict[str, Any]]:
    if isinstance(rows, DataFrame):
        return list(rows.schema.jsonValue()["fields"])
    schema: dict[str, Any] = json.loads(Schema.from_arrow(rows.schema).to_json())
    return list(schema["fields"])


def type_changed(contract: TableContract, what: str) -> OnefoldError:
    """The error of rows that a table cannot take."""
    return OnefoldError(
        f"{contract.full_name}: the new rows do not fit the table ({what}); a column "
        "changed its type: give the tag or column a new name, or remove the table"
    )


def _field(field: Mapping[str, Any], comments: Mapping[str, str]) -> dict[str, Any]:
    comment = comments.get(field["name"], "")
    metadata = {"comment": comment} if comment else {}
    return {**_nullable(field), "metadata": metadata}


def _nullable(part: Any) -> Any:
    """A piece of a schema in which everything may be missing, as Delta's tables hold it."""
    if not isinstance(part, Mapping):
        return part
    opened = {name: True for name in _MAY_BE_NULL if name in part}
    inner = {name: _nullable(value) for name, value in part.items() if name != "fields"}
    fields = {"fields": [_nullable(f) for f in part["fields"]]} if "fields" in part else {}
    return {**inner, **fields, **opened}


def _file_name(stamp: Mapping[str, str], table: DeltaTable | None) -> str:
    """A name no other version's file has: which run, and which version is to come."""
    return f"{0 if table is None else table.version() + 1:05d}-{stamp.get('run_id') or 'run'}"


def _written(
    rows: Output, table: Path, slice_of: Mapping[str, str], name: str
) -> list[AddAction]:
    """Writes the files into their final folder; nobody sees them before they are committed."""
    folder = table.joinpath(*(f"{column}={value}" for column, value in slice_of.items()))
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(rows, DataFrame):
        writing = table / _WRITING / name
        rows.write.mode("overwrite").parquet(str(writing))
        found = [_placed(file, folder) for file in sorted(writing.glob("part-*.parquet"))]
        shutil.rmtree(table / _WRITING)
    elif isinstance(rows, pa.Table):
        file = folder / f"part-{name}.parquet"
        found = [(file, write_parquet(rows, file))]
    else:
        found = rows.write(folder, f"part-{name}")
    return [_add(file, table, slice_of, count) for file, count in found if count]


def _placed(file: Path, folder: Path) -> tuple[Path, int]:
    # Spark's file names are unique by themselves.
    return file.rename(folder / file.name), pq.read_metadata(folder / file.name).num_rows


def _add(file: Path, table: Path, slice_of: Mapping[str, str], row_count: int) -> AddAction:
    """The row count is all the statistics: smallest and largest values would be people's."""
    stat = file.stat()
    return AddAction(
        file.relative_to(table).as_posix(), stat.st_size, dict(slice_of),
        int(stat.st_mtime * 1000), True, json.dumps({"numRecords": row_count}),
    )
