"""Kill it anywhere: the same command ends with the rows of an uninterrupted night."""

from __future__ import annotations

import shutil
from itertools import zip_longest
from pathlib import Path

import pytest

from jobs import run_night as night_module
from jobs.run_night import STAGES, Stage
from lake import commits
from tests.jobs.conftest import onefold
from tests.jobs.lake_rows import hashes_of
from tests.jobs.tiny_project import NIGHTS

pytestmark = pytest.mark.slow
FIRST, SECOND, THIRD = (str(night) for night in NIGHTS)


class Killed(BaseException):
    """Stands for a kill: nothing in the code catches it."""


STAGE_NAMES = [stage.name for stage in STAGES]
TABLES = ["clean.trips", "identity.one_ids", "tags.customer_tags"]


def _copy(project: Path, folder: Path) -> Path:
    return Path(shutil.copytree(project, folder / "project"))


def _run_killed_behind(stage: str, project: Path, patches: pytest.MonkeyPatch) -> None:
    """Runs the second night until the end of a stage's work."""

    def killed_behind(one: Stage) -> Stage:
        def run(night):  # type: ignore[no-untyped-def]
            one.run(night)
            raise Killed

        return Stage(one.name, run, one.tables) if one.name == stage else one

    with patches.context() as patch:
        patch.setattr("jobs.nights.chosen_stages", lambda *_: tuple(map(killed_behind, STAGES)))
        with pytest.raises(Killed):
            onefold(project, "run", "--date", SECOND)


def _run_killed_in_a_write(table: str, project: Path, patches: pytest.MonkeyPatch) -> None:
    """Runs the second night until a table's files are there and their commit is not."""
    written = commits._written

    def killed_before_the_commit(rows, folder, *more):  # type: ignore[no-untyped-def]
        files = written(rows, folder, *more)
        if f"{folder.parent.name}.{folder.name}" == table:
            assert files
            raise Killed
        return files

    with patches.context() as patch:
        patch.setattr(commits, "_written", killed_before_the_commit)
        with pytest.raises(Killed):
            onefold(project, "run", "--date", SECOND)


def test_a_night_killed_in_every_place_ends_with_the_same_rows(
    nights: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = _copy(nights[0], tmp_path)
    for table, stage in zip_longest(TABLES, STAGE_NAMES):
        if table:
            _run_killed_in_a_write(table, project, monkeypatch)
        _run_killed_behind(stage, project, monkeypatch)
    assert onefold(project, "run", "--date", SECOND) == 0
    assert hashes_of(project / "lake") == hashes_of(nights[1] / "lake")


@pytest.mark.long
@pytest.mark.parametrize("stage", STAGE_NAMES)
def test_a_night_killed_behind_a_stage_ends_with_the_same_rows(
    stage: str, nights: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = _copy(nights[0], tmp_path)
    _run_killed_behind(stage, project, monkeypatch)
    assert onefold(project, "run", "--date", SECOND) == 0
    assert hashes_of(project / "lake") == hashes_of(nights[1] / "lake")


@pytest.mark.long
@pytest.mark.parametrize("table", TABLES)
def test_a_night_killed_in_the_middle_of_a_write_ends_with_the_same_rows(
    table: str, nights: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = _copy(nights[0], tmp_path)
    _run_killed_in_a_write(table, project, monkeypatch)
    assert onefold(project, "run", "--date", SECOND) == 0
    assert hashes_of(project / "lake") == hashes_of(nights[1] / "lake")


def test_the_same_night_again_changes_no_row(nights: list[Path], tmp_path: Path) -> None:
    project = _copy(nights[2], tmp_path)
    assert onefold(project, "run", "--date", THIRD) == 0
    assert hashes_of(project / "lake") == hashes_of(nights[2] / "lake")


def test_an_earlier_night_again_and_then_the_later_one_give_the_same_rows(
    nights: list[Path], tmp_path: Path
) -> None:
    project = _copy(nights[2], tmp_path)
    assert onefold(project, "run", "--date", SECOND) == 0
    assert night_module.stale_after(NIGHTS[1], str(project / "lake")) == [NIGHTS[2]]
    assert onefold(project, "run", "--date", THIRD) == 0
    assert hashes_of(project / "lake") == hashes_of(nights[2] / "lake")


@pytest.mark.long
def test_nights_in_a_row_equal_nights_one_by_one(nights: list[Path], tmp_path: Path) -> None:
    project = _copy(nights[2], tmp_path)
    shutil.rmtree(project / "lake")
    assert onefold(project, "backfill", "--from", FIRST, "--to", THIRD) == 0
    assert hashes_of(project / "lake") == hashes_of(nights[2] / "lake")


def test_a_lake_of_another_secret_is_refused_and_left_as_it_is(
    nights: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    project = _copy(nights[0], tmp_path)
    before = hashes_of(project / "lake")
    monkeypatch.setenv("ONEFOLD_PSEUDONYM_SECRET", "the secret of some other lake, long enough")
    assert onefold(project, "run", "--date", SECOND) == 2
    assert "written with another pseudonym secret" in capfd.readouterr().err
    assert hashes_of(project / "lake") == before
