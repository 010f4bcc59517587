"""Delta tables of one lake, and the only way to write them: a slice, a whole history, a restore."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date

from delta.tables import DeltaTable
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lake.log_tables import append_rows
from lake.snapshots import version_of
from model.contracts import TableContract
from model.errors import OnefoldError

PARALLEL_COMMITS = 4  # a Delta commit is mostly waiting; a few side by side fill the cores


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
        if not self.exists(contract):
            return self.spark.createDataFrame([], contract.schema)
        reader = self.spark.read.format("delta")
        if version is not None:
            reader = reader.option("versionAsOf", version)
        return reader.load(self.path(contract))

    def read_slice(self, contract: TableContract, day: date) -> DataFrame:
        """The rows of one date's slice."""
        return self.read(contract).where(F.col(_sliced_by(contract)) == F.lit(day))

    def read_until(self, contract: TableContract, day: date) -> DataFrame:
        """The rows of all slices up to and with `day`."""
        return self.read(contract).where(F.col(_sliced_by(contract)) <= F.lit(day))

    def replace_slice(self, contract: TableContract, rows: DataFrame, day: date) -> None:
        """Makes `rows` the whole slice of `day`, in one commit; the other slices stay."""
        column = _sliced_by(contract)
        writer = self._writer(contract, rows).mode("overwrite").partitionBy(column)
        if self.exists(contract):
            writer = writer.option("replaceWhere", f"{column} = DATE '{day.isoformat()}'")
        self._save(writer.option("mergeSchema", True), contract)

    def overwrite(self, contract: TableContract, rows: DataFrame) -> None:
        """Makes `rows` the whole table, in one commit."""
        self._save(self._writer(contract, rows).mode("overwrite"), contract)

    def append(self, contract: TableContract, rows: Sequence[tuple[object, ...]]) -> None:
        """Adds records of the ledger; only tables of zone ops grow this way."""
        append_rows(self.root, contract, rows, self._stamp())

    def restore(self, contract: TableContract, version: int) -> None:
        """Puts the table back as it was at a version."""
        DeltaTable.forPath(self.spark, self.path(contract)).restoreToVersion(version)

    def _writer(self, contract: TableContract, rows: DataFrame):  # type: ignore[no-untyped-def]
        comments = {column.name: column.comment for column in contract.columns}
        names = rows.columns if contract.is_open else contract.column_names
        described = rows.select(
            *(_described(F.col(f"`{name}`"), name, comments.get(name, "")) for name in names)
        )
        return (
            described.write.format("delta")
            .option("userMetadata", json.dumps(self._stamp(), sort_keys=True))
            .option("delta.enableDeletionVectors", "false")
        )

    def _stamp(self) -> dict[str, str]:
        return {"run_id": self.run_id, "inputs_hash": self.inputs_hash}

    def _save(self, writer, contract: TableContract) -> None:  # type: ignore[no-untyped-def]
        try:
            writer.save(self.path(contract))
        except AnalysisException as error:
            condition = error.getCondition() or "schema"
            raise OnefoldError(
                f"{contract.full_name}: the new rows do not fit the table ({condition}); a column "
                "changed its type: give the tag or column a new name, or remove the table"
            ) from None


def _described(column, name: str, comment: str):  # type: ignore[no-untyped-def]
    return column.alias(name, metadata={"comment": comment}) if comment else column


def _sliced_by(contract: TableContract) -> str:
    if contract.sliced_by is None:
        raise OnefoldError(f"{contract.full_name} is a history and has no slices")
    return contract.sliced_by


def side_by_side(writes: Sequence[Callable[[], None]]) -> None:
    """Runs independent writes a few at a time; the first error is raised when all have ended."""
    with ThreadPoolExecutor(PARALLEL_COMMITS) as pool:
        for future in [pool.submit(write) for write in writes]:
            future.result()
