"""What functions gave for the values met so far: each is asked once per value, and task.

A dump shows the same people, days and words again and again; a token or a seal costs ten times as
much as finding what it was the last time. To find values costs a look through all that is known, so
batches should be large.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

MOST = 1 << 20  # values remembered per function; then it starts anew
MOST_BYTES = 128 << 20  # of their results
Function = Callable[[pa.Array], Sequence[pa.Array]]  # of different values, one result each


class Known:
    """Where in what is known each value of a batch stands, and the results at these places.

    Places are numbered as their values are met: those from `count` on are new in the next batch.
    """

    def __init__(self, places: pa.Array, results: Sequence[pa.Array], count: int) -> None:
        self.places = places
        self.count = count
        self._results = results

    def result(self, number: int, places: pa.Array | None = None) -> pa.Array:
        """One of the results of every value, or of those at some places."""
        return self._results[number].take(self.places if places is None else places)


class KnownValues:
    """Functions of values, by name: the same name always means the same function.

    `times_forgotten` grows whenever places that were given mean other values from then on.
    """

    def __init__(self) -> None:
        self.times_forgotten = 0
        self._known: dict[str, _Results] = {}

    def of(
        self, name: str, make: Callable[[], Function], values: pa.Array,
        types: Sequence[pa.DataType],
    ) -> Known:  # fmt: skip
        """What the function gives for every value: an array for each of its results, of these
        types; null of null. `make` gives the function where the name is new."""
        if name in self._known and self._known[name].is_full:
            del self._known[name]
            self.times_forgotten += 1
        if name not in self._known:
            self._known[name] = _Results(make(), values.type, types)
        known = self._known[name]
        places = known.places(values)
        return Known(places, known.results, len(known.values))


class _Results:
    """One function's values by their place, and its results in that order."""

    def __init__(
        self, function: Function, type_: pa.DataType, types: Sequence[pa.DataType]
    ) -> None:
        self.function = function
        self.values = pa.array([], type_)
        self.results = [pa.array([], each) for each in types]

    @property
    def is_full(self) -> bool:
        """Whether more is known than should be remembered."""
        size = sum(results.nbytes for results in self.results)
        return len(self.values) > MOST or size > MOST_BYTES

    def places(self, values: pa.Array) -> pa.Array:
        """Where the results of values stand, of new ones too; null of null."""
        places = pc.index_in(values, value_set=self.values)
        is_new = pc.and_(places.is_null(), values.is_valid())
        if not is_new.true_count:
            return places
        coded = values.filter(is_new).dictionary_encode()
        first = pa.scalar(len(self.values), pa.int32())
        made = self.function(coded.dictionary)
        self.values = pa.concat_arrays([self.values, coded.dictionary])
        self.results = [
            pa.concat_arrays([known, one.cast(known.type)])
            for known, one in zip(self.results, made, strict=True)
        ]
        return pc.replace_with_mask(places, is_new, pc.add(coded.indices, first))
