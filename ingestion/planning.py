"""Which files a night takes: what has arrived, against what the ledger already holds."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from ingestion.channels import Channel, Dataset
from model.dates import parse_business_date
from model.errors import UsageError

OUTSIDE = "outside_landing_root"
_CHUNK = 1 << 20


@dataclass(frozen=True)
class ArrivedFile:
    """One file under the landing root; `refusal`: why it must not be opened, null otherwise.

    `path_date` is the date its path tells, else the business date it was found on.
    """

    path: str
    path_date: date
    sha256: str
    byte_count: int
    refusal: str | None = None


@dataclass(frozen=True)
class LedgerEntry:
    """One row of ops.files of this dataset, as far as planning needs it."""

    path: str
    sha256: str
    generation: int
    arrived_date: date


@dataclass(frozen=True)
class PlannedFile:
    """A file this night takes in; `refusal` as in ArrivedFile.

    `header` names the columns of a csv file as it says itself, once it was looked at.
    """

    path: str
    path_date: date
    sha256: str
    byte_count: int
    generation: int
    state: Literal["new", "superseded", "redriven"]
    refusal: str | None = None
    header: tuple[str, ...] = ()


@dataclass(frozen=True)
class FilePlan:
    """What a night does with a dataset's files.

    take: all it ingests and records, the refused and superseding ones among them. same: known by
    path and bytes from earlier nights. vanished: taken by this night before, but gone or changed
    since, so a re-run would lose their rows. missing: paths of which a required dataset has no
    file for the business date; empty when nothing is missing.
    """

    take: tuple[PlannedFile, ...]
    same: tuple[ArrivedFile, ...]
    superseding: tuple[PlannedFile, ...]
    refused: tuple[PlannedFile, ...]
    vanished: tuple[LedgerEntry, ...]
    missing: tuple[str, ...]


def arrived_files(
    landing_root: Path, channel: Channel, dataset: Dataset, business_date: date
) -> list[ArrivedFile]:
    """The dataset's files with a path date up to the business date, by path.

    Reads their bytes once, for the hash; a link that leads out of the root is not followed.
    """
    if channel.name != dataset.channel:
        raise UsageError(f"{dataset.full_name} is no dataset of channel {channel.name}")
    root = landing_root.resolve()
    patterns = [_segment(part) for part in dataset.entry.path.split("/")]
    found = []
    for path, told in _matching(root, "", patterns, None):
        if told is None or told <= business_date:
            found.append(_arrived(root, path, told or business_date))
    return sorted(found, key=lambda file: (file.path_date, file.path))


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
) -> Iterator[tuple[str, date | None]]:
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
        if len(patterns) == 1:
            if entry.is_symlink() or entry.is_file():
                yield path, day
        elif _inside(root, folder / entry.name) and entry.is_dir():
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


def _arrived(root: Path, path: str, day: date) -> ArrivedFile:
    full = root / path
    if not _inside(root, full) or not full.is_file():
        return ArrivedFile(path, day, "", 0, OUTSIDE)
    digest, size = hashlib.sha256(), 0
    with full.open("rb") as data:
        while chunk := data.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return ArrivedFile(path, day, digest.hexdigest(), size)


def plan_files(
    arrived: Sequence[ArrivedFile],
    ledger: Sequence[LedgerEntry],
    business_date: date,
    dataset: Dataset,
) -> FilePlan:
    """The plan of one dataset and night; `ledger` holds the dataset's rows of every night.

    A night run again takes the files it took before and those that no night has taken yet; files
    that later nights recorded stay theirs.
    """
    earlier = [entry for entry in ledger if entry.arrived_date < business_date]
    known = {(entry.path, entry.sha256) for entry in earlier}
    later = {(e.path, e.sha256) for e in ledger if e.arrived_date > business_date}
    generations: dict[str, int] = {}
    for entry in earlier:
        generations[entry.path] = max(entry.generation, generations.get(entry.path, 0))
    same = tuple(file for file in arrived if (file.path, file.sha256) in known)
    take = tuple(
        _planned(file, generations.get(file.path, 0) + 1)
        for file in arrived
        if (file.path, file.sha256) not in known | later
    )
    taken = {(file.path, file.sha256) for file in take}
    return FilePlan(
        take, same,
        tuple(file for file in take if file.state == "superseded"),
        tuple(file for file in take if file.refusal),
        tuple(
            entry for entry in ledger
            if entry.arrived_date == business_date and (entry.path, entry.sha256) not in taken
        ),
        _missing(arrived, business_date, dataset),
    )  # fmt: skip


def _planned(file: ArrivedFile, generation: int) -> PlannedFile:
    return PlannedFile(
        file.path, file.path_date, file.sha256, file.byte_count, generation,
        "new" if generation == 1 else "superseded", file.refusal,
    )


def _missing(
    arrived: Sequence[ArrivedFile], business_date: date, dataset: Dataset
) -> tuple[str, ...]:
    entry = dataset.entry
    if not entry.required or entry.arrives == "sometimes":
        return ()
    if any(file.path_date == business_date for file in arrived):
        return ()
    day = business_date.isoformat()
    return (entry.path.replace("{date}", day).replace("{yyyymmdd}", day.replace("-", "")),)
