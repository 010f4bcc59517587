"""What stands in quarantine, and what cannot be tried alone; over a ledger written by hand."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from jobs.command_line import main
from lake.log_tables import append_records, read_rows
from model.ops_tables import FILES, QUARANTINE, REDRIVES
from tests.jobs.tiny_project import NIGHTS, write_tiny_project

D1, D2, D3 = NIGHTS
DESK, LINE = "desk/x/members.csv", "line/x/trips.jsonl"


def _quarantined(
    night: date, path: str, line: int, reasons: list[str] | None, generation: int = 1
) -> tuple[object, ...]:
    channel, dataset = ("desk", "members") if path == DESK else ("line", "trips")
    return (night, channel, dataset, path, line, generation, reasons, b"sealed")


def _file(
    night: date, path: str, generation: int = 1, header: list[str] | None = None
) -> tuple[object, ...]:
    channel, dataset = ("desk", "members") if path == DESK else ("line", "trips")
    return (night, channel, dataset, path, night, "ab", 9, generation, "new", None,
            9, 1, 0, 5, 0, 3, {}, {}, 0, header)  # fmt: skip


def _project(
    folder: Path, lines: list[tuple[object, ...]], files: list[tuple[object, ...]]
) -> Path:
    project = write_tiny_project(folder / "project")
    lake = str(project / "lake")
    append_records(lake, QUARANTINE, lines, {})
    append_records(lake, FILES, files, {})
    return project


def _listed(project: Path, capfd: pytest.CaptureFixture[str]) -> list[tuple[str, str, int]]:
    words = ["quarantine", "list", "--project", str(project), "--format", "json"]
    assert main(words) == 0
    rows = map(json.loads, capfd.readouterr().out.splitlines())
    return [(row["arrived_date"], row["reason"], row["lines"]) for row in rows]


def test_the_last_verdict_on_a_line_is_the_one_that_stands(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    project = _project(tmp_path, [
        _quarantined(D1, LINE, 2, ["fare:missing"]),
        _quarantined(D1, LINE, 3, ["fare:missing"]),
        _quarantined(D1, LINE, 4, ["fare:missing", "id:missing"]),
        _quarantined(D2, LINE, 2, None),  # accepted by the second night
        _quarantined(D2, LINE, 3, ["fare:not_a_number"]),
    ], [_file(D1, LINE)])  # fmt: skip
    assert _listed(project, capfd) == [
        (str(D1), "fare:missing", 1), (str(D1), "id:missing", 1), (str(D2), "fare:not_a_number", 1),
    ]  # fmt: skip


def test_lines_of_bytes_that_were_superseded_stand_no_longer(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    lines = [
        _quarantined(D1, LINE, 2, ["fare:missing"]), _quarantined(D2, LINE, 9, ["id:missing"], 2),
    ]  # fmt: skip
    project = _project(tmp_path, lines, [_file(D1, LINE), _file(D2, LINE, 2)])
    assert _listed(project, capfd) == [(str(D2), "id:missing", 1)]


def test_a_file_that_was_only_told_of_or_refused_replaces_no_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    refused = list(_file(D2, LINE, 2))
    refused[8:11] = ["refused", "encoding", 0]
    project = _project(
        tmp_path, [_quarantined(D1, LINE, 2, ["fare:missing"])], [_file(D1, LINE), tuple(refused)]
    )
    assert _listed(project, capfd) == [(str(D1), "fare:missing", 1)]


def test_a_request_is_noted_once_per_dataset_and_names_what_cannot_be_read_alone(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    lines = [
        _quarantined(D1, DESK, 2, ["level:unknown_value"]),
        _quarantined(D1, LINE, 2, ["fare:missing"]), _quarantined(D1, LINE, 3, ["fare:missing"]),
    ]  # fmt: skip
    project = _project(tmp_path, lines, [_file(D1, DESK), _file(D1, LINE)])
    assert main(["quarantine", "redrive", "--project", str(project)]) == 0
    told = capfd.readouterr().out
    assert "desk.members: 1 lines" in told
    assert "line.trips: 2 lines" in told
    assert "1 of them cannot be read alone" in told  # its csv file's columns were never noted
    requests = read_rows(str(project / "lake"), REDRIVES)
    assert [(one["channel"], one["dataset"], one["taken_date"]) for one in requests] == [
        ("desk", "members", None), ("line", "trips", None),
    ]  # fmt: skip


def test_lines_of_a_roll_up_are_not_tried_alone(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    project = _project(
        tmp_path, [_quarantined(D1, LINE, 2, ["fare:missing"])], [_file(D1, LINE)]
    )
    channel = project / "conf/channels/line.yml"
    text = channel.read_text(encoding="utf-8")
    old = "columns: {trip_id: id, state: state, taken_at: at, fare: fare, line: line}"
    assert old in text
    rolled = "one_row_per: [id]\n        columns: {trip_id: id, fare: sum(fare), taken_at: min(at)}"
    channel.write_text(text.replace(old, rolled), encoding="utf-8")
    assert main(["quarantine", "redrive", "--project", str(project)]) == 2
    assert "onefold backfill" in capfd.readouterr().err
    assert read_rows(str(project / "lake"), REDRIVES) == []
