"""A dataset's standardised rows of a night: by the tasks that read its files, and once only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

from ingestion.layout import Layout
from ingestion.planning import PlannedFile
from ingestion.reader import FileRange, Outputs, read_records, write_records
from ingestion.redriven import RedrivenLines, redriven_records
from ingestion.standard import batch_rules, standardise
from ingestion.standards import Standards
from language.binding import quoted
from model.ddl_types import arrow_schema
from model.engines import Engine, Rows
from model.local_engine import LocalEngine
from model.task_files import TaskFiles


@dataclass(frozen=True)
class DatasetRecords:
    """What a night reads of a dataset: ranges of its files, and lines that it tries again.

    The files of the latter are numbered behind `files`.
    """

    spark: SparkSession
    files: Sequence[PlannedFile]
    ranges: Sequence[FileRange]
    root: Path
    layout: Layout
    redriven: RedrivenLines | None

    def written(self, folder: Path, standards: Standards) -> tuple[list[Path], list[Path]]:
        """The standardised rows of the files, and the raw ones, as files; these only where they are
        all that is read."""
        is_alone = self.redriven is None
        standard = [n for n in standards.columns if not (is_alone and n in standards.raw)]
        places = [(file.path_date, file.generation) for file in self.files]
        outputs = Outputs(folder, standard, standards.raw if is_alone else {}, places)
        rules = batch_rules(standards)
        return write_records(self.spark, self.ranges, self.root, self.layout, rules, outputs)

    def read(self, standards: Standards) -> DataFrame:
        """The records of the files."""
        rules = batch_rules(standards)
        return read_records(self.spark, self.ranges, self.root, self.layout, rules)

    def again(self, standards: Standards) -> DataFrame | None:
        """The records of the lines that are tried again."""
        if self.redriven is None:
            return None
        return redriven_records(
            self.spark, self.redriven, len(self.files), self.layout, batch_rules(standards),
            standards.key,
        )


def standard_rows(
    engine: Engine, records: DatasetRecords, standards: Standards
) -> tuple[Rows, TaskFiles | None]:
    """The standardised rows, made once (files are read and tokens made only here), and the files
    of raw rows, where the tasks have written them."""
    again = records.again(standards)
    if isinstance(engine, LocalEngine) and _leave_files(records, engine, standards):
        return _left_by_tasks(engine, records, again, standards)
    read = records.read(standards)
    every = read if again is None else read.unionByName(again)
    return engine.kept(engine.of(standardise(every, standards))), None


def _leave_files(records: DatasetRecords, engine: LocalEngine, standards: Standards) -> bool:
    return bool(records.ranges) and engine.shares_files and standards.is_done_early


def _left_by_tasks(
    engine: LocalEngine, records: DatasetRecords, again: DataFrame | None, standards: Standards
) -> tuple[Rows, TaskFiles | None]:
    folder = engine.folder / standards.dataset.full_name
    folder.mkdir()
    standard, raw = records.written(folder, standards)
    written = engine.of_files(standard)
    if again is None:
        return written, _raw_files(records.spark, raw, standards) if raw else None
    columns = ", ".join(map(quoted, standards.columns))
    return engine.rows(
        "standard",
        f"select {columns} from written union all select {columns} from again",
        written=written, again=engine.kept(engine.of(standardise(again, standards))),
    ), None  # fmt: skip


def _raw_files(spark: SparkSession, raw: list[Path], standards: Standards) -> TaskFiles:
    contract = standards.dataset.raw_contract
    return TaskFiles(
        spark, raw, arrow_schema(contract.schema), str(contract.sliced_by), standards.business_date
    )
