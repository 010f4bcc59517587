"""How many persons have another value under another definition: the reference in Spark."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import NamedTuple

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from language.binding import quoted
from tags.changes import tag_changes
from tags.night import ONE_ID

_CHANGED, _APPEARED, _GONE = "changed", "appeared", "gone"


class Counted(NamedTuple):
    """Small frames of counts: `columns` (tag: the column, changed, appeared, gone), those without a
    difference missing; `tags` (owner, persons), a row without owner for all; `spreads` (column,
    value, is_after, persons)."""

    columns: DataFrame
    tags: DataFrame
    spreads: DataFrame


def counted_differences(
    old: DataFrame, new: DataFrame, owners: Mapping[str, str], coded: Collection[str],
    business_date: date,
) -> Counted:  # fmt: skip
    """Between two wide tables with the columns of `owners` (column to tag), some of them perhaps in
    one of the two only; `coded` are those whose values are spread out."""
    changes = tag_changes(old, new, business_date)
    pairs = [F.lit(word) for pair in owners.items() for word in pair]
    owned = changes.withColumn("owner", F.create_map(*pairs)[F.col("tag")])
    before, after = F.col("old_value").isNull(), F.col("new_value").isNull()
    columns = changes.groupBy("tag").agg(
        F.count_if(~before & ~after).alias(_CHANGED), F.count_if(before).alias(_APPEARED),
        F.count_if(after).alias(_GONE),
    )  # fmt: skip
    tags = owned.rollup("owner").agg(F.count_distinct(ONE_ID).alias("persons"))
    spreads = _spread(old, coded, False).unionByName(_spread(new, coded, True))
    return Counted(columns, tags, spreads)


def _spread(wide: DataFrame, coded: Collection[str], is_after: bool) -> DataFrame:
    """Persons by column and value; of a column that a table does not have, none has a value."""
    cells: list[Column] = [
        F.struct(F.lit(name).alias("column"), F.expr(_value(wide, name)).alias("value"))
        for name in sorted(coded)
    ]
    none = "CAST(array() AS array<struct<column: string, value: string>>)"
    long = wide.select(F.inline(F.array(*cells) if cells else F.expr(none)))
    counted = long.groupBy("column", "value").agg(F.count(F.lit(1)).alias("persons"))
    return counted.withColumn("is_after", F.lit(is_after))


def _value(wide: DataFrame, name: str) -> str:
    return f"CAST({quoted(name) if name in wide.columns else 'NULL'} AS string)"
