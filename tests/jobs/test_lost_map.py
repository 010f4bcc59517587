"""A lake whose map is lost: nights refuse to go on, and the map is made anew with every number."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.jobs.conftest import onefold
from tests.jobs.lake_rows import hashes_of, rows_of
from tests.jobs.tiny_project import NIGHTS

pytestmark = pytest.mark.slow
FIRST, SECOND, THIRD = (str(night) for night in NIGHTS)
REBUILD = ("--from", "resolve_identity", "--rebuild-map")


@pytest.fixture
def project(nights: list[Path], tmp_path: Path) -> Path:
    """The project after its second night, and its map is gone."""
    project = Path(shutil.copytree(nights[1], tmp_path / "project"))
    shutil.rmtree(project / "lake" / "identity" / "one_ids")
    return project


def _map(project: Path) -> set[tuple[int, int]]:
    rows = rows_of(project / "lake" / "identity" / "one_ids").to_pylist()
    return {(row["node_id"], row["one_id"]) for row in rows if row["valid_to"] is None}


def test_a_lost_map_is_told_and_made_anew_by_the_command_that_is_named(
    project: Path, nights: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert onefold(project, "run", "--date", THIRD) == 4
    told = capsys.readouterr().err
    assert f"onefold run --date {SECOND} {' '.join(REBUILD)}" in told
    assert onefold(project, "run", "--date", SECOND, *REBUILD) == 0
    assert _map(project) == _map(nights[1])
    events, tags = "identity.one_id_events", "tags.customer_tags"
    same, found = hashes_of(nights[1] / "lake"), hashes_of(project / "lake")
    assert (found[events], found[tags]) == (same[events], same[tags])
    assert onefold(project, "run", "--date", THIRD) == 0
    assert _map(project) == _map(nights[2])
    same, found = hashes_of(nights[2] / "lake"), hashes_of(project / "lake")
    del same["identity.one_ids"], found["identity.one_ids"]  # its first night is the second now
    assert found == same


@pytest.mark.parametrize(
    "words",
    [
        ("--date", THIRD, *REBUILD),
        ("--date", SECOND, "--only", "compute_tags", "--rebuild-map"),
        ("--date", SECOND, "--dry-run", "--rebuild-map"),
    ],
)
def test_only_a_night_that_was_resolved_has_a_map_to_make_anew(
    project: Path, words: tuple[str, ...]
) -> None:
    assert onefold(project, "run", *words) == 2
    assert not (project / "lake" / "identity" / "one_ids").exists()
