"""What a Delta table is at a version, read from its log by delta-rs: no Spark, milliseconds."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError

from model.contracts import TableContract


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
    if table is None:
        return []
    # delta-rs percent-encodes the table's own folder (a blank, 客户), which is then no file's name.
    encoded = table.table_uri.removeprefix("file://")
    place = store_place(path).rstrip("/")
    return sorted(f"{place}/{uri.removeprefix(encoded)}" for uri in table.file_uris())


def rows_written(path: str) -> int | None:
    """Rows the newest commit wrote, by its own account; None where it does not say."""
    table = open_table(path)
    commits = table.history(1) if table is not None else []
    written = commits[0].get("operationMetrics", {}).get("numOutputRows") if commits else None
    return None if written is None else int(written)


def open_table(path: str, version: int | None = None) -> DeltaTable | None:
    """The table at a version, or the newest; None where there is no table."""
    try:
        return DeltaTable(store_place(path), version=version)
    except TableNotFoundError:
        return None


def store_place(path: str) -> str:
    """A place as delta-rs names it: Hadoop calls the store s3a, everyone else s3."""
    return path.replace("s3a://", "s3://", 1)
