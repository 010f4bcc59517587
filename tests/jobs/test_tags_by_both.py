"""The stage of tags writes the same tables in this process and by Spark, night after night."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow as pa
import pytest

from tests.jobs.conftest import onefold
from tests.jobs.lake_rows import rows_of
from tests.jobs.tiny_project import NIGHTS

pytestmark = pytest.mark.slow
TAGS = """
defaults: {object: person, owner: o, status: online}
tags:
  mood:
    title: 心情
    description: D
    stages: [{value: keen, when: {did: trips, over: 2d}}]
    else: idle
    stay: 2d
    give: [stage, since, times_entered]
  lines: {title: 线路, description: D, top: line, from: trips, decay: half every 7d, best: 2}
  rare: {title: 少见, description: D, top: line, from: trips, rarity: true, give: [value, score]}
  fare_days:
    title: 天数
    description: D
    sql: "select one_id, count(distinct day) as value from by_person.trips group by one_id"
  desk_level: {title: 等级, description: D, pick: level, channels: [desk], prefer: latest}
  desk_born: {title: 生日, description: D, pick: born, channels: [desk], type: date}
  desk_age: {title: 年龄, description: D, calc: years_since(desk_born)}
  note: {title: 备注, description: D, given: human, type: text}
  fares_list: {title: 车费, description: D, measure: "list(fare, 3)", from: trips}
  by_line: {title: 按线, description: D, measure: sum(fare), by: line, from: trips}
"""
TABLES = ("customer_tags", "customer_tag_changes", "stage_states", "tag_catalog", "tag_metrics")
# Spark and DuckDB estimate how many values there are, each in its way.
ESTIMATED = "distinct_count"


def tags_of(project: Path) -> dict[str, list[str]]:
    """What two nights leave in the tables of tags, in order."""
    (project / "tag_definitions" / "more.yml").write_text(TAGS, encoding="utf-8")
    assert onefold(project, "run", "--date", str(NIGHTS[0]), "--only", "compute_tags") == 0
    assert onefold(project, "run", "--date", str(NIGHTS[1])) == 0
    return {name: shown(rows_of(project / "lake" / "tags" / name)) for name in TABLES}


def shown(table: pa.Table) -> list[str]:
    """The rows as texts, in order."""
    names = sorted(set(table.column_names) - {ESTIMATED})
    rows = table.select(names).to_pylist(maps_as_pydicts="strict")
    return sorted(repr(row) for row in rows)


def test_two_nights_give_the_same_tables(
    nights: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tags_of(Path(shutil.copytree(nights[0], tmp_path / "here")))
    monkeypatch.setattr("jobs.night.COUNTED_HERE", -1)
    by_spark = tags_of(Path(shutil.copytree(nights[0], tmp_path / "spark")))
    for name in TABLES:
        assert here[name] == by_spark[name], name
        assert here[name], name
