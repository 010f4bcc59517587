"""`onefold run` and `onefold backfill`: the lease, the session, the nights, what is told after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from jobs import resolve_identity
from jobs.accept_codes import refuse_unknown
from jobs.common_arguments import Common
from jobs.definitions import Definitions
from jobs.dry_run import show as dry_run_shown
from jobs.night import new_run_id, open_night, session_of
from jobs.outcome import UNEXPECTED, write_result
from jobs.progress import Progress
from jobs.run_night import STAGES, Stage, chosen_stages, run_night, stale_after
from lake.lease import Lease
from lake.ledger import stage_rows
from model.dates import parse_business_date
from model.errors import LakeBusyError, OnefoldError, UsageError
from model.project import Project


def run(
    given: Common, date_text: str, first: str | None, only: str | None,
    accept: Sequence[str], reason: str, dry_run: bool, rebuild_map: bool,
) -> None:  # fmt: skip
    """One night, or the stages of it that --from or --only name; --dry-run only tells. A code to
    accept that no check can have is refused.

    `rebuild_map`: the map of a night that was resolved before is made anew from the log of OneIDs.
    """
    if accept and not reason.strip():
        raise UsageError('--accept needs --reason "…": why the check may pass is recorded')
    stages = chosen_stages(first, only)
    definitions = given.definitions()
    refuse_unknown(accept, definitions)
    night = business_date(date_text, definitions.project)
    if rebuild_map:
        _refuse_to_rebuild(definitions.project.lake_root, night, stages, dry_run)
    if dry_run:
        dry_run_shown(given, definitions, night, stages, dict.fromkeys(accept, reason))
        return
    accepted = dict.fromkeys(accept, reason)
    _run_nights(given, definitions, [night], stages, accepted, rebuild_map)


def _refuse_to_rebuild(
    lake_root: str, night: date, stages: Sequence[Stage], dry_run: bool
) -> None:
    """UsageError where a map cannot be made anew: the log tells of nights that were resolved."""
    if dry_run or resolve_identity.NAME not in [stage.name for stage in stages]:
        raise UsageError("--rebuild-map goes with the stage resolve_identity, and is no dry run")
    resolved = {
        row["business_date"] for row in stage_rows(lake_root)
        if row["stage"] == resolve_identity.NAME and row["outcome"] != "failed"
    }  # fmt: skip
    if night in resolved:
        return
    hint = (
        f"; make the map of the last one, then run {night}: "
        f"onefold run --date {max(resolved)} --from resolve_identity --rebuild-map"
    )
    raise UsageError(
        f"--rebuild-map: {night} is no night that was resolved, so the log of OneIDs does not tell "
        f"of it{hint if resolved else ''}"
    )


def backfill(given: Common, first: str, last: str) -> None:
    """Every night from the first date to the last, in order; the first that fails ends it."""
    definitions = given.definitions()
    begin, end = (business_date(text, definitions.project) for text in (first, last))
    if end < begin:
        raise UsageError(f"--to {end} lies before --from {begin}")
    nights = [begin + timedelta(days=n) for n in range((end - begin).days + 1)]
    _run_nights(given, definitions, nights, STAGES, {})


def business_date(text: str, project: Project) -> date:
    """A date argument; UsageError where it is none, or lies in the project's future."""
    zone = ZoneInfo(project.settings.project.time_zone)
    return parse_business_date(text, today=datetime.now(zone).date())


def _run_nights(
    given: Common, definitions: Definitions, nights: Sequence[date], stages: Sequence[Stage],
    accepted: Mapping[str, str], rebuilds_map: bool = False,
) -> None:  # fmt: skip
    project, progress = definitions.project, given.progress()
    run_id = new_run_id(nights[0])
    with (
        _result_written(project.lake_root, run_id, nights),
        Lease(project.lake_root, run_id, project.settings.lease.seconds) as lease,
        session_of(project) as spark,
    ):
        for day in nights:
            progress.say(f"business date {day} · lake {project.lake_root}")
            night = open_night(
                spark, definitions, day, progress, accepted, run_id, rebuilds_map
            )
            try:
                run_night(night, stages, lease.confirm)
            finally:
                progress.close()
        _tell_after(progress, project.lake_root, nights[-1], stages)


@contextmanager
def _result_written(lake_root: str, run_id: str, nights: Sequence[date]) -> Iterator[None]:
    """Writes run_result.json at the end, whatever the end; not where another run holds the lake."""
    code, message = UNEXPECTED, "ended unexpectedly"
    busy = False
    try:
        yield
        code, message = 0, "done"
    except OnefoldError as error:
        code, message, busy = error.exit_code, str(error), isinstance(error, LakeBusyError)
        raise
    finally:
        if not busy:
            told = ("business_date", "stage", "outcome", "seconds", "row_counts")
            stages = [
                {key: row[key] for key in told} | {"row_counts": dict(row["row_counts"])}
                for row in stage_rows(lake_root, run_id)
            ]
            fields = {"run_id": run_id, "business_date": nights[-1], "message": message}
            write_result(lake_root, {**fields, "stages": stages}, code)


def _tell_after(
    progress: Progress, lake_root: str, last: date, stages: Sequence[Stage]
) -> None:
    if stages[-1] is not STAGES[-1]:
        return
    progress.say(f"published {last} · report {lake_root}/reports/{last}.html")
    stale = stale_after(last, lake_root)
    if stale:
        progress.say(
            f"later nights are stale now: {stale[0]} to {stale[-1]}; rebuild them with "
            f"onefold backfill --from {stale[0]} --to {stale[-1]}"
        )
