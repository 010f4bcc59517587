"""The files of a night: planned against the ledger, waited for, held where they are doubtful."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from ingestion.arrivals import arrived_files, moved
from ingestion.channels import Channel, Dataset
from ingestion.layout import layout_of
from ingestion.planning import FilePlan, LedgerEntry, PlannedFile, plan_files
from ingestion.preflight import refusal_of
from jobs.audit import record_accepted
from jobs.definitions import Definitions
from jobs.night import Night
from lake.ledger import QualityRecord, file_rows, quality_rows, record_quality
from model.errors import GateHeldError, InputMissingError
from model.ops_tables import FILES

Planned = tuple[Channel, Dataset, FilePlan]
# Rows of the ledger that tell of no bytes taken in: of redriven ones only lines were.
_NOT_TAKEN = ("growing", "missing", "redriven")


@dataclass(frozen=True)
class Objection:
    """What speaks against a night's files: a code for --accept, where it was found, and counts."""

    code: str
    place: str
    observed: str

    @property
    def text(self) -> str:
        """The check as the ledger keeps it: what was accepted once stays so for the same bytes."""
        return f"{self.code} · {self.place}"


def plan_night(night: Night) -> list[Planned]:
    """For every dataset, the files this night takes and those it finds missing."""
    return planned_files(night.definitions, night.business_date)


def planned_files(definitions: Definitions, business_date: date) -> list[Planned]:
    """As `plan_night`, without Spark; nothing is written. Doubtful files without a record in them
    are no doubt: days without any look alike."""
    ledger = _ledger(definitions.project.lake_root)
    root, by = definitions.project.landing_root, settled_by_ns(definitions)
    planned = []
    for channel, dataset in datasets_of(definitions):
        arrived = arrived_files(root, channel, dataset, business_date, by)
        known = ledger.get((channel.name, dataset.name), [])
        plan = plan_files(arrived, known, business_date, dataset)
        empty = _empty_ones(definitions, dataset, [*plan.stale, *plan.copies])
        planned.append((channel, dataset, plan.accepting(empty, business_date)))
    return planned


def datasets_of(definitions: Definitions) -> list[tuple[Channel, Dataset]]:
    """The datasets a night takes in; none of a shadow channel is required, it holds nobody up."""
    return [
        (channel, dataset if channel.status == "online" else _optional(dataset))
        for channel in definitions.channels
        if channel.status != "paused"
        for dataset in channel.datasets
    ]


def settled_by_ns(definitions: Definitions) -> int | None:
    """Since when a dump must be still to count as whole; None where the settings do not ask."""
    seconds = definitions.project.settings.ingestion.settle_seconds
    return time.time_ns() - seconds * 1_000_000_000 if seconds else None


def refuse_unready(planned: Sequence[Planned]) -> None:
    """A night that cannot be whole does not begin: InputMissingError (exit 4)."""
    missing = [path for _, _, plan in planned for path in plan.missing]
    if missing:
        raise InputMissingError(
            f"required dumps have not arrived: {', '.join(missing)}; run again when they are there"
        )
    refuse_growing([path for _, _, plan in planned for path in plan.growing])
    vanished = [entry.path for _, _, plan in planned for entry in plan.vanished]
    if vanished:
        raise InputMissingError(
            "dumps this night took before are gone or changed, and running it again would lose "
            f"their rows: {', '.join(vanished)}; put them back first"
        )


def refuse_moved(root: Path, planned: Sequence[Planned]) -> None:
    """The last look before anything is written: every file is still as it was planned."""
    refuse_growing(moved(root, [file for _, _, plan in planned for file in plan.take]))


def refuse_growing(paths: Sequence[str]) -> None:
    """InputMissingError (exit 4) where files are still being written."""
    if paths:
        raise InputMissingError(
            f"dumps are still arriving: {', '.join(paths)}; run again when they are whole"
        )


def accepted_plans(night: Night, planned: Sequence[Planned]) -> list[Planned]:
    """The plans with the doubtful files that a person accepted; GateHeldError (exit 3) where a
    required dataset has others."""
    objections = list(stale_files(planned))
    passed = hold(night, [o for o, _, is_required in objections if is_required])
    passed |= accepted_of(night, [o for o, _, is_required in objections if not is_required])
    let = {(*where, o.place) for o, where, _ in objections if o.text in passed}
    return [
        (channel, dataset, plan.accepting(
            {f.path for f in plan.stale
             if (channel.name, dataset.name, _place(f)) in let}, night.business_date))
        for channel, dataset, plan in planned
    ]  # fmt: skip


