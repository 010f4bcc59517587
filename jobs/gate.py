"""The quality gate behind every stage: what its rows are asked, judged on D's counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from ingestion.commonest_identifiers import commonest_identifiers
from jobs.audit import record_accepted
from jobs.identity_gate import identity_results
from jobs.night import Night
from lake.ledger import QualityRecord, metric_rows, record_metrics, record_quality
from lake.readers import published_rows
from model.contracts import TableContract
from model.engines import Engine, Rows
from model.fixed_tables import ONE_IDS, SIGHTINGS
from model.settings import QualitySettings
from model.slice_counts import SliceCounts, count_slice
from model.sql_text import date_literal
from quality.checks import STALE, TableChecks
from quality.comparisons import Drift
from quality.gate import CheckResult, CountedSlice, accepted, judge_slices, raise_if_held
from quality.measures import questions_of, without_lost
from quality.past import DAYS_KEPT_IN_MIND, histories


def judge(
    night: Night, contracts: Sequence[TableContract], counted: Mapping[str, SliceCounts]
) -> None:
    """Runs and records the checks of the tables a stage wrote, of the datasets it counted, and of
    the map where that is new; GateHeldError (exit 3) where one holds the night."""
    slices = [*_datasets(night, counted), *_tables(night, contracts)]
    of_map = identity_results(night) if ONE_IDS in contracts else ()
    if not slices and not of_map:
        return
    rows, quality = _metric_rows(night), night.project.settings.quality
    day = night.business_date
    judged = judge_slices(slices, histories(rows), day, _drift(quality), quality.breaks)
    # Whatever the verdict: a night that is accepted later is the past of those behind it.
    record_metrics(night.lake, day, [_metric(night, *each) for each in _numbers(slices)], rows)
    # What makes a tag stale was judged, and recorded, before the table was written.
    own = [result for result in judged if result.severity != STALE]
    raise_if_held(_recorded(night, [*own, *of_map]))


def judge_tags(
    night: Night, engine: Engine, wide: Rows, checks: TableChecks
) -> tuple[CheckResult, ...]:
    """Runs and records the checks that make tags stale, on wide rows that are not written yet.

    Their numbers are no past for later nights: those of what is written in the end are.
    """
    counted = CountedSlice(checks, count_slice(engine, "tag_checks", wide, questions_of(checks)))
    past = histories(_metric_rows(night))
    return _recorded(night, judge_slices([counted], past, night.business_date, None))


def _metric_rows(night: Night) -> Sequence[dict[str, Any]]:
    since = night.business_date - timedelta(days=DAYS_KEPT_IN_MIND)
    return metric_rows(night.lake.root, since)


def _recorded(night: Night, found: Sequence[CheckResult]) -> tuple[CheckResult, ...]:
    """The results, with what people accepted; kept for whoever asks."""
    results = accepted(found, night.accepted)
    record_quality(night.lake, [_record(night, result) for result in results])
    record_accepted(night, [
        (result.code, result.accepted_because, result.row_count)
        for result in results if result.accepted_because is not None
    ])  # fmt: skip
    return results


def _datasets(night: Night, counted: Mapping[str, SliceCounts]) -> list[CountedSlice]:
    commonest = _commonest(night) if counted and night.project.settings.quality.breaks else {}
    return [
        CountedSlice(
            checks, replace(counted[name], commonest=commonest.get(name, {}))
        )
        for checks in night.definitions.dataset_checks if (name := checks.table_name) in counted
    ]  # fmt: skip


def _commonest(night: Night) -> Mapping[str, Mapping[str, tuple[int, int]]]:
    day = night.business_date
    with night.engine() as engine:
        sightings = night.lake.rows(engine, SIGHTINGS, until=day)
        return commonest_identifiers(engine, sightings, day)


def _tables(night: Night, contracts: Sequence[TableContract]) -> list[CountedSlice]:
    """The tables that have checks, counted by the engine their size asks for."""
    checks = {one.table_name: one for one in night.definitions.checks}
    asked = [contract for contract in contracts if contract.full_name in checks]
    if not asked:
        return []
    with night.engine() as engine:
        return [_counted(night, engine, each, checks[each.full_name]) for each in asked]


def _counted(
    night: Night, engine: Engine, contract: TableContract, checks: TableChecks
) -> CountedSlice:
    rows = _rows(night, engine, contract)
    table, lost = without_lost(checks, rows.columns)
    file = "source_file" if "source_file" in rows.columns else ""
    counts = count_slice(engine, "checks", rows, questions_of(table), file)
    return CountedSlice(table, counts, lost, engine.frame(rows) if table.expectations else None)


def _rows(night: Night, engine: Engine, contract: TableContract) -> Rows:
    """What D wrote: the slice of D without withdrawals, which have nothing but a key; or what holds
    at D of a history."""
    day = night.business_date
    if contract.sliced_by is None:
        history = night.lake.rows(engine, contract)
        return engine.rows("held", published_rows(contract, "history", day), history=history)
    slices = night.lake.rows(engine, contract, until=day)
    where = f"{contract.sliced_by} = {date_literal(day)}"
    where += " and not is_deleted" if "is_deleted" in contract.column_names else ""
    return engine.rows("written", f"select * from slices where {where}", slices=slices)


def _drift(settings: QualitySettings) -> Drift | None:
    if not settings.drift:
        return None
    return Drift(settings.drift_rows, settings.drift_filled, settings.drift_psi)


def _numbers(slices: Sequence[CountedSlice]) -> list[tuple[str, str, str, str, float]]:
    return [
        (one.name, metric.column, metric.name, metric.category, value)
        for one in slices
        for metric, value in sorted(one.metrics.items())
    ]


def _metric(
    night: Night, table: str, column: str, metric: str, category: str, value: float
) -> tuple[object, ...]:
    return night.business_date, table, column or None, metric, category or None, value


def _record(night: Night, result: CheckResult) -> QualityRecord:
    return QualityRecord(
        night.business_date, night.lake.run_id, result.table_name, result.code, result.check_text,
        result.severity, result.is_passed, result.observed, result.accepted_because,
    )
