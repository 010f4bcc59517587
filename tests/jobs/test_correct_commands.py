"""Corrections seen from outside: what is noted, refused and told, and what nights make of it."""

from __future__ import annotations

import io
import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from jobs.command_line import main
from jobs.corrections import all_corrections
from jobs.definitions import load_definitions
from jobs.identifier_lookup import nobody_has, published_identifiers, wanted
from jobs.night import key_of
from jobs.questions import published_or_refused
from lake.lease import Lease
from tests.jobs.conftest import onefold
from tests.jobs.lake_rows import hashes_of, rows_of
from tests.jobs.tiny_project import NIGHTS, write_tiny_project

FIRST, SECOND, THIRD = (str(night) for night in NIGHTS)
ANN, BO, BOS_OTHER = "account:d1", "account:d2", "account@desk:d3"
ANNS_PHONE, BOS_PHONE = "phone:139 1111 0001", "phone:13911110002"
pytestmark = pytest.mark.slow


def correct(project: Path, command: str, *words: str, reason: str = "a call") -> int:
    """One of the commands that write."""
    return main(["correct", command, "--project", str(project), "--reason", reason, *words])


@pytest.fixture
def project(nights: list[Path], tmp_path: Path) -> Path:
    """The project after its first night, to be changed."""
    return Path(shutil.copytree(nights[0], tmp_path / "project"))


