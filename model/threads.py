"""Independent work side by side: what waits or runs on one core leaves the others to the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

AT_ONCE = 4  # a Delta commit is mostly waiting; a few side by side fill the cores
S = TypeVar("S")
T = TypeVar("T")


def both(one: Callable[[], S], other: Callable[[], T]) -> tuple[S, T]:
    """What two make at once, the first in a thread of its own; an error is raised when both have
    ended."""
    with ThreadPoolExecutor(1) as pool:
        begun = pool.submit(one)
        made = other()
    return begun.result(), made


def side_by_side(tasks: Sequence[Callable[[], None]]) -> None:
    """Runs tasks a few at a time; the first error is raised when all have ended."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for future in [pool.submit(task) for task in tasks]:
            future.result()
