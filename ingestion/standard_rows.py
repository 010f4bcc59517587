"""A dataset's standardised rows of a night: by the tasks that read its files, and once only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from pyspark.sql import DataFrame, SparkSession

from ingestion.clean_rows import rows_output
from ingestion.file_ranges import FileRange
from ingestion.layout import Layout
from ingestion.planning import PlannedFile
from ingestion.reader import read_records
from ingestion.redriven import RedrivenLines, redriven_records
from ingestion.standard import batch_rules, standardise
from ingestion.standards import Standards
from ingestion.task_outputs import Outputs, RowsOutput, WrittenRecords, write_records
from ingestion.versions import ACCEPTED
from language.binding import quoted
from model.engines import Engine, Rows
from model.local_engine import LocalEngine


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

    def written(
        self, folder: Path, standards: Standards, tables: Mapping[str, RowsOutput]
    ) -> WrittenRecords:
        """The standardised rows of the files, the raw ones, and those of `tables`, as files; raw
        ones only where files are all that is read. What a set of identifiers tells stands in files
        of its own."""
        raw = standards.raw if self.redriven is None else {}
        is_all = len(tables) == len(standards.dataset.tables)
        columns = standards.columns_without_rows if is_all else standards.columns_without_sets
        standard = [name for name in columns if name not in raw]
        places = [(file.path_date, file.generation) for file in self.files]
        outputs = Outputs(folder, standard, raw, places, bool(standards.set_columns), tables)
        wanted = {*standard, *raw, *(name for t in tables.values() for name in t.columns.values())}
        rules = batch_rules(standards)
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
    """A dataset's standardised rows.

    `sets` are the sets of identifiers they show, where the rows do not tell (see known_sets in
    ingestion.sighting_rows). Where the tasks have written them, there are `raw` rows, and in
    `tables` files of canonical tables' rows, with the number of the file that each comes from.
    """

    rows: Rows
    sets: Rows | None = None
    raw: Rows | None = None
    tables: Mapping[str, list[tuple[int, Path]]] = MappingProxyType({})


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
    # Small tables' rows are put in order before they are written.
    outputs = _rows_outputs(standards) if engine.is_large and again is None else {}
    files = records.written(folder, standards, outputs)
    written = engine.of_files(files.standard)
    sets: Rows | None = engine.of_files(files.sets) if files.sets else None
    if again is None:
        table, night = standards.dataset.raw_contract, standards.business_date
        raw = engine.of_slice(table, files.raw, night) if files.raw else None
        return StandardRows(written, sets, raw, files.tables)
    parts = {"written": written, "again": engine.kept(engine.of(standardise(again, standards)))}
    listed = ", ".join(map(quoted, standards.columns_without_sets))
    rows = engine.rows(
        "standard", f"select {listed} from written union all select {listed} from again", **parts
    )
    if sets is not None:
        columns = ", ".join(("_sighting", *standards.set_columns))
        sets = engine.rows("sets", f"""
            select {columns} from written union all
            select {columns} from again where {ACCEPTED} and _sighting is not null
        """, written=sets, again=parts["again"])  # fmt: skip
    return StandardRows(rows, sets)


def _rows_outputs(standards: Standards) -> dict[str, RowsOutput]:
    outputs = {t.table.name: rows_output(t, standards) for t in standards.dataset.tables}
    return {name: output for name, output in outputs.items() if output is not None}
