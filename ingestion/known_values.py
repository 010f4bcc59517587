"""What functions gave for the values met so far: each is asked once per value, and task.

A dump shows the same people, days and words again and again; a token or a time costs ten times as
much as finding what it was the last time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

MOST = 1 << 20  # values remembered per function; then it starts anew
MOST_BYTES = 128 << 20  # of their results
Function = Callable[[pa.Array], Sequence[pa.Array]]  # of different values, one result each


class Known(NamedTuple):
    """Where in what is known each value stands (equal places, equal values), and its results."""

    places: pa.Array
    results: list[pa.Array]


class KnownValues:
    """Functions of values, by name: the same name always means the same function.

    `sets` are the numbers of sets of identifiers, by the places of these.
    """

    def __init__(self) -> None:
        self.sets: dict[tuple[int, ...], int | None] = {}
        self._known: dict[str, _Results] = {}

    def of(
        self, name: str, make: Callable[[], Function], values: pa.Array,
        types: Sequence[pa.DataType],
    ) -> Known:  # fmt: skip
        """What the function gives for every value: an array for each of its results, of these
        types; null of null. `make` gives the function where the name is new."""
        if name in self._known and self._known[name].is_full:
            del self._known[name]
            self.sets.clear()  # places mean other values from now on
        if name not in self._known:
            self._known[name] = _Results(make(), types)
        coded = values.dictionary_encode()
        places = self._known[name].places(coded.dictionary).take(coded.indices)
        found = [results.take(places) for results in self._known[name].results]
        return Known(places, found)


class _Results:
    """One function's values by their place, and its results in that order."""

    def __init__(self, function: Function, types: Sequence[pa.DataType]) -> None:
        self.function = function
        self.codes: dict[Any, int] = {}
        self.results = [pa.array([], type_) for type_ in types]

    @property
    def is_full(self) -> bool:
        """Whether more is known than should be remembered."""
        size = sum(results.nbytes for results in self.results)
        return len(self.codes) > MOST or size > MOST_BYTES

    def places(self, values: pa.Array) -> pa.Array:
        """Where the results of values stand, of new ones too; the values differ."""
        texts = values.to_pylist()
        found = list(map(self.codes.get, texts))  # one look per value: each may miss all caches
        places = pa.array(found, pa.int32())
        if not places.null_count:
            return places
        first, is_new = len(self.codes), places.is_null()
        new = values.filter(is_new)
        self.codes.update(zip(new.to_pylist(), range(first, first + len(new)), strict=True))
        made = self.function(new)
        self.results = [
            pa.concat_arrays([known, one.cast(known.type)])
            for known, one in zip(self.results, made, strict=True)
        ]
        later = pa.array(range(first, first + len(new)), pa.int32())
        return pc.replace_with_mask(places, is_new, later)
