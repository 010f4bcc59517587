"""Generated views of the last published night: `views/spark.sql` and `views/duckdb.sql`.

Both give every table at the versions of the published row and as readers of its date see it, and
`by_person.<table>` for every canonical table; `identity.one_id_redirects` tells where every number
ever given leads. Spark's views name versions; DuckDB's list files, so that they need no extension.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

from deltalake import DeltaTable

from lake.readers import by_person, published_rows
from lake.snapshots import data_files, lacking, open_table, table_path
from model.canonical import CanonicalTable
from model.contracts import TableContract
from model.ddl_types import parts
from model.duckdb_sql import parquet_literal
from model.fixed_tables import ONE_ID_EVENTS, ONE_IDS
from model.number_events import redirects

HIDDEN_ZONES = ("vault", "ops", "raw")  # read by path permission, or through the commands
_SCALARS = {"string": "varchar", "binary": "blob", "timestamp": "timestamptz", "int": "integer"}


@dataclass(frozen=True)
class PublishedNight:
    """One row of ops.published: what readers see."""

    business_date: date
    run_id: str
    versions: Mapping[str, int]


@dataclass(frozen=True)
class View:
    """One generated view: `schema.name` over a select."""

    schema: str
    name: str
    select: str


def spark_views(
    root: str, night: PublishedNight, contracts: Iterable[TableContract],
    tables: Sequence[CanonicalTable],
) -> list[View]:
    """The night's views in Spark SQL."""

    def source(contract: TableContract) -> str:
        version = night.versions.get(contract.full_name)
        if version is None:
            return f"({_no_rows(contract, spelt=str)})"
        path = table_path(root, contract)
        found = open_table(path, version)
        spelt = path.replace("`", "``")
        return _completed(f"delta.`{spelt}` version as of {version}", found, contract, str)

    return _views(night, contracts, tables, source)


def duckdb_views(
    root: str, night: PublishedNight, contracts: Iterable[TableContract],
    tables: Sequence[CanonicalTable],
) -> list[View]:
    """The night's views in DuckDB's SQL."""

    source = partial(duckdb_source, root, night)
    return _views(night, contracts, tables, source)


def duckdb_source(root: str, night: PublishedNight, contract: TableContract) -> str:
    """What DuckDB reads a table from as the night was published: its files, or no rows."""
    version = night.versions.get(contract.full_name)
    path = table_path(root, contract)
    found = None if version is None else open_table(path, version)
    files = [] if found is None else data_files(path, found)
    if not files:
        return f"({_no_rows(contract, spelt=duckdb_type)})"
    listed = ", ".join(parquet_literal(file.place) for file in files)
    rows = f"read_parquet([{listed}], hive_partitioning = true, union_by_name = true)"
    return _completed(rows, found, contract, duckdb_type)


def _views(
    night: PublishedNight, contracts: Iterable[TableContract], tables: Sequence[CanonicalTable],
    source: Callable[[TableContract], str],
) -> list[View]:
    canonical = {table.contract.full_name for table in tables}
    readable = [
        contract
        for contract in contracts
        if contract.zone not in HIDDEN_ZONES
        # No night has written a canonical table yet that no channel has fed: it has no rows.
        and (contract.full_name in night.versions or contract.full_name in canonical)
    ]
    day = night.business_date
    views = [View(c.zone, c.name, published_rows(c, source(c), day)) for c in readable]
    known = {contract.full_name for contract in readable}
    if ONE_IDS.full_name in known:
        one_ids = source(ONE_IDS)
        views += [
            View("by_person", table.name, by_person(table, source(table.contract), one_ids, day))
            for table in tables
            if table.contract.full_name in known
        ]
    if ONE_ID_EVENTS.full_name in known:
        views.append(View("identity", "one_id_redirects", redirects(source(ONE_ID_EVENTS), day)))
    return views


def script(views: Sequence[View], header: str) -> str:
    """The views as one SQL script, schemas first."""
    schemas = sorted({view.schema for view in views})
    lines = [f"-- {header}", *(f"create schema if not exists {schema};" for schema in schemas)]
    lines += [f"create or replace view {v.schema}.{v.name} as {v.select};" for v in views]
    return "\n".join(lines) + "\n"


def _no_rows(contract: TableContract, spelt: Callable[[str], str]) -> str:
    columns = (f"cast(null as {spelt(c.type)}) as {c.name}" for c in contract.columns)
    return f"select {', '.join(columns)} where false"


def _completed(
    rows: str, table: DeltaTable | None, contract: TableContract, spelt: Callable[[str], str]
) -> str:
    """A table's rows with the columns that its contract has got since it was last written."""
    new = () if table is None else lacking(table, contract)
    nulls = "".join(f", cast(null as {spelt(c.type)}) as {c.name}" for c in new)
    return f"(select *{nulls} from {rows})" if new else rows


def duckdb_type(ddl: str) -> str:
    """A Spark DDL type in DuckDB's words."""
    ddl = ddl.strip()
    nested = re.fullmatch(r"(array|map|struct)<(.*)>", ddl)
    if not nested:
        return _SCALARS.get(ddl, ddl)
    inner = [duckdb_type(part) for part in parts(nested[2])] if nested[1] != "struct" else []
    if nested[1] == "array":
        return f"{inner[0]}[]"
    if nested[1] == "map":
        return f"map({', '.join(inner)})"
    fields = (part.split(":", 1) for part in parts(nested[2]))
    return f"struct({', '.join(f'{name.strip()} {duckdb_type(kind)}' for name, kind in fields)})"
