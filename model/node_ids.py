"""Numbers of the identity graph's nodes: 63 bits of a token, the same wherever computed."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable


def node_id(token: str) -> str:
    """SQL for 63 bits of an identifier's token (`<key id>_<64 hex digits>`), as bigint."""
    digits = f"right({token}, 64)"
    # conv() yields an unsigned number as text, so 64 bits would overflow: two halves of 32 do not.
    high, low = (f"cast(conv(substr({digits}, {at}, 8), 16, 10) as bigint)" for at in (1, 9))
    return f"({high} % 2147483648) * 4294967296 + {low}"


def sighting_number(identifiers: Iterable[tuple[str, str, str]]) -> int | None:
    """63 bits over a set of identifiers (kind, scope, token); None where there are none.

    Order and repetition do not matter.
    """
    return number_of_texts({"|".join(each) for each in identifiers})


def number_of_texts(texts: Collection[str]) -> int | None:
    """The same over different texts `kind|scope|token`."""
    if not texts:
        return None
    digest = hashlib.sha256("\n".join(sorted(texts)).encode()).digest()
    return int.from_bytes(digest[:8], "big") & (2**63 - 1)
