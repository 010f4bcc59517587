"""The tiny project's nights, run once for the whole folder of tests; once more with many tags."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs.command_line import main
from tests.conftest import made_once
from tests.jobs.tiny_project import NIGHTS, SECRET, write_tiny_project
from tests.jobs.tiny_tags import ABOUT_MEMBERS, ABOUT_OBJECTS, OBJECTS, SHAPES

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
def nights(spark: SparkSession) -> list[Path]:
    """The project after each of its nights, in folders of their own: read them, or copy one."""
    folder = made_once("tiny", _run_nights)
    return [folder / f"after-{night}" for night in NIGHTS]


def _run_nights(folder: Path) -> None:
    project = write_tiny_project(folder / "project")
    for night in NIGHTS:
        assert onefold(project, "run", "--date", str(night)) == 0
        shutil.copytree(project, folder / f"after-{night}")


@pytest.fixture(scope="session")
def tagged(nights: list[Path]) -> Path:
    """The project with a tag of every shape, of persons and of more, after its third night, one
    value set by hand: read it, or copy it."""
    return made_once("tagged", partial(_run_tagged, nights[1])) / "project"


def _run_tagged(second_night: Path, folder: Path) -> None:
    project = Path(shutil.copytree(second_night, folder / "project"))
    model, tags = project / "conf/model.yml", project / "tag_definitions"
    text = model.read_text(encoding="utf-8").replace("objects:", OBJECTS.strip(), 1)
    model.write_text(text, encoding="utf-8")
    files = {"shapes": SHAPES, "objects": ABOUT_OBJECTS, "members": ABOUT_MEMBERS}
    for name, lines in files.items():
        (tags / f"{name}.yml").write_text(lines, encoding="utf-8")
    _, second, third = map(str, NIGHTS)
    assert onefold(project, "run", "--date", second, "--from", "compute_tags") == 0
    words = ["account:d6", "care", "a", "--reason", "a call", "--author", "clerk"]
    assert main(["correct", "tag", "--project", str(project), *words]) == 0
    assert onefold(project, "run", "--date", third) == 0
