"""Files that were cut off: their last line has no end, and holds no sound record either."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ingestion.accounting import FileAccount
from ingestion.containers import open_bytes
from ingestion.layout import Layout
from ingestion.planning import PlannedFile
from model.engines import Engine, Rows

_CHUNK = 4 << 20


def cut_files(
    engine: Engine, standard: Rows, files: Sequence[PlannedFile],
    accounts: Mapping[str, FileAccount], layout: Layout, root: Path,
) -> frozenset[str]:  # fmt: skip
    """Paths of the files of lines that end within a record.

    `files` are those that were read, in the order of their numbers. Many a sender leaves the last
    line open, and many a file has a broken record: only both at once, in the same line, tell. Cost:
    nothing where no record went to quarantine, else a look at the last records of such files.
    """
    if not layout.is_text or layout.format == "json":
        return frozenset()
    doubtful = [
        number for number, file in enumerate(files)
        if file.state != "redriven" and accounts[file.path].quarantined
    ]  # fmt: skip
    if not doubtful:
        return frozenset()
    found = engine.rows("broken_ends", f"""
        select _number from standard
        where _counts is null and _number in ({', '.join(map(str, doubtful))})
        group by _number
        having max(_line) = max(case when _reasons <> '' then _line end)
    """, standard=standard)  # fmt: skip
    numbers = [int(row["_number"]) for row in engine.arrow(found).to_pylist()]
    return frozenset(files[n].path for n in numbers if _ends_open(root / files[n].path))


def _ends_open(path: Path) -> bool:
    """Whether there is anything behind the last end of a line."""
    last = b""
    with open_bytes(path) as data:
        while chunk := data.read(_CHUNK):
            last = chunk[-2:]
    # Where letters have two bytes, a NUL stands before a line's end, or behind it.
    return not last.strip(b"\0").endswith((b"\n", b"\r"))
