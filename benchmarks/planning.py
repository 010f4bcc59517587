"""How long planning a night takes, and how it grows: files on the disk and rows of the ledger.

Every file is read and hashed, as a night does: size and time of a file prove nothing about its
bytes. Half of the files are known to the ledger, the others are new.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from ingestion.arrivals import ArrivedFile, arrived_files
from ingestion.channels import Channel, Dataset
from ingestion.entries import DatasetEntry
from ingestion.planning import LedgerEntry, plan_files
from model.errors import NOWHERE

NIGHT = date(2020, 1, 1)
DAYS = 1_000
FILE_BYTES = 4_096
SIZES = (1_000, 10_000)


@dataclass(frozen=True)
class Measured:
    """Seconds for so many files: to find and hash them, and to compare them with the ledger."""

    file_count: int
    reading: float
    comparing: float

    @property
    def total(self) -> float:
        return self.reading + self.comparing


def measured(file_count: int) -> Measured:
    """One night's planning over so many files."""
    entry = DatasetEntry("till/{date}/*.csv", {}, {})
    dataset = Dataset("till", "lines", entry, (), (), frozenset())
    channel = Channel("till", "", "", "", 1, "online", (dataset,), NOWHERE)
    with tempfile.TemporaryDirectory(prefix="onefold-planning-") as folder:
        _write(Path(folder), file_count)
        began = time.perf_counter()
        arrived = arrived_files(Path(folder), channel, dataset, NIGHT)
        read = time.perf_counter()
        ledger = _ledger(arrived)
        known = time.perf_counter()
        plan = plan_files(arrived, ledger, NIGHT, dataset)
        compared = time.perf_counter()
    if len(plan.take) + len(plan.same) != file_count:
        raise AssertionError("the plan does not tell of every file")
    return Measured(file_count, read - began, compared - known)


def _write(root: Path, file_count: int) -> None:
    for n in range(file_count):
        day = NIGHT - timedelta(days=n % DAYS)
        path = root / "till" / day.isoformat() / f"{n}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(f"{n}\n".encode().ljust(FILE_BYTES, b"x"))


def _ledger(arrived: Sequence[ArrivedFile]) -> list[LedgerEntry]:
    before = NIGHT - timedelta(days=1)
    return [
        LedgerEntry(file.path, file.sha256, 1, before, file.path_date) for file in arrived[::2]
    ]


def main() -> None:
    """Prints seconds for each size, and by how much they grow."""
    found = [measured(size) for size in SIZES]
    sys.stdout.write("planning a night   files   find + hash   compare   total\n")
    for one in found:
        sys.stdout.write(
            f"{'':<16}{one.file_count:>8,}{one.reading:>12.2f} s{one.comparing:>8.3f} s"
            f"{one.total:>6.2f} s\n"
        )
    small, large = found[0], found[-1]
    sys.stdout.write(
        f"{large.file_count / small.file_count:.0f} times the files: "
        f"{large.total / small.total:.1f} times the time\n"
    )


if __name__ == "__main__":
    main()
