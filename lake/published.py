"""The published night as readers see it: versions pinned; in Spark, or as Arrow reads the files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date

from pyarrow import fs
from pyspark.sql import DataFrame, SparkSession

from lake.arrow_files import rows_here, whole_schema
from lake.files import file_system, write_text
from lake.readers import by_person
from lake.snapshots import data_files, open_table, table_path
from lake.tables import Lake
from lake.views import PublishedNight, duckdb_source, duckdb_views, script, spark_views
from model.canonical import CanonicalTable
from model.contracts import TableContract
from model.ddl_types import arrow_schema
from model.engines import Engine, Rows
from model.fixed_tables import ONE_IDS
from model.local_engine import LocalEngine
from model.sql_text import date_literal


def write_views(
    root: str, night: PublishedNight, contracts: Iterable[TableContract],
    tables: Sequence[CanonicalTable],
) -> None:
    """Generates `views/spark.sql` and `views/duckdb.sql` for a published night."""
    known = list(contracts)
    header = f"Onefold, business date {night.business_date}, run {night.run_id}"
    write_text(root, "views/spark.sql", script(spark_views(root, night, known, tables), header))
    write_text(root, "views/duckdb.sql", script(duckdb_views(root, night, known, tables), header))


def register_views(
    spark: SparkSession, root: str, night: PublishedNight, contracts: Iterable[TableContract],
    tables: Sequence[CanonicalTable], statement: str = "",
) -> None:
    """Makes the night's views queryable in this session; unqualified names are those of `tags`.

    Only the views a statement names, where it names any: each one costs Spark a look at its table.
    """
    words = set(re.findall(r"\w+", statement.lower()))
    views = spark_views(root, night, contracts, tables)
    views = [view for view in views if view.name in words] or views
    for schema in sorted({view.schema for view in views}):
        spark.sql(f"create schema if not exists {schema}")
    for view in views:
        spark.sql(f"create or replace view {view.schema}.{view.name} as {view.select}")
    if any(view.schema == "tags" for view in views):
        spark.sql("use tags")


def person_rows(lake: Lake, table: CanonicalTable, business_date: date) -> DataFrame:
    """`by_person.<table>` inside the night's own run: the newest tables, read at D."""
    return lake.spark.sql(
        by_person(table, "{versions}", "{one_ids}", business_date),
        versions=lake.read(table.contract),
        one_ids=lake.read(ONE_IDS),
    )


def published_slice(
    engine: LocalEngine, root: str, night: PublishedNight, contract: TableContract, day: date
) -> Rows:
    """The rows of one date of a table as the night was published, of whose files no other is
    opened on a disk."""
    if "://" in root:
        rows = published_table(engine, root, night, contract)
        where = f"{contract.sliced_by} = {date_literal(day)}"
        return engine.rows(contract.name, f"select * from these where {where}", these=rows)
    version, path = night.versions.get(contract.full_name), table_path(root, contract)
    if version is None:
        return engine.of(arrow_schema(contract.schema).empty_table())
    return rows_here(engine, path, contract, version, lambda found: found == day)


def published_days(root: str, night: PublishedNight, contract: TableContract) -> list[date]:
    """The dates of which a table had rows as the night was published, sorted."""
    version, path = night.versions.get(contract.full_name), table_path(root, contract)
    table = None if version is None else open_table(path, version)
    files = [] if table is None else data_files(path, table)
    return sorted({file.day for file in files if file.day is not None})


def published_table(
    engine: Engine, root: str, night: PublishedNight, contract: TableContract
) -> Rows:
    """The rows of all dates of a table as the night was published, read without Spark when they are
    asked for; none where the night has none. Who asks applies the date (lake.readers).

    For an engine of this process: it reads the files of a disk itself, and skips what a question
    does not ask for; those of an object store come by Arrow.
    """
    if "://" not in root:
        source = duckdb_source(root, night, contract)
        return engine.rows(contract.name, f"select * from {source}")
    version, path = night.versions.get(contract.full_name), table_path(root, contract)
    table = None if version is None else open_table(path, version)
    if table is None:
        return engine.of(arrow_schema(contract.schema).empty_table())
    native, place = file_system(path)
    rows = table.to_pyarrow_dataset(filesystem=fs.SubTreeFileSystem(place, native))
    return engine.of(rows.replace_schema(whole_schema(table, contract)))
