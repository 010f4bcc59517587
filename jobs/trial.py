"""A night tried over its lake, which stays as it is: what it would do to persons, and what would
hold it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from identity.night_difference import NightDifference, night_difference
from jobs import gate, ingest_channels, resolve_identity
from jobs.definitions import Definitions
from jobs.file_plans import Planned
from jobs.identity_gate import difference_of, held_at
from jobs.night import Night, open_night, session_of
from jobs.progress import Progress
from jobs.run_night import Stage
from lake.lease import Lease
from lake.ledger import definitions_of, file_rows, published_dates, stale_dates
from lake.log_tables import read_rows
from lake.overlay import overlaid
from lake.tables import Lake
from model.errors import GateHeldError
from model.ops_tables import CORRECTIONS, REDRIVES
from model.project import Project
from model.settings import PlaceSettings

STAGES = (ingest_channels.NAME, resolve_identity.NAME)


@dataclass(frozen=True)
class Trial:
    """What came of a night that was tried.

    `held`: what would hold it, empty where nothing would. `difference`: None where it was held
    before persons were resolved. `is_again`: the night is published, and the difference is to the
    persons it has, not to those of the night before.
    """

    held: str
    difference: NightDifference | None
    is_again: bool


def is_changed(
    definitions: Definitions, business_date: date, planned: Sequence[Planned]
) -> bool:
    """Whether the night would be another one than is published: a definition or a dump differs, an
    earlier night was rebuilt, or somebody has asked for something since."""
    root = definitions.project.lake_root
    is_known = definitions_of(root, business_date) == definitions.fingerprint
    if not is_known or business_date in stale_dates(root) or _is_asked_since(root, business_date):
        return True
    taken = {
        (row["path"], row["sha256"])
        for row in file_rows(root) if row["arrived_date"] == business_date
    }  # fmt: skip
    return any((f.path, f.sha256) not in taken for _, _, plan in planned for f in plan.take)


def _is_asked_since(root: str, business_date: date) -> bool:
    """Whether a correction or a redrive was asked for since the night was published."""
    published_at = published_dates(root)[business_date]
    asked = [row["requested_at"] for row in read_rows(root, REDRIVES)]
    for row in read_rows(root, CORRECTIONS):
        asked += [row["made_at"], row["withdrawn_at"]]
    return any(at is not None and at > published_at for at in asked)


def tried(
    definitions: Definitions, business_date: date, stages: Sequence[Stage],
    accepted: Mapping[str, str], progress: Progress,
) -> Trial:  # fmt: skip
    """Runs those of the stages that make persons on an overlay of the lake, which is then removed.

    LakeBusyError (exit 5) where a run holds the lake, since what it has written so far is no night.
    Cost: that of the stages.
    """
    project = definitions.project
    Lease(project.lake_root, "", project.settings.lease.seconds).refuse_held()
    is_again = business_date in published_dates(project.lake_root)
    with overlaid(project.lake_root) as root, session_of(project) as spark:
        over = replace(definitions, project=_over(project, root))
        night = open_night(spark, over, business_date, progress, accepted)
        try:
            last, held = _run(night, [stage for stage in stages if stage.name in STAGES])
            if last != resolve_identity.NAME:
                return Trial(held, None, is_again)
            known = Lake(spark, project.lake_root) if is_again else None
            return Trial(held, _difference(night, known), is_again)
        finally:
            night.release()
            progress.close()


def _run(night: Night, stages: Sequence[Stage]) -> tuple[str, str]:
    """The last stage that ran, and what its gate says, empty where that lets the night pass."""
    name = ""
    for stage in stages:
        name, began, outcome = stage.name, time.monotonic(), "failed"
        night.progress.begin(name)
        try:
            stage.run(night)
            gate.judge(night, stage.tables(night), night.take_counted())
            outcome = "done"
        except GateHeldError as error:
            outcome = "held"
            return name, str(error)
        finally:
            night.progress.end(name, outcome, time.monotonic() - began, {})
    return name, ""


def _difference(night: Night, known: Lake | None) -> NightDifference:
    """To what a lake knows of the night by now; None: to the night before."""
    day = night.business_date
    with night.engine() as engine:
        if known is None:
            return difference_of(night, engine)
        before, after = (held_at(engine, lake, day) for lake in (known, night.lake))
        return night_difference(engine, before, after, night.definitions.policy)


def _over(project: Project, root: str) -> Project:
    """The project with another lake. A secret that a first run would make is made there, too."""
    settings = replace(project.settings, lake=PlaceSettings(root))
    if settings.privacy.create_secret and not project.secret_file.exists():
        place = str(Path(root) / "secret.key")
        settings = replace(settings, privacy=replace(settings.privacy, secret_file=place))
    return replace(project, merged=replace(project.merged, settings=settings))
