"""The gate after a stage: every check of a table run once, and whether the night may go on."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from pyspark.sql import DataFrame

from model.errors import GateHeldError
from quality.checks import Check, Severity, TableChecks
from quality.expectations import Bounds, judge_counts, run_suite
from quality.measures import Measure, files_of_failures, measure
from quality.rules import Filled, RowCount, Share, Unique

_SIDE_BY_SIDE = 4  # aggregations over small tables are mostly waiting


@dataclass(frozen=True)
class CheckResult:
    """One check of one night; `observed` is counts in words, never a row's value.

    `accepted_because` is the reason a person gave for passing a failed check; None otherwise.
    """

    code: str
    table_name: str
    check_text: str
    severity: Severity
    is_passed: bool
    observed: str
    accepted_because: str | None = None


def run_checks(tables: Sequence[tuple[DataFrame, TableChecks]]) -> tuple[CheckResult, ...]:
    """The result of every check on its table's rows, in the order of tables and of their files.

    Cost: per table one aggregation for all its checks, side by side, and one more where a row check
    failed (to name the files); one judgement over the counts of all; one validation run for
    great-expectations' own rules of a table. A check whose column is missing fails.
    """
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        measured = list(pool.map(_measured, tables))
    verdicts = judge_counts([
        _bounds(checks.table_name, check, seen)
        for (_, checks), found in zip(tables, measured, strict=True)
        for check, seen in found.items()
    ])  # fmt: skip
    return tuple(
        result
        for (frame, checks), found in zip(tables, measured, strict=True)
        for result in _results(frame, checks, found, verdicts)
    )


def _measured(table: tuple[DataFrame, TableChecks]) -> dict[Check, Measure]:
    frame, table_checks = table
    present = set(frame.columns)
    runnable = [check for check in table_checks.checks if present.issuperset(check.rule.columns)]
    return dict(zip(runnable, measure(frame, runnable), strict=True))


def _results(
    frame: DataFrame, table_checks: TableChecks, measures: dict[Check, Measure],
    verdicts: Mapping[str, bool],
) -> tuple[CheckResult, ...]:
    table = table_checks.table_name
    passed = {check: verdicts[_name(table, check)] for check in measures}
    failed = {check: seen for check, seen in measures.items() if not passed[check]}
    measures = measures | _with_files(frame, failed)
    own = tuple(
        _result(table, check, measures.get(check), passed.get(check))
        for check in table_checks.checks
    )
    return own + _suite_results(frame, table_checks)


def accepted(
    results: Sequence[CheckResult], reasons: Mapping[str, str]
) -> tuple[CheckResult, ...]:
    """The results, failed ones among `reasons` (code → reason) marked as passed by a person."""
    return tuple(
        dataclasses.replace(result, accepted_because=reasons[result.code])
        if result.code in reasons and not result.is_passed
        else result
        for result in results
    )


def held(results: Sequence[CheckResult]) -> tuple[CheckResult, ...]:
    """The failed checks that hold the night: those that say hold and that nobody accepted."""
    return tuple(
        result
        for result in results
        if result.severity == "hold" and not result.is_passed and result.accepted_because is None
    )


def raise_if_held(results: Sequence[CheckResult]) -> None:
    """GateHeldError (exit 3) naming check, counts, files and the way on, when a check holds."""
    holding = held(results)
    if holding:
        lines = [f"{one.code}: {one.check_text}: {one.observed}" for one in holding]
        way_on = 'mend the data and run again, or pass it: --accept CODE --reason "…"'
        raise GateHeldError("\n".join(["held by the quality gate", *lines, way_on]))


def _with_files(
    frame: DataFrame, failed: Mapping[Check, Measure]
) -> dict[Check, Measure]:
    files = files_of_failures(frame, list(failed)) if failed else ()
    return {
        check: dataclasses.replace(seen, files=named)
        for (check, seen), named in zip(failed.items(), files, strict=True)
    }


def _suite_results(frame: DataFrame, table_checks: TableChecks) -> tuple[CheckResult, ...]:
    verdicts = run_suite(frame, table_checks.expectations)
    return tuple(
        CheckResult(
            one.code, table_checks.table_name, one.text, one.severity,
            verdicts[one.code].is_passed, verdicts[one.code].observed or "holds",
        )
        for one in table_checks.expectations
    )  # fmt: skip


def _bounds(table: str, check: Check, seen: Measure) -> Bounds:
    """The count a check is judged by: its rows, or its failing rows against those allowed."""
    name = _name(table, check)
    if isinstance(check.rule, RowCount):
        return Bounds(name, seen.judged, check.rule.low, check.rule.high)
    return Bounds(name, seen.failing, 0, _share(check).allowed_failures(seen.judged))


def _name(table: str, check: Check) -> str:
    return f"{table}.{check.code}"


def _share(check: Check) -> Share:
    if isinstance(check.rule, Filled):
        return check.rule.share
    return check.mostly or Share.parse("100%")


def _result(
    table: str, check: Check, seen: Measure | None, is_passed: bool | None
) -> CheckResult:
    observed = _observed(check, seen) if seen else "a column it reads is missing"
    return CheckResult(
        check.code, table, _text(check), check.severity, bool(is_passed), observed
    )


def _text(check: Check) -> str:
    return f"{check.text} (mostly {check.mostly})" if check.mostly else check.text


def _observed(check: Check, seen: Measure) -> str:
    if isinstance(check.rule, RowCount):
        return f"{seen.judged:,} rows"
    verb = "repeat a key" if isinstance(check.rule, Unique) else "fail"
    if isinstance(check.rule, Filled):
        filled = seen.judged - seen.failing
        share = f"{filled / seen.judged:.1%} filled; " if seen.judged else ""
        verb = "are empty"
    else:
        share = ""
    files = ", ".join(f"{file} ({count:,})" for file, count in seen.files)
    where = f"; in {files}" if files else ""
    return f"{share}{seen.failing:,} of {seen.judged:,} rows {verb}{where}"
