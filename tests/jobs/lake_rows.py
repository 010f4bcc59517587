"""What a lake holds, read without Onefold's own readers: rows by table, and hashes of them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable


def tables_of(lake: Path) -> dict[str, pa.Table]:
    """Every Delta table below the lake, by `zone.name`."""
    logs = sorted(lake.glob("*/*/_delta_log"))
    return {f"{log.parent.parent.name}.{log.parent.name}": rows_of(log.parent) for log in logs}


def rows_of(path: Path) -> pa.Table:
    """All rows of one table."""
    return DeltaTable(str(path)).to_pyarrow_table()


def hashes_of(lake: Path) -> dict[str, str]:
    """A hash of every table's rows, whatever their order and files; zone ops is left out."""
    return {
        name: _hash(table) for name, table in tables_of(lake).items() if not name.startswith("ops.")
    }


def _hash(table: pa.Table) -> str:
    names = sorted(table.column_names)
    rows = sorted(repr(tuple(row[name] for name in names)) for row in table.to_pylist())
    return hashlib.sha256("\n".join([",".join(names), *rows]).encode()).hexdigest()
