"""A model may describe things beside people, and tables that no channel feeds yet."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from tests.jobs.conftest import onefold
from tests.jobs.lake_rows import rows_of
from tests.jobs.tiny_project import NIGHTS

pytestmark = pytest.mark.slow
SECOND = str(NIGHTS[1])
MODEL = """
  stops:
    object: stop
    key: [channel, stop_id]
    columns:
      stop_id: {type: text}
      zone: {type: integer}
  complaints:
    object: person
    key: [channel, complaint_id]
    columns:
      complaint_id: {type: text}
"""
CHANNEL = """
channel: net
title: 线网
datasets:
  stops:
    path: "net/{date}.csv"
    fields: {stop: {type: text, required: true}, zone: {type: integer}}
    into: {stops: {columns: {stop_id: stop, zone: zone}}}
"""


@pytest.fixture(scope="module")
def project(nights: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny project, which learns of stops on its second night."""
    folder = tmp_path_factory.mktemp("things") / "project"
    project = Path(shutil.copytree(nights[0], folder))
    model = project / "conf/model.yml"
    text = model.read_text(encoding="utf-8")
    things = "objects:\n  stop: {id: stop_id, title: 站点}"
    model.write_text(text.replace("objects:", things) + MODEL, encoding="utf-8")
    (project / "conf/channels/net.yml").write_text(CHANNEL.lstrip(), encoding="utf-8")
    dump = project / "landing/net" / f"{SECOND}.csv"
    dump.parent.mkdir()
    dump.write_text("stop,zone\ns1,1\ns2,x\ns3,2\n", encoding="utf-8")
    assert onefold(project, "run", "--date", SECOND) == 0
    return project


def test_rows_of_things_have_no_sighting_and_all_the_rest(project: Path) -> None:
    rows = rows_of(project / "lake/clean/stops").to_pylist()
    assert [(row["stop_id"], row["zone"], row["sighting_id"]) for row in rows] == [
        ("s1", 1, None), ("s3", 2, None),
    ]  # fmt: skip
    (bad,) = [
        row for row in rows_of(project / "lake/ops/quarantine").to_pylist()
        if row["channel"] == "net"
    ]  # fmt: skip
    assert bad["reasons"] == ["zone:not_an_integer"]


def test_a_table_that_nothing_feeds_costs_no_commit_and_reads_as_empty(project: Path) -> None:
    assert not (project / "lake/clean/complaints").exists()
    with duckdb.connect() as connection:
        connection.execute((project / "lake/views/duckdb.sql").read_text(encoding="utf-8"))
        for view, count in (("clean.complaints", 0), ("by_person.complaints", 0),
                            ("clean.stops", 2), ("by_person.stops", 2)):  # fmt: skip
            found = connection.execute(f"select count(*) from {view}").fetchone()
            assert found == (count,), view


def test_a_slice_that_becomes_empty_is_emptied(project: Path, tmp_path: Path) -> None:
    again = Path(shutil.copytree(project, tmp_path / "project"))
    text = (again / "conf/channels/net.yml").read_text(encoding="utf-8")
    (again / "conf/channels/net.yml").write_text(
        text.replace("zone: {type: integer}", "zone: {type: integer, range: [7, 9]}"),
        encoding="utf-8",
    )
    assert onefold(again, "run", "--date", SECOND) == 0
    assert rows_of(again / "lake/clean/stops").num_rows == 0
