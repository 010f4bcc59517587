"""Identifiers as text, by the million, and the shapes in which people type them.

Arrays in, arrays out: nothing here runs value by value.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from examples.chance import Bits, Flags, Floats, Ints

# Areas whose codes were in force for every year of birth, so that each number is valid.
AREAS = [
    "110101", "110105", "110108", "310101", "310104", "310110", "120101", "120102", "120103",
    "310105", "310106",
]  # fmt: skip
MOBILE_PREFIXES = [f"13{digit}" for digit in range(10)] + ["150", "151", "158", "159", "188"]
# The largest primes below a hundred million and 2**31: see Chance.scattered.
PHONE_PRIME, NUMBER_PRIME = 99_999_989, 2_147_483_647
CHECK_WEIGHTS = np.array([pow(2, 17 - place, 11) for place in range(17)])
CHECK_DIGITS = np.frombuffer(b"10X98765432", np.uint8)
HEXADECIMAL = np.frombuffer("".join(f"{n:02x}" for n in range(256)).encode(), np.uint16)
UPPER_EMAILS, SPACED_EMAILS = 0.10, 0.03
HALF_WIDTH = "0123456789"
FULL_WIDTH = "".join(chr(0xFF10 + digit) for digit in range(10))


def joined(*parts: Any) -> pa.Array:
    """The parts of each row, arrays or single texts, in one text; null where one of them is."""
    return pc.binary_join_element_wise(*parts, "")


def only(has: Flags, values: pa.Array) -> pa.Array:
    """The values of those who have one, null for the others."""
    return pc.if_else(pa.array(has), values, pa.scalar(None, pa.string()))


def picked(words: list[str], places: Ints) -> pa.Array:
    """The word at each place of a list."""
    return pa.array(words, pa.string()).take(pa.array(places))


def texts_of(letters: npt.NDArray[np.uint8]) -> pa.Array:
    """The rows of a matrix of ASCII letters."""
    count, width = letters.shape
    ends = pa.array(np.arange(count + 1, dtype=np.int32) * np.int32(width))
    data = pa.py_buffer(np.ascontiguousarray(letters))
    return pa.StringArray.from_buffers(count, ends.buffers()[1], data)


def digits(numbers: Ints, width: int) -> pa.Array:
    """The numbers with leading zeros, so many digits wide."""
    places = 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)
    return texts_of((numbers[:, None] // places % 10 + ord("0")).astype(np.uint8))


def hexadecimal(bits: Bits) -> pa.Array:
    """64 bits as 16 digits."""
    pairs = HEXADECIMAL[bits.astype(">u8").view(np.uint8).reshape(-1, 8)]
    return texts_of(pairs.view(np.uint8).reshape(-1, 16))


def calendar_numbers(days: Ints) -> Ints:
    """Days since 1970 as the number yyyyMMdd."""
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    number = (dates - months).astype(np.int64) + 1
    year = dates.astype("datetime64[Y]").astype(np.int64) + 1970
    return year * 10_000 + (months.astype(np.int64) % 12 + 1) * 100 + number


def national_ids(areas: pa.Array, born: Ints, orders: Ints) -> pa.Array:
    """Numbers of GB 11643: area of six digits, birth (days since 1970), order, check digit."""
    bodies = joined(areas, digits(calendar_numbers(born), 8), digits(orders, 3))
    signs = np.frombuffer(bodies.buffers()[2], np.uint8)[: 17 * len(bodies)].reshape(-1, 17)
    # ISO 7064, MOD 11-2.
    check = CHECK_DIGITS[(signs - ord("0")).astype(np.int64) @ CHECK_WEIGHTS % 11]
    return joined(bodies, texts_of(check[:, None]))


def e164(prefix: Ints, rest: Ints) -> pa.Array:
    """Chinese mobile numbers: a place in MOBILE_PREFIXES and the last eight digits."""
    return joined("+86", picked(MOBILE_PREFIXES, prefix), digits(rest, 8))


def typed_phones(phones: pa.Array, style: Ints) -> pa.Array:
    """E.164 numbers as somebody typed them, `style` of PHONE_STYLES; null and foreign ones stay."""
    is_chinese = pc.fill_null(pc.starts_with(phones, "+86"), False).to_numpy(zero_copy_only=False)
    typed = phones
    for number, shape in enumerate(PHONE_STYLES):
        here = pa.array(is_chinese & (style == number))
        local = pc.utf8_slice_codeunits(phones.filter(here), 3)
        typed = pc.replace_with_mask(typed, here, shape(local))
    return typed


def _spaced(local: pa.Array, between: str) -> pa.Array:
    three, four = pc.utf8_slice_codeunits(local, 0, 3), pc.utf8_slice_codeunits(local, 3, 7)
    return pc.binary_join_element_wise(three, four, pc.utf8_slice_codeunits(local, 7), between)


def _widened(local: pa.Array) -> pa.Array:
    for narrow, wide in zip(HALF_WIDTH, FULL_WIDTH, strict=True):
        local = pc.replace_substring(local, narrow, wide)
    return local


PHONE_STYLES: list[Callable[[pa.Array], pa.Array]] = [
    lambda local: local,
    lambda local: joined("+86", local),
    lambda local: joined("+86 ", _spaced(local, " ")),
    lambda local: joined("0086", local),
    lambda local: _spaced(local, "-"),
    lambda local: joined(" ", _spaced(local, " ")),
    _widened,
]


def typed_emails(emails: pa.Array, shape: Floats) -> pa.Array:
    """E-mails as typed: some in capitals, some with a space behind, by a number in [0, 1)."""
    upper, spaced = pa.array(shape < UPPER_EMAILS), pa.array(shape > 1 - SPACED_EMAILS)
    typed = pc.if_else(upper, pc.ascii_upper(emails), emails)
    return pc.if_else(spaced, joined(emails, " "), typed)
