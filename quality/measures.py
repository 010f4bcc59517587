"""Checks as counts: what each one asks of a slice, and what the answers say, for all in one go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from language.binding import quoted
from model.slice_counts import RecordChecks, SliceCounts, SliceQuestions
from model.sql_text import text_literal
from quality.checks import Check, TableChecks
from quality.conditions import is_filled, passes
from quality.rules import Coverage, Filled, Psi, Subject, Unique, Within

ROWS = "row_count"
OTHER = "…"  # the category of all values that are not told apart


@dataclass(frozen=True)
class Measure:
    """What one check saw: rows judged and rows failing (for a row count: all rows, and 0)."""

    judged: int
    failing: int
    files: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, order=True)
class Metric:
    """One number of a slice that is kept for later nights to compare with.

    `rows`; `filled`: share of rows whose column has a value; `distinct`: different values per
    value; `share`: share of a category among the values of a column; `repeated`: share of rows
    whose key comes again that night; `one_value`: share of the sets of identifiers with a kind (its
    name in `column`) that hold its commonest value.
    """

    name: Literal["rows", "filled", "distinct", "share", "repeated", "one_value"]
    column: str = ""
    category: str = ""


def questions_of(table: TableChecks) -> SliceQuestions:
    """Everything that the checks of a slice, and what is watched of it, need counted."""
    asked = {ROWS: "count(*)"}
    failures, keys = {}, {}
    types = table.subject.types
    for n, check in enumerate(table.checks):
        condition = passes(check.rule, types)
        if condition is not None:
            asked[f"judged_{n}"] = f"count(case when {condition} is not null then 1 end)"
            asked[f"failing_{n}"] = f"count(case when not {condition} then 1 end)"
            failures[f"failing_{n}"] = (f"judged_{n}", check.required.failing)
        elif isinstance(check.rule, Unique):
            keys[f"keys_{n}"] = check.rule.columns
    for n, column in enumerate(_filled(table)):
        asked[f"filled_{n}"] = f"count(case when {is_filled(column, types[column])} then 1 end)"
    for n, column in enumerate(_distinct(table)):
        asked[f"different_{n}"] = f"count(distinct {quoted(column)})"
    mixes = _mixes(table)
    for n, column in enumerate(mixes):
        for k, value in enumerate(table.subject.values.get(column, ())):
            is_it = f"{quoted(column)} = {text_literal(value)}"
            asked[f"mix_{n}_{k}"] = f"count(case when {is_it} then 1 end)"
    told_by_value = [column for column in mixes if column not in table.subject.values]
    return SliceQuestions(asked, failures, told_by_value, keys)


def without_lost(
    table: TableChecks, columns: Sequence[str]
) -> tuple[TableChecks, tuple[Check, ...]]:
    """The checks whose columns are all there, and those that lost one."""
    present = set(columns)
    kept = tuple(check for check in table.checks if present.issuperset(check.rule.columns))
    lost = tuple(check for check in table.checks if check not in kept)
    return replace(table, checks=kept), lost


def record_checks(table: TableChecks) -> RecordChecks:
    """What is asked of a dataset's records, for ingestion."""
    asked = {name for check in table.checks for name in check.rule.columns}
    fields = sorted(asked.union(table.watched or ()))
    by_value = {
        name
        for check in table.checks if not isinstance(check.rule, Filled | Within | Coverage)
        for name in check.rule.columns
    } | {*_distinct(table), *_mixes(table)}
    # A text field of a record is never blank: it is there or it is not; a word may stand for any.
    subject = table.subject
    untold = [
        name for name in fields
        if name in subject.untold or (name not in by_value and subject.types[name] != "enum")
    ]
    return RecordChecks(questions_of(table), fields, untold, faults_of(table))


def faults_of(table: TableChecks) -> dict[str, tuple[str, str]]:
    """The checks that put failing records into quarantine: a reason code and the SQL that is true
    of such a record, by the name under which they are counted."""
    return {
        f"quarantined_{n}": (
            f"check:{check.code.removeprefix(f'{table.table_name}.')}",
            f"not {passes(check.rule, table.subject.types)}",
        )
        for n, check in enumerate(table.checks)
        if check.severity == "quarantine"
    }


def measures_of(table: TableChecks, found: SliceCounts) -> dict[Check, Measure]:
    """What each check saw; records in quarantine are failing rows of the checks that put them
    there, and rows of no other check."""
    counts = found.counts
    return {
        check: _measure(n, check, counts, found.files) for n, check in enumerate(table.checks)
    }


def _measure(
    n: int, check: Check, counts: Mapping[str, int],
    files: Mapping[str, tuple[tuple[str, int], ...]],
) -> Measure:  # fmt: skip
    rows = counts[ROWS]
    if isinstance(check.rule, Unique):
        return Measure(rows, rows - counts[f"keys_{n}"])
    if f"judged_{n}" not in counts:
        return Measure(rows, 0)
    name = f"quarantined_{n}" if check.severity == "quarantine" else f"failing_{n}"
    taken_out = counts.get(f"quarantined_{n}", 0)
    failing = counts.get(name, 0)
    return Measure(counts[f"judged_{n}"] + taken_out, failing, files.get(name, ()))


def metrics_of(table: TableChecks, found: SliceCounts) -> dict[Metric, float]:
    """The slice's numbers for later nights; shares of no rows are not there."""
    counts = found.counts
    rows = counts[ROWS]
    filled = {column: counts[f"filled_{n}"] for n, column in enumerate(_filled(table))}
    metrics = {Metric("rows"): float(rows)}
    if rows:
        metrics |= {Metric("filled", column): n / rows for column, n in filled.items()}
    if rows and found.repeated is not None:
        metrics[Metric("repeated")] = found.repeated / rows
    for kind, (sets, commonest) in found.commonest.items():
        metrics[Metric("one_value", kind)] = commonest / sets
    for n, column in enumerate(_distinct(table)):
        if filled[column]:
            metrics[Metric("distinct", column)] = counts[f"different_{n}"] / filled[column]
    for n, column in enumerate(_mixes(table)):
        if filled[column]:
            mix = _mix(n, column, table.subject, found)
            mix[OTHER] = filled[column] - sum(mix.values())
            metrics |= {
                Metric("share", column, name): max(times, 0) / filled[column]
                for name, times in mix.items()
            }
    return metrics


def _mix(n: int, column: str, subject: Subject, found: SliceCounts) -> dict[str, int]:
    if column not in subject.values:
        return dict(found.categories.get(column, {}))
    return {
        value: found.counts[f"mix_{n}_{k}"] for k, value in enumerate(subject.values[column])
    }


def enums_watched(table: TableChecks) -> tuple[str, ...]:
    """The watched columns whose values are known beforehand, so that their mix can be watched."""
    subject = table.subject
    known = (name for name in table.watched or () if name in subject.values)
    return tuple(name for name in known if name not in subject.private)


def _filled(table: TableChecks) -> list[str]:
    asked = [
        column
        for check in table.checks
        if isinstance(check.rule, Within | Coverage)
        for column in check.rule.columns
    ]
    return sorted({*asked, *_mixes(table), *(table.watched or ())})


def _distinct(table: TableChecks) -> list[str]:
    rules: Sequence[object] = [check.rule for check in table.checks]
    return sorted({r.column for r in rules if isinstance(r, Within) and r.what == "distinct"})


def _mixes(table: TableChecks) -> list[str]:
    asked = [check.rule.column for check in table.checks if isinstance(check.rule, Psi)]
    return sorted({*asked, *enums_watched(table)})
