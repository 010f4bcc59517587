"""`onefold plan`: what edits of a project change, held to the night that they then make."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from jobs.command_line import main
from tests.jobs.conftest import onefold
from tests.jobs.lake_rows import hashes_of, rows_of
from tests.jobs.tiny_project import NIGHTS

pytestmark = pytest.mark.slow
THIRD = str(NIGHTS[2])
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def project(tagged: Path, tmp_path: Path) -> Path:
    """A copy, to be changed."""
    return Path(shutil.copytree(tagged, tmp_path / "project"))


def told(project: Path, capfd: Capture, *words: str) -> dict[str, Any]:
    capfd.readouterr()
    assert main(["plan", "--project", str(project), "--format", "json", *words]) == 0
    found: dict[str, Any] = json.loads(capfd.readouterr().out)
    return found


def edit(project: Path, file: str, old: str, new: str) -> None:
    path = project / "tag_definitions" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def wide(project: Path) -> dict[int, dict[str, Any]]:
    rows = rows_of(project / "lake/tags/customer_tags").to_pylist(maps_as_pydicts="strict")
    return {row["one_id"]: row for row in rows if str(row["business_date"]) == THIRD}


def test_the_next_run_of_the_night_changes_what_was_told(project: Path, capfd: Capture) -> None:
    kept, before = hashes_of(project / "lake"), wide(project)
    edit(project, "use/trips.yml", "trips_ever >= 2", "trips_ever >= 3")
    edit(project, "use/trips.yml", "sum(fare), over: [7d, ever]", "max(fare), over: [2d, ever]")
    edit(project, "shapes.yml", "  seen:", "  more: {title: 多, calc: seen + 1}\n  seen:")
    edit(project, "shapes.yml", "count(), status: paused", "count(), status: online")
    edit(project, "shapes.yml", "title: 均价", "title: 平均")
    edit(project, "shapes.yml", "+ fares_7d", "+ fares_2d")
    edit(project, "shapes.yml", "  by_line: {title: 按线, measure: sum(fare), by: line}\n", "")
    found = told(project, capfd)
    assert hashes_of(project / "lake") == kept, "a plan writes nothing"
    kinds = {one["tag"]: one["kind"] for one in found["tags"]}
    follows = dict.fromkeys(
        ("mean_fare", "fare_band", "fare_rank", "week_rank", "heavy", "score", "scored",
         "tier_fares"), "follows",
    )  # fmt: skip
    assert kinds == follows | {
        "fares": "changed", "rider": "changed", "rank_twice": "changed", "more": "new",
        "tired": "status", "by_line": "removed",
    }  # fmt: skip
    assert onefold(project, "run", "--date", THIRD, "--from", "compute_tags") == 0
    after = wide(project)
    told_of = {one["column"]: one for tag in found["tags"] for one in tag["differences"]}
    for name in {*next(iter(before.values())), *next(iter(after.values()))} - {"business_date"}:
        pairs = [(before[one].get(name), row.get(name)) for one, row in after.items()]
        pairs = [(old, new) for old, new in pairs if old != new]
        one = told_of.get(name, {"appeared": 0, "gone": 0, "changed": 0})
        assert one["appeared"] == sum(old is None for old, _ in pairs), name
        assert one["gone"] == sum(new is None for _, new in pairs), name
        assert one["appeared"] + one["gone"] + one["changed"] == len(pairs), name
    rider = told_of["rider"]
    codes = [row["rider"] for row in after.values()]
    assert rider["after"] == {code: codes.count(code) for code in rider["after"]}
    assert found["person_count"] == len(after) and found["audiences"] == []
    assert told(project, capfd)["tags"] == [], "what was planned is published"


def test_spark_counts_the_same_where_this_process_leaves_it_to_it(
    project: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(project, "use/trips.yml", "sum(fare), over: [7d, ever]", "max(fare), over: [7d, ever]")
    edit(project, "shapes.yml", "  tier: {", "  level2: {title: 级, pick: level}\n  tier: {")
    edit(project, "shapes.yml", "stay: 2d", "stay: 1d")
    edit(project, "shapes.yml", "shares: [50%", "shares: [30%")
    edit(project, "shapes.yml", "  by_line: {title: 按线, measure: sum(fare), by: line}\n", "")
    here = told(project, capfd)
    monkeypatch.setattr("jobs.night.COUNTED_HERE", -1)
    by_spark = told(project, capfd)
    assert here.pop("is_here") and not by_spark.pop("is_here")
    assert (here.pop("execution"), by_spark.pop("execution").split(":")[0]) >= ("", "Spark")
    assert by_spark == here


def test_a_fast_answer_reads_no_row_and_no_session_is_opened(
    project: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise AssertionError("not for a plan")

    monkeypatch.setattr("jobs.night.spark_session", refused)
    assert told(project, capfd)["tags"] == []
    edit(project, "shapes.yml", "edges: [5, 15]", "edges: [5, 18]")
    (counted,) = told(project, capfd)["tags"]
    assert counted["person_count"] == counted["differences"][0]["changed"] == 1
    monkeypatch.setattr("jobs.published_tags.PublishedTags.person_rows", refused)
    found = told(project, capfd, "--no-count")
    assert [(one["tag"], one["person_count"]) for one in found["tags"]] == [("fare_band", None)]
    assert found["is_here"] and found["plan"] == [
        "level 1: 1 columns", "2 columns as the night stored them"
    ]
    assert main(["plan", "--project", str(project), "--no-count"]) == 0
    shown = capfd.readouterr().out
    assert "fare_band" in shown and "the kernel, in this process" in shown


def test_a_query_that_fails_is_told_and_unsound_definitions_are_refused(
    project: Path, nights: list[Path], capfd: Capture
) -> None:
    edit(project, "shapes.yml", "select one_id, count(distinct day) as value",
         "select one_id, day as value")  # fmt: skip
    edit(project, "shapes.yml", "\n      and day <= :to group by one_id", " and day <= :to")
    (change,) = told(project, capfd)["tags"]
    assert "rows for one person" in change["differences"][0]["failure"]
    assert main(["plan", "--project", str(project), "--no-count"]) == 0
    edit(project, "shapes.yml", "calc: \"share(", "calc: \"shore(")
    assert main(["plan", "--project", str(project)]) == 2
    assert "tag_definitions/shapes.yml:" in capfd.readouterr().err
    empty = ["--lake", str(project / "other")]
    assert main(["plan", "--project", str(nights[0]), *empty]) == 4
