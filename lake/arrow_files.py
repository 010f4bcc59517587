"""Tables on a local disk in this process: a version as rows of its engine, rows as one file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable

from lake.snapshots import Days, data_files, lacking, open_table
from model.contracts import TableContract
from model.ddl_types import arrow_schema, arrow_type
from model.duckdb_sql import ROW_GROUP
from model.engines import Rows
from model.local_engine import LocalEngine


def rows_here(
    engine: LocalEngine, path: str, contract: TableContract, version: int | None = None,
    days: Days | None = None,
) -> Rows:  # fmt: skip
    """The rows of a table at a version or the newest, of all slices or of the days meant, read when
    asked for; none where there is no table.

    A column that younger files brought is null in older ones, and one of the contract that none
    has brought is null.
    """
    table = open_table(path, version)
    if table is None:
        return engine.of(arrow_schema(contract.schema).empty_table())
    files = [file.place for file in data_files(path, table, days)]
    sliced_by = next(iter(table.metadata().partition_columns), None)
    return engine.of_table(files, whole_schema(table, contract), sliced_by)


def whole_schema(table: DeltaTable, contract: TableContract) -> pa.Schema:
    """The columns of a table, and behind them those that its contract has got since it was last
    written."""
    new = [pa.field(c.name, arrow_type(c.type)) for c in lacking(table, contract)]
    return pa.schema([*pa.schema(table.schema().to_arrow()), *new])


def in_order(rows: pa.Table, contract: TableContract) -> pa.Table:
    """The rows by their key, then by all that can be ordered: the same rows give the same bytes."""
    sortable = [f.name for f in rows.schema if not pa.types.is_nested(f.type)]
    keys = [name for name in contract.key if name in sortable]
    order = dict.fromkeys([*keys, *sortable])
    return rows.sort_by([(name, "ascending") for name in order]) if order else rows


def write_parquet(rows: pa.Table, file: Path, told: Sequence[str] | bool = True) -> int:
    """Writes the rows as Spark does: zstd, times in microseconds, no schema of Arrow's own; how
    many there are. In groups that readers share out among their threads. Only texts are coded by
    dictionaries: of numbers these take longer to make than they save. `told`: the columns whose
    smallest and largest values the file tells."""
    pq.write_table(
        rows.combine_chunks(), file, compression="zstd", coerce_timestamps="us", store_schema=False,
        row_group_size=ROW_GROUP, write_statistics=told,
        use_dictionary=[path for field in rows.schema for path in _texts(field.name, field.type)],
    )
    return rows.num_rows


def _texts(path: str, kind: pa.DataType) -> Iterator[str]:
    """Where in a column texts are, as Parquet names the places."""
    if pa.types.is_string(kind) or pa.types.is_binary(kind):
        yield path
    elif pa.types.is_list(kind):
        yield from _texts(f"{path}.list.element", kind.value_type)
    elif pa.types.is_map(kind):
        yield from _texts(f"{path}.key_value.key", kind.key_type)
        yield from _texts(f"{path}.key_value.value", kind.item_type)
    elif pa.types.is_struct(kind):
        for inner in kind:
            yield from _texts(f"{path}.{inner.name}", inner.type)
