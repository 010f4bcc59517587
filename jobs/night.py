"""One night's run: what every stage is given, and how it is opened and closed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from functools import partial
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

from identity.night_difference import NightDifference
from jobs.definitions import Definitions
from jobs.progress import Progress
from lake.published import person_rows
from lake.readers import by_person
from lake.session import spark_session
from lake.snapshots import first_value, row_count, table_path
from lake.tables import Lake
from model.canonical import CanonicalTable
from model.engines import Engine, Rows, SparkEngine
from model.errors import UsageError
from model.fixed_tables import ONE_IDS, VAULT_IDENTIFIERS, VAULT_PROFILES
from model.lineage import cut, let_go
from model.local_engine import LocalEngine
from model.project import Project
from model.slice_counts import SliceCounts
from privacy.tokens import SECRET_FILE_VARIABLE, SECRET_VARIABLE, TokenKey, load_key

# Rows of clean tables that DuckDB counts in this process, five times as fast as Spark here.
COUNTED_HERE = 50_000_000


@dataclass(frozen=True)
class Execution:
    """Where whole tables of a night are read: in this process, or by Spark. `row_count`: rows of
    its clean tables, by the log's own account."""

    is_local: bool
    row_count: int

    @property
    def is_here(self) -> bool:
        """Whether it is this process."""
        return self.is_local and self.row_count <= COUNTED_HERE

    @property
    def words(self) -> str:
        """Which of the two, and why."""
        if not self.is_local:
            return "Spark: the lake lies in an object store"
        rows, most = f"{self.row_count:,} rows of clean tables", f"{COUNTED_HERE:,}"
        if self.is_here:
            return f"the kernel, in this process: {rows}, at most {most}"
        return f"Spark: {rows}, more than {most}"


def execution_of(root: str, tables: Iterable[CanonicalTable], day: date) -> Execution:
    """Where a night reads its tables, which is told without reading one."""
    paths = [table_path(root, table.contract) for table in tables]
    counts = (row_count(path, lambda found: found <= day) or 0 for path in paths)
    return Execution("://" not in root, sum(counts))


@dataclass(frozen=True)
class _Kept:
    """Rows that are read many times, and how they are given back."""

    rows: DataFrame
    let_go: Callable[[], None]


@dataclass(frozen=True)
class Night:
    """The business date, the definitions, and the lake a stage reads and writes.

    `accepted` maps codes of checks that a person lets pass to the reason given; `counted` are the
    answers to the gate's questions that a stage met on its way, by slice; `difference` is what the
    night changed in the map, once that is known. `rebuilds_map`: the map is lost, and its numbers
    are those that the log of OneIDs tells.
    """

    business_date: date
    definitions: Definitions
    lake: Lake
    key: TokenKey
    progress: Progress
    accepted: Mapping[str, str] = field(default_factory=dict)
    counted: dict[str, SliceCounts] = field(default_factory=dict, repr=False)
    difference: list[NightDifference] = field(default_factory=list, repr=False)
    rebuilds_map: bool = False
    _persons: dict[str, _Kept] = field(default_factory=dict, repr=False)

    @property
    def project(self) -> Project:
        """The project folder."""
        return self.definitions.project

    def by_person(self, table: CanonicalTable) -> DataFrame:
        """Current rows of a canonical table up to this date, joined to the map of this date.

        Kept until `release`: golden profiles, every grouping of the tags and the report read them.
        """
        if table.name not in self._persons:
            with self.engine() as engine:
                found = self._in_a_file(engine, table) if isinstance(engine, LocalEngine) else None
            self._persons[table.name] = found or self._cut(table)
        return self._persons[table.name].rows

    def _in_a_file(self, engine: LocalEngine, table: CanonicalTable) -> _Kept:
        """Written by this process where its tables are small: Spark would sort them for seconds."""
        folder = tempfile.mkdtemp(prefix="onefold-persons-")
        engine.write(self.person_rows(engine, table), f"{folder}/{table.name}.parquet")
        rows = self.lake.spark.read.parquet(folder)
        return _Kept(rows, partial(shutil.rmtree, folder, ignore_errors=True))

    def _cut(self, table: CanonicalTable) -> _Kept:
        rows = cut(person_rows(self.lake, table, self.business_date))
        return _Kept(rows, partial(let_go, rows))

    def engine(self) -> Engine:
        """For counts over whole tables: in this process while these are small, by the log's own
        account, else Spark's."""
        found = execution_of(self.lake.root, self.definitions.tables, self.business_date)
        return LocalEngine(self.lake.spark) if found.is_here else SparkEngine(self.lake.spark)

    def person_rows(self, engine: Engine, table: CanonicalTable) -> Rows:
        """`by_person` as an engine's rows."""
        if isinstance(engine, SparkEngine):
            return engine.of(self.by_person(table))
        versions = self.lake.rows(engine, table.contract, until=self.business_date)
        sql = by_person(table, "versions", "one_ids", self.business_date)
        one_ids = self.lake.rows(engine, ONE_IDS)
        return engine.rows(f"persons_of_{table.name}", sql, versions=versions, one_ids=one_ids)

    def take_counted(self) -> dict[str, SliceCounts]:
        """What has been counted since the last gate, for the next one."""
        taken = dict(self.counted)
        self.counted.clear()
        return taken

    def release(self) -> None:
        """Gives back what `by_person` keeps: when the night is over, or the map has changed."""
        while self._persons:
            self._persons.popitem()[1].let_go()


def new_run_id(business_date: date) -> str:
    """A name for a run, unique enough for one lake; it appears only in zone ops and in commits."""
    return f"{business_date:%Y%m%d}-{datetime.now(timezone.utc):%Y%m%dT%H%M%S%f}-{os.getpid()}"


@contextmanager
def session_of(project: Project) -> Iterator[SparkSession]:
    """The Spark session of a command; its scratch folder is removed at the end.

    A session that somebody else started (spark-submit's shell, a test) is left running.
    """
    scratch = Path(tempfile.mkdtemp(prefix="onefold-"))
    found = SparkSession.getActiveSession()
    try:
        spark = spark_session(project.settings.spark, "onefold", scratch)
        yield spark
        if found is None:
            spark.stop()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def open_night(
    spark: SparkSession, definitions: Definitions, business_date: date, progress: Progress,
    accepted: Mapping[str, str] | None = None, run_id: str = "", rebuilds_map: bool = False,
) -> Night:  # fmt: skip
    """A night over the project's lake, ready for its stages."""
    project = definitions.project
    run_id = run_id or new_run_id(business_date)
    lake = Lake(spark, project.lake_root, run_id, definitions.fingerprint)
    return Night(
        business_date, definitions, lake, key_of(project), progress, accepted or {},
        rebuilds_map=rebuilds_map,
    )  # fmt: skip


def key_of(project: Project) -> TokenKey:
    """The project's pseudonym key, from the environment or its file; UsageError where its lake was
    first written with another: under a new key everybody would be somebody else."""
    key = load_key(os.environ, project.secret_file, project.settings.privacy.create_secret)
    paths = (table_path(project.lake_root, vault) for vault in (VAULT_IDENTIFIERS, VAULT_PROFILES))
    token = next(filter(None, (first_value(path, "token") for path in paths)), None)
    if token is not None and not token.startswith(f"{key.id}_"):
        raise UsageError(
            f"{project.lake_root} was written with another pseudonym secret (its tokens begin with "
            f"{token.partition('_')[0]}, this one's with {key.id}): name the lake's own by "
            f"{SECRET_VARIABLE}, {SECRET_FILE_VARIABLE} or privacy.secret_file"
        )
    return key
