"""`onefold run --dry-run`: what a night would do with its files and to persons; nothing is written.

The files are planned without Spark; for the persons the night is tried (jobs/trial.py).
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date

from rich.console import Console
from rich.table import Table

from identity.night_difference import NightDifference
from ingestion.channels import Dataset
from ingestion.planning import FilePlan, PlannedFile, touched
from jobs import ingest_channels, resolve_identity
from jobs.common_arguments import Common
from jobs.definitions import Definitions
from jobs.file_plans import Planned, planned_files, stale_files
from jobs.run_night import Stage
from jobs.trial import Trial, is_changed, tried
from tags.lineage import tags_reading

MOST_FILES = 20  # listed of one dataset and state: what matters is that there are so many
_WORTH_A_LINE = ("late", "superseded", "refused", "stale", "growing", "missing")


def show(
    given: Common, definitions: Definitions, business_date: date, stages: Sequence[Stage],
    accepted: Mapping[str, str],
) -> None:  # fmt: skip
    """Prints the plan of every dataset (files by state, the days and the tags that it touches),
    where the stages take any in; then what the night would do to persons, where it would be another
    one than is published. With --log-format json, a line for each of the two.
    """
    is_json = given.log_format == "json"
    planned = planned_files(definitions, business_date)
    takes_in = any(stage.name == ingest_channels.NAME for stage in stages)
    outlook = [*_outlook(planned, accepted)] if takes_in else []
    lines = [f"业务日 business date {business_date} · 试运行 dry run, nothing is written"]
    for _, dataset, plan in planned if takes_in else ():
        lines += _of_dataset(definitions, dataset, plan, business_date)
    _print_files([*lines, *outlook], is_json)
    makes_persons = any(stage.name == resolve_identity.NAME for stage in stages)
    if outlook or not makes_persons:
        return
    if "://" in definitions.project.lake_root:
        _print_files(["客户 persons are tried on lakes that lie on a disk only"], is_json)
        return
    if not is_changed(definitions, business_date, planned if takes_in else ()):
        told = f"无变化 nothing has changed since {business_date} was published"
        _print_files([told], is_json)
        return
    _print_persons(tried(definitions, business_date, stages, accepted, given.progress()), is_json)


def _print_files(lines: Sequence[str], is_json: bool) -> None:
    if is_json:
        _print_json("dry_run_files", lines=lines)
    else:
        sys.stdout.write("\n".join(lines) + "\n")


def _print_persons(trial: Trial, is_json: bool) -> None:
    difference = trial.difference
    if is_json:
        persons = None if difference is None else asdict(difference) | {
            "sizes": [each._asdict() for each in difference.sizes]
        }  # fmt: skip
        since = "this_night_as_published" if trial.is_again else "the_night_before"
        _print_json("dry_run_persons", held=trial.held, since=since, persons=persons)
        return
    if difference is not None:
        Console().print(_table(difference, trial.is_again))
    if trial.held:
        sys.stdout.write(f"暂停 would be held (exit 3): {trial.held}\n")


def _table(difference: NightDifference, is_again: bool) -> Table:
    """The persons before and after, by size, and what became of them."""
    before = "已发布 as published" if is_again else "前一日 night before"
    table = Table("客户 persons", before, "试运行 dry run", "变化 change", box=None)
    for name in (1, 2, 3):
        table.columns[name].justify = "right"
    told = [
        ("全部 all", difference.people_before, difference.people_after),
        *((f"{each.size} 识别组 sightings", each.before, each.after) for each in difference.sizes),
    ]
    for title, was, now in told:
        table.add_row(title, f"{was:,}", f"{now:,}", f"{now - was:+,}")
    for title, count in (
        ("新增 new", difference.minted), ("合并 merged", difference.merged),
        ("拆分 split off", difference.split),
        ("停用 retired", difference.gone - difference.merged),
        ("移动的节点 nodes moved", difference.moved), ("新公共标识 new hubs", difference.new_hubs),
        ("最大客户的识别组 sightings of the largest", difference.largest),
    ):  # fmt: skip
        table.add_row(title, "", "", f"{count:,}")
    return table


def _print_json(event: str, **fields: object) -> None:
    sys.stdout.write(json.dumps({"event": event, **fields}, ensure_ascii=False) + "\n")


def _of_dataset(
    definitions: Definitions, dataset: Dataset, plan: FilePlan, business_date: date
) -> Iterator[str]:
    files = sorted(_seen(plan), key=lambda each: each[1].path)
    counts = Counter(state for state, _ in files)
    if plan.same:
        counts["same"] += len(plan.same)
    told = " · ".join(f"{count:,} {state}" for state, count in sorted(counts.items()))
    yield f"{dataset.full_name}: {told or 'no files'}"
    for state in _WORTH_A_LINE:
        of_state = [file for found, file in files if found == state]
        yield from (f"  {state:<10} {_named(file)}" for file in of_state[:MOST_FILES])
        if len(of_state) > MOST_FILES:
            yield f"  {state:<10} and {len(of_state) - MOST_FILES:,} more"
    found = touched(dataset, plan, business_date)
    if found.days:
        tags = tags_reading(definitions.tags, found.tables, _golden(definitions))
        yield f"  日期 days   {', '.join(map(str, found.days))}"
        yield f"  表 tables   {', '.join(found.tables)}"
        yield f"  标签 tags   {', '.join(tags) or 'none'}"


def _seen(plan: FilePlan) -> Iterator[tuple[str, PlannedFile]]:
    for file in (*plan.take, *plan.stale, *plan.copies, *plan.unready):
        yield ("refused" if file.refusal else file.state), file
    for file in plan.told:
        if file.state == "missing":
            yield file.state, file
    for path in plan.growing:
        yield "growing", PlannedFile(path, date.min, "", 0, 0, "growing")


def _named(file: PlannedFile) -> str:
    why = file.refusal or file.reason
    return f"{file.path} ({why})" if why else file.path


def _golden(definitions: Definitions) -> tuple[str, ...]:
    return tuple(table.name for table in definitions.project.model.golden_tables)


def _outlook(planned: Sequence[Planned], accepted: Mapping[str, str]) -> Iterator[str]:
    """What the run would answer at once, as far as the plan can tell."""
    waits = [path for _, _, plan in planned for path in (*plan.missing, *plan.growing)]
    gone = [entry.path for _, _, plan in planned for entry in plan.vanished]
    held = [
        f"{objection.code}: {objection.observed}"
        for objection, _, is_required in stale_files(planned)
        if is_required and objection.code not in accepted
    ]
    if waits:
        yield f"未就绪 would wait (exit 4) for: {', '.join(waits)}"
    if gone:
        yield f"已变化 would wait (exit 4), gone or changed since: {', '.join(gone)}"
    if held:
        yield f"暂停 would be held (exit 3) by: {'; '.join(held)}"
