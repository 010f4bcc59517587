"""Quarantined lines that somebody asked to try again: which ones a night takes, and its record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import reduce
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ingestion.channels import Channel, Dataset
from ingestion.planning import FilePlan, PlannedFile
from ingestion.redriven import RedrivenLines
from jobs.night import Night
from lake.ledger import file_rows
from lake.log_tables import read_rows
from lake.readers import standing_lines
from model.ops_tables import FILES, QUARANTINE, REDRIVES


@dataclass(frozen=True)
class RedriveRequest:
    """One row of ops.redrives; arrived_date and reason None: any. taken_date None: it waits."""

    requested_at: datetime
    channel: str
    dataset: str
    arrived_date: date | None
    reason: str | None
    taken_date: date | None = None

    @property
    def full_name(self) -> str:
        """`channel.dataset`."""
        return f"{self.channel}.{self.dataset}"


@dataclass(frozen=True)
class Redrives:
    """The requests this night takes, and the lines they mean by `channel.dataset`.

    A night run again takes the requests it took before, and those that came since.
    """

    requests: tuple[RedriveRequest, ...]
    lines: Mapping[str, RedrivenLines]

    @classmethod
    def of(
        cls, night: Night, planned: Sequence[tuple[Channel, Dataset, FilePlan]]
    ) -> Redrives:
        """What this night takes; nothing is read but one small table where nobody asked."""
        day = night.business_date
        known = {dataset.full_name for _, dataset, _ in planned}
        requests = tuple(
            one for one in requests_of(night.lake.root)
            if one.taken_date in (None, day) and one.full_name in known
        )  # fmt: skip
        lines = {
            dataset.full_name: _lines(night, dataset, plan, own)
            for _, dataset, plan in planned
            if (own := [one for one in requests if one.full_name == dataset.full_name])
            and not obstacle_of(dataset)
        }
        return cls(requests, {name: found for name, found in lines.items() if found.files})

    def record(self, night: Night) -> None:
        """Notes which night took the requests, so that no later one does."""
        if any(one.taken_date is None for one in self.requests):
            taken = {(one.requested_at, one.full_name) for one in self.requests}
            night.lake.overwrite_records(REDRIVES, [
                (one.requested_at, one.channel, one.dataset, one.arrived_date, one.reason,
                 night.business_date if (one.requested_at, one.full_name) in taken
                 else one.taken_date)
                for one in requests_of(night.lake.root)
            ])  # fmt: skip


def requests_of(lake_root: str) -> list[RedriveRequest]:
    """Every request, oldest first."""
    found = [RedriveRequest(**row) for row in read_rows(lake_root, REDRIVES)]
    return sorted(found, key=lambda one: (one.requested_at, one.full_name))


def _lines(
    night: Night, dataset: Dataset, plan: FilePlan, requests: Sequence[RedriveRequest]
) -> RedrivenLines:
    lake, before = night.lake, night.business_date - timedelta(days=1)
    standing = lake.spark.sql(
        standing_lines("{quarantine}", "{files}"),
        quarantine=lake.read_until(QUARANTINE, before), files=lake.read_until(FILES, before),
    )  # fmt: skip
    superseded = [file.path for file in plan.take]  # their new bytes bring every line anew
    wanted = standing.where(
        (F.col("channel") == dataset.channel) & (F.col("dataset") == dataset.name)
        & ~F.col("source_file").isin(superseded)
        & reduce(Column.__or__, map(_is_meant, requests))
    ).select("source_file", "generation", "source_line", "sealed_line")
    return RedrivenLines(_files(night, dataset, wanted), wanted)


def _is_meant(request: RedriveRequest) -> Column:
    is_meant = F.lit(True)
    if request.arrived_date is not None:
        is_meant &= F.col("arrived_date") == F.lit(request.arrived_date)
    if request.reason is not None:
        wanted = request.reason
        is_meant &= F.exists("reasons", lambda code: (code == wanted) | code.endswith(f":{wanted}"))
    return is_meant


def _files(night: Night, dataset: Dataset, lines: DataFrame) -> tuple[PlannedFile, ...]:
    """The files the lines come from, as the ledger has them; without those whose columns nobody
    noted, which nobody can read again."""
    found = lines.select("source_file", "generation").distinct().collect()  # a row a file
    wanted = {(row["source_file"], row["generation"]) for row in found}
    rows = {
        (row["path"], row["generation"]): row for row in file_rows(night.lake.root)
        if (row["path"], row["generation"]) in wanted and is_reading(row)
    }  # fmt: skip
    return tuple(
        _planned(rows[key]) for key in sorted(rows, key=lambda key: (key[1], key[0]))
        if is_readable(dataset, rows[key])
    )  # fmt: skip


def is_reading(file: Mapping[str, Any]) -> bool:
    """Whether a row of the ledger tells that a file was read, and not only of it or its lines."""
    return bool(file["line_count"]) and file["state"] != "redriven"


def obstacle_of(dataset: Dataset) -> str:
    """Why single lines of a dataset cannot be tried again, and what to do; empty where they can."""
    again = "run the night they came in again: onefold backfill --from DATE --to DATE"
    if dataset.rollup is not None:
        return (
            f"{dataset.full_name} rolls its lines up into {dataset.rollup.table.name}, and one of "
            f"them alone would stand for the whole: {again}"
        )
    if dataset.entry.arrives == "full":
        return (
            f"{dataset.full_name} arrives as the whole state, which a line of an earlier one would "
            f"spoil: its next dump brings every line anew; or {again}"
        )
    return ""


def is_readable(dataset: Dataset, file: Mapping[str, Any]) -> bool:
    """Whether single lines of a file can be read: those of csv need the names of its columns."""
    entry = dataset.entry
    is_named = isinstance(entry.header, tuple) or bool(file["header"])
    return entry.format not in ("csv", "tsv") or is_named


def _planned(row: Mapping[str, Any]) -> PlannedFile:
    return PlannedFile(
        row["path"], row["path_date"], row["sha256"], row["byte_count"], row["generation"],
        "redriven", header=tuple(row["header"] or ()),
    )  # fmt: skip
