"""A channel's checks on a dataset's records: what is counted, what goes to quarantine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from ingestion.arrivals import arrived_files
from ingestion.check_counts import hidden_fields, untold_fields
from ingestion.ingest import ingest_dataset
from ingestion.planning import plan_files
from jobs.checkable import all_dataset_checks
from model.engines import Engine, SparkEngine
from model.errors import Problems
from model.local_engine import LocalEngine
from model.settings import QualitySettings
from quality.checks import TableChecks
from quality.gate import CheckResult, CountedSlice, judge_slices
from quality.measures import Metric, record_checks
from tests.ingestion.fixtures import DESK, NIGHT, Ingested, channels_of, context, sound_channel

CHECKS = """
    checks:
      - {check: "note matches '^N[0-9]+$'", then: quarantine}
      - {check: "mobile filled", then: quarantine, code: reachable}
      - {check: "seen >= 2017-01-01", then: hold}
      - {check: "id unique", then: hold}
      - "mobile unique"
      - "first filled >= 90%"
      - "distinct of mobile within 5% of same weekday"
      - "rows >= 1"
"""
TEXT = DESK.rstrip() + CHECKS
RECORDS = """
{"id": "1", "first": "An", "last": "Wang", "mobile": "13812345678", "note": "N1", "seen": "2017-03-01 09:00:00"}
{"id": "1", "first": "An", "last": "Wang", "mobile": "+86 138-1234-5678", "note": "N2", "seen": "2017-03-01 10:00:00"}
{"id": "3", "first": "", "last": "Li", "mobile": "13812345679", "note": "N3", "seen": "2016-03-01 09:00:00"}
{"id": "4", "first": "Bo", "last": "Li", "mobile": "12", "note": "N4", "seen": "2017-03-01 09:00:00"}
{"id": "5", "first": "Bo", "last": "Li", "mobile": "", "note": "X5", "seen": "2017-03-01 09:00:00"}
{"id": "6", "first": "Bo", "last": "Li", "mobile": "13812345670", "note": "N6", "seen": "yesterday"}
{"id": "7", "first": "Cy", "last": "Li", "mobile": "13812345671", "note": "N7", "seen": "2017-03-01 09:00:00"}
"""  # noqa: E501


def dataset_checks(text: str) -> tuple[TableChecks, list[str]]:
    """The checks of a file's one dataset, and every problem."""
    channel, _ = sound_channel(text)
    problems = Problems()
    (found,) = all_dataset_checks([channel], context(Path()).policy, QualitySettings(), problems)
    return found, [str(problem) for problem in sorted(problems.found)]


@pytest.fixture(scope="module", params=[LocalEngine, SparkEngine])
def engine(request: pytest.FixtureRequest, spark: SparkSession) -> Iterator[Engine]:
    with request.param(spark) as engine:
        yield engine


