"""A night held by a channel's check: who may let it pass, and what is written down."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from jobs import audit
from lake.ledger import published_dates
from tests.jobs.conftest import onefold
from tests.jobs.lake_rows import tables_of
from tests.jobs.tiny_project import NIGHTS

pytestmark = pytest.mark.slow
THIRD = NIGHTS[2]
CHECKS = """
    checks:
      - {check: "rows within 40% of last 2 runs", then: hold}
      - {check: "fare >= 1", then: quarantine}
      - "rider filled >= 10%"
"""
CODE = "line.trips.rows_within"


def _rows(project: Path, table: str, **wanted: Any) -> list[dict[str, Any]]:
    rows = tables_of(project / "lake")[table].to_pylist()
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def test_a_night_held_by_a_channels_check_is_published_once_it_is_accepted(
    nights: list[Path], tmp_path: Path, capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    project = Path(shutil.copytree(nights[1], tmp_path / "project"))
    channel = project / "conf/channels/line.yml"
    channel.write_text(channel.read_text(encoding="utf-8") + CHECKS.lstrip("\n"), encoding="utf-8")
    assert onefold(project, "run", "--date", str(THIRD)) == 3
    told = capfd.readouterr().err
    usual = "0 rows; usually 3 (last 2 runs, 2 nights)"
    assert f"{CODE}: rows within 40% of last 2 runs: {usual}" in told
    assert THIRD not in published_dates(str(project / "lake"))
    assert "ops.audit" not in tables_of(project / "lake")
    held = _rows(project, "ops.slice_metrics", business_date=THIRD)
    trips = [row for row in held if row["table_name"] == "line.trips"]
    assert [row["value"] for row in trips if row["metric"] == "rows"] == [0.0]

    monkeypatch.setattr(audit, "user_name", lambda: "the night's owner")
    accept = ["--accept", CODE, "--reason", "a strike"]
    assert onefold(project, "run", "--date", str(THIRD), *accept) == 0
    assert THIRD in published_dates(str(project / "lake"))
    (row,) = _rows(project, "ops.audit")
    assert (row["user_name"], row["purpose"]) == ("the night's owner", "a strike")
    assert row["command"] == f"run --date {THIRD} --accept {CODE}"
    assert row["row_count"] == 0

    (passed,) = _rows(project, "ops.quality_results", code=CODE, accepted_because="a strike")
    results = _rows(
        project, "ops.quality_results", run_id=passed["run_id"], table_name="line.trips"
    )
    assert sorted((row["code"], row["severity"], row["is_passed"]) for row in results) == [
        ("line.trips.fare_ge_1", "quarantine", False),
        ("line.trips.rider_filled", "warn", True),
        (CODE, "hold", False),
    ]
    assert [
        row["reasons"] for row in _rows(project, "ops.quarantine", arrived_date=THIRD)
    ] == [["check:fare_ge_1"]]
    again = _rows(project, "ops.slice_metrics", business_date=THIRD)
    assert [row for row in held if row not in again] == []
    keys = [(r["table_name"], r["column_name"], r["metric"], r["category"]) for r in again]
    assert len(keys) == len(set(keys))
    assert {r["table_name"] for r in again} >= {"line.trips", "desk.members", "clean.trips"}
