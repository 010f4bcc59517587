"""Chance that does not run: every decision is a stable hash of what it is about.

A running random generator would make the dumps of a date depend on what was drawn before them.
Here a person's or basket's decision depends on the seed, the purpose and its own keys only, so
more nights or other people change nothing that is already written.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Bits = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def mixed(state: Bits) -> Bits:
    """The finaliser of splitmix64: a bijection of 64 bits in which every input bit matters."""
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))


@dataclass(frozen=True)
class Chance:
    """The source of all decisions of one world; two worlds differ by their seed only."""

    seed: int

    def number(self, purpose: str) -> int:
        """One number of 64 bits for the purpose."""
        text = f"{self.seed}:{purpose}".encode()
        return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")

    def bits(self, purpose: str, *keys: Any) -> Bits:
        """64 bits per row of the integer keys (equally long arrays, or single numbers)."""
        state = np.full(np.broadcast(*keys).shape, self.number(purpose), dtype=np.uint64)
        for key in keys:
            state = mixed((state ^ np.asarray(key).astype(np.uint64)) + GOLDEN)
        return state

    def share(self, purpose: str, *keys: Any) -> Floats:
        """A number in [0, 1) per row; `share(…) < 0.35` is true for 35 % of the rows."""
        return (self.bits(purpose, *keys) >> np.uint64(11)).astype(np.float64) / float(1 << 53)

    def pick(self, purpose: str, count: int, *keys: Any) -> Ints:
        """A whole number in [0, count) per row."""
        return (self.share(purpose, *keys) * count).astype(np.int64)

    def scattered(self, purpose: str, numbers: Any, prime: int) -> Ints:
        """Numbers below `prime`, different for different `numbers` (0 ≤ number < prime < 2**31).

        An affine map modulo a prime: unique without a table, and the order of the numbers
        (which is that of the households) does not show.
        """
        factor = self.number(purpose + " factor") % (prime - 1) + 1
        shift = self.number(purpose + " shift") % prime
        return (np.asarray(numbers, dtype=np.int64) * factor + shift) % prime

    def first_of(self, purpose: str, candidates: Ints, count: int) -> Ints:
        """`count` of the candidates in hash order: exact shares where few are needed."""
        order = np.argsort(self.bits(purpose, candidates), kind="stable")
        return candidates[order][:count]


class Choice:
    """Groups that do not overlap: who was taken once is not taken again.

    Candidates come sorted and once each.
    """

    def __init__(self, chance: Chance, candidates: Ints) -> None:
        self.chance = chance
        self.free = candidates

    def take_number(self, purpose: str, among: Ints, count: int) -> Ints:
        """So many of `among`, fewer where fewer are free."""
        able = np.intersect1d(self.free, among, assume_unique=True)
        taken = self.chance.first_of(purpose, able, count)
        self.free = np.setdiff1d(self.free, taken, assume_unique=True)
        return taken

    def take(self, purpose: str, among: Ints, share: float) -> Ints:
        """That share of `among`, at least one."""
        return self.take_number(purpose, among, max(1, round(share * len(among))))
