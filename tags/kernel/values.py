"""Columns as numbers that stand in the order of their values, and numbers as columns again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Integers = npt.NDArray[np.int64]
Truths = npt.NDArray[np.bool_]
Numbers = npt.NDArray[Any]  # of 64 bits, or Python's where those do not hold them

_LIMB = 1 << 32
_BITS = 63  # of whole numbers that are not negative
_MOST_ADDED = 1 << 62
_DIGITS_OF_INTEGERS = 18  # that 64 bits always hold
_EXACT_DOUBLES = 1 << 53
_SMALL = pa.types.is_boolean, pa.types.is_date32


@dataclass(frozen=True)
class Values:
    """One number per row, smaller where the value is; `valid` False where the value is missing.

    `column` makes values of numbers: missing ones where a mask holds. `places` are the decimal
    places that the numbers count.
    """

    numbers: Numbers
    valid: Truths
    column: Callable[[Numbers, Truths], pa.Array]
    places: int = 0

    @cached_property
    def is_whole(self) -> bool:
        """Whether no value is missing."""
        return bool(self.valid.all())

    def at(self, rows: Integers) -> Values:
        """Those of some rows."""
        valid = np.ones(len(rows), bool) if self.is_whole else self.valid[rows]
        return Values(self.numbers[rows], valid, self.column, self.places)


def values_of(array: pa.Array) -> Values:
    """The values of a column of any type that has an order."""
    valid = valid_of(array)
    kind = array.type
    if pa.types.is_string(kind) or pa.types.is_dictionary(kind):
        return _texts(array, valid)
    if pa.types.is_decimal(kind):
        numbers: Numbers = scaled(array)
    elif pa.types.is_floating(kind):
        numbers = array.fill_null(0).to_numpy(zero_copy_only=False) + 0.0  # −0 is 0
    else:
        numbers = _whole(array).fill_null(0).to_numpy(zero_copy_only=False)
    places = kind.scale if pa.types.is_decimal(kind) else 0
    return Values(numbers, valid, lambda n, missing: typed_column(n, missing, kind), places)


def whole(column: pa.ChunkedArray) -> pa.Array:
    """A column as one array; without a copy where it is one."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def decoded(array: pa.Array) -> pa.Array:
    """Texts as they are, where they are places in a dictionary."""
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def presence_of(array: pa.Array) -> Values:
    """Where a column has values, whose numbers mean nothing: of types without an order too."""
    valid = valid_of(array)
    return Values(np.zeros(len(valid), np.int8), valid, lambda _, missing: pa.nulls(len(missing)))


def valid_of(array: pa.Array) -> Truths:
    """Where an array has values."""
    found: Truths = array.is_valid().to_numpy(zero_copy_only=False)
    return found


def _texts(array: pa.Array, valid: Truths) -> Values:
    """Texts by their place among all of the column, in the order of their bytes."""
    coded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    order = pc.sort_indices(coded.dictionary)
    places = np.empty(len(order), np.int64)
    places[order.to_numpy()] = np.arange(len(order))
    indices = coded.indices.fill_null(0).to_numpy(zero_copy_only=False)
    sorted_texts = coded.dictionary.take(order)
    numbers = places[indices] if len(order) else np.zeros(len(array), np.int64)
    return Values(numbers, valid, lambda n, missing: sorted_texts.take(
        pa.array(np.where(missing, 0, n), mask=missing)
    ))  # fmt: skip


def _whole(array: pa.Array) -> pa.Array:
    """Dates in days, times in microseconds, truths as 0 and 1."""
    kind = array.type
    narrow = pa.int32() if pa.types.is_date32(kind) else pa.int8()
    is_small = any(test(kind) for test in _SMALL)
    return (array.cast(narrow) if is_small else array).cast(pa.int64())


def scaled(array: pa.Array) -> Numbers:
    """Decimals as whole numbers of their last place; 0 where one is missing."""
    whole = array.type.precision
    limbs = np.frombuffer(array.buffers()[1], np.int64).reshape(-1, 2)
    limbs = limbs[array.offset : array.offset + len(array)]
    low, high = limbs[:, 0], limbs[:, 1]
    valid = valid_of(array)
    if whole <= _DIGITS_OF_INTEGERS or np.array_equal(high[valid], low[valid] >> 63):
        return np.where(valid, low, 0)
    wide: Numbers = (high.astype(object) << 64) + low.view(np.uint64).astype(object)
    return np.where(valid, wide, 0)


def typed_column(numbers: Numbers, missing: Truths, kind: pa.DataType) -> pa.Array:
    """Numbers as a column of a type; missing too where the type does not hold them."""
    if pa.types.is_decimal(kind):
        return decimal_column(numbers, missing, kind)
    if pa.types.is_floating(kind):
        return pa.array(numbers, pa.float64(), mask=missing)
    if numbers.dtype == object:
        small = np.abs(numbers) < (1 << 63)
        missing = missing | ~small.astype(bool)
        numbers = np.where(missing, 0, numbers).astype(np.int64)
    if pa.types.is_boolean(kind):
        return pa.array(numbers.astype(bool), mask=missing)
    whole = pa.array(numbers.astype(np.int64), mask=missing)
    return whole.cast(pa.int32()).cast(kind) if pa.types.is_date32(kind) else whole.cast(kind)


