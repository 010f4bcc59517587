"""The gate after a stage: every check of a table run once, and whether the night may go on."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import DataFrame

from model.errors import GateHeldError
from quality.checks import Check, Severity, TableChecks
from quality.expectations import Bounds, judge_counts, run_suite
from quality.measures import Measure, files_of_failures, measure
from quality.rules import Filled, RowCount, Share, Unique


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


def run_checks(frame: DataFrame, table_checks: TableChecks) -> tuple[CheckResult, ...]:
    """The result of every check on `frame`, the rows to judge, in the file's order.

    Cost: one aggregation for all checks, one more where a row check failed (to name the files), and
    one validation run for great-expectations' own rules. A check whose column is missing fails.
    """
    present = set(frame.columns)
    runnable = [check for check in table_checks.checks if present.issuperset(check.rule.columns)]
    measures = dict(zip(runnable, measure(frame, runnable), strict=True))
    verdicts = judge_counts([_bounds(check, seen) for check, seen in measures.items()])
    measures |= _with_files(frame, {
        check: seen for check, seen in measures.items() if not verdicts[check.code]
    })  # fmt: skip
    own = tuple(
        _result(table_checks.table_name, check, measures.get(check), verdicts.get(check.code))
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
    files = files_of_failures(frame, list(failed))
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


def _bounds(check: Check, seen: Measure) -> Bounds:
    """The count a check is judged by: its rows, or its failing rows against those allowed."""
    if isinstance(check.rule, RowCount):
        return Bounds(check.code, seen.judged, check.rule.low, check.rule.high)
    return Bounds(check.code, seen.failing, 0, _share(check).allowed_failures(seen.judged))


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
