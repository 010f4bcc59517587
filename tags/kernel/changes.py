"""What changed from one night's wide table to the next, column by column."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from model.ddl_types import arrow_schema
from model.fixed_tables import CUSTOMER_TAG_CHANGES
from model.local_engine import LocalEngine
from tags.kernel.texts import texts_of
from tags.kernel.values import Integers, Truths
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
    places = _places(previous, ids), _places(current, ids)
    schema = arrow_schema(CUSTOMER_TAG_CHANGES.schema)
    found = [schema.empty_table()]
    for name in names:
        old, new = (
            _aligned(table, name, place)
            for table, place in zip((previous, current), places, strict=True)
        )
        for part in _changed(engine, ids, old, new):
            same = {BUSINESS_DATE: business_date, "tag": name}
            columns = {n: pa.array([v] * len(part["ids"])) for n, v in same.items()}
            columns |= {ONE_ID: part["ids"], "old_value": part["old"], "new_value": part["new"]}
            found.append(pa.table(columns).select(schema.names).cast(schema))
    return pa.concat_tables(found)


def _ids(table: pa.Table) -> Integers:
    found: Integers = table.column(ONE_ID).to_numpy()
    return found


def _places(table: pa.Table, ids: Integers) -> pa.Array:
    """Where each person stands in a table; null of those who do not."""
    own = _ids(table)
    order = np.argsort(own, kind="stable")
    at = np.searchsorted(own, ids, sorter=order)
    at = order[np.minimum(at, len(order) - 1)] if len(order) else np.zeros(len(ids), np.int64)
    missing = own[at] != ids if len(order) else np.ones(len(ids), bool)
    return pa.array(at, mask=missing)


def _aligned(table: pa.Table, name: str, places: pa.Array) -> pa.Array | None:
    if name not in table.column_names:
        return None
    return table.column(name).combine_chunks().take(places)


def _changed(
    engine: LocalEngine, ids: Integers, old: pa.Array | None, new: pa.Array | None
) -> Iterator[dict[str, pa.Array]]:
    """The rows of one column: those whose texts differ, of those that may."""
    one = old if old is not None else new
    assert one is not None  # a column that neither night has is no column
    sides = [pa.nulls(len(ids), one.type) if side is None else side for side in (old, new)]
    kept = pa.array(np.flatnonzero(_may_differ(*sides)))
    texts = [texts_of(engine, side.take(kept)) for side in sides]
    differs = _differ(*texts)
    if differs.any():
        is_kept = pa.array(differs)
        told = pa.array(ids).take(kept)
        yield {"ids": told.filter(is_kept), "old": texts[0].filter(is_kept),
               "new": texts[1].filter(is_kept)}  # fmt: skip


def _may_differ(old: pa.Array, new: pa.Array) -> Truths:
    """Where texts may differ; of values that do not compare, wherever there is one."""
    if pa.types.is_nested(old.type) or old.type != new.type:
        some: Truths = ~(_missing(old) & _missing(new))
        return some
    if pa.types.is_floating(old.type):  # by their bits: −0 is another text than 0
        return _differ(old.view(pa.int64()), new.view(pa.int64()))
    return _differ(old, new)


def _differ(old: pa.Array, new: pa.Array) -> Truths:
    differs: Truths = pc.fill_null(pc.not_equal(old, new), False).to_numpy(zero_copy_only=False)
    return differs | (_missing(old) != _missing(new))


def _missing(values: pa.Array) -> Truths:
    found: Truths = values.is_null().to_numpy(zero_copy_only=False)
    return found
