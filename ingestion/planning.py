"""Which files a night takes: what has arrived, against what the ledger already holds."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from ingestion.arrivals import ArrivedFile
from ingestion.channels import Dataset

TAKEN = ("new", "late", "superseded")
SAME_BYTES = "same_bytes_as_another_date"
OLDER_STATE = "older_than_the_state_held"
COPY = "same_bytes_as_another_file"
UNREADY = "marker_missing"
# A file that lies there untouched is told as `same` this long; each night for years tells nothing.
TOLD_NIGHTS = 7
State = Literal["new", "late", "superseded", "same", "stale", "growing", "missing", "redriven"]


@dataclass(frozen=True)
class LedgerEntry:
    """One row of ops.files of this dataset, as far as planning needs it.

    Rows that only tell (`growing`, `missing`, `same` where nothing was read again) are none.
    """

    path: str
    sha256: str
    generation: int
    arrived_date: date
    path_date: date | None = None
    state: str = "new"


@dataclass(frozen=True)
class PlannedFile:
    """A file as this night sees it; `refusal` as in ArrivedFile.

    `reason`: why it is not taken in, null where it is. `generation` is 0 where there are no bytes.
    `header` names the columns of a csv file as it says itself, once it was looked at.
    """

    path: str
    path_date: date
    sha256: str
    byte_count: int
    generation: int
    state: State
    refusal: str | None = None
    modified_ns: int = 0
    reason: str | None = None
    header: tuple[str, ...] = ()


@dataclass(frozen=True)
class FilePlan:
    """What a night does with a dataset's files.

    take: all it ingests and records, the refused and superseding ones among them; where the dataset
    arrives whole, also known files of the same state. same: known by path and bytes from earlier
    nights. vanished: taken by this night before, but gone or changed since, so a re-run would lose
    their rows. missing: paths of which a required dataset has no file for the business date; empty
    when nothing is missing. stale, copies: doubtful ones, held back with a reason. growing: paths
    whose bytes still move. unready: without their marker. told: rows for the ledger of files that
    are not taken.
    """

    take: tuple[PlannedFile, ...]
    same: tuple[ArrivedFile, ...]
    vanished: tuple[LedgerEntry, ...]
    missing: tuple[str, ...]
    stale: tuple[PlannedFile, ...] = ()
    copies: tuple[PlannedFile, ...] = ()
    growing: tuple[str, ...] = ()
    unready: tuple[PlannedFile, ...] = ()
    told: tuple[PlannedFile, ...] = ()

    @property
    def superseding(self) -> tuple[PlannedFile, ...]:
        """New bytes of paths that an earlier night took."""
        return tuple(file for file in self.take if file.state == "superseded")

    @property
    def refused(self) -> tuple[PlannedFile, ...]:
        """Files that must not be opened."""
        return tuple(file for file in self.take if file.refusal)

    def accepting(self, paths: Collection[str], business_date: date) -> FilePlan:
        """The plan that takes these of its doubtful files, too."""
        let = [f for f in (*self.stale, *self.copies) if f.path in paths]
        states = [_taken_as(f.path_date, f.generation, business_date) for f in let]
        accepted = [replace(f, reason=None, state=s) for f, s in zip(let, states, strict=True)]
        take = (*self.take, *accepted)
        return replace(
            self, take=_in_order(take),
            stale=tuple(f for f in self.stale if f.path not in paths),
            copies=tuple(f for f in self.copies if f.path not in paths),
        )  # fmt: skip


@dataclass(frozen=True)
class Touched:
    """What taking a plan's files changes: business days, and the tables the dataset feeds."""

    days: tuple[date, ...]
    tables: tuple[str, ...]


def touched(dataset: Dataset, plan: FilePlan, business_date: date) -> Touched:
    """The days the files' paths tell; what is withdrawn is gone from the business date on, too.

    A file may hold rows of any day: these are known only when it is read.
    """
    taken = [file for file in plan.take if not file.refusal and file.state != "same"]
    days = {file.path_date for file in taken}
    if plan.superseding or (taken and dataset.entry.arrives == "full"):
        days.add(business_date)
    tables = [table.table.name for table in dataset.tables] if taken else []
    return Touched(tuple(sorted(days)), tuple(tables))


def plan_files(
    arrived: Sequence[ArrivedFile],
    ledger: Sequence[LedgerEntry],
    business_date: date,
    dataset: Dataset,
) -> FilePlan:
    """The plan of one dataset and night; `ledger` holds the dataset's rows of every night.

    A night run again takes the files it took before and those that no night has taken yet; files
    that later nights recorded stay theirs. Cost: a look at each file and each row.
    """
    whole = [file for file in arrived if not file.waiting]
    earlier = [entry for entry in ledger if entry.arrived_date < business_date]
    known = {(entry.path, entry.sha256): entry for entry in earlier if entry.state != "same"}
    taken = known.keys() | {(e.path, e.sha256) for e in ledger if e.arrived_date > business_date}
    fresh = _planned(
        (f for f in whole if (f.path, f.sha256) not in taken), earlier, business_date
    )  # fmt: skip
    if dataset.entry.arrives == "full":
        take, stale = _newest_state(fresh, whole, known, earlier)
        copies: list[PlannedFile] = []
    else:
        take, stale, copies = _doubted(fresh, earlier, dataset)
    read_again = {file.path for file in take if file.state == "same"}
    same = [f for f in whole if (f.path, f.sha256) in known and f.path not in read_again]
    missing = missing_paths(arrived, business_date, dataset)
    return FilePlan(
        take=_in_order(take),
        same=tuple(same),
        vanished=_vanished([*take, *stale, *copies], ledger, business_date),
        missing=missing if dataset.entry.required else (),
        stale=tuple(stale), copies=tuple(copies),
        growing=tuple(file.path for file in arrived if file.waiting == "growing"),
        unready=tuple(_unready(file) for file in arrived if file.waiting == "unready"),
        told=(*_told_again(same, known, business_date), *_told_missing(missing, business_date)),
    )  # fmt: skip


