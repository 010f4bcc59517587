"""A lake to try things in: the tables of another one, to be written to without changing it.

Its tables have logs of their own, copied, and links to the data files of the other lake's. No
version ever changes a data file, so what is written here stays here.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from model.errors import UsageError

_LOG = "_delta_log"
_PREFIX = "onefold-overlay-"


@contextmanager
def overlaid(root: str) -> Iterator[str]:
    """The root of a lake that holds what the lake `root` holds; gone at the end, with all that was
    written to it.

    UsageError (exit 2) where the lake lies in an object store, whose files cannot be linked. Cost:
    a link for every data file, however large, and a copy of every log. Of a night that another run
    writes meanwhile, a table shows the version it had when it was copied.
    """
    if "://" in root:
        raise UsageError(f"{root} lies in an object store: only lakes on a disk can be tried out")
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    try:
        _link(Path(root), folder)
        yield str(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _link(source: Path, target: Path) -> None:
    """The tables below a folder. Logs come first: a file that a copied log names is there."""
    logs = sorted(source.glob(f"*/*/{_LOG}"))
    for log in logs:
        _copy_log(log, target / log.relative_to(source))
    for log in logs:
        for file in sorted(log.parent.rglob("*.parquet")):
            if _LOG not in file.parts:
                link = target / file.relative_to(source)
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(file.resolve())


def _copy_log(log: Path, target: Path) -> None:
    target.mkdir(parents=True)
    # The pointer to the last checkpoint first: whatever comes meanwhile, what it names is there.
    pointer = log / "_last_checkpoint"
    files = [pointer] if pointer.exists() else []
    for file in [*files, *sorted(set(log.iterdir()) - set(files))]:
        if file.is_file():
            shutil.copyfile(file, target / file.name)
