"""Text as people and systems leave it, tidied a batch at a time: blanks at the ends, full width."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from identity.normalise import BLANKS, half_width
from privacy.tokens import per_distinct

_NOTHING = pa.scalar(None, pa.string())


def trimmed_texts(values: pa.Array) -> pa.Array:
    """The texts without blanks at their ends; null where nothing is left."""
    texts = pc.utf8_trim(values, characters=BLANKS)
    return pc.if_else(pc.equal(pc.binary_length(texts), 0), _NOTHING, texts)


def half_width_texts(values: pa.Array) -> pa.Array:
    """Full-width letters, digits and punctuation as their ASCII twins; other text unchanged."""
    if pc.all(pc.string_is_ascii(values)).as_py() is not False:  # null: no text at all
        return values
    return per_distinct(half_width, values, pa.string())


def changed_count(count: int, pairs: Sequence[tuple[pa.Array, pa.Array]]) -> pa.Array:
    """For each of `count` records, how many of the (before, after) texts differ in length."""
    total = pa.repeat(pa.scalar(0, pa.int32()), count)
    for before, after in pairs:
        differs = pc.not_equal(pc.binary_length(before), pc.binary_length(after))
        total = pc.add(total, pc.cast(pc.fill_null(differs, False), pa.int32()))
    return total
