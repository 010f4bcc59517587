"""The tiny project's nights, run once for the whole folder of tests."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs.command_line import main
from tests.jobs.tiny_project import NIGHTS, SECRET, write_tiny_project

Onefold = Callable[..., int]


@pytest.fixture(scope="session", autouse=True)
def _secret() -> None:
    """All nights of these tests share one pseudonym secret, so that their tokens agree."""
    patch = pytest.MonkeyPatch()
    patch.setenv("ONEFOLD_PSEUDONYM_SECRET", SECRET)


def onefold(project: Path, *words: str) -> int:
    """Runs a command on a project in this process, quietly, and returns its exit code."""
    command, *rest = words
    return main([command, "--project", str(project), "--quiet", *rest])


@pytest.fixture(scope="session")
def nights(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The project after each of its nights, in folders of their own: read them, or copy one."""
    folder = write_tiny_project(tmp_path_factory.mktemp("tiny") / "project")
    after = []
    for night in NIGHTS:
        assert onefold(folder, "run", "--date", str(night)) == 0
        after.append(Path(shutil.copytree(folder, folder.parent / f"after-{night}")))
    return after
