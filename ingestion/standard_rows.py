"""A dataset's standardised rows of a night: by the tasks that read its files, and once only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

from ingestion.layout import Layout
from ingestion.reader import FileRange, read_records, write_records
from ingestion.redriven import RedrivenLines, redriven_records
from ingestion.standard import batch_rules, standardise
from ingestion.standards import Standards
from language.binding import quoted
from model.engines import Engine, Rows
from model.local_engine import LocalEngine


@dataclass(frozen=True)
class DatasetRecords:
    """What a night reads of a dataset: ranges of its files, and lines that it tries again.

    The files of the latter are numbered from `first_redriven`.
    """

    spark: SparkSession
    ranges: Sequence[FileRange]
    root: Path
    layout: Layout
    redriven: RedrivenLines | None
    first_redriven: int

    def written(self, folder: Path, standards: Standards) -> list[Path]:
        """The standardised rows of the files, as files."""
        return write_records(
            self.spark, self.ranges, self.root, self.layout, batch_rules(standards), folder,
            standards.columns,
        )

    def read(self, standards: Standards) -> DataFrame:
        """The records of the files."""
        rules = batch_rules(standards)
        return read_records(self.spark, self.ranges, self.root, self.layout, rules)

    def again(self, standards: Standards) -> DataFrame | None:
        """The records of the lines that are tried again."""
        if self.redriven is None:
            return None
        return redriven_records(
            self.spark, self.redriven, self.first_redriven, self.layout, batch_rules(standards),
            standards.key,
        )


def standard_rows(engine: Engine, records: DatasetRecords, standards: Standards) -> Rows:
    """The standardised rows, made once: files are read and tokens made only here."""
    again = records.again(standards)
    is_local = isinstance(engine, LocalEngine) and _leaves_files(engine, standards)
    if not isinstance(engine, LocalEngine) or not is_local or not records.ranges:
        read = records.read(standards)
        every = read if again is None else read.unionByName(again)
        return engine.kept(engine.of(standardise(every, standards)))
    folder = engine.folder / standards.dataset.full_name
    folder.mkdir()
    written = engine.of_files(records.written(folder, standards))
    if again is None:
        return written
    columns = ", ".join(map(quoted, standards.columns))
    return engine.rows(
        "standard",
        f"select {columns} from written union all select {columns} from again",
        written=written, again=engine.kept(engine.of(standardise(again, standards))),
    )  # fmt: skip


def _leaves_files(engine: LocalEngine, standards: Standards) -> bool:
    return engine.shares_files and standards.is_done_early
