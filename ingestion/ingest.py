"""One dataset's files of a night become all the frames that the lake keeps of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import pyarrow as pa
from pyspark.sql import SparkSession

from ingestion.accounting import FileAccount, file_accounts, file_records
from ingestion.channels import Channel, Dataset
from ingestion.check_counts import check_counts
from ingestion.clean_rows import clean_rows, written_rows
from ingestion.containers import packing_of
from ingestion.cut_files import cut_files
from ingestion.file_ranges import ranges_of
from ingestion.layout import Layout, layout_of
from ingestion.mapping import LINE, IntoTable
from ingestion.planning import PlannedFile
from ingestion.preflight import refusal_of
from ingestion.redriven import RedrivenLines
from ingestion.sighting_rows import (
    known_sets,
    sightings,
    united_sightings,
    with_united,
)
from ingestion.splits import header_names
from ingestion.standard_rows import DatasetRecords, StandardRows, standard_rows
from ingestion.standards import Standards
from ingestion.unread_keys import unread_keys
from ingestion.vault_rows import identifier_values, profile_values
from ingestion.versions import beaten_records, duplicates, row_tables
from language.binding import quoted
from model.canonical import CanonicalModel
from model.ddl_types import arrow_schema
from model.engines import Engine, Rows, SparkEngine
from model.errors import InputMissingError, OnefoldError
from model.identity_policy import IdentityPolicy
from model.local_engine import LocalEngine
from model.settings import IngestionSettings
from model.slice_counts import NO_CHECKS, RecordChecks, SliceCounts
from model.sql_text import date_literal, text_literal
from privacy.tokens import TokenKey

IN_MEMORY = 128 << 20  # bytes of dumps whose records this process may hold
_FILE_SCHEMA = "_number int, generation int, source_file string, business_date date"


@dataclass(frozen=True)
class IngestionContext:
    """What every dataset of a night shares; `time_zone` is the project's."""

    business_date: date
    time_zone: str
    model: CanonicalModel
    policy: IdentityPolicy
    key: TokenKey
    landing_root: Path
    settings: IngestionSettings
    checks: Mapping[str, RecordChecks] = field(default_factory=dict)


@dataclass(frozen=True)
class IngestedDataset:
    """A dataset's rows of one night, in their contracts; lazy, of the engine that was given.

    raw is None where the settings keep none; `files` are records of ops.files; `accounts` are the
    proven accounts by path, `refused` reasons by path, `cut` the paths of files that end within a
    record; `counts` answer the quality gate, None where it asks nothing. `unread` are keys of
    quarantined records, by table, where the dataset arrives whole: they are there, though their
    rows could not be accepted.
    """

    raw: Rows | None
    clean: Mapping[str, Rows]
    quarantine: Rows
    sightings: Rows
    identifiers: Rows
    profile_values: Rows
    files: tuple[tuple[object, ...], ...]
    accounts: Mapping[str, FileAccount]
    refused: Mapping[str, str]
    counts: SliceCounts | None
    unread: Mapping[str, Rows] = field(default_factory=dict)
    cut: frozenset[str] = frozenset()


def engine_for(
    files: Sequence[PlannedFile], root: Path, spark: SparkSession, settings: IngestionSettings
) -> Engine:
    """Where a night's records are judged against each other: in this process while the files are
    not too large for it, else by Spark.

    Where Spark's tasks run on other machines, records have to come here through memory.
    """
    size = sum(file.byte_count for file in files)
    # How far packed files go is not known before they are read.
    sound = (root / file.path for file in files if not file.refusal)
    is_large = size > IN_MEMORY or any(map(_is_packed, sound))
    engine = LocalEngine(spark, is_large=is_large)
    if size <= settings.local_bytes and (engine.shares_files or not is_large):
        return engine
    engine.close()
    return SparkEngine(spark)


