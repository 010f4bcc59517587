"""Exit codes and messages: every answer is one clear line that says the next step."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from jobs.command_line import main
from lake.lease import Lease
from lake.ledger import published_night
from tests.jobs.conftest import onefold
from tests.jobs.lake_rows import hashes_of, tables_of
from tests.jobs.tiny_project import NIGHTS, write_tiny_project

FIRST, SECOND, THIRD = (str(night) for night in NIGHTS)


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """The project with its dumps, before any night."""
    return write_tiny_project(tmp_path / "project")


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["run", "--date", "yesterday"], 2, "expected a day such as 2017-03-01"),
        (["run", "--date", "2999-01-01"], 2, "lies in the future"),
        (["run", "--date", FIRST, "--only", "publsh"], 2, "did you mean 'publish'?"),
        (["run", "--date", FIRST, "--accept", "x.y"], 2, '--accept needs --reason "…"'),
        (["run", "--date", FIRST, "--set", "lake.rot=x"], 2, "did you mean 'lake.root'?"),
        (["run", "--date", FIRST, "--env", "prod"], 2, "there is no conf/prod.yml"),
        (["backfill", "--from", SECOND, "--to", FIRST], 2, "lies before"),
        (["sql", "select 1"], 4, "no night is published yet"),
        (["sql", "/* all */ delete from delta.`lake/x`"], 2, "changes no table"),
        (["sql", "with a as (select 1) insert into x select * from a"], 2, "changes no table"),
        (["report"], 4, "no night is published yet"),
        (["runn"], 2, "No such command 'runn'"),
    ],
)
def test_wrong_words_are_answered_with_a_code_and_the_next_step(
    words: list[str], code: int, told: str, fresh: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    known = {"run", "backfill", "sql", "report"}
    project = ["--project", str(fresh)] if words[0] in known else []
    assert main([words[0], *project, *words[1:]]) == code
    assert told in capfd.readouterr().err


def test_a_folder_that_is_no_project_is_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "--project", str(tmp_path)]) == 2
    assert "no conf/ folder there; name a project folder" in capfd.readouterr().err


def test_all_problems_of_all_files_are_named_at_once(
    fresh: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    _edit(fresh / "conf/identity.yml", "never_merge: [passport]", "never_merge: [pasport]")
    _edit(fresh / "conf/channels/desk.yml", "encoding: gbk", "encodng: gbk")
    _edit(fresh / "tag_definitions/basic/who.yml", "bins: years_since(born)", "bins: born_at")
    _edit(fresh / "tag_definitions/use/trips.yml", "sum(fare)", "reflect('java.lang.System')")
    assert onefold(fresh, "check") == 2
    told = capfd.readouterr().err
    assert "conf/identity.yml:7: unknown kind 'pasport'; did you mean 'passport'?" in told
    assert "conf/channels/desk.yml:9: unknown key 'encodng'; did you mean 'encoding'?" in told
    assert "unknown column 'born_at'; did you mean 'born'?" in told
    assert "tag_definitions/use/trips.yml:" in told


def test_an_expression_outside_the_language_is_refused_before_spark(
    fresh: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    _edit(
        fresh / "tag_definitions/use/trips.yml",
        "where: \"state = 'taken'\"",
        "where: \"reflect('java.lang.System', 'exit') = 'taken'\"",
    )
    assert onefold(fresh, "run", "--date", FIRST) == 2
    assert "tag_definitions/use/trips.yml:1:" in capfd.readouterr().err
    assert not (fresh / "lake" / "clean").exists()


def test_what_a_policy_asks_for_in_vain_is_told_by_the_check(
    fresh: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    match = "match: [{name: person, compare: {full_name: name}, block: [[full_name]], "
    match += "accept: 0.9, review: 0.5}]"
    never = "never_merge: [passport]"
    _edit(fresh / "conf/identity.yml", never, f"{never}\n{match}")
    assert onefold(fresh, "check") == 0
    *notes, sound = capfd.readouterr().out.splitlines()
    assert notes == ["note: conf/identity.yml:8: match person: joins nobody yet"]
    assert sound.startswith("all sound:")


def test_a_sound_project_checks_and_shows_its_settings(
    fresh: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert onefold(fresh, "check") == 0
    told = capfd.readouterr().out
    assert "all sound: 2 canonical tables · 2 channels" in told
    assert "note:" not in told
    assert onefold(fresh, "config", "--set", "privacy.k=3") == 0
    assert "--set" in capfd.readouterr().out


def test_a_night_is_ready_once_every_required_dump_is_there(
    fresh: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert onefold(fresh, "ready", "--date", FIRST) == 0
    _edit(fresh / "conf/channels/desk.yml", "    required: true", "    ready: _SUCCESS")
    shutil.rmtree(fresh / "landing" / "line" / FIRST)
    capfd.readouterr()
    assert onefold(fresh, "ready", "--date", FIRST) == 4
    told = capfd.readouterr().err
    assert f"missing: desk/{FIRST}/*.csv (its marker _SUCCESS), line/{FIRST}/*.jsonl" in told
    (fresh / "landing" / "desk" / FIRST / "_SUCCESS").touch()
    _edit(fresh / "conf/channels/line.yml", "    required: true", "    required: false")
    assert onefold(fresh, "ready", "--date", FIRST) == 0
    settling = ["--set", "ingestion.settle_seconds=3600"]
    assert onefold(fresh, "ready", "--date", FIRST, *settling) == 0  # what has its marker is whole
    assert onefold(fresh, "ready", "--date", SECOND, *settling) == 4
    assert not (fresh / "lake").exists()


def test_a_dry_run_tells_the_files_the_days_and_the_tags_and_writes_nothing(
    fresh: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    trips = fresh / "landing" / "line"
    shutil.copy(trips / FIRST / "trips.jsonl", trips / SECOND / "again.jsonl")
    shutil.rmtree(fresh / "landing" / "desk" / SECOND)
    assert onefold(fresh, "run", "--date", SECOND, "--dry-run") == 0
    told = capfd.readouterr().out
    for line in (
        "desk.members: 1 late · 1 missing",
        f"  late       desk/{FIRST}/members.csv",
        "line.trips: 1 late · 1 new · 1 stale",
        f"  stale      line/{SECOND}/again.jsonl (same_bytes_as_another_date)",
        f"  日期 days   {FIRST}, {SECOND}",
        "  标签 tags   age_band, born, level",
        "  标签 tags   fares, fav_line, rider, trips",
        f"未就绪 would wait (exit 4) for: desk/{SECOND}/*.csv",
        f"暂停 would be held (exit 3) by: line.trips.stale: line/{SECOND}/again.jsonl",
    ):
        assert line in told
    assert not (fresh / "lake").exists()


@pytest.mark.usefixtures("spark")  # one session for the whole suite
def test_a_doubtful_dump_of_a_required_dataset_holds_the_night_before_anything_is_written(
    fresh: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    line, desk = fresh / "landing" / "line" / FIRST, fresh / "landing" / "desk" / FIRST
    (desk / "twin.csv").write_bytes(b"\xff\xff\xff")
    assert onefold(fresh, "run", "--date", FIRST) == 3
    assert f"desk.members.encoding: desk/{FIRST}/twin.csv" in capfd.readouterr().err
    (desk / "twin.csv").unlink()
    shutil.copytree(line, line.parent / "2024-04-30")
    assert onefold(fresh, "run", "--date", FIRST) == 3
    assert f"line.trips.stale: line/{FIRST}/trips.jsonl" in capfd.readouterr().err
    assert not (fresh / "lake" / "clean").exists()
    assert not (fresh / "lake" / "ops" / "files").exists()


@pytest.mark.usefixtures("spark")  # one session for the whole suite
def test_a_missing_required_dump_is_waited_for(
    fresh: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(fresh / "landing" / "line" / FIRST)
    assert onefold(fresh, "run", "--date", FIRST) == 4
    assert f"required dumps have not arrived: line/{FIRST}/*.jsonl" in capfd.readouterr().err
    result = json.loads((fresh / "lake/ops/run_result.json").read_text(encoding="utf-8"))
    assert (result["exit_code"], result["business_date"]) == (4, FIRST)
    assert not (fresh / "lake" / "clean").exists()


def test_a_second_runner_is_sent_away_at_once(
    fresh: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with Lease(str(fresh / "lake"), "the first run", 60):
        assert onefold(fresh, "run", "--date", FIRST) == 5
    assert "run the first run" in capfd.readouterr().err


@pytest.mark.slow
def test_a_failed_gate_holds_the_night_and_readers_stay(
    nights: list[Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    project = Path(shutil.copytree(nights[0], tmp_path / "project"))
    dump = project / "landing" / "line" / SECOND / "trips.jsonl"
    _edit(dump, '"9.75"', '"-9.75"')
    before = published_night(str(project / "lake"))
    assert onefold(project, "run", "--date", SECOND) == 3
    told = capfd.readouterr().err
    assert "clean.trips.fare_ge_0" in told
    assert published_night(str(project / "lake")) == before

    assert onefold(project, "run", "--date", THIRD) == 3
    assert f"the night of {SECOND} is held" in capfd.readouterr().err
    code = "clean.trips.fare_ge_0"
    accepted = ["--accept", code, "--reason", "a refund of the conductor"]
    assert onefold(project, "run", "--date", SECOND, *accepted) == 0
    after = published_night(str(project / "lake"))
    assert after is not None
    assert str(after.business_date) == SECOND
    results = tables_of(project / "lake")["ops.quality_results"].to_pylist()
    assert {row["accepted_because"] for row in results} == {None, "a refund of the conductor"}


@pytest.mark.slow
def test_a_held_rerun_of_a_published_night_puts_its_slices_back(
    nights: list[Path], tmp_path: Path
) -> None:
    project = Path(shutil.copytree(nights[0], tmp_path / "project"))
    more = project / "landing" / "line" / FIRST / "more.jsonl"
    more.write_text(
        '{"id": "t99", "rider": "r1", "state": "taken", "at": "2024-05-01 11:00:00", '
        '"fare": "-1.00", "line": "red"}\n',
        encoding="utf-8",
    )
    assert onefold(project, "run", "--date", FIRST) == 3
    assert hashes_of(project / "lake") == hashes_of(nights[0] / "lake")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("select 1 / 0 from clean.members", "DIVIDE_BY_ZERO"),
        ("select nme from clean.members where account_id = 'secret'", "UNRESOLVED_COLUMN"),
        ("select * frm members", "PARSE_SYNTAX_ERROR"),
    ],
)
def test_a_query_that_cannot_run_is_answered_with_one_line(
    statement: str, told: str, nights: list[Path], capfd: pytest.CaptureFixture[str]
) -> None:
    capfd.readouterr()
    assert onefold(nights[2], "sql", statement) == 2
    answer = capfd.readouterr()
    (line,) = answer.err.splitlines()
    assert line.startswith(f"onefold: the query cannot run: [{told}") and not answer.out


@pytest.mark.slow
def test_what_the_nights_made_of_the_tiny_project(nights: list[Path]) -> None:
    tables = tables_of(nights[2] / "lake")
    reasons = [row["reasons"] for row in tables["ops.quarantine"].to_pylist()]
    assert sorted(reasons) == [["fare:not_a_number"], ["level:unknown_value"]]
    assert tables["identity.rejected_links"]["kind"].to_pylist() == ["phone"]
    nobodys = {"kind": "phone", "reason": "invalid.phone", "source": "desk.members",
               "identifier_count": 1, "value_count": 1}  # fmt: skip
    assert sorted(tables["identity.refused_identifiers"].to_pylist(), key=str) == [
        {"business_date": night, **nobodys} for night in NIGHTS
    ]
    wide = [
        row for row in tables["tags.customer_tags"].to_pylist()
        if row["business_date"] == NIGHTS[2]
    ]  # fmt: skip
    cells = sorted((str(row["fares_ever"]), row["trips_ever"], row["rider"]) for row in wide)
    assert cells[-3:] == [
        ("0.00", 0, "seldom"), ("12.50", 1, "seldom"), ("17.50", 3, "often"),
    ]  # fmt: skip