def stale_files(planned: Sequence[Planned]) -> Iterator[
    tuple[Objection, tuple[str, str], bool]
]:
    """An objection for every file delivered for another date before; of which dataset, and whether
    that is required. An outdated whole state is none: the newer one is held."""
    for channel, dataset, plan in planned:
        for file in plan.stale if dataset.entry.arrives == "daily" else ():
            code = f"{dataset.full_name}.stale"
            objection = Objection(code, _place(file), f"{file.path}: {file.reason}")
            yield objection, (channel.name, dataset.name), dataset.entry.required


def refused_files(
    dataset: Dataset, plan: FilePlan, refused: dict[str, str]
) -> Iterator[Objection]:
    """An objection for every refused file of a required dataset; `refused` are reasons by path."""
    for file in plan.take if dataset.entry.required else ():
        if file.path in refused:
            code = f"{dataset.full_name}.{refused[file.path]}"
            yield Objection(code, _place(file), f"{file.path}: {refused[file.path]}")


def cut_off(dataset: Dataset, plan: FilePlan, cut: Collection[str]) -> Iterator[Objection]:
    """An objection for every file of a required dataset that ends within a record."""
    for file in plan.take if dataset.entry.required else ():
        if file.path in cut:
            told = f"{file.path}: the last line is broken and has no end"
            yield Objection(f"{dataset.full_name}.cut", _place(file), told)


def hold(night: Night, objections: Sequence[Objection]) -> frozenset[str]:
    """Texts of those that a person passes, recorded; GateHeldError (exit 3) where others remain."""
    passed = accepted_of(night, objections)
    held = [one for one in objections if one.text not in passed]
    record_quality(night.lake, [_record(night, one, None) for one in held])
    if held:
        lines = sorted({f"{one.code}: {one.observed}" for one in held})
        way_on = 'mend the dumps and run again, or pass them: --accept CODE --reason "…"'
        raise GateHeldError("\n".join(["held by the files of the night", *lines, way_on]))
    return passed


def accepted_of(night: Night, objections: Sequence[Objection]) -> frozenset[str]:
    """Texts of the objections that are accepted now, which is recorded, or were before."""
    before = {
        row["check_text"] for row in quality_rows(night.lake.root)
        if row["accepted_because"] is not None and row["table_name"] == FILES.full_name
        and row["business_date"] == night.business_date
    }
    now = [one for one in objections if one.code in night.accepted]
    record_quality(night.lake, [_record(night, one, night.accepted[one.code]) for one in now])
    # Of files whose records nobody read, none are counted.
    record_accepted(night, [(one.code, night.accepted[one.code], 0) for one in now])
    return frozenset(before | {one.text for one in now}) & {one.text for one in objections}


def _record(night: Night, objection: Objection, reason: str | None) -> QualityRecord:
    return QualityRecord(
        night.business_date, night.lake.run_id, FILES.full_name, objection.code, objection.text,
        "hold", False, objection.observed, reason,
    )


def _place(file: PlannedFile) -> str:
    return f"{file.path} {file.sha256[:12]}".rstrip()


def _ledger(root: str) -> dict[tuple[str, str], list[LedgerEntry]]:
    ledger: dict[tuple[str, str], list[LedgerEntry]] = {}
    for row in file_rows(root):
        is_only_told = row["state"] == "same" and not row["line_count"]
        if row["state"] not in _NOT_TAKEN and not is_only_told:
            entry = LedgerEntry(
                row["path"], row["sha256"], row["generation"], row["arrived_date"],
                row["path_date"], row["state"],
            )
            ledger.setdefault((row["channel"], row["dataset"]), []).append(entry)
    return ledger


def _empty_ones(
    definitions: Definitions, dataset: Dataset, files: Sequence[PlannedFile]
) -> set[str]:
    settings, root = definitions.project.settings.ingestion, definitions.project.landing_root
    layout = replace(layout_of(dataset, settings), accepts_empty=False)
    return {file.path for file in files if refusal_of(root / file.path, layout) == "empty"}


def _optional(dataset: Dataset) -> Dataset:
    return replace(dataset, entry=replace(dataset.entry, required=False))
