"""Cell by cell: what the oracle expects, what the wide table holds, and how to tell of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TOLERANCE = 1e-9  # relative, of doubles; everything else is equal or it is not
SHOWN = 3


@dataclass(frozen=True)
class Mismatch:
    """How many cells of a column differ, and the first few: person, expected, found."""

    cells: int
    examples: tuple[tuple[int, Any, Any], ...]


def mismatch(expected: Mapping[int, Any], absent: Any, found: Mapping[int, Any]) -> Mismatch | None:
    """None where every person of `found` holds the value expected, or `absent` without one."""
    wrong = []
    for one_id, value in sorted(found.items()):
        wanted = expected.get(one_id)
        wanted = absent if wanted is None else wanted
        if not same(wanted, value):
            wrong.append((one_id, wanted, value))
    return Mismatch(len(wrong), tuple(wrong[:SHOWN])) if wrong else None


def same(expected: Any, found: Any) -> bool:
    """Equal in type and value; doubles to the tolerance, lists in order, maps by key."""
    if isinstance(expected, dict):
        return (
            isinstance(found, dict)
            and found.keys() == expected.keys()
            and all(same(value, found[key]) for key, value in expected.items())
        )
    if isinstance(expected, list):
        return (
            isinstance(found, list)
            and len(found) == len(expected)
            and all(same(one, other) for one, other in zip(expected, found, strict=True))
        )
    if isinstance(expected, float) and isinstance(found, float):
        return math.isclose(expected, found, rel_tol=TOLERANCE)
    return type(expected) is type(found) and bool(expected == found)
