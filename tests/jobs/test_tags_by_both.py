"""The stage of tags writes the same tables in this process, with tiles or without, and by Spark,
night after night."""

from __future__ import annotations

import shutil
from decimal import Decimal
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
  by_line: {title: 按线, description: D, measure: sum(fare), by: line, from: trips, table: travel}
  lately: {title: 近日, description: D, calc: fares_7d * 2, table: travel, every: month}
"""
OF_OBJECTS = """
defaults: {owner: o, from: trips}
tags:
  takings: {title: 收入, description: D, object: route, measure: sum(fare), over: [1d, ever]}
  riders: {title: 人数, description: D, object: route, measure: distinct(person_id), every: week}
  rides_there: {title: 乘坐, description: D, object: rider_route, measure: count(), over: [1d]}
  party_size: {title: 人数, description: D, object: party, per: members, measure: count()}
  party_fares: {title: 车费, description: D, object: party, per: members, measure: sum(lately)}
"""
TABLES = (
    "customer_tags", "customer_tag_changes", "stage_states", "tag_catalog", "tag_metrics",
    "travel", "route_tags", "route_tag_changes", "rider_route_tags", "party_tags",
    "party_tag_changes",
)
OBJECTS = """
  route: {id: line, title: 线路}
  rider_route: {id: [one_id, line]}
  party: {id: party_id, members: {table: members, column: level}}
"""
# Spark and DuckDB estimate how many values there are, each in its way.
ESTIMATED = "distinct_count"


def tags_of(project: Path) -> dict[str, list[str]]:
    """What two nights leave in the tables of tags, in order."""
    (project / "tag_definitions" / "more.yml").write_text(TAGS, encoding="utf-8")
    (project / "tag_definitions" / "objects.yml").write_text(OF_OBJECTS, encoding="utf-8")
    add_objects(project)
    assert onefold(project, "run", "--date", str(NIGHTS[0]), "--only", "compute_tags") == 0
    assert onefold(project, "run", "--date", str(NIGHTS[1])) == 0
    return {name: shown(rows_of(project / "lake" / "tags" / name)) for name in TABLES}


def add_objects(project: Path) -> None:
    """Tags may be about routes, riders of a route, and parties of members."""
    model = project / "conf/model.yml"
    text = model.read_text(encoding="utf-8")
    model.write_text(text.replace("\ntables:", OBJECTS + "tables:", 1), encoding="utf-8")


def shown(table: pa.Table) -> list[str]:
    """The rows as texts, in order."""
    names = sorted(set(table.column_names) - {ESTIMATED})
    rows = table.select(names).to_pylist(maps_as_pydicts="strict")
    return sorted(repr(row) for row in rows)


def has_readers(lake: Path) -> None:
    """Checks what lines of the second night look like, and that readers find every table."""
    night = [row for row in rows_of(lake / "tags/route_tags").to_pylist()
             if row["business_date"] == NIGHTS[1]]  # fmt: skip
    names = ("line", "takings_1d", "takings_ever", "riders")
    # The riders are Wednesday's: a week's tag is carried, and the green line was not there.
    assert [tuple(row[name] for name in names) for row in night] == [
        ("blue", None, Decimal("8.25"), 1), ("green", Decimal("9.75"), Decimal("9.75"), None),
        ("red", None, Decimal("15.50"), 1),
    ]  # fmt: skip
    views = (lake / "views/duckdb.sql").read_text(encoding="utf-8")
    assert [name for name in TABLES if f"view tags.{name} " not in views] == []
    spread = {row["column_name"] for row in rows_of(lake / "insight/distributions").to_pylist()}
    assert {"lately", "fares_7d"} <= spread and "riders" not in spread
    changed = {row["tag"] for row in rows_of(lake / "tags/customer_tag_changes").to_pylist()}
    assert {"lately", "by_line", "fares_7d"} <= changed


def test_two_nights_give_the_same_tables(
    nights: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Path(shutil.copytree(nights[0], tmp_path / "here"))
    here = tags_of(project)
    has_readers(project / "lake")
    with monkeypatch.context() as patch:  # small tables have no tiles otherwise
        patch.setattr("jobs.tiles.FEWEST", 0)
        patch.setattr("jobs.tiles.MOST_CHANGED", 1e9)
        assert tags_of(Path(shutil.copytree(nights[0], tmp_path / "tiles"))) == here
    based = rows_of(tmp_path / "tiles" / "lake" / "ops" / "tiled").to_pylist()
    assert {(row["business_date"], row["base_date"]) for row in based} >= {(NIGHTS[1], NIGHTS[0])}
    monkeypatch.setattr("jobs.night.COUNTED_HERE", -1)
    by_spark = tags_of(Path(shutil.copytree(nights[0], tmp_path / "spark")))
    for name in TABLES:
        assert here[name] == by_spark[name], name
        assert here[name], name
