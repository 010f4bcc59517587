"""Numbers of the identity graph's nodes: 63 bits of a token, the same wherever computed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_63_BITS = 2**63 - 1


def node_id(token: str) -> str:
    """SQL for 63 bits of an identifier's token (`<key id>_<64 hex digits>`), as bigint."""
    digits = f"right({token}, 64)"
    # conv() yields an unsigned number as text, so 64 bits would overflow: two halves of 32 do not.
    high, low = (f"cast(conv(substr({digits}, {at}, 8), 16, 10) as bigint)" for at in (1, 9))
    return f"({high} % 2147483648) * 4294967296 + {low}"


def period_id(token: str, first_day: str) -> str:
    """SQL for 63 bits over a token and a day: the number of an identifier's later period."""
    return node_id(f"sha2(concat({token}, ' ', cast({first_day} as string)), 256)")


def plain_id(row: str) -> str:
    """SQL for an identifier's number, the same in all its periods, of a row (alias) that has
    node_id, token and period_from."""
    return (
        f"(case when {row}.period_from is null then {row}.node_id "
        f"else {node_id(f'{row}.token')} end)"
    )


def sighting_number(identifiers: Iterable[tuple[str, str, str]]) -> int | None:
    """63 bits over a set of identifiers (kind, scope, token); None where there are none.

    Order and repetition do not matter.
    """
    texts = sorted({"|".join(each) for each in identifiers})
    return _number("\n".join(texts).encode()) if texts else None


def sighting_numbers(slots: Sequence[tuple[str, str]], tokens: Sequence[pa.Array]) -> pa.Array:
    """The same of many sets at once: every slot (kind, scope) has a token of each set, or null."""
    begins = [f"{kind}|{scope}|" for kind, scope in slots]
    if any(a.startswith(b) for n, b in enumerate(begins) for a in begins[:n] + begins[n + 1 :]):
        return _one_by_one(slots, tokens)
    # Texts that begin so differently are in the order of their begins.
    in_order = sorted(zip(begins, tokens, strict=True), key=lambda each: each[0])
    texts = [pc.binary_join_element_wise(begin, each, "") for begin, each in in_order]
    is_empty = np.logical_and.reduce([each.is_null().to_numpy(False) for each in tokens])
    # Sets without any token would be left out.
    joined = pc.binary_join_element_wise(*texts, "\n", null_handling="skip").cast(pa.binary())
    digests = [hashlib.sha256(text).digest()[:8] for text in joined.to_pylist()]
    numbers = np.zeros(len(is_empty), np.int64)
    numbers[~is_empty] = np.frombuffer(b"".join(digests), ">u8") & np.uint64(_63_BITS)
    return pa.array(numbers, mask=is_empty)


def _one_by_one(slots: Sequence[tuple[str, str]], tokens: Sequence[pa.Array]) -> pa.Array:
    sets = (
        {(*slot, token) for slot, token in zip(slots, each, strict=True) if token is not None}
        for each in zip(*(column.to_pylist() for column in tokens), strict=True)
    )
    return pa.array(map(sighting_number, sets), pa.int64())


def _number(text: bytes) -> int:
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big") & _63_BITS