def _is_packed(path: Path) -> bool:
    is_there = path.is_file()  # one that vanished is told of when it is read
    return is_there and (path.suffix in (".parquet", ".xlsx") or packing_of(path) is not None)


def ingest_dataset(
    spark: SparkSession, engine: Engine, channel: Channel, dataset: Dataset,
    files: Sequence[PlannedFile], context: IngestionContext,
    redriven: RedrivenLines | None = None,
) -> IngestedDataset:  # fmt: skip
    """Reads, types, judges and protects a dataset's files once, and proves every file's account;
    `redriven` lines of earlier nights take the same way.

    Files are read by Spark's tasks; what follows is the engine's. InputMissingError (try again)
    where a file vanished or changed since it was planned.
    """
    if channel.name != dataset.channel:
        raise OnefoldError(f"{dataset.full_name} is no dataset of channel {channel.name}")
    if spark.conf.get("spark.sql.session.timeZone") != "UTC":
        raise OnefoldError("the Spark session must keep UTC: spark.sql.session.timeZone=UTC")
    layout = layout_of(dataset, context.settings)
    checked = [_checked(file, context.landing_root, layout) for file in files]
    # Later versions win: files are numbered in the order in which their rows are compared.
    sound = sorted((f for f in checked if not f.refusal), key=lambda f: (f.generation, f.path))
    standards = Standards(
        dataset, context.policy, context.key, context.time_zone, context.business_date,
        context.settings.keep_raw, context.checks.get(dataset.full_name, NO_CHECKS),
    )
    records = DatasetRecords(
        spark, sound, ranges_of(sound, context.landing_root, layout), context.landing_root, layout,
        redriven,
    )
    if redriven is not None:
        sound, checked = [*sound, *redriven.files], [*checked, *redriven.files]
    try:
        standard = standard_rows(engine, records, standards)
        found = _derived(engine, standard, sound, checked, standards)
        cut = cut_files(
            engine, standard.rows, sound, found.accounts, layout, context.landing_root
        )
        return replace(found, cut=cut)
    except OnefoldError:
        raise
    except Exception as error:  # Spark's messages print the rows it worked on
        raise _told(error, dataset) from None


def _checked(file: PlannedFile, root: Path, layout: Layout) -> PlannedFile:
    refusal = file.refusal or refusal_of(root / file.path, layout)
    is_named = refusal is None and layout.is_csv and not layout.names
    # Quarantined lines are read by it when they are tried again.
    header = header_names(root / file.path, layout) if is_named else ()
    return replace(file, refusal=refusal, header=header)


def _told(error: Exception, dataset: Dataset) -> OnefoldError:
    if InputMissingError.__name__ in str(error):
        return InputMissingError(f"{dataset.full_name}: a file changed meanwhile; run again")
    return OnefoldError(f"{dataset.full_name}: {type(error).__name__} while ingesting")


def _derived(
    engine: Engine, found: StandardRows, sound: Sequence[PlannedFile],
    checked: Sequence[PlannedFile], standards: Standards,
) -> IngestedDataset:  # fmt: skip
    dataset, standard = standards.dataset, found.rows
    # Kept because they are small, costly to find and read by several.
    beaten = duplicated = None
    if row_tables(standards):
        beaten = engine.kept(beaten_records(engine, standard, standards))
        duplicated = duplicates(engine, beaten)
    known = known_sets(engine, standard, found.sets, standards)
    united = united_sightings(engine, standard, known, standards)
    united = None if united is None else engine.kept(united)
    night = date_literal(standards.business_date)
    is_late = f"{standards.day(dataset.tables[0])} < {night}"
    numbered = file_accounts(engine, standard, duplicated, is_late)
    accounts = {file.path: numbered[number] for number, file in enumerate(sound)}
    files = engine.of(_places(sound))
    records = with_united(engine, standard, united, standards)
    told = [(file, accounts.get(file.path, FileAccount())) for file in checked]
    return IngestedDataset(
        raw=found.raw or _raw(engine, standard, files, standards),
        clean={
            table.table.name: _clean(engine, found, records, files, beaten, table, standards)
            for table in dataset.tables
        },
        quarantine=_quarantine(engine, standard, files, sound, standards),
        sightings=sightings(
            engine, records, known, duplicated, [file.path for file in sound], standards
        ),
        identifiers=identifier_values(engine, known, standards),
        profile_values=profile_values(engine, standard, standards),
        files=file_records(dataset, standards.business_date, told),
        accounts=accounts,
        refused={file.path: file.refusal for file in checked if file.refusal},
        counts=_with_repeated(
            engine, check_counts(engine, standard, sound, standards), beaten, sound
        ),
        unread=unread_keys(engine, standard, standards),
    )


