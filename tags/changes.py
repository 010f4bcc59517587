"""What changed from one night's wide table to the next, in long form."""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from language.binding import quoted
from model.fixed_tables import CUSTOMER_TAG_CHANGES
from tags.night import BUSINESS_DATE, ONE_ID

_OLD, _NEW = "_old_", "_new_"


def tag_changes(previous: DataFrame, current: DataFrame, business_date: date) -> DataFrame:
    """One row per person and column whose value differs from the night before, values as text.

    A column only one night has is null on the other, and so are all of a person only one night
    has. Key: (one_id, tag). Lists and maps are shown as JSON.
    """
    names = sorted((set(previous.columns) | set(current.columns)) - {BUSINESS_DATE, ONE_ID})
    # Both sides are unique by one_id.
    both = _texts(previous, names, _OLD).join(
        _texts(current, names, _NEW), on=ONE_ID, how="full"
    )
    triples = [f"'{name}', {quoted(_OLD + name)}, {quoted(_NEW + name)}" for name in names]
    rows = both.selectExpr(
        ONE_ID, f"stack({len(names)}, {', '.join(triples)}) AS (tag, old_value, new_value)"
    )
    changed = rows.where("NOT (old_value <=> new_value)")
    dated = changed.select(F.lit(business_date).alias(BUSINESS_DATE), "*")
    return dated.select(*CUSTOMER_TAG_CHANGES.column_names)


def _texts(frame: DataFrame, names: list[str], prefix: str) -> DataFrame:
    """Every column as text under its prefixed name; null where the frame has none."""
    types = dict(frame.dtypes)
    texts = [_text(name, types[name]) if name in types else F.lit(None).cast("string")
             for name in names]
    named = (text.alias(f"{prefix}{name}") for text, name in zip(texts, names, strict=True))
    return frame.select(ONE_ID, *named)


def _text(name: str, spark_type: str) -> Column:
    is_nested = spark_type.startswith(("array", "map", "struct"))
    return F.to_json(F.col(name)) if is_nested else F.col(name).cast("string")