def _vanished(
    considered: Sequence[PlannedFile], ledger: Sequence[LedgerEntry], business_date: date
) -> tuple[LedgerEntry, ...]:
    """What this night took before and is no longer there as it was."""
    there = {(file.path, file.sha256) for file in considered}
    return tuple(
        entry for entry in ledger
        if entry.arrived_date == business_date and entry.state not in ("refused", "stale")
        and (entry.path, entry.sha256) not in there
    )  # fmt: skip


def _in_order(files: Sequence[PlannedFile]) -> tuple[PlannedFile, ...]:
    return tuple(sorted(files, key=lambda file: (file.path_date, file.path)))


def _planned(
    files: Iterable[ArrivedFile], earlier: Sequence[LedgerEntry], business_date: date
) -> list[PlannedFile]:
    generations: dict[str, int] = {}
    for entry in earlier:
        generations[entry.path] = max(entry.generation, generations.get(entry.path, 0))
    return [_as(file, generations.get(file.path, 0) + 1, business_date) for file in files]


def _as(file: ArrivedFile, generation: int, business_date: date) -> PlannedFile:
    return PlannedFile(
        file.path, file.path_date, file.sha256, file.byte_count, generation,
        _taken_as(file.path_date, generation, business_date), file.refusal, file.modified_ns,
    )  # fmt: skip


def _taken_as(path_date: date, generation: int, business_date: date) -> State:
    if generation > 1:
        return "superseded"
    return "late" if path_date < business_date else "new"


def _newest_state(
    fresh: Sequence[PlannedFile], whole: Sequence[ArrivedFile],
    known: dict[tuple[str, str], LedgerEntry], earlier: Sequence[LedgerEntry],
) -> tuple[list[PlannedFile], list[PlannedFile]]:  # fmt: skip
    """The files of the newest whole state, all of them where one is new; and those it outdates."""
    held = [entry.path_date for entry in earlier if entry.path_date and entry.state in TAKEN]
    newest = max([*held, *(file.path_date for file in fresh)], default=None)
    take = [file for file in fresh if file.path_date == newest]
    outdated = [
        replace(file, state="stale", reason=OLDER_STATE) for file in fresh if file not in take
    ]
    if any(not file.refusal for file in take):
        for file in whole:
            entry = known.get((file.path, file.sha256))
            if entry and file.path_date == newest:
                take.append(PlannedFile(
                    file.path, file.path_date, file.sha256, file.byte_count, entry.generation,
                    "same", file.refusal, file.modified_ns,
                ))  # fmt: skip
    return take, outdated


def _doubted(
    fresh: Sequence[PlannedFile], earlier: Sequence[LedgerEntry], dataset: Dataset
) -> tuple[list[PlannedFile], list[PlannedFile], list[PlannedFile]]:
    """What is taken, what was delivered for another date, and what lies there twice."""
    days: dict[str, set[date | None]] = {}
    newest: dict[str, LedgerEntry] = {}
    for entry in sorted(earlier, key=lambda e: e.generation):
        if entry.state in TAKEN:
            days.setdefault(entry.sha256, set()).add(entry.path_date)
            newest[entry.path] = entry
    held = {(entry.sha256, entry.path_date) for entry in newest.values()}
    take, stale, copies = [], [], []
    for file in fresh:
        other_days = days.setdefault(file.sha256, set()) - {file.path_date, None}
        if file.refusal or not file.byte_count:
            take.append(file)
        elif (file.sha256, file.path_date) in held and file.generation == 1:
            copies.append(replace(file, state="same", reason=COPY))
        elif other_days and dataset.entry.arrives == "daily":
            stale.append(replace(file, state="stale", reason=SAME_BYTES))
        else:
            take.append(file)
            days[file.sha256].add(file.path_date)
            held.add((file.sha256, file.path_date))
    return take, stale, copies


def _unready(file: ArrivedFile) -> PlannedFile:
    return PlannedFile(
        file.path, file.path_date, "", file.byte_count, 0, "growing", reason=UNREADY
    )


def _told_again(
    same: Sequence[ArrivedFile], known: dict[tuple[str, str], LedgerEntry], business_date: date
) -> list[PlannedFile]:
    since = business_date - timedelta(days=TOLD_NIGHTS)
    entries = [(file, known[file.path, file.sha256]) for file in same]
    return [
        PlannedFile(file.path, file.path_date, file.sha256, file.byte_count, e.generation, "same")
        for file, e in entries if e.arrived_date >= since
    ]  # fmt: skip


def _told_missing(paths: Sequence[str], business_date: date) -> list[PlannedFile]:
    return [PlannedFile(path, business_date, "", 0, 0, "missing") for path in paths]


def missing_paths(
    arrived: Sequence[ArrivedFile], business_date: date, dataset: Dataset
) -> tuple[str, ...]:
    """The paths of a dataset that is due every night and has no whole file for the business date,
    or one without its marker."""
    entry = dataset.entry
    if entry.arrives == "sometimes":
        return ()
    of_today = [file for file in arrived if file.path_date == business_date]
    if of_today and all(file.waiting != "unready" for file in of_today):
        return ()
    day = business_date.isoformat()
    path = entry.path.replace("{date}", day).replace("{yyyymmdd}", day.replace("-", ""))
    return (f"{path} (its marker {entry.ready})" if of_today else path,)
