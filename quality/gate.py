"""The gate after a stage: every check judged on counts, and whether the night may go on."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from pyspark.sql import DataFrame

from model.errors import GateHeldError
from model.slice_counts import SliceCounts
from quality.breaks import CODES as BREAK_CODES
from quality.breaks import breaks_of
from quality.checks import Check, Severity, TableChecks
from quality.comparisons import (
    DRIFT_CODES,
    Drift,
    Finding,
    Night,
    drift_of,
    findings_of,
    nothing_to_compare,
)
from quality.expectations import Bounds, judge_bounds, run_suite
from quality.measures import Measure, Metric, measures_of, metrics_of
from quality.past import History
from quality.rules import Filled, PastRule, RowCount, Unique

_TOLD = 5  # columns a result names; the others are counted


@dataclass(frozen=True)
class CheckResult:
    """One check of one night; `observed` is counts in words, never a row's value.

    `accepted_because` is the reason a person gave for passing a failed check; None otherwise.
    `row_count` counts the rows that fail, or all rows where the check is about the whole slice.
    """

    code: str
    table_name: str
    check_text: str
    severity: Severity
    is_passed: bool
    observed: str
    accepted_because: str | None = None
    row_count: int = 0


@dataclass(frozen=True)
class CountedSlice:
    """The rows a night wrote of one table or took in of one dataset, as counts.

    `lost` are checks that read a column the rows no longer have; `frame` is there only where rules
    of great-expectations' own ask for the rows themselves.
    """

    table: TableChecks
    counts: SliceCounts
    lost: tuple[Check, ...] = ()
    frame: DataFrame | None = None

    @property
    def name(self) -> str:
        """`zone.table` or `channel.dataset`."""
        return self.table.table_name

    @property
    def metrics(self) -> Mapping[Metric, float]:
        """The night's numbers, for itself and for later nights."""
        return metrics_of(self.table, self.counts)


def codes_of(table: TableChecks, has_drift: bool, has_breaks: bool) -> tuple[str, ...]:
    """The codes that results of a slice can have, without the slice's name before them."""
    own = [one.code for one in table.checks] + [one.code for one in table.expectations]
    found = [code.removeprefix(f"{table.table_name}.") for code in own]
    if table.watched is not None:
        found += [*(DRIFT_CODES if has_drift else ()), *(BREAK_CODES if has_breaks else ())]
    return tuple(found)


class _Judged(NamedTuple):
    """A check's result as it will be, and the findings that decide whether it is passed."""

    result: CheckResult
    findings: Sequence[Finding]


def judge_slices(
    slices: Sequence[CountedSlice], pasts: Mapping[str, History], day: date, drift: Drift | None,
    has_breaks: bool = False,
) -> tuple[CheckResult, ...]:  # fmt: skip
    """The result of every check, by slice, in the order of its file; then what drifted, and what
    broke with the nights before.

    `drift` None: no drift is told; `has_breaks`: breaks are looked for. Cost: one validation of all
    counts, and one of each table that has rules of great-expectations' own.
    """
    judged = []
    for one in slices:
        night = Night(one.metrics, pasts.get(one.name, History()), day)
        judged.append([*_judged(one, night), *_compared(one, night, drift, has_breaks)])
    flat = [finding.bounds for checks in judged for each in checks for finding in each.findings]
    verdicts = iter(judge_bounds(flat))
    results: list[CheckResult] = []
    for one, checks in zip(slices, judged, strict=True):
        results += [_decided(each, [next(verdicts) for _ in each.findings]) for each in checks]
        results += _suite_results(one)
    return tuple(results)


def _judged(one: CountedSlice, night: Night) -> Iterator[_Judged]:
    for check, seen in measures_of(one.table, one.counts).items():
        yield _of_check(check, seen, one.table, night)
    for check in one.lost:
        result = _result(one.name, check, "a column it reads is missing")
        yield _Judged(dataclasses.replace(result, is_passed=False), ())


def _compared(
    one: CountedSlice, night: Night, drift: Drift | None, has_breaks: bool
) -> Iterator[_Judged]:
    """What nobody asked for, as far as there is a past."""
    if one.table.watched is None:
        return
    drifts = [] if drift is None else drift_of(one.table, night, drift)
    breaks = breaks_of(one.table, night) if has_breaks else ()
    severity: Severity = "hold" if one.table.may_hold else "warn"
    for code, text, findings in drifts:
        if findings:
            result = CheckResult(f"{one.name}.{code}", one.name, text, "warn", True, "as usual")
            yield _Judged(result, findings)
    for code, text, findings in breaks:
        if findings:
            result = CheckResult(f"{one.name}.{code}", one.name, text, severity, True, "none")
            yield _Judged(result, findings)


def _of_check(check: Check, seen: Measure, table: TableChecks, night: Night) -> _Judged:
    if isinstance(check.rule, PastRule):
        found = findings_of(check.rule, night, table)
        told = nothing_to_compare(check.rule, night) if not found else "as usual"
        return _Judged(_result(table.table_name, check, told, seen.judged), found)
    told = _observed(check, seen)
    failing = seen.judged if isinstance(check.rule, RowCount) else seen.failing
    result = _result(table.table_name, check, told, failing)
    return _Judged(result, [Finding(_bounds(check, seen), told)])


def _result(table: str, check: Check, told: str, rows: int = 0) -> CheckResult:
    text = f"{check.text} (mostly {check.mostly})" if check.mostly else check.text
    return CheckResult(check.code, table, text, check.severity, True, told, None, rows)


def _decided(judged: _Judged, verdicts: Sequence[bool]) -> CheckResult:
    """The result with its verdict; what failed is told, or the one thing there is."""
    result, findings = judged
    failed = [f.told for f, is_passed in zip(findings, verdicts, strict=True) if not is_passed]
    told = failed or ([findings[0].told] if len(findings) == 1 else [])
    if not told:
        return result
    more = [f"and {len(told) - _TOLD} more"] if len(told) > _TOLD else []
    observed = " · ".join([*told[:_TOLD], *more])
    return dataclasses.replace(result, is_passed=not failed, observed=observed)


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


def _suite_results(one: CountedSlice) -> list[CheckResult]:
    if one.frame is None:
        return []
    verdicts = run_suite(one.frame, one.table.expectations)
    return [
        CheckResult(
            each.code, one.name, each.text, each.severity,
            verdicts[each.code].is_passed, verdicts[each.code].observed or "holds",
        )
        for each in one.table.expectations
    ]  # fmt: skip


def _bounds(check: Check, seen: Measure) -> Bounds:
    """The count a check is judged by: its rows, or its failing rows against those allowed."""
    if isinstance(check.rule, RowCount):
        return Bounds(seen.judged, check.rule.low, check.rule.high)
    return Bounds(seen.failing, 0, check.required.allowed_failures(seen.judged))


def _observed(check: Check, seen: Measure) -> str:
    if isinstance(check.rule, RowCount):
        return f"{seen.judged:,} rows"
    verb, share = "fail", ""
    if isinstance(check.rule, Unique):
        verb = "repeat a key"
    if isinstance(check.rule, Filled):
        filled = seen.judged - seen.failing
        share = f"{filled / seen.judged:.1%} filled; " if seen.judged else ""
        verb = "are empty"
    if check.severity == "quarantine":
        verb = "went to quarantine"
    files = ", ".join(f"{file} ({count:,})" for file, count in seen.files)
    where = f"; in {files}" if files else ""
    return f"{share}{seen.failing:,} of {seen.judged:,} rows {verb}{where}"
