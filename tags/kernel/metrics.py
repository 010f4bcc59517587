"""How well filled every tag column is, and how its values spread: one pass over the wide rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import pyarrow as pa

from language.binding import quoted
from language.local_sql import local_sql
from model.ddl_types import arrow_schema
from model.engines import Rows
from model.fixed_tables import TAG_METRICS
from model.local_engine import LocalEngine
from tags.night import BUSINESS_DATE, ONE_ID

_AT_ONCE = 100  # columns of one query
_DIGITS, _PLACES = 38, 9
_EXACT = f"decimal({_DIGITS}, {_PLACES})"


def tag_metrics_here(
    engine: LocalEngine, wide: Rows, schema: pa.Schema, business_date: date,
    failures: Mapping[str, str],
) -> pa.Table:
    """One row per tag column of a night's wide rows, as tags.tag_metrics has them: of those in
    `failures` with the reason why they could not be computed.

    Different values are counted approximately, as in the reference; means are taken over exact
    sums, so that they do not depend on the order of rows.
    """
    fields = [field for field in schema if field.name not in (BUSINESS_DATE, ONE_ID)]
    names = TAG_METRICS.column_names
    return pa.Table.from_pylist(
        [
            dict(zip(names, (business_date, *record, failures.get(str(record[0]))), strict=True))
            for start in range(0, len(fields), _AT_ONCE)
            for record in _records(engine, wide, fields[start : start + _AT_ONCE])
        ],
        arrow_schema(TAG_METRICS.schema),
    )


def _records(
    engine: LocalEngine, wide: Rows, fields: Sequence[pa.Field]
) -> Iterator[tuple[object, ...]]:
    asked = ", ".join(sql for n, field in enumerate(fields) for sql in _asked(n, field))
    row: dict[str, Any] = engine.one_row(
        "metrics", f"select count(*) as persons, {asked} from wide", wide=wide
    )
    for n, field in enumerate(fields):
        total, known = row[f"total_{n}"], row[f"known_{n}"]
        mean = None if total is None or not known else float(total) / known
        ends = (None if end is None else float(end) for end in (row[f"low_{n}"], row[f"high_{n}"]))
        yield field.name, row["persons"], row[f"filled_{n}"], row[f"different_{n}"], mean, *ends


def _asked(n: int, field: pa.Field) -> Iterator[str]:
    name, kind = local_sql(quoted(field.name)), field.type
    shown = f"cast({name} as varchar)" if pa.types.is_nested(kind) else name
    number = "cast(null as double)"
    if _is_exact(kind):
        number = name
    elif pa.types.is_decimal(kind) or pa.types.is_floating(kind):
        number = f"try_cast({name} as {_EXACT})"  # NaN and what is too large are none
    yield f"count({name}) as filled_{n}"
    yield f"approx_count_distinct({shown}) as different_{n}"
    yield f"sum({number}) as total_{n}"
    yield f"count({number}) as known_{n}"
    yield f"min({number}) as low_{n}"
    yield f"max({number}) as high_{n}"


def _is_exact(kind: pa.DataType) -> bool:
    """Whether all values of a type fit into _EXACT, so that they may be added as they are, in a
    third of the time."""
    if pa.types.is_decimal(kind):
        return bool(kind.scale <= _PLACES and kind.precision - kind.scale <= _DIGITS - _PLACES)
    return bool(pa.types.is_integer(kind))
