"""What runs of one turn took against each other: a machine is not equally fast at all times."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

Turn = Mapping[str, Mapping[str, Any]]  # by way: what it took and found


def ratios(pairs: Iterable[tuple[Turn, Turn]], way: str, peer: str) -> list[float]:
    """The seconds of a way in a turn against those of its peer in the other of the pair; of pairs
    in which both ran, from least to most."""
    return sorted(
        turn[way]["seconds"] / other[peer]["seconds"]
        for turn, other in pairs if way in turn and peer in other
    )  # fmt: skip


def median_and_span(found: Sequence[float]) -> tuple[str, str]:
    """The median of ratios, and least and most; nothing where there are none."""
    if not found:
        return "", ""
    return f"{median(found):.3g}", f"{min(found):.3g} – {max(found):.3g}"