def _with_repeated(
    engine: Engine, counts: SliceCounts | None, beaten: Rows | None, files: Sequence[PlannedFile]
) -> SliceCounts | None:
    """The counts, and how many records have a key that a newer one of their date has, too.

    Files of several dates may well tell of the same things: of these only the keys within one file
    count.
    """
    if counts is None or beaten is None:
        return counts
    is_one_date = len({file.path_date for file in files if file.state != "redriven"}) <= 1
    told = engine.one_row("repeated", f"""
        select count(*) as n from (
            select distinct _number, _line from beaten where _in_file or {is_one_date}
        ) as records
    """, beaten=beaten)  # fmt: skip
    return replace(counts, repeated=int(told["n"]))


def _clean(
    engine: Engine, found: StandardRows, records: Rows, files: Rows, beaten: Rows | None,
    table: IntoTable, standards: Standards,
) -> Rows:  # fmt: skip
    written = found.tables.get(table.table.name)
    if written is not None and isinstance(engine, LocalEngine):
        return written_rows(engine, written, files, beaten, table, standards)
    return clean_rows(engine, records, files, beaten, table, standards)


def _places(files: Sequence[PlannedFile]) -> pa.Table:
    """A row a file, by the number its records bear."""
    rows = [
        (n, file.generation, file.path, file.path_date)
        for n, file in enumerate(files)
    ]
    schema = arrow_schema(_FILE_SCHEMA)
    return pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema)


def _raw(engine: Engine, standard: Rows, files: Rows, standards: Standards) -> Rows | None:
    if not standards.keep_raw:
        return None
    fields = [f"{column} as {quoted(name)}" for column, name in standards.raw.items()]
    return engine.rows("raw", f"""
        select {date_literal(standards.business_date)} as arrived_date, files.business_date,
               files.source_file, {LINE} as source_line, files.generation, {', '.join(fields)}
        from standard inner join files on standard._number = files._number
        where _counts is null
    """, standard=standard, files=files)  # fmt: skip


def _quarantine(
    engine: Engine, standard: Rows, files: Rows, sound: Sequence[PlannedFile], standards: Standards
) -> Rows:
    """The lines that are not accepted; of those tried again also the accepted ones, without reasons
    and text: from this night on they are quarantined no longer."""
    dataset = standards.dataset
    again = [n for n, file in enumerate(sound) if file.state == "redriven"]
    # Asked of the records alone: a few in a hundred, of whose columns the others need no look.
    is_told = "_reasons <> ''" + "".join(f" or standard._number = {n}" for n in again)
    return engine.rows("quarantine", f"""
        select {date_literal(standards.business_date)} as arrived_date,
               {text_literal(dataset.channel)} as channel, {text_literal(dataset.name)} as dataset,
               files.source_file, {LINE} as source_line,
               files.generation,
               case when _reasons <> '' then array_sort(split(_reasons, ',')) end as reasons,
               case when _reasons <> '' then _sealed_line end as sealed_line
        from standard inner join files on standard._number = files._number
        where _counts is null and ({is_told})
    """, standard=standard, files=files)  # fmt: skip
