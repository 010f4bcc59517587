"""The ledger of zone ops: runs, quality results, published nights. Reading it needs no Spark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timezone
from typing import Any

from lake.log_tables import read_rows
from lake.tables import Lake
from lake.views import PublishedNight
from model.contracts import TableContract
from model.ops_tables import AUDIT, FILES, PUBLISHED, QUALITY_RESULTS, RUNS, SLICE_METRICS


@dataclass(frozen=True)
class StageRecord:
    """One stage of one run, as it ended; `outcome` is done, held or failed."""

    business_date: date
    run_id: str
    stage: str
    outcome: str
    started_at: datetime
    seconds: float
    peak_memory_mb: int
    row_counts: dict[str, int]


@dataclass(frozen=True)
class AuditRecord:
    """One row of ops.audit: who did what to personal data or past a gate, why, to how many rows."""

    at: datetime
    user_name: str
    command: str
    purpose: str | None
    row_count: int


@dataclass(frozen=True)
class QualityRecord:
    """One check of one run; `accepted_because` is the reason given with --accept."""

    business_date: date
    run_id: str
    table_name: str
    code: str
    check_text: str
    severity: str
    is_passed: bool
    observed: str
    accepted_because: str | None


def record_stage(lake: Lake, record: StageRecord) -> None:
    """Adds a stage to ops.runs."""
    lake.append(RUNS, [_values(record)])


def record_quality(lake: Lake, records: Sequence[QualityRecord]) -> None:
    """Adds the results of a stage's checks to ops.quality_results."""
    if records:
        lake.append(QUALITY_RESULTS, [_values(record) for record in records])


def record_audit(lake: Lake, records: Sequence[AuditRecord]) -> None:
    """Adds rows to ops.audit."""
    if records:
        lake.append(AUDIT, [_values(record) for record in records])


def metric_rows(root: str, since: date) -> list[dict[str, Any]]:
    """The numbers of ops.slice_metrics of all nights since a day."""
    return read_rows(root, SLICE_METRICS, since)


def record_metrics(
    lake: Lake, business_date: date, records: Sequence[tuple[object, ...]],
    known: Sequence[dict[str, Any]],
) -> None:  # fmt: skip
    """Makes the numbers those of the night's slices they are about; `known` are the rows of
    ops.slice_metrics so far, whose numbers of the night's other slices stay."""
    names = SLICE_METRICS.column_names
    about = {record[1] for record in records}
    others = [
        tuple(row[name] for name in names)
        for row in known
        if row["business_date"] == business_date and row["table_name"] not in about
    ]
    if records:
        lake.replace_records(SLICE_METRICS, [*others, *records], business_date)


def record_published(
    lake: Lake, business_date: date, versions: dict[str, int], definitions_hash: str
) -> PublishedNight:
    """The last act of a night: from this commit on, readers see it."""
    now = datetime.now(timezone.utc)
    lake.append(PUBLISHED, [
        (business_date, lake.run_id, now, dict(sorted(versions.items())), definitions_hash)
    ])
    return PublishedNight(business_date, lake.run_id, versions)


def published_night(root: str, as_of: date | None = None) -> PublishedNight | None:
    """What readers see: the newest publication of the latest night, or of the night `as_of`."""
    rows = [row for row in _rows(root, PUBLISHED) if as_of in (None, row["business_date"])]
    return _last_published(rows, "business_date", "published_at")


def definitions_of(root: str, business_date: date) -> str | None:
    """The fingerprint of the definitions that a night was published with last; None where it is
    not published."""
    rows = [row for row in _rows(root, PUBLISHED) if row["business_date"] == business_date]
    last = max(rows, key=lambda row: row["published_at"], default=None)
    return None if last is None else str(last["definitions_hash"])


def newest_publication(root: str) -> PublishedNight | None:
    """The night published last, whichever its date: the newest whole state of the tables."""
    return _last_published(_rows(root, PUBLISHED), "published_at")


def _last_published(rows: list[dict[str, Any]], *order: str) -> PublishedNight | None:
    if not rows:
        return None
    last = max(rows, key=lambda row: tuple(row[name] for name in order))
    return PublishedNight(last["business_date"], last["run_id"], dict(last["versions"]))


def published_dates(root: str) -> dict[date, datetime]:
    """Every published night, and when it was published last."""
    dates: dict[date, datetime] = {}
    for row in _rows(root, PUBLISHED):
        day = row["business_date"]
        dates[day] = max(row["published_at"], dates.get(day, row["published_at"]))
    return dates


def stage_begun(root: str, business_date: date, stage: str) -> datetime | None:
    """When a stage began whose rows a night was published with; None: the ledger does not tell."""
    published = published_dates(root)[business_date]
    begun = [
        row["started_at"] for row in _rows(root, RUNS)
        if (row["business_date"], row["stage"], row["outcome"]) == (business_date, stage, "done")
    ]  # fmt: skip
    return max((at for at in begun if at <= published), default=None)


def stale_dates(root: str) -> list[date]:
    """Published nights that lie after one that was rebuilt since: they want a backfill."""
    dates = published_dates(root)
    return sorted(
        day
        for day, at in dates.items()
        if any(earlier < day and again > at for earlier, again in dates.items())
    )


def held_dates(root: str) -> list[date]:
    """Nights whose newest run was held and which have not been published since."""
    newest: dict[date, tuple[datetime, str]] = {}
    for row in _rows(root, RUNS):
        seen = (row["started_at"], row["outcome"])
        newest[row["business_date"]] = max(seen, newest.get(row["business_date"], seen))
    published = published_dates(root)
    return sorted(
        day
        for day, (at, outcome) in newest.items()
        if outcome == "held" and not (day in published and published[day] >= at)
    )


def stage_rows(root: str, run_id: str | None = None) -> list[dict[str, Any]]:
    """Stages of ops.runs in the order they ran; of one run, or of all."""
    rows = [row for row in _rows(root, RUNS) if run_id in (None, row["run_id"])]
    return sorted(rows, key=lambda row: row["started_at"])


def quality_rows(root: str, run_id: str | None = None) -> list[dict[str, Any]]:
    """The check results of one run, or of all."""
    rows = [row for row in _rows(root, QUALITY_RESULTS) if run_id in (None, row["run_id"])]
    return sorted(rows, key=lambda row: (row["table_name"], row["check_text"]))


def file_rows(root: str) -> list[dict[str, Any]]:
    """Every file of the ledger, by night and path."""
    return sorted(_rows(root, FILES), key=lambda row: (row["arrived_date"], row["path"]))


def _rows(root: str, contract: TableContract) -> list[dict[str, Any]]:
    # The ledger's tables are small by nature: a row a stage, a check, a file.
    return read_rows(root, contract)


def _values(record: StageRecord | QualityRecord | AuditRecord) -> tuple[object, ...]:
    return tuple(vars(record).values())
