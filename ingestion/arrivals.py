"""What lies under the landing root for a dataset: its files, and whether they are whole."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal, Protocol

from ingestion.channels import Channel, Dataset
from model.dates import parse_business_date
from model.errors import UsageError

OUTSIDE = "outside_landing_root"
FILE_MARK = "{file}"  # in `ready`: a marker for every file, not one for its folder
Waiting = Literal["growing", "unready"]
_CHUNK = 8 << 20  # bytes: few enough turns that other threads of this process delay none


@dataclass(frozen=True)
class ArrivedFile:
    """One file under the landing root; `refusal`: why it must not be opened, null otherwise.

    `path_date` is the date its path tells, else the business date it was found on. `modified_ns`
    is when its bytes last changed. `waiting`: why it is not whole yet (its bytes still move, or its
    marker is missing), null otherwise; such a file has no `sha256`.
    """

    path: str
    path_date: date
    sha256: str
    byte_count: int
    refusal: str | None = None
    modified_ns: int = 0
    waiting: Waiting | None = None


class LookedAt(Protocol):
    """A file, as large and as old as it was when it was looked at."""

    @property
    def path(self) -> str: ...
    @property
    def byte_count(self) -> int: ...
    @property
    def modified_ns(self) -> int: ...
    @property
    def refusal(self) -> str | None: ...


@dataclass(frozen=True)
class _Found:
    path: str
    told: date | None
    is_inside: bool


def arrived_files(
    landing_root: Path, channel: Channel, dataset: Dataset, business_date: date,
    settled_by_ns: int | None = None,
) -> list[ArrivedFile]:  # fmt: skip
    """The dataset's files with a path date up to the business date, by path date and path.

    Reads their bytes once, for the hash; a link that leads out of the root is not followed. A file
    is growing where its size or its time changes meanwhile, or, without a marker, where it was
    modified after `settled_by_ns`.
    """
    return [
        file if file.refusal or file.waiting else _hashed(landing_root, file)
        for file in found_files(landing_root, channel, dataset, business_date, settled_by_ns)
    ]


def found_files(
    landing_root: Path, channel: Channel, dataset: Dataset, business_date: date,
    settled_by_ns: int | None = None,
) -> list[ArrivedFile]:  # fmt: skip
    """As `arrived_files`, without opening any: none has a `sha256`."""
    if channel.name != dataset.channel:
        raise UsageError(f"{dataset.full_name} is no dataset of channel {channel.name}")
    root, marker = landing_root.resolve(), dataset.entry.ready
    patterns = [_segment(part) for part in dataset.entry.path.split("/")]
    files = [
        _looked_at(root, one, one.told or business_date, marker, settled_by_ns)
        for one in _matching(root, "", patterns, None)
        if (one.told is None or one.told <= business_date) and not _is_marker(one.path, marker)
    ]
    return sorted(files, key=lambda file: (file.path_date, file.path))


def moved(landing_root: Path, files: Sequence[LookedAt]) -> list[str]:
    """The paths whose size or time is another than when they were looked at, or that are gone."""
    return [
        file.path for file in files
        if not file.refusal and _size_and_time(landing_root / file.path) != (
            file.byte_count, file.modified_ns)
    ]  # fmt: skip


def marker_of(path: str, ready: str) -> str:
    """Where the marker lies that says the file of this path is whole."""
    folder, _, name = path.rpartition("/")
    marker = ready.replace(FILE_MARK, name)
    return f"{folder}/{marker}" if folder else marker


def _is_marker(path: str, ready: str) -> bool:
    name = path.rpartition("/")[2]
    if not ready:
        return False
    return re.fullmatch(re.escape(ready).replace(re.escape(FILE_MARK), ".+"), name) is not None


def _segment(text: str) -> re.Pattern[str]:
    """One folder or file name of a path pattern; * and ? are wildcards, all else is literal."""
    marks = {
        "*": ".*", "?": ".",
        "{date}": r"(?P<date>\d{4}-\d{2}-\d{2})", "{yyyymmdd}": r"(?P<yyyymmdd>\d{8})",
    }
    pieces = re.split(r"(\{date\}|\{yyyymmdd\}|\*|\?)", text)
    # A wildcard does not match hidden files: those are still being written, or nobody's data.
    hidden = r"(?!\.)" if text[:1] in ("*", "?") else ""
    return re.compile(hidden + "".join(marks.get(p, re.escape(p)) for p in pieces), re.DOTALL)


def _matching(
    root: Path, below: str, patterns: Sequence[re.Pattern[str]], told: date | None
) -> Iterator[_Found]:
    folder = root / below if below else root
    if not folder.is_dir():
        return
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        match = patterns[0].fullmatch(entry.name)
        day, agrees = _date_told(match, told) if match else (None, False)
        if not agrees:
            continue
        path = f"{below}/{entry.name}" if below else entry.name
        is_inside = not entry.is_symlink() or _inside(root, folder / entry.name)
        if len(patterns) == 1:
            if entry.is_symlink() or entry.is_file():
                yield _Found(path, day, is_inside and entry.is_file())
        elif is_inside and entry.is_dir():
            yield from _matching(root, path, patterns[1:], day)


def _date_told(match: re.Match[str], told: date | None) -> tuple[date | None, bool]:
    """The date a name tells, or the one told above it; False where the two or the days disagree."""
    for text in match.groupdict().values():
        try:
            day = parse_business_date(text)
        except UsageError:
            return None, False
        if told is not None and day != told:
            return None, False
        told = day
    return told, True


def _inside(root: Path, path: Path) -> bool:
    return path.resolve().is_relative_to(root)


def _looked_at(
    root: Path, found: _Found, day: date, marker: str, settled_by_ns: int | None
) -> ArrivedFile:
    if not found.is_inside:
        return ArrivedFile(found.path, day, "", 0, OUTSIDE)
    size, time = _size_and_time(root / found.path)
    waiting: Waiting | None = "growing" if size < 0 else None
    if marker and not (root / marker_of(found.path, marker)).is_file():
        waiting = "unready"
    elif not marker and settled_by_ns is not None and time > settled_by_ns:
        waiting = "growing"
    return ArrivedFile(found.path, day, "", max(size, 0), None, time, waiting)


def _size_and_time(path: Path) -> tuple[int, int]:
    """(-1, 0) where the file is gone."""
    try:
        told = path.stat()
    except OSError:
        return -1, 0
    return told.st_size, told.st_mtime_ns


def _hashed(root: Path, file: ArrivedFile) -> ArrivedFile:
    digest, size = hashlib.sha256(), 0
    try:
        with (root / file.path).open("rb") as data:
            while chunk := data.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
    except OSError:  # gone, or not for us to read yet
        size = -1
    is_still = size == file.byte_count and not moved(root, [file])
    return ArrivedFile(
        file.path, file.path_date, digest.hexdigest() if is_still else "", file.byte_count, None,
        file.modified_ns, None if is_still else "growing",
    )  # fmt: skip