def _list(project: Path, capfd: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    capfd.readouterr()
    assert main(["correct", "list", "--project", str(project), "--format", "json", *words]) == 0
    return [json.loads(line) for line in capfd.readouterr().out.splitlines()]


def _person(project: Path, word: str) -> int | str:
    """The one person who holds an identifier on the published night, or why nobody does."""
    definitions = load_definitions(project, "local", [])
    night = published_or_refused(definitions.project.lake_root)
    asked = wanted(word, definitions.policy)
    with published_identifiers(definitions, night, key_of(definitions.project)) as known:
        (found,) = known.find([asked])[asked]
    return nobody_has([found]) if not found.one_ids else found.one_ids[0]


def _audited(project: Path) -> list[tuple[str, str | None, int]]:
    rows = rows_of(project / "lake/ops/audit").to_pylist()
    ordered = sorted(rows, key=lambda row: (row["at"], row["command"]))
    return [(row["command"], row["purpose"], row["row_count"]) for row in ordered]


def test_corrections_change_the_nights_they_hold_on_and_no_others(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = hashes_of(project / "lake")
    old = _person(project, BO)
    assert old == _person(project, BOS_OTHER) != _person(project, ANN)
    assert correct(project, "link", ANN, BO) == 0
    told = capfd.readouterr().out
    assert "correction 1: link account d1 (OneID" in told
    assert f"from {SECOND}" in told and f"onefold run --date {SECOND}" in told
    assert correct(project, "unlink", ANN, "account@line:r1") == 0
    assert correct(project, "block", BOS_PHONE, "--until", SECOND) == 0
    assert hashes_of(project / "lake") == before, "nothing of a customer is written in between"

    assert onefold(project, "run", "--date", SECOND) == 0
    assert _person(project, ANN) == _person(project, BO) == _person(project, "passport:P2")
    assert _person(project, "account:r1") != _person(project, ANN)
    assert _person(project, BOS_OTHER) not in (old, _person(project, BO))
    assert "it is blocked" in _person(project, BOS_PHONE)
    (refused,) = [
        row for row in rows_of(project / "lake/identity/refused_identifiers").to_pylist()
        if row["reason"] == "blocked"
    ]  # fmt: skip
    assert (refused["kind"], refused["source"], refused["value_count"]) == (
        "phone", "desk.members", 2,
    )  # fmt: skip
    second = hashes_of(project / "lake")
    assert onefold(project, "run", "--date", SECOND) == 0
    assert hashes_of(project / "lake") == second

    assert correct(project, "withdraw", "1", reason="a mistake") == 0
    assert onefold(project, "run", "--date", THIRD) == 0
    assert _person(project, BO) == _person(project, BOS_OTHER)
    assert _person(project, BO) != _person(project, ANN)
    assert _audited(project) == [
        ("correct link: correction 1", "a call", 1), ("correct unlink: correction 2", "a call", 1),
        ("correct block: correction 3", "a call", 1), ("correct withdraw 1", "a mistake", 1),
    ]  # fmt: skip
    states = [(row["id"], row["state"]) for row in _list(project, capfd, "--all")]
    assert states == [(1, "withdrawn"), (2, "in force"), (3, "ended")]
    assert [row["id"] for row in _list(project, capfd)] == [2]


def test_a_pin_takes_a_number_back_that_a_merge_had_taken(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ann, number = _person(project, ANN), _person(project, BO)
    assert correct(project, "pin", ANN, str(number)) == 2
    assert f"ONE_ID: {number} is another person's; link an identifier" in capfd.readouterr().err
    assert correct(project, "link", ANN, BO) == 0
    assert onefold(project, "run", "--date", SECOND) == 0
    merged = _person(project, ANN)
    assert merged == _person(project, BO)
    (gone,) = {ann, number} - {merged}
    assert correct(project, "pin", ANN, str(gone)) == 0
    assert onefold(project, "run", "--date", THIRD) == 0
    assert _person(project, ANN) == _person(project, BO) == gone


def test_a_value_is_stored_and_told_as_a_token_or_masked_only(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert correct(project, "unlink", ANNS_PHONE, "passport:P2", "--author", "Lin") == 0
    told = capfd.readouterr()
    (row,) = _list(project, capfd)
    assert row["identifiers"] == "phone@global:139****0001 · passport@global:****"
    assert (row["kind"], row["state"], row["author"]) == ("unlink", "waits for its night", "Lin")
    (made,) = all_corrections(str(project / "lake"))
    assert [(end.kind, end.scope) for end in made.ends] == [
        ("phone", "global"), ("passport", "global"),
    ]  # fmt: skip
    assert str(made.from_date) == SECOND
    files = [path for path in (project / "lake/ops").rglob("*") if path.is_file()]
    for text in (told.out, told.err, *(path.read_bytes().decode("latin-1") for path in files)):
        assert "13911110001" not in text and "139 1111 0001" not in text


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["link", ANN], 2, "expected A B, or no word and --file FILE"),
        (["link", "d1", BO], 2, "A: expected kind:value; the kinds are account, passport, phone"),
        (["link", "fone:13911110001", BO], 2, "A: unknown kind of identifier; did you mean 'ph"),
        (["link", "phone:1391", BO], 2, "A: this is no phone: "),
        (["link", ANN, "account@dsk:d2"], 2, "no account has this scope; did you mean 'desk'"),
        (["link", ANN, "account@desk: d1"], 2, "A and B are the same identifier"),
        (["link", ANN, "account:nobody9"], 4, "B: nobody was ever seen with this identifier"),
        (["link", ANN, "phone:13800000000"], 2, "B: this identifier names nobody: it is on the li"),
        (["pin", "phone:13800000000", "1"], 2, "A: this identifier names nobody: it is on the lis"),
        (["pin", ANN, "9999"], 2, "ONE_ID: nobody ever had the number 9999"),
        (["pin", ANN, "99999999999999999999"], 2, "ONE_ID: expected a OneID, a number such as 12"),
        (["pin", ANN, "one"], 2, "ONE_ID: expected a OneID, a number such as 12"),
        (["link", ANN, BO, "--until", "2024-05-01"], 2, "lies before the first night, 2024-05-02"),
        (["link", ANN, BO, "--until", "soon"], 2, "--until soon: expected a day"),
        (["link", ANN, BO, "--file", "none.csv"], 2, "expected A B, or no word and --file FILE"),
        (["block", "--file", "/no/such.csv"], 2, "/no/such.csv: cannot be read"),
        (["withdraw", "7"], 2, "there is no correction 7; see: onefold correct list --all"),
    ],
)
def test_what_cannot_be_a_correction_is_answered_with_the_next_step_and_no_value(
    words: list[str], code: int, told: str, untouched: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert correct(untouched, *words) == code
    error = capfd.readouterr().err
    assert told in error
    assert "1391" not in error and "nobody9" not in error and "138000" not in error
    assert all_corrections(str(untouched / "lake")) == []


@pytest.fixture(scope="module")
def untouched(nights: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project after its first night; no command here changes it."""
    return Path(shutil.copytree(nights[0], tmp_path_factory.mktemp("untouched") / "project"))


def test_a_correction_needs_a_reason_a_published_night_and_the_lake(
    untouched: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert correct(untouched, "link", ANN, BO, reason=" ") == 2
    assert '--reason "…" is missing' in capfd.readouterr().err
    fresh = write_tiny_project(tmp_path / "fresh")
    assert correct(fresh, "link", ANN, BO) == 4
    with Lease(str(untouched / "lake"), "a night", 60):
        assert correct(untouched, "link", ANN, BO) == 5
    assert all_corrections(str(untouched / "lake")) == []


def test_the_second_of_two_that_contradict_is_refused_and_the_first_named(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert correct(project, "link", ANN, BO) == 0
    assert correct(project, "unlink", BO, ANN) == 2
    assert "this unlink contradicts correction 1 (link)" in capfd.readouterr().err
    assert correct(project, "block", ANN) == 2
    assert "withdraw that first: onefold correct withdraw 1" in capfd.readouterr().err
    assert correct(project, "link", BO, ANN) == 0
    assert "correction 1 says so already" in capfd.readouterr().out
    assert len(all_corrections(str(project / "lake"))) == 1
    assert correct(project, "withdraw", "1") == 0
    assert correct(project, "withdraw", "1") == 0
    assert "nothing to do" in capfd.readouterr().out
    assert correct(project, "unlink", BO, ANN) == 0


def test_many_corrections_come_by_file_all_or_none(
    project: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "pairs.csv"
    file.write_text("\ufeffaccount:d1,account:d2\n\naccount:d1,phone:12\naccount:d9x,account:d1\n")
    assert correct(project, "link", "--file", str(file)) == 2
    assert f"{file}:3: B: this is no phone: " in capfd.readouterr().err
    file.write_text("account:d1,account:d2\naccount:d9x,account:d1\n")
    assert correct(project, "link", "--file", str(file)) == 4
    assert f"{file}:2: A: nobody was ever seen" in capfd.readouterr().err
    file.write_text("account:d1,account:d2\naccount:d2,account:d1\naccount:d3\n")
    assert correct(project, "link", "--file", str(file)) == 2
    assert f"{file}:3: expected A,B on every line" in capfd.readouterr().err
    assert all_corrections(str(project / "lake")) == []
    file.write_text("account:d1,account:d2\naccount:d2, account:d5\n")
    assert correct(project, "link", "--file", str(file), "--from", THIRD) == 0
    assert f"onefold run --date {THIRD}" in capfd.readouterr().out
    made = all_corrections(str(project / "lake"))
    assert [(one.correction_id, str(one.from_date)) for one in made] == [(1, THIRD), (2, THIRD)]


def test_words_come_by_standard_input_on_lines_of_their_own_too(
    project: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{ANN}\n{BO}\n"))
    assert correct(project, "link", "--from", FIRST) == 0
    assert f"onefold backfill --from {FIRST} --to {FIRST}" in capfd.readouterr().out
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert correct(project, "block") == 2
    assert "standard input: expected A on every line" in capfd.readouterr().err
    (made,) = all_corrections(str(project / "lake"))
    assert made.from_date == NIGHTS[0] == NIGHTS[1] - timedelta(days=1)


def test_a_profile_shows_every_person_who_holds_the_value_and_revealing_is_audited(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    dump = project / f"landing/line/{SECOND}/trips.jsonl"
    dump.write_text(dump.read_text().replace('"r9"', '"d2"').replace("not money", "1.00"))
    assert onefold(project, "run", "--date", SECOND) == 0
    capfd.readouterr()
    assert onefold(project, "profile", "--reveal", "d2") == 0
    told = capfd.readouterr().out
    assert "2 persons hold this value" in told and told.count("OneID ") == 2
    assert "P2" in told, "revealed"
    assert onefold(project, "profile", "account@desk:d2") == 0
    told = capfd.readouterr().out
    assert told.startswith("OneID ") and "P2" not in told
    assert _audited(project) == [("profile --reveal", None, 2)]
    assert onefold(project, "profile", "nobody9") == 4
    assert "nobody was ever seen with this identifier" in capfd.readouterr().err
    assert onefold(project, "profile", "phone:13800000000") == 4
    assert "it is on the list invalid.phone" in capfd.readouterr().err
    assert correct(project, "block", "account:d2") == 2
    assert "A: this value is known in 2 scopes; name one: account@desk" in capfd.readouterr().err


def test_a_link_to_what_a_channel_in_shadow_saw_waits_until_the_channel_is_live(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    project = write_tiny_project(tmp_path / "shadow")
    line = project / "conf/channels/line.yml"
    line.write_text(line.read_text().replace("title: 线上", "title: 线上\nstatus: shadow"))
    assert onefold(project, "run", "--date", FIRST) == 0
    assert correct(project, "link", ANN, "account@line:r3") == 0
    assert "note: B: no row that counts shows this identifier" in capfd.readouterr().out
    assert onefold(project, "run", "--date", SECOND) == 0
    assert "its channel is in shadow" in _person(project, "account@line:r3")
    line.write_text(line.read_text().replace("\nstatus: shadow", ""))
    assert onefold(project, "run", "--date", THIRD) == 0
    assert _person(project, "account@line:r3") == _person(project, ANN)
