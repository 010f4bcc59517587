"""The jars of lake/jars.lock: fetched once, verified, then local files for every session.

`python -m lake.jars` fetches what is missing.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from lake.cache import onefold_home
from lake.resolvers import fetch_jars
from model.errors import MissingToolError, OnefoldError

Progress = Callable[[str], None]

CURE = "run `python -m lake.jars`"
DONE_MARK = "complete"
CARVED_FOLDERS = ("org/graphframes/", "org/apache/spark/sql/graphframes/")
CARVED_TIME = (1980, 1, 1, 0, 0, 0)
LOCK_FIELDS = 3


@dataclass(frozen=True)
class Jar:
    """One line of the lock. `carved_from` names the larger jar that holds its classes, or ''."""

    coordinate: str
    size: int
    sha256: str
    carved_from: str = ""

    @property
    def file_name(self) -> str:
        """`<artifact>-<version>.jar`, as Maven names it."""
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"

    @property
    def is_graphframes(self) -> bool:
        """Whether a user's own GraphFrames jar may stand in for it."""
        return self.coordinate.startswith("io.graphframes:")

    def is_in(self, folder: Path) -> bool:
        """Whether the file is there in full; sizes only, since hashes were checked on arrival."""
        path = folder / self.file_name
        return path.is_file() and path.stat().st_size == self.size


def locked_jars() -> list[Jar]:
    """Every line of lake/jars.lock, in its order; read from the wheel too."""
    text = resources.files("lake").joinpath("jars.lock").read_text(encoding="utf-8")
    rows = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    return [Jar(row[0], int(row[1]), row[2], *row[LOCK_FIELDS:]) for row in rows]


def session_jars() -> list[Jar]:
    """The jars of the class path: all but those that others are only carved from."""
    jars = locked_jars()
    sources = {jar.carved_from for jar in jars}
    return [jar for jar in jars if jar.coordinate not in sources]


def jar_folder(setting: str = "") -> Path:
    """The folder of `spark.jars` in the settings, or the one of all projects of this user."""
    return Path(setting).expanduser() if setting else onefold_home() / "jars"


def jar_paths(folder: Path, graphframes_jar: str = "") -> list[Path]:
    """Local paths of every jar of a session; `graphframes_jar` replaces the carved one.

    Raises MissingToolError, in one line with the cure, when a file is absent or cut short.
    """
    own = Path(graphframes_jar).expanduser() if graphframes_jar else None
    if own is not None and not own.is_file():
        raise MissingToolError(f"spark.graphframes_jar: no file {own}; name an existing jar")
    wanted = [jar for jar in session_jars() if own is None or not jar.is_graphframes]
    missing = [jar.file_name for jar in wanted if not jar.is_in(folder)]
    if missing:
        raise MissingToolError(f"{len(missing)} jars missing in {folder} ({missing[0]}); {CURE}")
    return [(folder / jar.file_name).resolve() for jar in wanted] + ([own] if own else [])


def ensure_jars(folder: Path, progress: Progress) -> list[Path]:
    """Fetches what `folder` lacks and returns the session's jars; a full folder needs no network.

    Every file arrives under a temporary name, is checked against size and sha256 and is then
    renamed, so that runs side by side or a kill leave no half file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    missing = [jar for jar in session_jars() if not _is_verified(jar, folder)]
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder) as name:
        _fetch(missing, Path(name), folder, progress)
    (folder / DONE_MARK).touch()
    return jar_paths(folder)


def _fetch(missing: Sequence[Jar], work: Path, folder: Path, progress: Progress) -> None:
    by_coordinate = {jar.coordinate: jar for jar in locked_jars()}
    wanted = dict.fromkeys(jar.carved_from or jar.coordinate for jar in missing)
    log = folder / "fetch.log"
    for coordinate, path in fetch_jars(list(wanted), work, log):
        jar = by_coordinate[coordinate]
        _verify(jar, path)
        progress(f"{jar.file_name}  {jar.size / 1e6:.1f} MB")
        for carved in (jar for jar in missing if jar.carved_from == coordinate):
            _place(carved, carve(path, work / carved.file_name), folder)
            progress(f"{carved.file_name}  {carved.size / 1e6:.1f} MB, carved out of it")
        if jar in missing:
            _place(jar, path, folder)
    log.unlink(missing_ok=True)


def carve(source: Path, target: Path) -> Path:
    """Writes GraphFrames' classes of `source` into `target`: the same bytes on every machine.

    Entries are sorted, stored without compression (zlib builds differ) and carry a fixed time.
    """
    with zipfile.ZipFile(source) as large, zipfile.ZipFile(target, "w") as small:
        for name in sorted(large.namelist()):
            if name.startswith(CARVED_FOLDERS) and not name.endswith("/"):
                entry = zipfile.ZipInfo(name, CARVED_TIME)
                entry.create_system = 3
                entry.external_attr = 0o644 << 16
                small.writestr(entry, large.read(name), zipfile.ZIP_STORED)
    return target


def _place(jar: Jar, path: Path, folder: Path) -> None:
    _verify(jar, path)
    # Within one folder, so that the rename is atomic; a resolver's cache may lie elsewhere.
    ready = folder / f".{jar.file_name}.{os.getpid()}"
    shutil.copyfile(path, ready)
    ready.replace(folder / jar.file_name)


def _verify(jar: Jar, path: Path) -> None:
    found = (path.stat().st_size, _sha256(path))
    if found != (jar.size, jar.sha256):
        raise MissingToolError(
            f"{jar.coordinate}: the registry's file is not the locked one "
            f"({found[0]} bytes, sha256 {found[1]}); nothing was installed"
        )


def _is_verified(jar: Jar, folder: Path) -> bool:
    return jar.is_in(folder) and _sha256(folder / jar.file_name) == jar.sha256


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def main(arguments: Sequence[str] | None = None) -> int:
    """Fetches the jars with a line for each; 0, or the exit code of what went wrong."""
    parser = argparse.ArgumentParser(prog="python -m lake.jars", description=__doc__)
    parser.add_argument("--folder", default="", help="default: $ONEFOLD_HOME or ~/.cache/onefold")
    folder = jar_folder(parser.parse_args(arguments).folder)
    try:
        ensure_jars(folder, lambda line: _say(f"  {line}"))
    except OnefoldError as problem:
        _say(f"error: {problem}")
        return problem.exit_code
    _say(f"jars are in {folder}")
    return 0


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