@pytest.fixture(scope="module")
def desk(spark: SparkSession, engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Ingested:
    landing = tmp_path_factory.mktemp("desk")
    (landing / "desk").mkdir()
    (landing / "desk" / f"{NIGHT}.jsonl").write_text(RECORDS.lstrip(), encoding="utf-8")
    channel, dataset = sound_channel(TEXT)
    checks, problems = dataset_checks(TEXT)
    assert problems == []
    asked = replace(context(landing), checks={"desk.visits": record_checks(checks)})
    plan = plan_files(arrived_files(landing, channel, dataset, NIGHT), [], NIGHT, dataset)
    return Ingested(ingest_dataset(spark, engine, channel, dataset, plan.take, asked), engine)


def results(desk: Ingested) -> dict[str, CheckResult]:
    assert desk.night.counts is not None
    slices = [CountedSlice(dataset_checks(TEXT)[0], desk.night.counts)]
    return {
        result.code.removeprefix("desk.visits."): result
        for result in judge_slices(slices, {}, NIGHT, None)
    }


def test_records_that_fail_a_quarantining_check_go_there_with_its_code(desk: Ingested) -> None:
    assert desk.columns(desk.night.quarantine, "source_line", "reasons") == [
        (4, ["check:reachable"]),
        (5, ["check:note_matches", "check:reachable"]),
        (6, ["seen:not_a_time"]),
    ]
    (account,) = desk.night.accounts.values()
    assert (account.lines, account.accepted, account.quarantined) == (7, 4, 3)
    sealed = {row["source_line"]: row["sealed_line"] for row in desk.rows(desk.night.quarantine)}
    assert all(sealed.values())


def test_every_check_sees_the_accepted_records(desk: Ingested) -> None:
    file = f"desk/{NIGHT}.jsonl"
    assert {
        code: (one.severity, one.is_passed, one.observed) for code, one in results(desk).items()
    } == {
        "note_matches": (
            "quarantine", False, f"1 of 5 rows went to quarantine; in {file} (1)",
        ),
        "reachable": (
            "quarantine", False,
            f"66.7% filled; 2 of 6 rows went to quarantine; in {file} (2)",
        ),
        "seen_ge_2017_01_01": ("hold", False, f"1 of 4 rows fail; in {file} (1)"),
        "id_unique": ("hold", False, "1 of 4 rows repeat a key"),
        "mobile_unique": ("warn", False, "1 of 4 rows repeat a key"),
        "first_filled": ("warn", False, f"75.0% filled; 1 of 4 rows are empty; in {file} (1)"),
        "mobile_distinct_within": (
            "warn", True, "75.0% distinct values; too few nights to compare",
        ),
        "rows": ("warn", True, "4 rows"),
    }  # fmt: skip


def test_numbers_of_the_night_are_shares_without_values(desk: Ingested) -> None:
    assert desk.night.counts is not None
    found = CountedSlice(dataset_checks(TEXT)[0], desk.night.counts).metrics
    assert found == {
        Metric("rows"): 4.0, Metric("distinct", "mobile"): 0.75, Metric("filled", "id"): 1.0,
        Metric("filled", "mobile"): 1.0, Metric("filled", "note"): 1.0,
        Metric("filled", "seen"): 1.0, Metric("repeated"): 0.25,
    }  # fmt: skip


def test_a_field_that_only_an_expression_reads_has_no_token_to_count() -> None:
    _, dataset = sound_channel(DESK)
    policy = context(Path()).policy
    assert hidden_fields(dataset, policy) == {"mobile", "first", "last"}
    assert untold_fields(dataset, policy) == {"first", "last"}


def test_every_wrong_check_is_named_with_its_line() -> None:
    text = DESK.rstrip() + """
    checks:
      - "moblie filled >= 60%"
      - {check: "mobile = 'x'", then: hold}
      - {check: "rows >= 1", then: quarantine}
      - {check: "note filled >= 50%", then: quarantine}
      - {check: "note filled", then: quarantin}
      - "first unique"
      - "mobile psi < 0.25"
      - "coverage within 10% of last 7 runs"
      - {check: "id filled", than: hold}
      - "note filled"
      - "note filled >= 9%"
"""
    _, problems = dataset_checks(text)
    line = text.lstrip("\n").splitlines().index("    checks:") + 1
    wanted = [
        (1, "unknown column 'moblie'; did you mean 'mobile'?"),
        (2, "'mobile' is high pii, its values are not there to compare"),
        (3, "quarantine is for single rows"),
        (4, "quarantine is for single rows"),
        (5, "expected hold, quarantine or warn; found 'quarantin'; did you mean 'quarantine'?"),
        (6, "'first' is high pii without a token of its own"),
        (7, "'mobile' is high pii"),
        (8, "coverage is asked of tags"),
        (9, "unknown key 'than'; did you mean 'then'?"),
        (11, f"a check with the code desk.visits.note_filled stands on line {line + 10}"),
    ]
    assert len(problems) == len(wanted)
    for problem, (number, message) in zip(problems, wanted, strict=True):
        assert problem.startswith(f"channel.yml:{line + number}: ")
        assert message in problem


def test_checks_that_are_no_list_are_a_problem() -> None:
    _, problems = dataset_checks(DESK.rstrip() + "\n    checks: 3\n")
    assert [problem.partition(": ")[2] for problem in problems] == ["checks: expected a list"]


def test_a_check_of_a_field_that_cannot_be_read_says_nothing_of_its_type() -> None:
    text = DESK.replace("note:   {type: text}", "note:   {type: txt}").rstrip()
    (channel,), _ = channels_of(text + '\n    checks: ["note >= 3", "id >= 3"]\n')
    problems = Problems()
    all_dataset_checks([channel], context(Path()).policy, QualitySettings(), problems)
    assert [p.message.partition(": ")[0] for p in problems.found] == ["check 'id >= 3'"]


def test_a_shadow_channels_checks_hold_nothing() -> None:
    channel, _ = sound_channel(TEXT)
    shadow = replace(channel, status="shadow")
    (found,) = all_dataset_checks([shadow], context(Path()).policy, QualitySettings(), Problems())
    severities = [check.severity for check in found.checks]
    assert severities == ["quarantine", "quarantine", *["warn"] * 6]


def test_a_channel_may_not_bear_the_name_of_a_zone() -> None:
    channel, _ = sound_channel(DESK)
    problems = Problems()
    policy = context(Path()).policy
    all_dataset_checks([replace(channel, name="clean")], policy, QualitySettings(), problems)
    assert "bears the name of a zone" in problems.found[0].message
