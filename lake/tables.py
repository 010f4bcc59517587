"""Delta tables of one lake, and the only way to write them: a slice, a whole history, a restore."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa
from deltalake import CommitProperties
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lake.arrow_files import rows_here
from lake.commits import commit_rows, stamp_text, type_changed
from lake.log_tables import append_records, overwrite_records, replace_records
from lake.scans import no_rows, scan
from lake.snapshots import (
    Days,
    data_files,
    lacking,
    open_table,
    row_count,
    store_place,
    version_of,
)
from lake.spark_commits import by_spark
from model.arrow_frames import frame_of
from model.contracts import TableContract
from model.ddl_types import arrow_schema
from model.engines import Engine, Output, Rows
from model.errors import OnefoldError
from model.local_engine import LocalEngine
from model.mixed_engine import MixedEngine


@dataclass(frozen=True)
class Lake:
    """The tables under `root`, written on behalf of one run.

    `run_id` and `inputs_hash` go into every commit's userMetadata, so that Delta's own history
    tells which run wrote a slice and from what.
    """

    spark: SparkSession
    root: str
    run_id: str = ""
    inputs_hash: str = ""

    def path(self, contract: TableContract) -> str:
        """Where the table lies."""
        return f"{self.root.rstrip('/')}/{contract.path}"

    def exists(self, contract: TableContract) -> bool:
        """Whether the table has been written yet."""
        return version_of(self.path(contract)) is not None

    def read(self, contract: TableContract, version: int | None = None) -> DataFrame:
        """The table's rows, now or at a Delta version; an empty frame where it does not exist."""
        return self._read(contract, version)

    def read_slice(self, contract: TableContract, day: date) -> DataFrame:
        """The rows of one date's slice."""
        column = _sliced_by(contract)
        rows = self._read(contract, days=lambda found: found == day)
        return rows.where(F.col(column) == F.lit(day))

    def read_until(self, contract: TableContract, day: date) -> DataFrame:
        """The rows of all slices up to and with `day`."""
        column = _sliced_by(contract)
        rows = self._read(contract, days=_up_to(day))
        return rows.where(F.col(column) <= F.lit(day))

    def rows(self, engine: Engine, contract: TableContract, until: date | None = None) -> Rows:
        """An engine's rows of the table, of all slices or of those up to and with `until`.

        An engine of this process reads a local lake without Spark.
        """
        if isinstance(engine, LocalEngine) and self.is_local:
            days = None if until is None else _up_to(until)
            return rows_here(engine, self.path(contract), contract, days=days)
        if until is not None:
            return engine.of(self.read_until(contract, until))
        if isinstance(engine, MixedEngine) and self.is_local:
            here = rows_here(engine.here, self.path(contract), contract)
            return engine.of_table(self.read(contract), here)
        return engine.of(self.read(contract))

    def days_of(self, contract: TableContract) -> list[date]:
        """The days that have a slice with rows, sorted."""
        table = open_table(self.path(contract))
        files = [] if table is None else data_files(self.path(contract), table)
        return sorted({file.day for file in files if file.day is not None})

    def files(self, contract: TableContract, day: date | None = None) -> list[Path]:
        """The files of a table on a local disk as it stands, all or those of the slice of `day`."""
        table = open_table(self.path(contract))
        days = None if day is None else (lambda found: found == day)
        files = [] if table is None else data_files(self.path(contract), table, days)
        return [Path(file.place) for file in files]

    def files_until(self, contract: TableContract, day: date) -> list[str]:
        """The files of all slices up to and with `day`, by their names within the table, sorted: no
        two contents ever share one."""
        path = self.path(contract)
        table = open_table(path)
        files = [] if table is None else data_files(path, table, _up_to(day))
        return [file.place.removeprefix(store_place(path)) for file in files]

    def row_count(self, contract: TableContract, day: date) -> int | None:
        """Rows of the slice of `day`, or of a history as it stands; None where there is none."""
        is_sliced = contract.sliced_by is not None
        return row_count(self.path(contract), (lambda found: found == day) if is_sliced else None)

    def row_count_until(self, contract: TableContract, day: date) -> int:
        """Rows of all slices up to and with `day`, without reading one."""
        return row_count(self.path(contract), _up_to(day)) or 0

    def replace_slice(
        self, contract: TableContract, rows: Output, day: date
    ) -> None:
        """Makes `rows` the whole slice of `day`, in one commit; the other slices stay."""
        column = _sliced_by(contract)
        if self.is_local:
            commit_rows(self.path(contract), contract, self._own(contract, rows), self._stamp, day)
            return
        where = f"{column} = DATE '{day.isoformat()}'"
        self._by_spark(contract, rows, where)

    def overwrite(self, contract: TableContract, rows: Output) -> None:
        """Makes `rows` the whole table, in one commit."""
        if self.is_local:
            commit_rows(self.path(contract), contract, self._own(contract, rows), self._stamp)
        else:
            self._by_spark(contract, rows)

    def append(self, contract: TableContract, records: Sequence[tuple[object, ...]]) -> None:
        """Adds records of the ledger; only tables of zone ops grow this way."""
        append_records(self.root, contract, records, self._stamp)

    def replace_records(
        self, contract: TableContract, records: Sequence[tuple[object, ...]], day: date
    ) -> None:
        """Makes the driver's own records (files, definitions) the slice of `day`: no Spark job."""
        replace_records(self.root, contract, records, self._stamp, day)

    def overwrite_records(
        self, contract: TableContract, records: Sequence[tuple[object, ...]]
    ) -> None:
        """Makes records of the ledger the whole of a small table."""
        overwrite_records(self.root, contract, records, self._stamp)

    def remove_slices(self, contract: TableContract, days: Sequence[date]) -> None:
        """Takes the slices of some days out of the table, in one commit; earlier versions, and
        whoever reads them, have them still."""
        listed = ", ".join(f"'{day.isoformat()}'" for day in days)
        table = open_table(self.path(contract))
        if table is not None and days:
            properties = CommitProperties(custom_metadata={"userMetadata": stamp_text(self._stamp)})
            table.delete(f"{_sliced_by(contract)} in ({listed})", commit_properties=properties)

    def restore(self, contract: TableContract, version: int) -> None:
        """Puts the table back as it was at a version."""
        table = open_table(self.path(contract))
        if table is not None and table.version() != version:  # delta-rs refuses to do nothing
            table.restore(version)

    @property
    def is_local(self) -> bool:
        """Whether the lake lies on a disk, where files are committed without Spark."""
        return "://" not in self.root

    @property
    def _stamp(self) -> dict[str, str]:
        return {"run_id": self.run_id, "inputs_hash": self.inputs_hash}

    def _read(
        self, contract: TableContract, version: int | None = None, days: Days | None = None
    ) -> DataFrame:
        path = self.path(contract)
        table = open_table(path, version)
        if table is None:
            return no_rows(self.spark, contract.schema)
        if self.is_local:
            return scan(self.spark, path, table, contract, days)
        rows = self.spark.read.format("delta").option("versionAsOf", table.version()).load(path)
        new = (F.lit(None).cast(c.type).alias(c.name) for c in lacking(table, contract))
        return rows.select("*", *new)

    def _by_spark(self, contract: TableContract, rows: Output, where: str = "") -> None:
        own = self._own(contract, rows)
        if isinstance(own, pa.Table):
            own = frame_of(self.spark, own)
        frame = own if isinstance(own, DataFrame) else own.frame()
        by_spark(self.path(contract), contract, frame, self._stamp, where)

    def _own(self, contract: TableContract, rows: Output) -> Output:
        """The columns the table is written with: an open table takes all there are."""
        if contract.is_open:
            return rows
        if isinstance(rows, DataFrame):
            return rows.select(list(contract.column_names))
        schema = arrow_schema(contract.schema)
        if isinstance(rows, pa.Table):
            return _typed(contract, rows.select(schema.names), schema)
        return rows.select(schema)


def _typed(contract: TableContract, rows: pa.Table, schema: pa.Schema) -> pa.Table:
    try:
        return rows.cast(schema)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:  # its message shows a value
        raise type_changed(contract, type(error).__name__) from None


def _up_to(day: date) -> Days:
    return lambda found: found <= day


def _sliced_by(contract: TableContract) -> str:
    if contract.sliced_by is None:
        raise OnefoldError(f"{contract.full_name} is a history and has no slices")
    return contract.sliced_by
