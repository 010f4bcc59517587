"""Peak memory of a run: resident bytes of this process and all below it, sampled from /proc."""

from __future__ import annotations

import os
import threading
from pathlib import Path

_PROC = Path("/proc")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_PARENT, _RESIDENT_PAGES = 1, 21  # fields of /proc/<pid>/stat counted behind the command's name


class PeakMemory:
    """Samples memory in the background; `megabytes` is the peak since it was last asked.

    Where there is no /proc (macOS), it is 0: unknown.
    """

    def __init__(self, every_seconds: float = 0.5) -> None:
        self._peak = 0
        self._processes = _Processes(os.getpid())
        self._looking = threading.Lock()
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
        self._look()
        peak, self._peak = self._peak, 0
        return peak // 1_000_000

    def _sample(self) -> None:
        while not self._ended.wait(self._every):
            self._look()

    def _look(self) -> None:
        with self._looking:
            self._peak = max(self._peak, self._processes.resident_bytes())


def resident_bytes(root: int) -> int:
    """Resident bytes of a process and everything below it; 0 where the system does not tell."""
    return _Processes(root).resident_bytes()


class _Processes:
    """A process and everything below it, looked at again and again.

    Whose child a process is, is read once: a machine may have hundreds of others.
    """

    def __init__(self, root: int) -> None:
        self._root = root
        self._parents: dict[int, int] = {}

    def resident_bytes(self) -> int:
        entries = os.scandir(_PROC) if _PROC.is_dir() else ()
        found = {int(entry.name) for entry in entries if entry.name.isdigit()}
        for ended in self._parents.keys() - found:
            del self._parents[ended]
        for new in found - self._parents.keys():
            if told := _told(new):
                self._parents[new] = int(told[_PARENT])
        below = (_told(pid) for pid in self._parents if self._is_below(pid))
        return sum(int(told[_RESIDENT_PAGES]) * _PAGE for told in below if told)

    def _is_below(self, pid: int) -> bool:
        while pid in self._parents and pid != self._root:
            pid = self._parents[pid]
        return pid == self._root


def _told(pid: int) -> list[str]:
    """What the system tells of a process, behind its name; nothing where it has ended."""
    try:
        told = (_PROC / str(pid) / "stat").read_text(encoding="ascii", errors="replace")
    except OSError:  # it ended while we looked
        return []
    return told.rpartition(")")[2].split()