def decimal_column(numbers: Numbers, missing: Truths, kind: pa.Decimal128Type) -> pa.Array:
    """Whole numbers of a decimal's last place as decimals; missing where it has too few digits."""
    if not _all_fit(numbers, 10**kind.precision):
        fits = np.abs(numbers) < 10**kind.precision
        missing = missing | ~fits.astype(bool)
    limbs = np.empty((len(numbers), 2), np.int64)
    low = np.where(missing, 0, numbers)
    if low.dtype == object:
        limbs[:, 0] = (low & ((1 << 64) - 1)).astype(np.uint64).view(np.int64)
        limbs[:, 1] = (low >> 64).astype(np.int64)
    else:
        limbs[:, 0], limbs[:, 1] = low, low.astype(np.int64) >> 63
    bits = pa.array(~missing).buffers()[1]
    return pa.Array.from_buffers(kind, len(numbers), [bits, pa.py_buffer(limbs)])


def _all_fit(numbers: Numbers, limit: int) -> bool:
    """Whether no number has more digits than those below a limit."""
    return not len(numbers) or (int(numbers.max()) < limit and int(numbers.min()) > -limit)


def doubles_of(numbers: Numbers, places: int) -> npt.NDArray[np.float64]:
    """Whole numbers of the last of some decimal places as the doubles nearest to them."""
    small = np.abs(numbers) <= _EXACT_DOUBLES
    nearest = np.where(small, numbers, 0).astype(np.float64) / 10.0**places
    for at in np.flatnonzero(~small.astype(bool)):
        nearest[at] = int(numbers[at]) / 10**places  # Python divides whole numbers exactly
    return nearest


def in_order(unit: Integers, numbers: Numbers) -> Integers:
    """The places of rows in order of units, then of numbers, equal ones as they stand; NaN is the
    largest number.

    Where unit, number and place fit into 63 bits together they are sorted as one, which takes a
    tenth of the time.
    """
    if len(unit) == 0 or numbers.dtype.kind != "i":
        return np.lexsort((numbers, unit))
    low = int(numbers.min())
    of_place, of_number, of_unit = (
        int(largest).bit_length()
        for largest in (len(unit) - 1, int(numbers.max()) - low, unit.max())
    )
    if of_unit + of_number + of_place > _BITS:
        return np.lexsort((numbers, unit))
    keys = (((unit << of_number) | (numbers - low)) << of_place) | np.arange(len(unit))
    keys.sort()
    places: Integers = keys & ((1 << of_place) - 1)
    return places


@dataclass(frozen=True)
class Sought:
    """Places to be looked up in `Counts`: their words of 64, and the bits that are before them."""

    word: Integers
    lower: npt.NDArray[np.uint64]

    @classmethod
    def of(cls, places: Integers) -> Sought:
        """Some places."""
        bit = np.uint64(1) << (places & 63).view(np.uint64)
        return cls(places >> 6, bit - np.uint64(1))


@dataclass(frozen=True)
class Counts:
    """Which places of a row of them are taken: a bit each, with how many there are before every
    64 of them. A running sum over all places would take five times as long to make."""

    bits: npt.NDArray[np.uint64]
    sums: Integers

    @classmethod
    def of(cls, taken: Integers, count: int) -> Counts:
        """Some of so many places."""
        is_taken = np.zeros(count, bool)
        is_taken[taken] = True
        return cls.where(is_taken)

    @classmethod
    def where(cls, is_taken: Truths) -> Counts:
        """The places where something holds."""
        padded = np.zeros(((len(is_taken) >> 6) + 1) << 6, bool)
        padded[: len(is_taken)] = is_taken
        bits = np.packbits(padded, bitorder="little").view("<u8")
        return cls(bits, _from_zero(np.bitwise_count(bits).astype(np.int64)))

    def before(self, places: Integers) -> Integers:
        """How many are taken before each of some places."""
        return self.at(Sought.of(places))

    def at(self, sought: Sought) -> Integers:
        """The same of places that are looked up in many rows' counts."""
        found: Integers = self.sums[sought.word]
        found += np.bitwise_count(self.bits[sought.word] & sought.lower)
        return found


@dataclass(frozen=True)
class Sums:
    """Exact sums of neighbouring whole numbers: of the first 0, 1, … of them, in what is above 32
    bits (None where 64 bits hold all sums) and what is below."""

    high: Numbers | None
    low: Numbers

    @classmethod
    def of(cls, numbers: Numbers) -> Sums:
        """The sums of some numbers in their order."""
        if numbers.dtype == object:
            return cls(None, _from_zero(numbers))
        whole = numbers.astype(np.int64)
        if len(whole) and max(int(whole.max()), -int(whole.min())) < _MOST_ADDED // len(whole):
            return cls(None, _from_zero(whole))
        return cls(_from_zero(whole >> 32), _from_zero(whole & (_LIMB - 1)))

    def between(self, start: Integers, end: Integers) -> Numbers:
        """The sums of the numbers from some places up to, without, others; Python's whole numbers
        where one has more than 64 bits."""
        low: Numbers = self.low[end] - self.low[start]
        if self.high is None:
            return low
        high = self.high[end] - self.high[start]
        top = high + (low >> 32)
        if len(top) and (top.max() >= _LIMB >> 1 or top.min() < -(_LIMB >> 1)):
            wide: Numbers = high.astype(object) * _LIMB + low
            return wide
        return high * _LIMB + low


def _from_zero(numbers: Numbers) -> Numbers:
    sums = np.zeros(len(numbers) + 1, numbers.dtype)
    np.cumsum(numbers, out=sums[1:])
    return sums
