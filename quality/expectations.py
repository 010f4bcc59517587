"""The one door to great-expectations: judging counts, and running suites written for it.

It is imported late, since importing it takes seconds, with telemetry off before that. Results come
back as codes and counts: never a row's value.
"""

from __future__ import annotations

import gc
import logging
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame

from model.errors import OnefoldError, Problems
from quality.checks import TableChecks
from quality.suites import Expectation

_WHICH_FAIL = {"result_format": "COMPLETE", "unexpected_index_column_names": ["number"]}
_COUNTS_ONLY = {"result_format": "SUMMARY", "partial_unexpected_count": 0}
# Observed values that describe a whole table; others (a maximum, a median) are some row's value.
_AGGREGATES = (
    "expect_table_row_count", "expect_table_column_count", "expect_column_mean",
    "expect_column_stdev", "expect_column_sum", "expect_column_unique_value_count",
    "expect_column_proportion",
)  # fmt: skip


@dataclass(frozen=True)
class Bounds:
    """A number and where it must lie, both ends included; None leaves an end open."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Verdict:
    """Whether an expectation holds; `observed` tells counts, "" where nothing needs telling."""

    is_passed: bool
    observed: str = ""


def judge_bounds(bounds: Sequence[Bounds]) -> list[bool]:
    """Whether each number lies in its bounds, in their order.

    One validation of a table with a row a number: two expectations over all of it, since each
    costs some ten milliseconds however few its rows.
    """
    if not bounds:
        return []
    import pandas as pd  # noqa: PLC0415  only where a gate runs

    numbers = pd.DataFrame({
        "number": range(len(bounds)),
        "value": [float(each.value) for each in bounds],
        "low": [-math.inf if each.low is None else float(each.low) for each in bounds],
        "high": [math.inf if each.high is None else float(each.high) for each in bounds],
    })  # fmt: skip
    rules = [_not_below("value", "low"), _not_below("high", "value")]
    context = _context()
    source = context.data_sources.add_pandas("numbers")
    results = _validate(context, source, numbers, rules, _WHICH_FAIL)
    failed = {
        place["number"]
        for result in results.values()
        for place in result.result.get("unexpected_index_list") or ()
    }
    if not all(result.success or result.result for result in results.values()):
        raise OnefoldError("great-expectations could not judge the counts of this night")
    return [number not in failed for number in range(len(bounds))]


def _not_below(upper: str, lower: str) -> dict[str, Any]:
    kind = "expect_column_pair_values_a_to_be_greater_than_b"
    return _rule(kind, f"{upper}_{lower}", {
        "column_A": upper, "column_B": lower, "or_equal": True,
    })  # fmt: skip


def run_suite(frame: DataFrame, expectations: Sequence[Expectation]) -> Mapping[str, Verdict]:
    """The verdict on each expectation, by code: first yes or no, then counts for what failed."""
    if not expectations:
        return {}
    rules = [_rule(one.type, one.code, one.kwargs) for one in expectations]
    # persist=False: the table is read as often as the suite asks, and never cached behind our back.
    context = _context()
    tables = context.data_sources.add_spark("tables", persist=False)
    quick = _validate(context, tables, frame, rules)
    failed = [rule for rule in rules if not quick[rule["meta"]["code"]].success]
    details = _validate(context, tables, frame, failed, _COUNTS_ONLY) if failed else {}
    return {
        code: Verdict(bool(result.success), _observed(details[code]) if code in details else "")
        for code, result in quick.items()
    }


def check_expectations(tables: Sequence[TableChecks], problems: Problems) -> None:
    """Notes expectations great-expectations does not know, or whose arguments it refuses.

    Cost: loads great-expectations (seconds) if there is any expectation, else nothing.
    """
    for expectation in (one for table in tables for one in table.expectations):
        reason = _refusal(expectation)
        if reason:
            problems.add(expectation.location, f"{expectation.type}: {reason}")


def _refusal(expectation: Expectation) -> str:
    load_library()
    from great_expectations.exceptions.exceptions import (  # noqa: PLC0415
        ExpectationNotFoundError,
    )
    from great_expectations.expectations.registry import get_expectation_impl  # noqa: PLC0415

    try:
        get_expectation_impl(expectation.type)(**expectation.kwargs)
    except ExpectationNotFoundError:
        return "great-expectations knows no such expectation"
    except (TypeError, ValueError) as error:
        errors = getattr(error, "errors", None)
        found = errors() if errors else [{"loc": (), "msg": "refused arguments"}]
        return "; ".join(" ".join(map(str, (*one["loc"], one["msg"]))) for one in found)
    return ""


def load_library() -> Any:
    """great-expectations itself, which takes seconds the first time.

    Telemetry off must be in the environment before the import.
    """
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    # It logs whole stack traces, with rows in them, where a rule cannot run; we report those rules.
    logging.getLogger("great_expectations").setLevel(logging.CRITICAL)
    was_enabled = gc.isenabled()
    gc.disable()  # a fifth of the time goes into looking for garbage, of which there is none
    try:
        import great_expectations  # noqa: PLC0415  2-8 seconds: only where a gate runs
    finally:
        if was_enabled:
            gc.enable()
    return great_expectations


def _context() -> Any:
    library = load_library()
    from great_expectations.data_context.types.base import ProgressBarsConfig  # noqa: PLC0415

    context = library.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    return context


def _rule(kind: str, code: str, kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """One expectation as it is taken; results come in any order, so that it bears its code."""
    return {"type": kind, "kwargs": dict(kwargs), "meta": {"code": code}}


def _validate(
    context: Any,
    source: Any,
    table: Any,
    rules: list[dict[str, Any]],
    result_format: Any = "BOOLEAN_ONLY",
) -> dict[str, Any]:
    """Results by code of one validation run over a whole table."""
    library = load_library()
    name = f"run_{len(context.validation_definitions.all())}"
    batches = source.add_dataframe_asset(name).add_batch_definition_whole_dataframe("whole")
    suite = context.suites.add(library.ExpectationSuite(name=name, expectations=rules))
    validation = context.validation_definitions.add(
        library.ValidationDefinition(name=name, data=batches, suite=suite)
    )
    run = validation.run(batch_parameters={"dataframe": table}, result_format=result_format)
    return {result.expectation_config.meta["code"]: result for result in run.results}


def _observed(result: Any) -> str:
    """What a failed expectation saw, in counts; a rule that could not run says so."""
    if not result.result:
        return "could not run; see whether its columns and types fit the table"
    failing, rows = (result.result.get(key) for key in ("unexpected_count", "element_count"))
    if failing is not None and rows is not None:
        return f"{failing:,} of {rows:,} rows fail"
    observed = result.result.get("observed_value")
    if result.expectation_config.type.startswith(_AGGREGATES) and isinstance(observed, int | float):
        return f"observed {observed:,}"
    return "fails"
