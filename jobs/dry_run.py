"""`onefold run --dry-run`: what a night would do with its files; nothing is written, no Spark."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date

from ingestion.channels import Dataset
from ingestion.planning import FilePlan, PlannedFile, touched
from jobs.definitions import Definitions
from jobs.file_plans import Planned, planned_files, stale_files
from tags.lineage import tags_reading

MOST_FILES = 20  # listed of one dataset and state: what matters is that there are so many
_WORTH_A_LINE = ("late", "superseded", "refused", "stale", "growing", "missing")


def show(definitions: Definitions, business_date: date) -> None:
    """Prints the plan of every dataset: files by state, the days and the tags that it touches."""
    planned = planned_files(definitions, business_date)
    lines = [f"业务日 business date {business_date} · 试运行 dry run, nothing is written"]
    for _, dataset, plan in planned:
        lines += _of_dataset(definitions, dataset, plan, business_date)
    lines += _outlook(planned)
    sys.stdout.write("\n".join(lines) + "\n")


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


def _outlook(planned: Sequence[Planned]) -> Iterator[str]:
    """What the run would answer at once, as far as the plan can tell."""
    waits = [path for _, _, plan in planned for path in (*plan.missing, *plan.growing)]
    gone = [entry.path for _, _, plan in planned for entry in plan.vanished]
    held = [f"{o.code}: {o.observed}" for o, _, is_required in stale_files(planned) if is_required]
    if waits:
        yield f"未就绪 would wait (exit 4) for: {', '.join(waits)}"
    if gone:
        yield f"已变化 would wait (exit 4), gone or changed since: {', '.join(gone)}"
    if held:
        yield f"暂停 would be held (exit 3) by: {'; '.join(held)}"
