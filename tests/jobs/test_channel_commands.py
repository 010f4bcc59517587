"""Channels seen from outside: where their fields go, and the first draft of a new one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jobs.command_line import main
from tests.jobs.cdnow_project import SUMMED_UP, data_folder, write_cdnow_project
from tests.jobs.tiny_project import NIGHTS, write_tiny_project


def _channels(project: Path, command: str, *words: str) -> int:
    return main(["channels", command, "--project", str(project), *words])


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The tiny project, before any night."""
    return write_tiny_project(tmp_path / "project")


def test_every_field_is_shown_with_all_the_columns_it_becomes(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert _channels(project, "show", "desk", "--format", "json") == 0
    uses = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    told = {(use["field"], use["column"]): use for use in uses}
    mobile = told["mobile", "members.mobile"]
    assert (mobile["headers"], mobile["identifiers"]) == (["手机", "电话"], ["phone"])
    assert (mobile["pii"], mobile["required"]) == ("high", False)
    number = told["number", "members.account_id"]
    assert (number["identifiers"], number["pii"]) == (["account@desk"], "low")
    assert told["passport", ""]["expression"] == ""  # no table takes it; sightings do
    assert len(told) == len(uses) == 7


def test_a_column_read_from_another_one_is_shown_with_the_field_that_tells_it(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    model = project / "conf/model.yml"
    whole = "      full_name: {type: text, pii: high, mask: name}\n"
    part = "      given: {type: text, pii: high, read_from: {column: full_name, as: given_name}}\n"
    text = model.read_text(encoding="utf-8").replace(whole, whole + part)
    model.write_text(text, encoding="utf-8")
    assert _channels(project, "show", "desk", "--format", "json") == 0
    uses = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    found = {use["column"]: use["expression"] for use in uses if use["field"] == "name"}
    assert found == {"members.full_name": "", "members.given": "given_name in name"}
    model.write_text(text.replace("{column: full_name", "{column: name"), encoding="utf-8")
    assert main(["check", "--project", str(project)]) == 2
    assert "conf/model.yml:12: given: read_from: unknown column 'name'" in capfd.readouterr().err


def test_the_table_names_headers_identifiers_and_expressions(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert _channels(project, "show") == 0
    told = capfd.readouterr().out
    for word in ("desk.members", "line.trips", "会员号", "account@line", "trips.fare"):
        assert word in told


def test_an_unknown_channel_is_answered_with_the_nearest_name(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert _channels(project, "show", "dask") == 2
    assert "did you mean 'desk'?" in capfd.readouterr().err


def test_a_drafted_channel_is_written_once_and_the_project_stays_sound(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (project / "conf/channels/line.yml").unlink()
    sample = project / "landing/line" / str(NIGHTS[0]) / "trips.jsonl"
    words = ["--from", str(sample), "--write"]
    assert _channels(project, "new", *words) == 0
    told = capfd.readouterr()
    assert told.out.strip().endswith("conf/channels/line.yml")
    assert "to do" not in told.err
    assert main(["check", "--project", str(project)]) == 0
    assert _channels(project, "new", *words) == 2
    assert "exists already" in capfd.readouterr().err


def test_a_project_without_channels_can_draft_its_first_one(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    project = write_cdnow_project(tmp_path / "cdnow")
    (project / "conf/channels/cdnow.yml").unlink()
    sample = project / "landing/cdnow" / str(SUMMED_UP) / "CDNOW_master.txt"
    assert sample.read_bytes() == (data_folder() / sample.name).read_bytes()
    assert _channels(project, "new", "--from", str(sample), "--dataset", "purchases") == 0
    told = capfd.readouterr()
    assert "to do" not in told.err
    for line in (
        'delimiter: " "', 'path: "cdnow/{date}/*.txt"', "customer_id: customer_id",
        'date: {type: timestamp, required: true, formats: ["yyyyMMdd"]}',
        "dollar_value: {type: money, required: true}",
        "customer_id: {type: text, required: true, identifier: account}",
    ):  # fmt: skip
        assert line in told.out


def test_names_that_are_none_and_files_that_are_not_there_are_refused(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert _channels(project, "new", "--from", str(project / "nothing.csv")) == 4
    sample = str(project / "landing/line" / str(NIGHTS[0]) / "trips.jsonl")
    assert _channels(project, "new", "--from", sample, "--name", "My Shop") == 2
    assert "is no name" in capfd.readouterr().err
