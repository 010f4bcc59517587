"""The night: every stage in order, each with its gate and its record; held nights stop there."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timezone
from types import ModuleType

from jobs import compute_tags, gate, ingest_channels, publish, report_insight, resolve_identity
from jobs.memory import PeakMemory
from jobs.night import Night
from lake.ledger import StageRecord, held_dates, newest_publication, published_dates, record_stage
from model.contracts import TableContract
from model.errors import GateHeldError, UsageError, did_you_mean
from quality.expectations import load_library


@dataclass(frozen=True)
class Stage:
    """One stage: what it does, and the tables it writes."""

    name: str
    run: Callable[[Night], None]
    tables: Callable[[Night], Sequence[TableContract]]

    @classmethod
    def of(cls, module: ModuleType) -> Stage:
        """The stage a job file describes."""
        return cls(module.NAME, module.run, module.tables)


STAGES = tuple(
    map(Stage.of, (ingest_channels, resolve_identity, compute_tags, report_insight, publish))
)


def chosen_stages(first: str | None, only: str | None) -> tuple[Stage, ...]:
    """The stages that --from and --only leave, in their order; UsageError for an unknown name."""
    names = [stage.name for stage in STAGES]
    for name in filter(None, (first, only)):
        if name not in names:
            raise UsageError(f"unknown stage {name!r}{did_you_mean(name, names)}")
    if only:
        return tuple(stage for stage in STAGES if stage.name == only)
    return STAGES[names.index(first) if first else 0 :]


def run_night(
    night: Night, stages: Sequence[Stage] = STAGES, confirm: Callable[[], None] = lambda: None
) -> None:
    """Runs the stages. A gate that holds raises GateHeldError and leaves readers where they were.

    A held re-run of a published night puts its tables back as that night was published. `confirm`
    is asked before every stage whether this run still holds the lake.
    """
    _refuse_after_held(night)
    # great-expectations takes seconds to load: beside the first stage, not behind it.
    threading.Thread(target=load_library, name="great-expectations").start()
    with PeakMemory() as memory:
        try:
            for stage in stages:
                confirm()
                _run_stage(night, stage, memory)
        except GateHeldError:
            _put_back(night, stages)
            raise
        finally:
            night.release()


def _run_stage(night: Night, stage: Stage, memory: PeakMemory) -> None:
    night.progress.begin(stage.name)
    started_at, began = datetime.now(timezone.utc), time.monotonic()
    outcome, rows = "failed", {}
    try:
        stage.run(night)
        gate.judge(night, stage.tables(night), night.take_counted())
        outcome, rows = "done", _row_counts(night, stage)
    except GateHeldError:
        outcome = "held"
        raise
    finally:
        seconds = time.monotonic() - began
        night.progress.end(stage.name, outcome, seconds, rows)
        record_stage(night.lake, StageRecord(
            night.business_date, night.lake.run_id, stage.name, outcome, started_at,
            round(seconds, 3), memory.megabytes(), rows,
        ))  # fmt: skip


def _row_counts(night: Night, stage: Stage) -> dict[str, int]:
    """Rows of the night by table, as the files of their slices tell."""
    day = night.business_date
    counts = {c.full_name: night.lake.row_count(c, day) for c in stage.tables(night)}
    return {name: count for name, count in sorted(counts.items()) if count is not None}


def _refuse_after_held(night: Night) -> None:
    earlier = [day for day in held_dates(night.lake.root) if day < night.business_date]
    if earlier:
        raise GateHeldError(
            f"the night of {earlier[0]} is held by its quality gate; run it again, or accept it "
            f'with: onefold run --date {earlier[0]} --accept CODE --reason "…"'
        )


def _put_back(night: Night, stages: Sequence[Stage]) -> None:
    root = night.lake.root
    if night.business_date not in published_dates(root):
        return
    last = newest_publication(root)
    contracts = {c.full_name: c for stage in stages for c in stage.tables(night)}
    for name, version in (last.versions if last else {}).items():
        if name in contracts:
            night.lake.restore(contracts[name], version)


def stale_after(night_date: date, root: str) -> list[date]:
    """Published nights after this one, which a re-run makes stale."""
    return sorted(day for day in published_dates(root) if day > night_date)


if __name__ == "__main__":
    from jobs.command_line import submit

    submit("run")
