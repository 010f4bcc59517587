"""Tables on a local disk in this process: a version as an Arrow data set, rows as one Parquet file.

Arrow's own file system reads them: delta-rs' one calls Python from Arrow's threads, and a process
that ends meanwhile is aborted.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from deltalake import DeltaTable
from pyarrow import fs

from lake.snapshots import DataFile, Days, data_files
from model.contracts import TableContract


def data_set(path: str, table: DeltaTable, days: Days | None = None) -> ds.Dataset:
    """The rows of an opened table, of all slices or of the days meant, read when asked for.

    A column that younger files brought is null in older ones.
    """
    schema = pa.schema(table.schema().to_arrow())
    by = table.metadata().partition_columns
    parquet, disk = ds.ParquetFileFormat(), fs.LocalFileSystem()
    fragments = [
        parquet.make_fragment(file.place, disk, _same_in_all_rows(file, by))
        for file in data_files(path, table, days)
    ]
    return ds.FileSystemDataset(fragments, schema, parquet, disk)


def _same_in_all_rows(file: DataFile, by: list[str]) -> ds.Expression | None:
    return ds.field(by[0]) == pa.scalar(file.day, pa.date32()) if by else None


def in_order(rows: pa.Table, contract: TableContract) -> pa.Table:
    """The rows by their key, then by all that can be ordered: the same rows give the same bytes."""
    sortable = [f.name for f in rows.schema if not pa.types.is_nested(f.type)]
    keys = [name for name in contract.key if name in sortable]
    order = dict.fromkeys([*keys, *sortable])
    return rows.sort_by([(name, "ascending") for name in order]) if order else rows


def write_parquet(rows: pa.Table, file: Path) -> int:
    """Writes the rows as Spark does: zstd, times in microseconds, no schema of Arrow's own; how
    many there are."""
    pq.write_table(
        rows.combine_chunks(), file, compression="zstd", coerce_timestamps="us", store_schema=False
    )
    return rows.num_rows
