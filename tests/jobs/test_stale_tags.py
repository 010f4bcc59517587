"""A tag whose own check fails keeps its last good values, with all that is computed from it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.jobs.conftest import onefold
from tests.jobs.lake_rows import rows_of
from tests.jobs.test_tags_by_both import add_objects, shown
from tests.jobs.tiny_project import NIGHTS

pytestmark = pytest.mark.slow
TAGS = """
defaults: {object: person, owner: o, status: online}
tags:
  dearest:
    {title: 最贵, description: D, measure: max(fare), from: trips, absent: 0,
     checks: ["value <= 12.50"]}
  is_dear: {title: 贵, description: D, cases: [{value: "yes", when: dearest > 8}], else: "no"}
  habit:
    title: 习惯
    description: D
    stages: [{value: dear, when: dearest > 8}]
    else: cheap
    give: [stage, previous]
  stops: {title: 站, description: D, measure: count(), from: trips}
  unsound: {title: 不实, description: D, measure: sum(fare), from: trips, checks: ["value < 0"]}
  dearest_there:
    {title: 最贵, description: D, object: party, per: members, measure: max(dearest)}
  party_size: {title: 人数, description: D, object: party, per: members, measure: count()}
"""
TABLES = (
    "customer_tags", "customer_tag_changes", "stage_states", "tag_catalog", "tag_metrics",
    "party_tags", "party_tag_changes",
)
STALE = ("dearest", "is_dear", "habit", "habit_previous")
CODE = "tags.customer_tags.dearest_le_12_50"


def test_stale_tags_by_both_ways(
    nights: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = nights_of(Path(shutil.copytree(nights[0], tmp_path / "here")))
    monkeypatch.setattr("jobs.night.COUNTED_HERE", -1)
    by_spark = nights_of(Path(shutil.copytree(nights[0], tmp_path / "spark")))
    assert here == by_spark


def nights_of(project: Path) -> list[dict[str, list[str]]]:
    """What three nights leave in the tables of tags; the second and third have a dear trip."""
    (project / "tag_definitions" / "more.yml").write_text(TAGS, encoding="utf-8")
    add_objects(project)
    for number in (1, 2):
        add_a_dear_trip(project, number)
    assert onefold(project, "run", "--date", str(NIGHTS[0]), "--only", "compute_tags") == 0
    first = wide_of(project, 0)
    # Nothing good was there before, so nothing is shown.
    assert {row["unsound"] for row in first.values()} == {None}
    assert {row["dearest"] for row in first.values()} >= {0, 7.25, 12.5}

    assert onefold(project, "run", "--date", str(NIGHTS[1])) == 0
    second = wide_of(project, 1)
    assert second.keys() - first.keys(), "somebody is new"
    for one_id, row in second.items():
        old = first.get(one_id, {})
        assert [row[name] for name in STALE] == [old.get(name) for name in STALE]
    assert {row["stops"] for row in second.values()} != {row["stops"] for row in first.values()}
    told = catalogue_of(project, 1)
    assert [told[name] for name in STALE] == [NIGHTS[0]] * 4
    assert (told["stops"], told["unsound"]) == (NIGHTS[1], None)
    errors = errors_of(project, 1)
    assert errors["dearest"].startswith("stale: dearest: value <= 12.50 (")
    assert errors["is_dear"] == errors["habit"] == "stale: computed from dearest, stale"
    assert errors["stops"] is None
    assert told["dearest_there"] == NIGHTS[0], "what persons pass on is stale with them"
    assert (told["party_size"], errors["party_size"]) == (NIGHTS[1], None)
    left = [shown(rows_of(project / "lake" / "tags" / name)) for name in TABLES]

    accept = ["--accept", CODE, "--reason", "a new line"]
    assert onefold(project, "run", "--date", str(NIGHTS[2]), *accept) == 0
    third = wide_of(project, 2)
    assert max(row["dearest"] for row in third.values()) == 99
    assert {catalogue_of(project, 2)[name] for name in STALE} == {NIGHTS[2]}
    # The history went on from the state of the last good night, not from nothing.
    previous = {row["habit_previous"] for row in third.values() if row["dearest"] == 99}
    assert previous == {"cheap"}
    after = [shown(rows_of(project / "lake" / "tags" / name)) for name in TABLES]
    return [dict(zip(TABLES, tables, strict=True)) for tables in (left, after)]


def add_a_dear_trip(project: Path, number: int) -> None:
    """By Cy, whose trips were cheap until then."""
    path = project / "landing" / "line" / NIGHTS[number].isoformat() / "trips.jsonl"
    trip = {"id": f"dear{number}", "rider": "r3", "mobile": "", "state": "taken",
            "at": f"{NIGHTS[number]} 07:30:00", "fare": "99.00", "line": "blue"}  # fmt: skip
    path.write_text(path.read_text() + json.dumps(trip) + "\n", encoding="utf-8")


def night_of(project: Path, table: str, number: int) -> list[dict[str, object]]:
    rows = rows_of(project / "lake" / "tags" / table).to_pylist()
    return [row for row in rows if row["business_date"] == NIGHTS[number]]


def wide_of(project: Path, number: int) -> dict[object, dict[str, object]]:
    return {row["one_id"]: row for row in night_of(project, "customer_tags", number)}


def catalogue_of(project: Path, number: int) -> dict[object, object]:
    rows = night_of(project, "tag_catalog", number)
    return {row["column_name"]: row["computed_date"] for row in rows}


def errors_of(project: Path, number: int) -> dict[object, object]:
    return {row["column_name"]: row["error"] for row in night_of(project, "tag_metrics", number)}
