"""Nights of generated people at the gates: each accident is held, and usual nights pass."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from examples.people.__main__ import main as people
from examples.people.accidents import ACCIDENTS, befall
from jobs.command_line import main as onefold
from model.fixed_tables import ONE_IDS
from tests.examples.people_dumps import NIGHTS

pytestmark = pytest.mark.slow
HELD, NOT_THERE_YET = 3, 4


def project_of(folder: Path, *words: str) -> Path:
    assert people([*words[:2], str(folder), *words[2:]]) == 0
    policy = folder / "conf" / "identity.yml"
    given = policy.read_text(encoding="utf-8")
    local = given.replace("full_build: graphframes", "full_build: local")
    policy.write_text(local, encoding="utf-8")  # which gives the same labels, sooner
    return folder


def run(project: Path, night: str) -> int:
    return onefold(["run", "--project", str(project), "--date", night, "--quiet"])


@pytest.fixture(scope="module")
def two_nights(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two nights are run, a third has landed. A night brings a twentieth of 32,000 records: the
    limits that are numbers and no shares are those of more people with fewer changes."""
    folder = tmp_path_factory.mktemp("gate") / "project"
    project = project_of(folder, "6000", "3", "--change", "0.05")
    assert [run(project, night) for night in NIGHTS[:2]] == [0, 0]
    return project


@pytest.mark.parametrize("name", ACCIDENTS)
def test_an_accident_is_held(name: str, two_nights: Path, tmp_path: Path) -> None:
    project = Path(shutil.copytree(two_nights, tmp_path / "project"))
    befall(project, date.fromisoformat(NIGHTS[2]), name)
    expected = NOT_THERE_YET if name == "missing_source" else HELD
    assert run(project, NIGHTS[2]) == expected
    published = (project / "lake" / "views" / "duckdb.sql").read_text(encoding="utf-8")
    assert published == (two_nights / "lake" / "views" / "duckdb.sql").read_text(encoding="utf-8")


@pytest.mark.long
def test_the_third_night_passes_without_an_accident(two_nights: Path, tmp_path: Path) -> None:
    project = Path(shutil.copytree(two_nights, tmp_path / "project"))
    assert run(project, NIGHTS[2]) == 0


@pytest.mark.long
@pytest.mark.timeout(5400)
def test_thirty_usual_nights_are_never_held(spark: SparkSession, tmp_path: Path) -> None:
    project = project_of(tmp_path / "project", "2000", "31")
    nights = sorted(folder.name for folder in (project / "landing" / "crm").iterdir())
    assert len(nights) == 31
    assert [run(project, night) for night in nights] == [0] * 31
    assert len(DeltaTable(str(project / "lake" / "identity" / ONE_IDS.name)).to_pandas()) > 6_000
