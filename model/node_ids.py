"""Numbers of the identity graph's nodes: 63 bits of a token, the same wherever computed."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F


def node_id(token: str) -> str:
    """SQL for 63 bits of an identifier's token (`<key id>_<64 hex digits>`), as bigint."""
    digits = f"right({token}, 64)"
    high, low = (f"cast(conv(substr({digits}, {at}, 8), 16, 10) as bigint)" for at in (1, 9))
    return f"({high} % 2147483648) * 4294967296 + {low}"


def sighting_id(identifiers: Column) -> Column:
    """63 bits over a set of identifiers (array of structs kind, scope, token), as bigint.

    Order and repetition do not matter. Null where the set is null or empty.
    """
    texts = F.transform(
        identifiers, lambda each: F.concat_ws("|", each["kind"], each["scope"], each["token"])
    )
    joined = F.concat_ws("\n", F.array_sort(F.array_distinct(texts)))
    return F.when(F.size(identifiers) > 0, _leading_bits(F.sha2(joined, 256)))


def _leading_bits(digits: Column) -> Column:
    # conv() yields an unsigned number as text, so 64 bits would overflow: two halves of 32 do not.
    high = F.conv(F.substring(digits, 1, 8), 16, 10).cast("bigint").bitwiseAND(F.lit(0x7FFFFFFF))
    low = F.conv(F.substring(digits, 9, 8), 16, 10).cast("bigint")
    return F.shiftleft(high, 32).bitwiseOR(low)
