"""Tags set by hand, seen from outside: what is noted and refused, and what nights make of it."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from jobs.command_line import main
from jobs.corrections import all_corrections
from tests.jobs.conftest import onefold
from tests.jobs.lake_rows import hashes_of, rows_of
from tests.jobs.tiny_project import NIGHTS

SECOND, THIRD = str(NIGHTS[1]), str(NIGHTS[2])
ANN, BO, ZHAO = "account:d1", "account:d2", "account:d4"
TAGS = """
tags:
  care: {title: 关怀, given: human, values: {a: 重点, b: 普通}}
  tier: {title: 等级, pick: level, values: {gold: 金, plain: 普通}, override: until_source_changes}
  rides: {title: 次数, measure: count(), from: trips, override: 3d}
  is_cared: {title: 被关怀, calc: "care = 'a' and tier = 'plain'"}
  stage:
    {title: 阶段, stages: [{value: rider, when: rides > 0}], else: other, give: [stage, since]}
  best: {title: 最贵, sql: "select one_id, max(fare) as value from by_person.trips group by one_id"}
  twice: {title: 车费, sql: "select one_id, fare as value from by_person.trips"}
  way: {title: 路径, steps: [members, trips], within: 30d}
"""
pytestmark = pytest.mark.slow


def correct(project: Path, *words: str, command: str = "tag") -> int:
    """One of the commands that write."""
    return main(["correct", command, "--project", str(project), "--reason", "a call", *words])


@pytest.fixture(scope="module")
def second(nights: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project after its second night, with tags that may be set."""
    project = Path(shutil.copytree(nights[0], tmp_path_factory.mktemp("tags") / "project"))
    (project / "tag_definitions/hand.yml").write_text(TAGS, encoding="utf-8")
    assert onefold(project, "run", "--date", SECOND) == 0
    return project


@pytest.fixture
def project(second: Path, tmp_path: Path) -> Path:
    """A copy, to be changed."""
    return Path(shutil.copytree(second, tmp_path / "project"))


def wide(project: Path, day: str) -> dict[int, dict[str, Any]]:
    """The wide table of a night by person."""
    rows = rows_of(project / "lake/tags/customer_tags").to_pylist()
    return {row["one_id"]: row for row in rows if str(row["business_date"]) == day}


def persons(project: Path, *words: str) -> list[int]:
    """The OneIDs for whom a tag was set, in the order it was."""
    for word in words:
        assert correct(project, word, "care", "b") == 0
    return [each.one_id or 0 for each in all_corrections(str(project / "lake"))]


def test_values_are_set_from_the_next_night_on_and_follow_a_merge(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ann, bo, zhao = persons(project, ANN, BO, ZHAO)
    known = wide(project, SECOND)
    assert (known[ann]["care"], known[ann]["tier"], known[ann]["rides"]) == (None, "plain", 2)
    capfd.readouterr()
    assert correct(project, str(ann), "care", "a") == 0
    told = capfd.readouterr().out
    assert f"correction 4: tag care of OneID {ann} is a, from {THIRD}" in told
    assert "it stands above correction 1 (b)" in told
    assert correct(project, str(ann), "care", "a") == 0
    assert "correction 4 says so already" in capfd.readouterr().out
    assert correct(project, BO, "tier", "gold") == 0
    assert correct(project, BO, "rides", "7") == 0
    assert correct(project, ZHAO, BO, command="link") == 0

    assert onefold(project, "run", "--date", THIRD) == 0
    night = wide(project, THIRD)
    (merged,) = {bo, zhao} & set(night)
    assert (night[ann]["care"], night[ann]["is_cared"], night[ann]["tier"]) == ("a", True, "plain")
    assert {name: night[merged][name] for name in ("care", "rides", "stage", "is_cared")} == {
        "care": "b", "rides": 7, "stage": "rider", "is_cared": False,
    }  # fmt: skip
    assert night[merged]["stage_since"] == NIGHTS[2]
    assert wide(project, SECOND) == known
    hashes = hashes_of(project / "lake")
    assert onefold(project, "run", "--date", THIRD) == 0
    assert hashes_of(project / "lake") == hashes

    made = {each.correction_id: each for each in all_corrections(str(project / "lake"))}
    assert (made[5].instead_of, made[5].until_date) == ("plain", None)
    assert (made[6].instead_of, str(made[6].until_date)) == ("0", "2024-05-05")
    audited = rows_of(project / "lake/ops/audit").to_pylist()
    assert {(row["command"], row["purpose"]) for row in audited} >= {
        ("correct tag: correction 5", "a call"), ("correct link: correction 7", "a call"),
    }  # fmt: skip
    assert main(["correct", "list", "--project", str(project), "--format", "csv"]) == 0
    assert f"tag,,{bo},tier,gold,{THIRD}" in capfd.readouterr().out

    assert correct(project, "4", "--from", THIRD, command="withdraw") == 0
    assert onefold(project, "run", "--date", THIRD) == 0
    assert wide(project, THIRD)[ann]["care"] == "b"


def test_a_failing_tag_is_missing_with_its_reason_and_the_night_is_published(
    second: Path,
) -> None:
    night = wide(second, SECOND)
    assert {row["twice"] for row in night.values()} == {None}
    assert {row["best"] for row in night.values()} != {None}
    assert {row["stage"] for row in night.values()} == {"rider", "other"}
    metrics = {
        row["column_name"]: row["error"]
        for row in rows_of(second / "lake/tags/tag_metrics").to_pylist()
        if str(row["business_date"]) == SECOND and row["error"]
    }
    assert metrics == {"twice": "2 rows for one person; expected one: group by one_id"}
    states = rows_of(second / "lake/tags/stage_states").to_pylist()
    assert {(row["one_id"], row["tag"]) for row in states} == {(n, "stage") for n in night}


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ((ANN, "fares_7d", "7"), 2, "TAG: fares_7d is never set by hand; its definition (tag_def"),
        ((ANN, "car", "a"), 2, "TAG: unknown tag column; did you mean 'care'?"),
        ((ANN, "care", "c"), 2, "VALUE: expected one of a, b"),
        ((ANN, "rides", "x"), 2, "VALUE: expected a number"),
        (("account:nobody", "care", "a"), 4, "PERSON: nobody was ever seen with this identifier"),
        (("999", "care", "a"), 2, "PERSON: nobody ever had the number 999"),
        (("d1", "care", "a"), 2, "PERSON: expected kind:value"),
        ((ANN, "care"), 2, "expected PERSON TAG VALUE"),
    ],
)
def test_what_cannot_be_set_is_told_without_a_trace(
    second: Path, capfd: pytest.CaptureFixture[str], words: tuple[str, ...], code: int, message: str
) -> None:
    assert correct(second, *words) == code
    assert message in capfd.readouterr().err
    assert all_corrections(str(second / "lake")) == []
