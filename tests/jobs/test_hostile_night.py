"""One night with every hostile file beside two sound channels: each is told, none stops others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from lake.ledger import published_night
from tests.ingestion.hostile_files import BOMBS, CORPUS, HostileFile
from tests.jobs.conftest import onefold
from tests.jobs.lake_rows import tables_of
from tests.jobs.tiny_project import NIGHTS, write_tiny_project

pytestmark = pytest.mark.slow
NIGHT = NIGHTS[0]
CASES = [*CORPUS, *BOMBS]
INTO = "{trips: {columns: {trip_id: id, state: state, taken_at: at, fare: amount, line: note}}}"
Rows = dict[str, list[dict[str, Any]]]


def write_hostile_channel(project: Path) -> None:
    """A channel with the corpus, a dataset for each way of reading it, and a link that leads out.

    Not a dataset for each file: a night of a hundred datasets takes ten minutes.
    """
    datasets = "".join(sorted({case.dataset(INTO) for case in CASES}))
    channel = project / "conf" / "channels" / "hostile.yml"
    channel.write_text(f"channel: hostile\ndatasets:\n{datasets}", encoding="utf-8")
    for case in CASES:
        folder(project, case).mkdir(parents=True)
        (folder(project, case) / case.file_name).write_bytes(case.make())
    folder(project, LINK).mkdir(parents=True)
    (folder(project, LINK) / LINK.file_name).symlink_to(project / "conf" / "base.yml")


def folder(project: Path, case: HostileFile) -> Path:
    return project / "landing" / "hostile" / str(NIGHT) / case.group / case.name


def case_of(path: str) -> str:
    """The name of the case whose file lies there."""
    return path.split("/")[3]


LINK = HostileFile("link_out_of_the_root", bytes, refused="outside_landing_root")


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The lake after the night, which is published."""
    project = write_tiny_project(tmp_path_factory.mktemp("hostile") / "project")
    write_hostile_channel(project)
    few = ["--set", "ingestion.keep_raw=false"]
    assert onefold(project, "run", "--date", str(NIGHT), *few) == 0
    yield project / "lake"


@pytest.fixture(scope="module")
def rows(lake: Path) -> Rows:
    """Its tables' rows."""
    return {name: table.to_pylist() for name, table in tables_of(lake).items()}


def test_the_night_is_published(lake: Path) -> None:
    night = published_night(str(lake))
    assert night is not None
    assert night.business_date == NIGHT


def test_every_file_is_refused_for_its_reason_or_accounted_for(rows: Rows) -> None:
    files = {case_of(row["path"]): row for row in rows["ops.files"] if row["channel"] == "hostile"}
    assert set(files) == {case.name for case in (*CASES, LINK)}
    for case in (*CASES, LINK):
        row = files[case.name]
        told = (row["state"], row["reason"])
        assert told == (("refused", case.refused) if case.refused else ("new", None)), case.name
        taken = row["accepted_count"] + row["duplicate_count"]
        counts = (row["header_count"], row["blank_count"], taken)
        expected = (0, 0, 0) if case.refused else (case.header, case.blank, case.accepted)
        assert counts == expected, case.name
        assert row["line_count"] == sum(counts) + row["quarantined_count"]
        assert dict(row["refused_identifiers"]) == dict(case.refused_identifiers), case.name


def test_every_quarantined_record_has_its_reasons_and_its_line(rows: Rows) -> None:
    told: dict[str, Counter[str]] = {}
    for row in rows["ops.quarantine"]:
        if row["channel"] == "hostile":
            told.setdefault(case_of(row["source_file"]), Counter()).update(row["reasons"])
            assert row["sealed_line"]
            assert row["source_line"] > 0
    assert told == {
        case.name: Counter(case.quarantined) for case in CASES if case.quarantined
    }  # fmt: skip


def test_the_sound_channels_are_all_there(rows: Rows) -> None:
    trips = [row["trip_id"] for row in rows["clean.trips"] if row["channel"] == "line"]
    assert sorted(trips) == ["t1", "t2", "t3", "t4"]
    members = [row["account_id"] for row in rows["clean.members"]]
    assert sorted(members) == ["d1", "d2", "d3", "d5"]
