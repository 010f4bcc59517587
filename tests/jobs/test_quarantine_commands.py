"""Quarantine seen from outside: what is listed, and lines that are mended and tried again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from lake.log_tables import read_rows
from model.ops_tables import REDRIVES
from tests.jobs.conftest import onefold
from tests.jobs.lake_rows import hashes_of, rows_of
from tests.jobs.tiny_project import NIGHTS

FIRST, SECOND, THIRD = (str(night) for night in NIGHTS)


def _listed(
    project: Path, capfd: pytest.CaptureFixture[str], *words: str
) -> list[dict[str, Any]]:
    capfd.readouterr()
    assert onefold_group(project, "quarantine", "list", "--format", "json", *words) == 0
    return [json.loads(line) for line in capfd.readouterr().out.splitlines()]


def onefold_group(project: Path, group: str, command: str, *words: str) -> int:
    """A command of a group: its options stand behind both names."""
    from jobs.command_line import main  # noqa: PLC0415

    return main([group, command, "--project", str(project), "--quiet", *words])


def _mend(project: Path, old: str, new: str) -> None:
    path = project / "conf/channels/desk.yml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def _rows(project: Path, table: str, **wanted: object) -> list[dict[str, Any]]:
    rows = rows_of(project / "lake" / table).to_pylist()
    return [row for row in rows if all(row[key] == value for key, value in wanted.items())]


@pytest.mark.slow
def test_the_list_counts_what_stands_by_file_and_reason_and_shows_no_value(
    nights: list[Path], capfd: pytest.CaptureFixture[str]
) -> None:
    found = _listed(nights[2], capfd)
    assert [(row["arrived_date"], row["source_file"], row["reason"]) for row in found] == [
        (FIRST, f"desk/{FIRST}/members.csv", "level:unknown_value"),
        (SECOND, f"line/{SECOND}/trips.jsonl", "fare:not_a_number"),
    ]
    assert [row["lines"] for row in found] == [1, 1]
    assert _listed(nights[2], capfd, "--channel", "line") == found[1:]
    assert _listed(nights[2], capfd, "--date", FIRST) == found[:1]
    assert _listed(nights[2], capfd, "--reason", "unknown_value") == found[:1]
    assert _listed(nights[2], capfd, "--reason", "no_such_code") == []


@pytest.mark.slow
def test_a_mended_line_becomes_a_row_of_the_next_night_with_its_own_file_and_line(
    nights: list[Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    project = Path(shutil.copytree(nights[1], tmp_path / "project"))
    _mend(project, "普通: plain}", "普通: plain, 银: plain}")
    assert onefold_group(project, "quarantine", "redrive", "--channel", "desk") == 0
    assert "desk.members: 1 lines" in capfd.readouterr().out
    assert onefold(project, "run", "--date", THIRD) == 0

    night, path = NIGHTS[2], f"desk/{FIRST}/members.csv"
    (row,) = _rows(project, "clean/members", account_id="d4", arrived_date=night)
    assert (row["source_file"], row["source_line"], row["generation"]) == (path, 5, 1)
    assert row["level"] == "plain"
    (file,) = _rows(project, "ops/files", state="redriven")
    assert (file["path"], file["line_count"], file["accepted_count"]) == (path, 1, 1)
    (released,) = _rows(project, "ops/quarantine", arrived_date=night, source_file=path)
    assert released["reasons"] is None
    assert [row["source_file"] for row in _listed(project, capfd)] == [
        f"line/{SECOND}/trips.jsonl"
    ]
    (request,) = read_rows(str(project / "lake"), REDRIVES)
    assert request["taken_date"] == night

    before = hashes_of(project / "lake")
    assert onefold(project, "run", "--date", THIRD) == 0
    assert hashes_of(project / "lake") == before


@pytest.mark.slow
def test_a_line_that_fails_again_stays_with_the_reasons_of_the_night_that_tried_it(
    nights: list[Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    project = Path(shutil.copytree(nights[1], tmp_path / "project"))
    _mend(project, "普通: plain}", "普通: plain, 银: plain}")
    _mend(project, 'formats: ["yyyy/M/d"]', 'formats: ["yyyy.M.d"]')
    assert onefold_group(project, "quarantine", "redrive") == 0
    assert onefold(project, "run", "--date", THIRD) == 0
    found = _listed(project, capfd, "--date", THIRD)
    told = {(row["source_file"], row["reason"]) for row in found}
    assert told >= {
        (f"desk/{FIRST}/members.csv", "born:not_a_date"),
        (f"line/{SECOND}/trips.jsonl", "fare:not_a_number"),
    }
    assert (f"desk/{FIRST}/members.csv", "level:unknown_value") not in told
    assert _listed(project, capfd, "--date", FIRST) == []
    accounts = _rows(project, "ops/files", state="redriven")
    assert [(file["line_count"], file["quarantined_count"]) for file in accounts] == [(1, 1)] * 2


@pytest.mark.slow
def test_what_nobody_quarantined_cannot_be_tried_again(
    nights: list[Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    project = Path(shutil.copytree(nights[0], tmp_path / "project"))
    assert onefold_group(project, "quarantine", "redrive", "--channel", "line") == 0
    assert "nothing stands in quarantine" in capfd.readouterr().out
    assert onefold_group(project, "quarantine", "redrive", "--channel", "lime") == 2
    assert "did you mean 'line'?" in capfd.readouterr().err
    assert read_rows(str(project / "lake"), REDRIVES) == []
