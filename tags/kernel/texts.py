"""Cells as text, spelt as Spark spells them: what changes and metrics show."""

from __future__ import annotations

import pyarrow as pa

from model.duckdb_words import MACRO_PREFIX
from model.local_engine import LocalEngine
from tags.kernel.values import whole

_SPELT_BY_ARROW = (
    pa.types.is_integer, pa.types.is_boolean, pa.types.is_date, pa.types.is_decimal,
    pa.types.is_string,
)  # fmt: skip


def texts_of(engine: LocalEngine, values: pa.Array) -> pa.Array:
    """Every value as text, lists and maps as JSON; null of null."""
    if any(test(values.type) for test in _SPELT_BY_ARROW):
        return values.cast(pa.string())
    sql = f"select {_text_sql('value', values.type)} as shown from these"
    found = engine.over("texts", sql, pa.table({"value": values}))
    return whole(found.column("shown"))


def _text_sql(value: str, kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        items = f"list_transform({value}, lambda v: {_json_sql('v', kind.value_type)})"
        return f"'[' || array_to_string({items}, ',') || ']'"
    if pa.types.is_map(kind):
        item = f"cast(to_json(e.key) as varchar) || ':' || {_json_sql('e.value', kind.item_type)}"
        items = f"list_transform(map_entries({value}), lambda e: {item})"
        return f"'{{' || array_to_string({items}, ',') || '}}'"
    return f"{MACRO_PREFIX}to_string({value})"


def _json_sql(value: str, kind: pa.DataType) -> str:
    """A value within JSON: texts and times in quotes, numbers and truths bare."""
    text = f"{MACRO_PREFIX}to_string({value})"
    is_bare = pa.types.is_integer(kind) or pa.types.is_decimal(kind) or pa.types.is_boolean(kind)
    if is_bare:
        return text
    if pa.types.is_floating(kind):
        return f"case when isfinite({value}) then {text} else '\"' || {text} || '\"' end"
    if pa.types.is_timestamp(kind):
        return f"'\"' || strftime(timezone('UTC', {value}), '%Y-%m-%dT%H:%M:%S.%gZ') || '\"'"
    return f"cast(to_json({text}) as varchar)"
