"""Numbers of the identity graph's nodes: 63 bits of a token, the same wherever computed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import pyarrow as pa
from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.pandas.functions import arrow_udf

_MASK = 2**63 - 1


def node_id(token: Column) -> Column:
    """63 bits of an identifier's token (`<key id>_<64 hex digits>`), as bigint; null of null."""
    digits = F.substring_index(token, "_", -1)
    # conv() yields an unsigned number as text, so 64 bits would overflow: two halves of 32 do not.
    high = F.conv(F.substring(digits, 1, 8), 16, 10).cast("bigint").bitwiseAND(F.lit(0x7FFFFFFF))
    low = F.conv(F.substring(digits, 9, 8), 16, 10).cast("bigint")
    return F.shiftleft(high, 32).bitwiseOR(low)


def sighting_number(identifiers: Iterable[tuple[str, str, str]]) -> int | None:
    """63 bits over a set of identifiers (kind, scope, token); None where there are none.

    Order and repetition do not matter.
    """
    texts = sorted({"|".join(each) for each in identifiers})
    if not texts:
        return None
    return int(hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16], 16) & _MASK


def sighting_id(identifiers: Column) -> Column:
    """`sighting_number` of an array of structs (kind, scope, token), as bigint; null of null.

    An Arrow UDF for a few rows: tasks that make records number them as they go.
    """

    def numbers(sets: pa.Array) -> pa.Array:
        found = (
            sighting_number((e["kind"], e["scope"], e["token"]) for e in each or ())
            for each in sets.to_pylist()
        )
        return pa.array(list(found), pa.int64())

    function = arrow_udf(numbers, "bigint")  # type: ignore[call-overload]
    column: Column = function(identifiers)
    return column
