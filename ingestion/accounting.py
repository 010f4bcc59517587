"""The proof that no line is lost: lines = header + blank + accepted + duplicates + quarantined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from ingestion.channels import Dataset
from ingestion.planning import PlannedFile
from model.errors import OnefoldError


class AccountingError(OnefoldError):
    """Lines of a file went missing or came twice: a fault of the program, never of the data."""


@dataclass(frozen=True)
class FileAccount:
    """What became of one file's parsed records; all zero where it was refused."""

    lines: int = 0
    header: int = 0
    blank: int = 0
    accepted: int = 0
    duplicates: int = 0
    quarantined: int = 0
    repaired: Mapping[str, int] = field(default_factory=dict)
    refused_identifiers: Mapping[str, int] = field(default_factory=dict)

    def prove(self, path: str) -> None:
        """Raises AccountingError unless every parsed record went to exactly one place."""
        told = self.header + self.blank + self.accepted + self.duplicates + self.quarantined
        if self.lines != told:
            raise AccountingError(
                f"{path}: {self.lines} records were read, {told} are accounted for; "
                "nothing of this night may be published"
            )


def file_accounts(
    records: DataFrame, duplicate_records: DataFrame | None
) -> dict[int, FileAccount]:
    """The account of every file that was read, by its number.

    `records` is the standardised frame with its rows of counts. The driver receives a few rows a
    file, whatever the number of records.
    """
    is_data = F.col("_counts").isNull()
    is_bad = is_data & (F.col("_reasons") != "")
    counted = records.groupBy("_number").agg(
        F.max("_counts.lines").alias("lines"), F.max("_counts.header").alias("header"),
        F.max("_counts.blank").alias("blank"), F.count_if(is_data).alias("data"),
        F.count_if(is_bad).alias("quarantined"),
        F.sum("_trims").alias("trim"), F.sum("_widths").alias("half_width"),
    )  # fmt: skip
    refused: dict[int, dict[str, int]] = {}
    codes = records.where(F.col("_refused") != "").select(
        "_number", F.explode(F.split("_refused", ",")).alias("code")
    )
    for row in codes.groupBy("_number", "code").count().collect():
        refused.setdefault(row["_number"], {})[row["code"]] = row["count"]
    doubled: dict[int, int] = {}
    if duplicate_records is not None:
        found = duplicate_records.groupBy("_number").count().collect()
        doubled = {row["_number"]: row["count"] for row in found}
    return {
        row["_number"]: FileAccount(
            lines=row["lines"], header=row["header"], blank=row["blank"],
            accepted=row["data"] - row["quarantined"] - doubled.get(row["_number"], 0),
            duplicates=doubled.get(row["_number"], 0), quarantined=row["quarantined"],
            repaired={rule: row[rule] for rule in ("half_width", "trim") if row[rule]},
            refused_identifiers=dict(sorted(refused.get(row["_number"], {}).items())),
        )
        for row in counted.collect()
    }  # fmt: skip


def file_records(
    dataset: Dataset, business_date: date, accounts: Sequence[tuple[PlannedFile, FileAccount]]
) -> tuple[tuple[object, ...], ...]:
    """The night's records of ops.files for one dataset (contract FILES), each account proven."""
    records = []
    for file, account in accounts:
        account.prove(file.path)
        records.append((
            business_date, dataset.channel, dataset.name, file.path, file.path_date, file.sha256,
            file.byte_count, file.generation, "refused" if file.refusal else file.state,
            file.refusal, account.lines, account.header, account.blank, account.accepted,
            account.duplicates, account.quarantined, dict(account.repaired),
            dict(account.refused_identifiers),
        ))  # fmt: skip
    return tuple(records)
