"""Text as people and systems leave it, tidied a batch at a time: blanks at the ends, full width."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from identity.normalise import BLANKS, half_width
from privacy.tokens import per_distinct

_NOTHING = pa.scalar(None, pa.string())
_SPACE, _FIRST_BEYOND_ASCII = 0x20, 0x80
_FIRST, _LAST = np.zeros(256, bool), np.zeros(256, bool)
_FIRST[[blank.encode()[0] for blank in BLANKS]] = True
_LAST[[blank.encode()[-1] for blank in BLANKS]] = True


def trimmed_texts(values: pa.Array) -> pa.Array:
    """The texts without blanks at their ends; null where nothing is left."""
    may_have = _may_have_blanks(values)
    if may_have is None:
        return values
    texts = pc.utf8_trim(values.filter(may_have), characters=BLANKS)
    texts = pc.if_else(pc.equal(pc.binary_length(texts), 0), _NOTHING, texts)
    return pc.replace_with_mask(values, may_have, texts)


def _may_have_blanks(values: pa.Array) -> pa.Array | None:
    """Which texts are empty, or begin or end with a byte that some blank begins or ends with; None
    where none does. To look at two bytes costs a tenth of looking for blanks."""
    edges, signs = _bytes_of(values)
    starts, ends = edges[:-1], edges[1:]
    found = starts == ends
    if len(signs):
        first, last = signs.take(starts, mode="clip"), signs.take(ends - 1, mode="clip")
        # Letters and digits are told by their range, all else one by one.
        doubtful = (first <= _SPACE) | (last <= _SPACE)
        doubtful |= (first >= _FIRST_BEYOND_ASCII) | (last >= _FIRST_BEYOND_ASCII)
        found[doubtful] |= _FIRST[first[doubtful]] | _LAST[last[doubtful]]
    may_have = pc.and_(pa.array(found), values.is_valid())
    return may_have if may_have.true_count else None


def half_width_texts(values: pa.Array) -> pa.Array:
    """Full-width letters, digits and punctuation as their ASCII twins; other text unchanged."""
    if _is_ascii(values):
        return values
    return per_distinct(half_width, values, pa.string())


def _is_ascii(values: pa.Array) -> bool:
    """Whether no text holds anything but ASCII, told by all bytes at once."""
    _, signs = _bytes_of(values)
    return not len(signs) or int(signs.max()) < _FIRST_BEYOND_ASCII


def _bytes_of(values: pa.Array) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.uint8]]:
    """Where each text begins, and the last one ends, in the bytes of all; and these."""
    _, offset_buffer, data = values.buffers()
    if not len(values) or data is None:
        return np.zeros(len(values) + 1, np.intp), np.zeros(0, np.uint8)
    offsets = np.frombuffer(offset_buffer, np.int32)[values.offset :][: len(values) + 1]
    edges = (offsets - offsets[0]).astype(np.intp)  # the type that numpy looks up by
    return edges, np.frombuffer(data, np.uint8)[offsets[0] : offsets[-1]]


def changed_count(count: int, pairs: Sequence[tuple[pa.Array, pa.Array]]) -> pa.Array:
    """For each of `count` records, how many of the (before, after) texts differ in length."""
    total = pa.repeat(pa.scalar(0, pa.int32()), count)
    for before, after in pairs:
        if after is before:
            continue
        differs = pc.not_equal(pc.binary_length(before), pc.binary_length(after))
        total = pc.add(total, pc.cast(pc.fill_null(differs, False), pa.int32()))
    return total
