"""Commands that only read: check, status, config, report, sql."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from pyspark.errors import PySparkException
from rich.console import Console
from rich.table import Table

from jobs.common_arguments import Common
from jobs.night import session_of
from jobs.nights import business_date
from lake.files import read_text
from lake.ledger import held_dates, published_dates, published_night, stage_rows, stale_dates
from lake.published import register_views
from lake.views import PublishedNight
from language.statements import is_question
from model.errors import InputMissingError, UsageError
from model.settings import flattened
from tags.example_runs import run_examples

MOST_ROWS = 10_000  # a query's answer is for people; tables are read where they lie


def check(given: Common, examples: bool) -> None:
    """Loads everything; with --examples, computes every tag's examples as well.

    What a definition asks for and no stage computes yet is told, a line each.
    """
    definitions = given.definitions()
    if examples:
        failures = run_examples(definitions.tags)
        if failures:
            raise UsageError("\n".join(map(str, failures)))
    counts = {
        "canonical tables": len(definitions.tables),
        "channels": len(definitions.channels),
        "identifier kinds": len(definitions.policy.kinds),
        "tags": len(definitions.tags.tags),
        "tables with checks": len(definitions.checks),
    }
    told = " · ".join(f"{count} {name}" for name, count in counts.items())
    for note in definitions.policy.not_computed():
        _print(f"note: {note}")
    _print(f"all sound: {told}")


def status(given: Common) -> None:
    """Published nights, what wants attention, and the stages of the last run."""
    root = given.definitions().project.lake_root
    published = published_dates(root)
    if published:
        last = max(published)
        _print(f"published: {len(published)} nights, {min(published)} to {last}")
    else:
        _print("published: none yet; run one with: onefold run --date DATE")
    for word, dates in (("held", held_dates(root)), ("stale", stale_dates(root))):
        if dates:
            _print(f"{word}: {', '.join(map(str, dates))}")
    runs = stage_rows(root)
    if runs:
        _show_run([row for row in runs if row["run_id"] == runs[-1]["run_id"]])


def config(given: Common) -> None:
    """Every setting as key = value, with where it came from."""
    merged = given.definitions().project.merged
    table = Table("setting", "value", "from", box=None)
    for key, value in flattened(merged.settings).items():
        told = json.dumps(value, ensure_ascii=False)
        table.add_row(key, told, merged.origins.get(key, "default"))
    Console().print(table)


def report(given: Common, date_text: str | None) -> None:
    """Prints the report's place; InputMissingError (exit 4) where there is none yet."""
    project = given.definitions().project
    as_of = business_date(date_text, project) if date_text else None
    night = published_or_refused(project.lake_root, as_of)
    place = f"reports/{night.business_date}.html"
    if read_text(project.lake_root, place) is None:
        raise InputMissingError(f"no report of {night.business_date}: run the night again")
    _print(f"{project.lake_root}/{place}")


def sql(given: Common, statement: str, as_of: str | None, form: str) -> None:
    """Answers one query over the published night's views; UsageError where it would change a table
    or cannot run."""
    if not is_question(statement):  # its words can name the lake's files, too
        raise UsageError("onefold sql answers one query (select, show, describe, explain) and "
                         "changes no table")  # fmt: skip
    definitions = given.definitions()
    project = definitions.project
    day = business_date(as_of, project) if as_of else None
    night = published_or_refused(project.lake_root, day)
    with session_of(project) as spark:
        register_views(
            spark, project.lake_root, night, definitions.contracts, definitions.tables, statement
        )
        try:
            answer = spark.sql(statement)
            rows = [tuple(row) for row in answer.limit(MOST_ROWS).collect()]  # bounded
        except PySparkException as error:
            raise UsageError(f"the query cannot run: {_first_line(error)}") from None
        show_rows(answer.columns, rows, form)


def published_or_refused(lake_root: str, as_of: date | None = None) -> PublishedNight:
    """The published night, `as_of` or the last; InputMissingError (exit 4) where there is none."""
    night = published_night(lake_root, as_of)
    if night is None:
        which = f"the night of {as_of}" if as_of else "no night"
        raise InputMissingError(f"{which} is published yet; run it with: onefold run --date DATE")
    return night


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]


def show_rows(names: Sequence[str], rows: Iterable[tuple[Any, ...]], form: str) -> None:
    """Prints rows as a table, as csv, or as one JSON object a line."""
    if form == "csv":
        writer = csv.writer(sys.stdout)
        writer.writerow(names)
        writer.writerows(rows)
    elif form == "json":
        for row in rows:
            line = dict(zip(names, row, strict=True))
            sys.stdout.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
    else:
        table = Table(*names)
        for row in rows:
            table.add_row(*("" if value is None else str(value) for value in row))
        Console().print(table)


def _show_run(rows: Sequence[dict[str, Any]]) -> None:
    table = Table("business date", "stage", "outcome", "seconds", "peak MB", "rows", box=None)
    for row in rows:
        written = sum(count for _, count in row["row_counts"])
        table.add_row(
            str(row["business_date"]), row["stage"], row["outcome"], f"{row['seconds']:.1f}",
            f"{row['peak_memory_mb']:,}", f"{written:,}",
        )  # fmt: skip
    Console().print(table)


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
