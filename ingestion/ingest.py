"""One dataset's files of a night become all the frames that the lake keeps of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from ingestion.accounting import FileAccount, file_accounts, file_records
from ingestion.channels import Channel, Dataset
from ingestion.clean_rows import clean_rows, sightings, united_sightings, with_united
from ingestion.layout import Layout, layout_of
from ingestion.mapping import LINE
from ingestion.planning import PlannedFile
from ingestion.preflight import refusal_of
from ingestion.reader import read_records
from ingestion.standard import Standards, batch_rules, standardise
from ingestion.standard_batch import RAW
from ingestion.vault_rows import identifier_values, profile_values
from ingestion.versions import beaten_records, duplicates, newest_rows, row_tables
from model.canonical import CanonicalModel
from model.errors import InputMissingError, OnefoldError
from model.identity_policy import IdentityPolicy
from model.lineage import cut, let_go
from model.ops_tables import QUARANTINE
from model.settings import IngestionSettings
from privacy.tokens import TokenKey

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


@dataclass(frozen=True)
class IngestedDataset:
    """A dataset's frames of one night, in their contracts; lazy, over what is kept until release.

    raw is None where the settings keep none; `files` are records of ops.files; `accounts` are the
    proven accounts by path.
    """

    raw: DataFrame | None
    clean: Mapping[str, DataFrame]
    quarantine: DataFrame
    sightings: DataFrame
    identifiers: DataFrame
    profile_values: DataFrame
    files: tuple[tuple[object, ...], ...]
    accounts: Mapping[str, FileAccount]
    refused: Mapping[str, str]
    kept: tuple[DataFrame, ...]

    def release(self) -> None:
        """Gives back the memory and disk behind the frames; they must be written by then."""
        for frame in self.kept:
            let_go(frame)


def ingest_dataset(
    spark: SparkSession, channel: Channel, dataset: Dataset, files: Sequence[PlannedFile],
    context: IngestionContext,
) -> IngestedDataset:
    """Reads, types, judges and protects a dataset's files once, and proves every file's account.

    InputMissingError (try again) where a file vanished or changed since it was planned.
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
        context.settings.keep_raw,
    )
    records = read_records(spark, sound, context.landing_root, layout, batch_rules(standards))
    # Kept, since every frame below derives from it: files are read and tokens made only once. A
    # checkpoint rather than a cache: later plans begin here instead of carrying all of this along.
    standard = cut(standardise(records, standards))
    try:
        return _derived(spark, standard, sound, checked, standards)
    except OnefoldError:
        let_go(standard)
        raise
    except Exception as error:  # Spark's messages print the rows it worked on
        let_go(standard)
        raise _told(error, dataset) from None


def _checked(file: PlannedFile, root: Path, layout: Layout) -> PlannedFile:
    return file if file.refusal else replace(file, refusal=refusal_of(root / file.path, layout))


def _told(error: Exception, dataset: Dataset) -> OnefoldError:
    if InputMissingError.__name__ in str(error):
        return InputMissingError(f"{dataset.full_name}: a file changed meanwhile; run again")
    return OnefoldError(f"{dataset.full_name}: {type(error).__name__} while ingesting")


def _derived(
    spark: SparkSession, standard: DataFrame, sound: Sequence[PlannedFile],
    checked: Sequence[PlannedFile], standards: Standards,
) -> IngestedDataset:
    dataset, night = standards.dataset, standards.business_date
    # Both are kept because they are small, costly to find and read by several frames.
    beaten = _kept(beaten_records(standard, standards)) if row_tables(standards) else None
    united = _kept(united_sightings(standard, standards))
    numbered = file_accounts(standard, duplicates(beaten) if beaten is not None else None)
    accounts = {file.path: numbered[number] for number, file in enumerate(sound)}
    places = [(n, f.generation, f.path, f.path_date) for n, f in enumerate(sound)]
    files = spark.createDataFrame(places, _FILE_SCHEMA)
    records = with_united(standard, united, standards)
    told = [(file, accounts.get(file.path, FileAccount())) for file in checked]
    return IngestedDataset(
        raw=_raw(standard, files, standards) if standards.keep_raw else None,
        clean={
            table.table.name: newest_rows(
                clean_rows(records, files, beaten, table, standards), table.table
            )
            for table in dataset.tables
        },
        quarantine=_quarantine(standard, files, standards),
        sightings=sightings(_standing(records, beaten), standards),
        identifiers=identifier_values(standard, dataset, night),
        profile_values=profile_values(standard, standards.high, night),
        files=file_records(dataset, night, told),
        accounts=accounts,
        refused={file.path: file.refusal for file in checked if file.refusal},
        kept=tuple(frame for frame in (standard, beaten, united) if frame is not None),
    )


def _kept(frame: DataFrame | None) -> DataFrame | None:
    return None if frame is None else cut(frame)


def _standing(records: DataFrame, beaten: DataFrame | None) -> DataFrame:
    """The records without duplicates, which no longer say anything about people."""
    if beaten is None:
        return records
    return records.join(duplicates(beaten), on=["_number", "_line"], how="left_anti")


def _raw(standard: DataFrame, files: DataFrame, standards: Standards) -> DataFrame:
    dataset = standards.dataset
    fields = [
        F.col(f"_sealed_raw_{name}" if name in dataset.sealed else f"{RAW}{name}").alias(name)
        for name in dataset.entry.fields
    ]
    lines = standard.where(F.col("_counts").isNull())
    return lines.join(F.broadcast(files), on="_number", how="inner").select(
        F.lit(standards.business_date).alias("arrived_date"), "business_date", "source_file",
        F.col(LINE).alias("source_line"), "generation", *fields,
    )  # fmt: skip


def _quarantine(standard: DataFrame, files: DataFrame, standards: Standards) -> DataFrame:
    dataset = standards.dataset
    bad = standard.where(F.col("_counts").isNull() & (F.col("_reasons") != ""))
    return bad.join(F.broadcast(files), on="_number", how="inner").select(
        F.lit(standards.business_date).alias("arrived_date"),
        F.lit(dataset.channel).alias("channel"), F.lit(dataset.name).alias("dataset"),
        "source_file", F.col(LINE).alias("source_line"), "generation",
        F.array_sort(F.split("_reasons", ",")).alias("reasons"),
        F.col("_sealed_line").alias("sealed_line"),
    ).select(*QUARANTINE.column_names)  # fmt: skip
