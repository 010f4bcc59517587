"""The demo, run once as a user runs it: dumps of 120 households, three nights, one command."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from examples.people.generate import generate
from tests.conftest import RUN_FOLDER
from tests.examples.people_dumps import PLAN, events_of

ROOT = Path(__file__).resolve().parents[2]
HOUSEHOLDS, FIRST, NIGHTS = 120, date(2017, 9, 28), 3
_GENERATE = f"""
import sys, pathlib
from examples.complete_journey.generate import generate
generate({HOUSEHOLDS}, "{FIRST}", {NIGHTS}, pathlib.Path(sys.argv[1]))
"""
LONGEST_RUN = 840  # seconds; the suite's own limit for one test is 900
TAIL = 4_000  # characters of the log that a failure shows


@dataclass(frozen=True)
class Demo:
    """Where the demo lies, and what its run left behind.

    log: standard output and error of the command, whole. event_logs: Spark's, as plain text.
    exit_code: a file that is there when the command has ended.
    """

    folder: Path
    lake: Path
    landing: Path
    truth: Path
    nights: tuple[date, ...]
    log: Path
    event_logs: Path
    exit_code: Path


_started: list[subprocess.Popen[bytes]] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests over the demo come last: its nights run beside all others meanwhile."""
    items.sort(key=lambda item: "demo" in getattr(item, "fixturenames", ()))


def pytest_collection_finish(session: pytest.Session) -> None:
    """The first worker starts the demo's nights where a chosen test wants them."""
    wanted = any("demo" in getattr(item, "fixturenames", ()) for item in session.items)
    is_first = os.environ.get("PYTEST_XDIST_WORKER", "gw0") == "gw0"
    if wanted and is_first and not session.config.option.collectonly:
        demo = _demo_in(_folder())
        demo.event_logs.mkdir(parents=True)
        _started.append(_nights_of(demo))


@pytest.fixture(scope="session")
def demo() -> Demo:
    """The demo after all its nights, in a lake of its own; nobody may write to it.

    Its users: the tags against their oracle, and made again; the search for plain identifiers in
    tables, `log` and `event_logs`, for which both stay whole and uncompressed; the sales of every
    night against the dumps' totals; the OneIDs against `truth`, and their stability from night to
    night.
    """
    demo = _demo_in(_folder())
    began = time.monotonic()
    while not demo.exit_code.exists() and time.monotonic() - began < LONGEST_RUN:
        time.sleep(1)
    code = demo.exit_code.read_text(encoding="utf-8").strip() if demo.exit_code.exists() else "none"
    if code != "0":
        told = demo.log.read_text(encoding="utf-8", errors="replace")[-TAIL:]
        pytest.fail(f"the demo's nights ended with exit code {code}:\n{told}", pytrace=False)
    return demo


def _folder() -> Path:
    return Path(os.environ[RUN_FOLDER]) / "complete_journey"


def _demo_in(folder: Path) -> Demo:
    nights = tuple(FIRST + timedelta(days=n) for n in range(NIGHTS))
    return Demo(
        folder, folder / "lake", folder / "landing", folder / "truth", nights,
        log=folder / "nights.log", event_logs=folder / "event_logs",
        exit_code=folder / "exit_code",
    )  # fmt: skip


def _nights_of(demo: Demo) -> subprocess.Popen[bytes]:
    """Runs the nights in one process from the demo's folder, as a user's command."""
    # Another test's secret in the environment would win over the file that the demo makes.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ONEFOLD_PSEUDONYM")}
    environment["PYTHONPATH"] = str(ROOT)
    generated = [sys.executable, "-c", _GENERATE, str(demo.folder)]
    both = f"{shlex.join(generated)} && {shlex.join(command(demo))}; echo $? > exit_code"
    return subprocess.Popen(
        ["/bin/sh", "-c", both], cwd=demo.folder, env=environment, stdin=subprocess.DEVNULL,
        stdout=demo.log.open("wb"), stderr=subprocess.STDOUT,
        # Without a terminal nothing in the child can be stopped for touching it.
        start_new_session=True,
    )  # fmt: skip


def command(demo: Demo) -> list[str]:
    """The command a user types, with a small Spark that keeps its event logs readable."""
    settings = {
        "privacy.secret_file": demo.folder / "secrets" / "pseudonym.key",
        "privacy.create_secret": "true",
        "spark.master": "local[2]",
        "spark.driver_memory": "2g",
        # The suite's workers have the cores meanwhile: nothing is compiled for the long run.
        "spark.config.spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",
        "spark.config.spark.eventLog.enabled": "true",
        "spark.config.spark.eventLog.dir": demo.event_logs.as_uri(),
        "spark.config.spark.eventLog.compress": "false",
    }
    return [
        sys.executable, "-m", "jobs.command_line", "backfill",
        "--from", str(demo.nights[0]), "--to", str(demo.nights[-1]),
        "--project", str(ROOT), "--lake", str(demo.lake), "--landing", str(demo.landing),
        *(word for key, value in settings.items() for word in ("--set", f"{key}={value}")),
        "--log-format", "json",
    ]  # fmt: skip


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The generated people of people_dumps.PLAN; tests leave it as it is."""
    folder = tmp_path_factory.mktemp("people")
    generate(PLAN, folder)
    return folder


@pytest.fixture(scope="session")
def events(folder: Path) -> pd.DataFrame:
    """What is planted in `folder`."""
    return events_of(folder)
