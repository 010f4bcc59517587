"""What functions gave for the values met so far: each is asked once per value, and task.

A dump shows the same people, days and words again and again; a token or a time costs Python ten
times as much as finding what it was the last time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa

MOST = 1 << 20  # values remembered per function; then it starts anew
Function = Callable[[Any], Sequence[Any]]


class KnownValues:
    """Functions of one value, by name: the same name always means the same function."""

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}

    def of(
        self, name: str, make: Callable[[], Function], values: pa.Array,
        types: Sequence[pa.DataType],
    ) -> list[pa.Array]:  # fmt: skip
        """What the function gives for every value: an array for each of its results, of these
        types; null of null. `make` gives the function where the name is new."""
        if name not in self._known:
            self._known[name] = _Known(make(), types)
        coded = values.dictionary_encode()
        places = self._known[name].places(coded.dictionary.to_pylist()).take(coded.indices)
        found = [results.take(places) for results in self._known[name].results]
        if len(self._known[name].codes) > MOST:
            del self._known[name]
        return found


class _Known:
    """One function's values by their place, and its results in that order."""

    def __init__(self, function: Function, types: Sequence[pa.DataType]) -> None:
        self.function = function
        self.codes: dict[Any, int] = {}
        self.results = [pa.array([], type_) for type_ in types]

    def places(self, values: list[Any]) -> pa.Array:
        """Where the results of values stand, of new ones too; the values differ."""
        codes = self.codes
        new = [value for value in values if value not in codes]
        if new:
            codes.update(zip(new, range(len(codes), len(codes) + len(new)), strict=True))
            made = zip(*map(self.function, new), strict=True)
            self.results = [
                pa.concat_arrays([results, pa.array(column, results.type)])
                for results, column in zip(self.results, made, strict=True)
            ]
        return pa.array([codes[value] for value in values], pa.int32())
