"""Three nights: a whole state, new bytes, a late file, a shadow channel; against plain Python."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest
from pyspark.sql import SparkSession

from tests.jobs.conftest import onefold
from tests.jobs.harbour import NIGHTS, crew_on, deliver, stamps_on, write_harbour
from tests.jobs.lake_rows import hashes_of, tables_of

pytestmark = pytest.mark.slow
LAST = len(NIGHTS) - 1


@pytest.fixture(scope="module")
def nights(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The harbour after each of its nights."""
    folder = write_harbour(tmp_path_factory.mktemp("harbour") / "project")
    after = []
    for number, night in enumerate(NIGHTS):
        deliver(folder, number)
        assert onefold(folder, "run", "--date", str(night)) == 0
        after.append(Path(shutil.copytree(folder, folder.parent / f"after-{night}")))
    return after


def asked(project: Path, sql: str) -> list[tuple[Any, ...]]:
    """Rows of a query over the published night's views, by DuckDB alone.

    The views name files where the lake lay when it was published.
    """
    script = (project / "lake/views/duckdb.sql").read_text(encoding="utf-8")
    with duckdb.connect() as connection:
        connection.execute(script)
        return connection.execute(sql).fetchall()


@pytest.mark.parametrize("number", range(len(NIGHTS)))
def test_readers_see_what_the_newest_deliveries_tell(nights: list[Path], number: int) -> None:
    stamps = asked(nights[number], "select stamp_id, fee from by_person.stamps")
    assert {stamp: int(fee) for stamp, fee in stamps} == {
        stamp: fee for stamp, (_, fee) in stamps_on(number).items()
    }
    sailors = asked(nights[number], "select sailor_id, rank from by_person.sailors")
    assert dict(sailors) == {no: rank for no, (_, rank) in crew_on(number).items()}


@pytest.mark.parametrize("number", range(len(NIGHTS)))
def test_persons_are_those_of_whom_a_row_is_left(nights: list[Path], number: int) -> None:
    mobiles = {mobile for mobile, _ in (*stamps_on(number).values(), *crew_on(number).values())}
    told = asked(nights[number], "select one_id, stamps, fees from tags.customer_tags")
    fees, counts = Counter[str](), Counter[str]()
    for mobile, fee in stamps_on(number).values():
        fees[mobile] += fee
        counts[mobile] += 1
    assert sorted((row[1] or 0, int(row[2])) for row in told) == sorted(
        (counts[mobile], fees[mobile]) for mobile in mobiles
    )


def test_the_ledger_tells_every_file_of_every_night(nights: list[Path]) -> None:
    rows = tables_of(nights[LAST] / "lake")["ops.files"].to_pylist()
    told = [
        {row["path"]: row["state"] for row in rows if row["arrived_date"] == night}
        for night in NIGHTS
    ]
    first, second, late = (f"gate/{NIGHTS[0]}/a.csv", f"gate/{NIGHTS[1]}/a.csv",
                           f"gate/{NIGHTS[0]}/late.csv")  # fmt: skip
    shadow = f"newgate/{NIGHTS[0]}/a.csv"
    assert told[0] == {"crew/list.csv": "new", first: "new", shadow: "new"}
    assert told[1] == {
        "crew/list.csv": "superseded", first: "superseded", second: "new", shadow: "same",
        f"newgate/{NIGHTS[1]}/*.csv": "missing",
    }  # fmt: skip
    assert told[2] == {
        "crew/list.csv": "superseded", first: "same", second: "same", late: "late",
        f"gate/{NIGHTS[2]}/a.csv": "new", shadow: "same",
        f"newgate/{NIGHTS[2]}/*.csv": "missing",
    }  # fmt: skip


def test_a_shadow_channel_is_ingested_and_reaches_nobody(nights: list[Path]) -> None:
    tables = tables_of(nights[0] / "lake")
    assert "newgate" in tables["clean.stamps"]["channel"].to_pylist()
    assert "newgate" in tables["identity.sightings"]["channel"].to_pylist()
    assert len(tables["tags.customer_tags"]) == 2
    sources = [one for each in tables["identity.links"]["sources"].to_pylist() for one in each]
    assert sources
    assert not [source for source in sources if source.startswith("newgate")]


def test_nights_run_again_take_back_the_same(nights: list[Path], tmp_path: Path) -> None:
    project = Path(shutil.copytree(nights[LAST], tmp_path / "project"))
    assert onefold(project, "run", "--date", str(NIGHTS[LAST])) == 0
    assert hashes_of(project / "lake") == hashes_of(nights[LAST] / "lake")


def test_a_state_that_lost_most_of_its_keys_is_held_until_someone_accepts_it(
    nights: list[Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    project = Path(shutil.copytree(nights[0], tmp_path / "project"))
    deliver(project, 1)
    crew = project / "landing/crew/list.csv"
    crew.write_text("no,mobile,rank,changed\ns9,,hand,2024-06-02 08:00:00\n", encoding="utf-8")
    before = hashes_of(project / "lake")
    assert onefold(project, "run", "--date", str(NIGHTS[1])) == 3
    assert "crew.list.withdrawn: sailors: 2 of 2 keys are gone" in capfd.readouterr().err
    assert hashes_of(project / "lake") == before
    accepted = ["--accept", "crew.list.withdrawn", "--reason", "the crew was paid off"]
    assert onefold(project, "run", "--date", str(NIGHTS[1]), *accepted) == 0
    assert onefold(project, "run", "--date", str(NIGHTS[1])) == 0  # what was accepted stays so
    sailors = asked(project, "select sailor_id from by_person.sailors")
    assert sailors == [("s9",)]
