"""`onefold quarantine`: what waits to be mended, by reason and file; and asking to try it again."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timezone
from typing import Any

from ingestion.channels import Dataset
from jobs.common_arguments import Common
from jobs.definitions import Definitions
from jobs.nights import business_date
from jobs.questions import show_rows
from jobs.redrives import is_readable, is_reading, obstacle_of
from lake.ledger import file_rows
from lake.log_tables import append_records, read_columns
from lake.readers import standing_lines
from model.errors import UsageError, did_you_mean
from model.local_engine import LocalEngine
from model.ops_tables import FILES, QUARANTINE, REDRIVES

_LINES = tuple(name for name in QUARANTINE.column_names if name != "sealed_line")


@dataclass(frozen=True)
class Chosen:
    """Which quarantined lines are meant; None or empty: all. `reason` is a code such as
    amount:not_a_number, or its part behind the field."""

    channel: str | None
    dataset: str | None
    arrived_date: date | None
    reason: str | None

    def holds(self, line: Mapping[str, Any]) -> bool:
        """Whether a line is meant."""
        told = [
            self.channel in (None, line["channel"]), self.dataset in (None, line["dataset"]),
            self.arrived_date in (None, line["arrived_date"]),
            self.reason is None or any(
                self.reason in (code, code.partition(":")[2]) for code in line["reasons"]
            ),
        ]  # fmt: skip
        return all(told)


def show(given: Common, form: str, **options: Any) -> None:
    """Lines by night, file and reason; one with several reasons counts under each of them."""
    definitions = given.definitions()
    lines = _standing(definitions, _chosen(definitions, **options))
    names = ("arrived_date", "channel", "dataset", "source_file", "reason", "lines")
    counts = Counter(
        (str(line["arrived_date"]), line["channel"], line["dataset"], line["source_file"], reason)
        for line in lines for reason in line["reasons"]
    )  # fmt: skip
    show_rows(names, [(*key, count) for key, count in sorted(counts.items())], form)
    if form == "table":
        sys.stdout.write(f"{len(lines):,} lines wait to be mended\n")


def redrive(given: Common, **options: Any) -> None:
    """Notes a request for each dataset with such lines; the next night takes them.

    UsageError where the lines of no dataset can be tried alone.
    """
    definitions = given.definitions()
    chosen = _chosen(definitions, **options)
    lines = _standing(definitions, chosen)
    if not lines:
        sys.stdout.write("nothing stands in quarantine that this names\n")
        return
    datasets = _datasets(definitions)
    per_dataset = Counter((line["channel"], line["dataset"]) for line in lines)
    obstacles = {key: _obstacle(datasets, ".".join(key)) for key in sorted(per_dataset)}
    possible = [key for key, obstacle in obstacles.items() if not obstacle]
    told = "\n".join(obstacle for obstacle in obstacles.values() if obstacle)
    if not possible:
        raise UsageError(told)
    now = datetime.now(timezone.utc)
    append_records(definitions.project.lake_root, REDRIVES, [
        (now, channel, dataset, chosen.arrived_date, chosen.reason, None)
        for channel, dataset in possible
    ], {})  # fmt: skip
    for key in possible:
        sys.stdout.write(f"{'.'.join(key)}: {per_dataset[key]:,} lines\n")
    own = [line for line in lines if (line["channel"], line["dataset"]) in possible]
    nameless = _nameless(definitions, datasets, own)
    if nameless:
        sys.stdout.write(f"{nameless:,} of them cannot be read alone: run their night again\n")
    if told:
        sys.stdout.write(f"left out: {told}\n")
    sys.stdout.write("the next night that runs takes them: onefold run --date DATE\n")


def _chosen(
    definitions: Definitions, channel: str | None, dataset: str | None, date_text: str | None,
    reason: str | None,
) -> Chosen:  # fmt: skip
    known = {one.name: [each.name for each in one.datasets] for one in definitions.channels}
    if channel is not None and channel not in known:
        raise UsageError(f"unknown channel {channel!r}{did_you_mean(channel, list(known))}")
    names = known[channel] if channel else sorted({each for one in known.values() for each in one})
    if dataset is not None and dataset not in names:
        raise UsageError(f"unknown dataset {dataset!r}{did_you_mean(dataset, names)}")
    day = business_date(date_text, definitions.project) if date_text else None
    return Chosen(channel, dataset, day, reason)


def _standing(definitions: Definitions, chosen: Chosen) -> list[dict[str, Any]]:
    root = definitions.project.lake_root
    with LocalEngine() as engine:
        rows = engine.rows(
            "standing_lines", standing_lines("quarantine", "files"),
            quarantine=engine.of(read_columns(root, QUARANTINE, _LINES)),
            files=engine.of(read_columns(root, FILES, ("path", "generation", "line_count"))),
        )  # fmt: skip
        lines = engine.arrow(rows).to_pylist()
    return [line for line in lines if chosen.holds(line)]


def _datasets(definitions: Definitions) -> dict[str, Dataset]:
    return {each.full_name: each for one in definitions.channels for each in one.datasets}


def _obstacle(datasets: Mapping[str, Dataset], name: str) -> str:
    if name not in datasets:
        return f"{name} is no dataset any more: its lines stay in quarantine"
    return obstacle_of(datasets[name])


def _nameless(
    definitions: Definitions, datasets: Mapping[str, Dataset], lines: list[dict[str, Any]]
) -> int:
    """Lines of csv files whose columns the ledger does not name."""
    rows = file_rows(definitions.project.lake_root)
    files = {(row["path"], row["generation"]): row for row in rows if is_reading(row)}
    return sum(
        not is_readable(
            datasets[f"{line['channel']}.{line['dataset']}"],
            files[line["source_file"], line["generation"]],
        )
        for line in lines
    )
