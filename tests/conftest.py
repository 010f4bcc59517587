"""What the whole suite shares: one Spark session, started by the first test that asks for it."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:  # pure tests do not even load Spark
    from pyspark.sql import SparkSession

# The same examples on every run, and none fails for being slow on a busy machine.
settings.register_profile("suite", derandomize=True, deadline=None, database=None)
settings.load_profile("suite")

# Cheap settings for many small queries: C1 compilation, no generated code, and one job a query.
# Adaptive execution would run every shuffle as a job of its own; GraphFrames' tests switch it on.
CHEAP = {
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.autoBroadcastJoinThreshold": "-1",
    "spark.sql.shuffle.partitions": "2",
    "spark.default.parallelism": "2",
}


# A worker's main module has no file, which pyspark.sql.connect takes for a doctest, and exits.
sys.modules["__main__"].__dict__.setdefault("__file__", __file__)

RUN_FOLDER = "ONEFOLD_TESTS_FOLDER"  # names the folder that all workers of a run share


# The files that take longest, longest first: begun early, so that no worker waits at the end for
# the other's. The Makefile has workers take files in this order.
LONGEST = (
    "tags/test_oracle.py", "jobs/test_correct_commands.py", "identity/test_resolution.py",
    "lake/test_session.py", "jobs/test_restart.py", "tags/test_kernel.py",
    "tags/test_stage_states.py", "jobs/test_explain_tag.py", "jobs/test_explain_thing.py",
    "jobs/test_tag_corrections.py", "identity/test_redirects.py", "examples/test_people_gate.py",
    "jobs/test_thirty_tag_nights.py", "language/test_expressions.py", "identity/test_one_ids.py",
    "identity/test_periods.py", "ingestion/test_withdrawals.py", "jobs/test_cdnow.py",
    "jobs/test_plan_page.py", "jobs/test_tiles.py", "jobs/test_tags_by_both.py",
    "identity/test_rulings.py", "jobs/test_compute_tags.py", "identity/test_increments.py",
    "jobs/test_command_line.py", "jobs/test_taken_back.py", "jobs/test_lost_map.py",
    "jobs/test_stale_tags.py", "jobs/test_quarantine_commands.py", "tags/test_shipped_tags.py",
    "identity/test_explain.py", "identity/test_night_difference.py", "jobs/test_hostile_night.py",
)  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    """The process that was started makes the run's folder; its workers inherit the name."""
    if not hasattr(config, "workerinput"):
        os.environ[RUN_FOLDER] = tempfile.mkdtemp(prefix="onefold-tests-")


def pytest_unconfigure(config: pytest.Config) -> None:
    """It takes the folder away again when all workers have ended."""
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ.pop(RUN_FOLDER), ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that reaches the session, so that `-m "not spark"` starts no JVM; the longest
    files come first."""
    for item in items:
        if "spark" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.spark)
    places = {f"tests/{name}": place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.nodeid.partition("::")[0], len(places)))


def made_once(name: str, make: Callable[[Path], None]) -> Path:
    """A folder of the run that the first worker that asks for it makes; the others wait, and all
    only read it."""
    folder = Path(os.environ[RUN_FOLDER]) / name
    made, failed = folder / "made", folder / "failed"
    try:
        folder.mkdir()
    except FileExistsError:
        while not (made.exists() or failed.exists()):
            time.sleep(0.2)
        if failed.exists():
            pytest.fail(f"{name} could not be made; another test tells why", pytrace=False)
        return folder
    try:
        make(folder)
    except BaseException:
        failed.touch()
        raise
    made.touch()
    return folder


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """The suite's one session: two cores, one gigabyte, Delta and GraphFrames on the class path."""
    from lake.session import spark_session  # noqa: PLC0415  late: pure tests never need Spark
    from model.settings import SparkSettings  # noqa: PLC0415

    cheap = SparkSettings(master="local[2]", driver_memory="1g", shuffle_partitions=2, config=CHEAP)
    session = spark_session(cheap, "onefold-tests", tmp_path_factory.mktemp("spark"))
    yield session
    session.stop()


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """An empty folder of this test's own; its name holds no test data."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder
