"""How well filled every tag column is, and how its values spread."""

from __future__ import annotations

import math
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from model.engines import Engine
from tags.kernel.texts import texts_of
from tags.kernel.values import scaled
from tags.night import BUSINESS_DATE, ONE_ID

Spread = tuple[float | None, float | None, float | None]


def tag_metrics_here(
    engine: Engine, wide: pa.Table, business_date: date
) -> list[tuple[object, ...]]:
    """One record per tag column of a night's wide table, as tags.tag_metrics has them.

    Means are taken over exact sums, so that they do not depend on the order of rows.
    """
    return [
        (business_date, name, len(wide), len(wide) - column.null_count,
         _distinct(engine, column.combine_chunks()), *_spread(column.combine_chunks()))
        for name, column in zip(wide.column_names, wide.columns, strict=True)
        if name not in (BUSINESS_DATE, ONE_ID)
    ]  # fmt: skip


def _distinct(engine: Engine, values: pa.Array) -> int:
    shown = texts_of(engine, values) if pa.types.is_nested(values.type) else values
    return int(pc.count_distinct(shown).as_py())


def _spread(values: pa.Array) -> Spread:
    """Mean, smallest and largest of the numbers that are some."""
    known = values.drop_null()
    if pa.types.is_floating(known.type):
        known = known.filter(pc.is_finite(known))
    elif not (pa.types.is_decimal(known.type) or pa.types.is_integer(known.type)):
        return None, None, None
    if not len(known):
        return None, None, None
    ends = pc.min_max(known)
    return _total(known) / len(known), float(ends["min"].as_py()), float(ends["max"].as_py())


def _total(known: pa.Array) -> float:
    if pa.types.is_floating(known.type):
        return math.fsum(known.to_numpy(zero_copy_only=False))
    if pa.types.is_decimal(known.type):
        return int(scaled(known).sum(dtype=object)) / 10**known.type.scale
    return float(pc.sum(known.cast(pa.decimal128(38, 0))).as_py())
