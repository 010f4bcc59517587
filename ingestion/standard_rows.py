"""A dataset's standardised rows of a night: by the tasks that read its files, and once only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from pyspark.sql import DataFrame, SparkSession

from ingestion.file_ranges import FileRange
from ingestion.layout import Layout
from ingestion.planning import PlannedFile
from ingestion.reader import read_records
from ingestion.redriven import RedrivenLines, redriven_records
from ingestion.standard import batch_rules, standardise
from ingestion.standards import Standards
from ingestion.task_outputs import Outputs, WrittenRecords, write_records
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

    def written(self, folder: Path, standards: Standards) -> WrittenRecords:
        """The standardised rows of the files, and the raw ones, as files; these only where they are
        all that is read. What a set of identifiers tells stands in files of its own."""
        raw = standards.raw if self.redriven is None else {}
        standard = [name for name in standards.columns_without_sets if name not in raw]
        places = [(file.path_date, file.generation) for file in self.files]
        outputs = Outputs(folder, standard, raw, places, bool(standards.set_columns))
        rules = batch_rules(standards)
        wanted = {*standard, *raw}
        rules = replace(rules, outputs={n: t for n, t in rules.outputs.items() if n in wanted})
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


class StandardRows(NamedTuple):
    """A dataset's standardised rows; `sets` are the sets of identifiers they show, where the rows
    do not tell (see ingestion.sighting_rows.known_sets); `raw` are files of raw rows, where the
    tasks have written them."""

    rows: Rows
    sets: Rows | None = None
    raw: TaskFiles | None = None


def standard_rows(engine: Engine, records: DatasetRecords, standards: Standards) -> StandardRows:
    """The standardised rows, made once: files are read and tokens made only here."""
    again = records.again(standards)
    if isinstance(engine, LocalEngine) and _leave_files(records, engine, standards):
        return _left_by_tasks(engine, records, again, standards)
    read = records.read(standards)
    every = read if again is None else read.unionByName(again)
    return StandardRows(engine.kept(engine.of(standardise(every, standards))))


def _leave_files(records: DatasetRecords, engine: LocalEngine, standards: Standards) -> bool:
    return bool(records.ranges) and engine.shares_files and standards.is_done_early


def _left_by_tasks(
    engine: LocalEngine, records: DatasetRecords, again: DataFrame | None, standards: Standards
) -> StandardRows:
    folder = engine.folder / standards.dataset.full_name
    folder.mkdir()
    files = records.written(folder, standards)
    written = engine.of_files(files.standard)
    sets = engine.of_files(files.sets) if files.sets else None
    if again is None:
        raw = _raw_files(records.spark, files.raw, standards) if files.raw else None
        return StandardRows(written, sets, raw)
    parts = {"written": written, "again": engine.kept(engine.of(standardise(again, standards)))}
    rows = _united(engine, "standard", standards.columns_without_sets, **parts)
    if sets is not None:
        parts["written"] = sets
        sets = _united(engine, "sets", ("_sighting", *standards.set_columns), **parts)
    return StandardRows(rows, sets)


def _united(engine: Engine, step: str, columns: Sequence[str], **parts: Rows) -> Rows:
    listed = ", ".join(map(quoted, columns))
    sql = " union all ".join(f"select {listed} from {part}" for part in parts)
    return engine.rows(step, sql, **parts)


def _raw_files(spark: SparkSession, raw: list[Path], standards: Standards) -> TaskFiles:
    contract = standards.dataset.raw_contract
    return TaskFiles(
        spark, raw, arrow_schema(contract.schema), str(contract.sliced_by), standards.business_date
    )
