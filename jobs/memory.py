"""Peak memory of a run: resident bytes of this process and all below it, sampled from /proc."""

from __future__ import annotations

import os
import threading
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")
_PARENT, _RESIDENT_PAGES = 1, 21  # fields of /proc/<pid>/stat counted behind the command's name


class PeakMemory:
    """Samples memory in the background; `megabytes` is the peak since it was last asked.

    Where there is no /proc (macOS), it is 0: unknown.
    """

    def __init__(self, every_seconds: float = 0.5) -> None:
        self._peak = 0
        self._ended = threading.Event()
        self._every = every_seconds
        self._thread = threading.Thread(target=self._sample, name="memory", daemon=True)

    def __enter__(self) -> PeakMemory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def megabytes(self) -> int:
        """The peak since the last call, in MB (10^6 bytes)."""
        peak, self._peak = max(self._peak, resident_bytes(os.getpid())), 0
        return peak // 1_000_000

    def _sample(self) -> None:
        while not self._ended.wait(self._every):
            self._peak = max(self._peak, resident_bytes(os.getpid()))


def resident_bytes(root: int) -> int:
    """Resident bytes of a process and everything below it; 0 where the system does not tell."""
    parents, resident = {}, {}
    for entry in os.scandir("/proc") if Path("/proc").is_dir() else ():
        if not entry.name.isdigit():
            continue
        try:
            told = Path(entry.path, "stat").read_text(encoding="ascii", errors="replace")
            fields = told.rpartition(")")[2].split()
        except OSError:  # the process ended while we looked
            continue
        pid = int(entry.name)
        parents[pid] = int(fields[_PARENT])
        resident[pid] = int(fields[_RESIDENT_PAGES]) * _PAGE
    return sum(size for pid, size in resident.items() if _is_below(pid, root, parents))


def _is_below(pid: int, root: int, parents: dict[int, int]) -> bool:
    while pid in parents and pid != root:
        pid = parents[pid]
    return pid == root
