"""What changed from one night's wide table to the next, column by column."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from model.ddl_types import arrow_schema
from model.fixed_tables import CUSTOMER_TAG_CHANGES
from model.local_engine import LocalEngine
from tags.kernel.texts import texts_of
from tags.kernel.values import Integers, Truths, valid_of, whole
from tags.night import BUSINESS_DATE, ONE_ID


def tag_changes_here(
    engine: LocalEngine, previous: pa.Table, current: pa.Table, business_date: date
) -> pa.Table:
    """One row per person and column whose value differs from the night before, values as text.

    A column only one night has is null on the other, and so are all of a person only one night
    has. Key: (one_id, tag). Lists and maps are shown as JSON.
    """
    own = (BUSINESS_DATE, ONE_ID)
    names = sorted({*previous.column_names, *current.column_names}.difference(own))
    ids = np.union1d(_ids(previous), _ids(current))
    before, now = _columns(_aligned(previous, ids)), _columns(_aligned(current, ids))
    found = [(name, *_changed(engine, ids, before.get(name), now.get(name))) for name in names]
    return _told([one for one in found if len(one[1])], business_date)


def _told(found: Sequence[tuple[str, pa.Array, pa.Array, pa.Array]], day: date) -> pa.Table:
    """The rows of all columns, each with the persons, the old and the new texts."""
    schema = arrow_schema(CUSTOMER_TAG_CHANGES.schema)
    if not found:
        return schema.empty_table()
    names, ids, old, new = zip(*found, strict=True)
    which = np.repeat(np.arange(len(names)), [len(one) for one in ids])
    columns = {
        BUSINESS_DATE: pa.repeat(pa.scalar(day, pa.date32()), len(which)),
        ONE_ID: pa.concat_arrays(ids),
        "tag": pa.array(names, pa.string()).take(pa.array(which)),
        "old_value": pa.concat_arrays(old), "new_value": pa.concat_arrays(new),
    }
    return pa.table(columns).select(schema.names).cast(schema)


def _ids(table: pa.Table) -> Integers:
    found: Integers = table.column(ONE_ID).to_numpy()
    return found


def _columns(table: pa.Table) -> dict[str, pa.Array]:
    return {n: whole(column) for n, column in zip(table.column_names, table.columns, strict=True)}


def _aligned(table: pa.Table, ids: Integers) -> pa.Table:
    """A table's rows by persons, in the order of `ids`; a person it does not have is missing."""
    own = _ids(table)
    if np.array_equal(own, ids):
        return table.combine_chunks()
    order = np.argsort(own, kind="stable")
    at = np.searchsorted(own, ids, sorter=order)
    at = order[np.minimum(at, len(order) - 1)] if len(order) else np.zeros(len(ids), np.int64)
    missing = own[at] != ids if len(order) else np.ones(len(ids), bool)
    return table.combine_chunks().take(pa.array(at, mask=missing)).combine_chunks()


def _changed(
    engine: LocalEngine, ids: Integers, old: pa.Array | None, new: pa.Array | None
) -> tuple[pa.Array, pa.Array, pa.Array]:
    """The persons of whom the texts of one column differ, and both texts."""
    one = old if old is not None else new
    assert one is not None  # a column that neither night has is no column
    sides = [pa.nulls(len(ids), one.type) if side is None else side for side in (old, new)]
    kept = pa.array(np.flatnonzero(_may_differ(*sides)))
    texts = [texts_of(engine, side.take(kept)) for side in sides]
    told = pa.array(ids).take(kept)
    if _is_told_by_texts(sides[0].type, sides[1].type):
        return told, texts[0], texts[1]
    is_kept = pa.array(_differ(*texts))
    return told.filter(is_kept), texts[0].filter(is_kept), texts[1].filter(is_kept)


def _is_told_by_texts(old: pa.DataType, new: pa.DataType) -> bool:
    """Whether texts differ wherever values do that `_may_differ`."""
    return old == new and not pa.types.is_nested(old) and not pa.types.is_floating(old)


def _may_differ(old: pa.Array, new: pa.Array) -> Truths:
    """Where texts may differ; of values that do not compare, wherever there is one."""
    if pa.types.is_nested(old.type) or old.type != new.type:
        some: Truths = valid_of(old) | valid_of(new)
        return some
    if pa.types.is_floating(old.type):  # by their bits: −0 is another text than 0
        return _differ(old.view(pa.int64()), new.view(pa.int64()))
    return _differ(old, new)


def _differ(old: pa.Array, new: pa.Array) -> Truths:
    differs = pc.not_equal(old, new)
    if not differs.null_count:
        found: Truths = differs.to_numpy(zero_copy_only=False)
        return found
    known: Truths = pc.fill_null(differs, False).to_numpy(zero_copy_only=False)
    return known | (valid_of(old) != valid_of(new))
