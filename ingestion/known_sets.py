"""The sets of identifiers that records show: each gets its number once, and is told once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.known_values import MOST, Function, Known, KnownValues
from ingestion.slots import IdentifierSlot
from model.node_ids import sighting_numbers


class KnownSlot(NamedTuple):
    """What is known of the identifiers in a slot, its tokens and seals being results of these
    numbers."""

    slot: IdentifierSlot
    known: Known
    token: int
    sealed: int


class KnownSets:
    """Sets of identifiers, numbered (model.node_ids) in the order in which a task meets them."""

    def __init__(self) -> None:
        self._forget(0)

    def _forget(self, age: int) -> None:
        self._age = age
        self._pairs = KnownValues()
        self._numbers = pa.array([], pa.int64())
        self._is_told = np.zeros(0, bool)

    def of(
        self, slots: Sequence[KnownSlot], values: KnownValues, are_sound: pa.Array
    ) -> tuple[pa.Array, pa.RecordBatch]:
        """The number of every record's set, null where it has none; and the sets that no sound
        record showed before: `_sighting` and of each slot `_token_<n>`, `_sealed_<n>`. `values`
        knows the identifiers."""
        if self._age != values.times_forgotten or len(self._numbers) > MOST:
            self._forget(values.times_forgotten)
        sets, held = self._places(slots)
        new = [
            each.known.result(each.token, at.slice(len(self._numbers)))
            for each, at in zip(slots, held, strict=True)
        ]
        numbers = sighting_numbers([(s.slot.kind, s.slot.scope) for s in slots], new)
        self._numbers = pa.concat_arrays([self._numbers, numbers])
        told = self._first_told(sets.filter(are_sound))
        columns = {"_sighting": self._numbers.take(told)}
        for n, (each, at) in enumerate(zip(slots, held, strict=True)):
            columns[f"_token_{n}"] = each.known.result(each.token, at.take(told))
            columns[f"_sealed_{n}"] = each.known.result(each.sealed, at.take(told))
        return self._numbers.take(sets), pa.RecordBatch.from_pydict(columns)

    def _first_told(self, sets: pa.Array) -> pa.Array:
        """Those of some records' sets that are told for the first time."""
        is_told = np.zeros(len(self._numbers), bool)
        is_told[: len(self._is_told)] = self._is_told
        self._is_told = is_told.copy()
        self._is_told[sets.drop_null().to_numpy()] = True
        return pa.array(np.flatnonzero(self._is_told & ~is_told))

    def _places(self, slots: Sequence[KnownSlot]) -> tuple[pa.Array, list[pa.Array]]:
        """For every record the place of its set; and for all sets known the place, by slot, of the
        identifier in it."""
        sets = slots[0].known.places
        held = [pa.array(np.arange(slots[0].known.count), pa.int32())]
        for number, each in enumerate(slots[1:]):
            pairs = _pairs(sets, each.known.places)
            found = self._pairs.of(f"slot {number}", _unpaired, pairs, [pa.int32(), pa.int32()])
            every = pa.array(np.arange(found.count), pa.int32())
            held = [each.take(found.result(0, every)) for each in held]
            held.append(found.result(1, every))
            sets = found.places
        return sets, held


_RADIX = 1 << 31


def _pairs(first: pa.Array, second: pa.Array) -> pa.Array:
    """Two places as one number; null where neither is there."""
    one, other = (pc.fill_null(each, -1).to_numpy().astype(np.int64) for each in (first, second))
    return pa.array(one * _RADIX + other, mask=(one < 0) & (other < 0))


def _unpaired() -> Function:
    def unpair(pairs: pa.Array) -> list[pa.Array]:
        other = (pairs.to_numpy() + 1) % _RADIX - 1
        one = (pairs.to_numpy() - other) // _RADIX
        return [pa.array(each.astype(np.int32), mask=each < 0) for each in (one, other)]

    return unpair
