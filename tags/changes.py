"""What changed from one night's wide table to the next, in long form."""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from model.fixed_tables import CUSTOMER_TAG_CHANGES
from tags.night import BUSINESS_DATE, ONE_ID

_OLD, _NEW = "_old", "_new"


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
    pairs = [
        F.struct(
            F.lit(name).alias("tag"),
            F.get(F.col(_OLD), F.lit(n)).alias("old_value"),
            F.get(F.col(_NEW), F.lit(n)).alias("new_value"),
        )
        for n, name in enumerate(names)
    ]
    changed = F.filter(F.array(*pairs), _differs) if pairs else F.array()
    rows = both.select(ONE_ID, F.explode(changed).alias("change"))
    dated = rows.select(F.lit(business_date).alias(BUSINESS_DATE), ONE_ID, "change.*")
    return dated.select(*CUSTOMER_TAG_CHANGES.column_names)


def _differs(pair: Column) -> Column:
    return ~pair["old_value"].eqNullSafe(pair["new_value"])


def _texts(frame: DataFrame, names: list[str], alias: str) -> DataFrame:
    """One array of texts per person, in the order of `names`."""
    types = dict(frame.dtypes)
    texts = [_text(name, types[name]) if name in types else F.lit(None).cast("string")
             for name in names]
    return frame.select(ONE_ID, F.array(*texts).alias(alias))


def _text(name: str, spark_type: str) -> Column:
    is_nested = spark_type.startswith(("array", "map", "struct"))
    return F.to_json(F.col(name)) if is_nested else F.col(name).cast("string")
