"""The quality gate behind every stage: the checks of the tables it wrote, judged on D's rows."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame

from jobs.night import Night
from lake.ledger import QualityRecord, record_quality
from lake.readers import published_rows
from model.contracts import TableContract
from quality.gate import CheckResult, accepted, raise_if_held, run_checks


def judge(night: Night, contracts: Sequence[TableContract]) -> None:
    """Runs and records the tables' checks; GateHeldError (exit 3) where one holds the night."""
    checks = {one.table_name: one for one in night.definitions.checks}
    judged = [
        (_rows(night, contract), checks[contract.full_name])
        for contract in contracts if contract.full_name in checks
    ]  # fmt: skip
    results = accepted(run_checks(judged), night.accepted) if judged else ()
    record_quality(night.lake, [_record(night, result) for result in results])
    raise_if_held(results)


def _rows(night: Night, contract: TableContract) -> DataFrame:
    """What D wrote: the slice of D, or what holds at D of a history."""
    if contract.sliced_by is not None:
        return night.lake.read_slice(contract, night.business_date)
    sql = published_rows(contract, "{rows}", night.business_date)
    return night.lake.spark.sql(sql, rows=night.lake.read(contract))


def _record(night: Night, result: CheckResult) -> QualityRecord:
    return QualityRecord(
        night.business_date, night.lake.run_id, result.table_name, result.check_text,
        result.severity, result.is_passed, result.observed, result.accepted_because,
    )
