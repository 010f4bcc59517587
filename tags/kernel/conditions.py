"""Of which rows conditions hold; over texts alone they are decided once per combination."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import prod

import numpy as np
import pyarrow as pa

from language.binding import quoted
from tags.kernel.values import Integers, Truths, valid_of, whole

_MOST_COMBINED = 4096  # combinations of texts, that are decided instead of rows
Compute = Callable[[pa.Table, Sequence[str]], list[pa.Array]]


def truths_of(
    rows: pa.Table, conditions: Sequence[str], compute: Compute
) -> dict[str, Truths]:
    """Which rows each condition keeps.

    `compute` gives the truths of conditions over a table, row by row. A condition tells the same of
    the same values, so where rows have few different ones of what it reads, it is asked of those.
    """
    found: dict[str, Truths] = {}
    for names, asked in _by_columns(rows, conditions).items():
        few = _combinations(rows, names)
        over = rows if few is None else few[0]
        for condition, truths in zip(asked, compute(over, asked), strict=True):
            kept: Truths = truths.to_numpy(zero_copy_only=False)
            found[condition] = kept if few is None else kept[few[1]]
    return found


def _by_columns(rows: pa.Table, conditions: Sequence[str]) -> Mapping[tuple[str, ...], list[str]]:
    """The conditions by the coded columns they read; () where one reads others too."""
    coded = [f.name for f in rows.schema if pa.types.is_dictionary(f.type)]
    found: dict[tuple[str, ...], list[str]] = {}
    for condition in conditions:
        read = tuple(name for name in rows.column_names if quoted(name) in condition)
        key = read if read and set(read) <= set(coded) else ()
        found.setdefault(key, []).append(condition)
    return found


def _combinations(rows: pa.Table, names: Sequence[str]) -> tuple[pa.Table, Integers] | None:
    """All combinations of the texts of some columns, missing ones among them, and which of them
    each row has; None where they are no fewer than the rows."""
    columns = [whole(rows[name]) for name in names]
    sizes = [len(column.dictionary) + 1 for column in columns]
    if not names or prod(sizes) > min(_MOST_COMBINED, len(rows)):
        return None
    place: Integers = np.zeros(len(rows), np.int64)
    for column, size in zip(columns, sizes, strict=True):
        missing = size - 1
        place = place * size + np.where(
            valid_of(column), column.indices.fill_null(0).to_numpy(zero_copy_only=False), missing
        )
    return pa.table(dict(zip(names, _crossed(columns, sizes), strict=True))), place


def _crossed(columns: Sequence[pa.Array], sizes: Sequence[int]) -> Iterator[pa.Array]:
    """The texts of each column in every combination, the last column's turning fastest."""
    for n, column in enumerate(columns):
        inner, outer = prod(sizes[n + 1 :]), prod(sizes[:n])
        codes = np.tile(np.repeat(np.arange(sizes[n]), inner), outer)
        mask = codes == sizes[n] - 1
        yield column.dictionary.take(pa.array(np.where(mask, 0, codes), mask=mask))
