"""How persons spread over the values of each tag, with groups too small to show left blank."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import chain
from typing import Protocol

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from model.fixed_tables import DISTRIBUTIONS

BUCKETS = 12
OTHER = "(other)"
_NUMBERS = ("integer", "number", "money", "percent")
_CODES = ("enum", "bool", "text")
_BOOLEANS = ("true", "false")
_HIGH_PERCENTILE = 95
_DECIMAL = "decimal(28,6)"
# Numbers are first counted by their leading digits, so that one pass over the wide table meets a
# bounded number of cells per column; every bucket edge lies between two cells.
_LEADING_DIGITS = 4


class TagColumn(Protocol):
    """What is needed of a row of the tag catalogue."""

    @property
    def column_name(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def value_titles(self) -> Mapping[str, str] | None: ...
    @property
    def pii(self) -> str: ...


def distributions(
    wide: DataFrame, catalog: Sequence[TagColumn], k: int, business_date: date
) -> DataFrame:
    """Persons by value of every enum, bool, text and numeric tag column of the wide table.

    Grain: (business_date, column_name, bucket_no). Numbers fall into at most twelve equal buckets
    whose lower edges are round; the last one is open above. Texts show their eleven commonest
    values, the rest is `(other)`. `person_count` is null below `k`, and for one bucket more where
    the total would give a small group away. High-pii columns, dates, lists and maps are left out.
    Cost: one pass over the wide table, whatever the number of columns, and one shuffle of counts.
    """
    shown = [
        tag for tag in catalog
        if tag.pii != "high" and tag.type in _NUMBERS + _CODES and tag.column_name in wide.columns
    ]  # fmt: skip
    numbers = [tag for tag in shown if tag.type in _NUMBERS]
    return (
        _cells(wide, shown)
        .transform(_with_ranges, numbers)
        .transform(_buckets, shown, k)
        .transform(_without_small_groups, k)
        .select(F.lit(business_date).alias("business_date"), *DISTRIBUTIONS.column_names[1:])
    )


def _cells(wide: DataFrame, shown: Sequence[TagColumn]) -> DataFrame:
    """Persons by (column_name, cell): a code as it is, a number by its leading digits."""
    # unpivot needs a column at least; the placeholder has no cell and vanishes.
    nothing = F.lit(None).cast("string").alias("(none)")
    cells = [
        (_number_cell(F.col(tag.column_name)) if tag.type in _NUMBERS else F.col(tag.column_name))
        .cast("string")
        .alias(tag.column_name)
        for tag in shown
    ]
    return (
        wide.select(nothing, *cells)
        .unpivot([], ["(none)", *(tag.column_name for tag in shown)], "column_name", "cell")
        .where(F.col("cell").isNotNull())
        .groupBy("column_name", "cell")
        .agg(F.count(F.lit(1)).alias("cell_count"))
    )


def _number_cell(number: Column) -> Column:
    """The number rounded down to its leading digits: exact decimals, since edges must be exact."""
    value = number.try_cast(_DECIMAL)
    return value - F.pmod(value, _cell_width(value))


def _cell_width(value: Column) -> Column:
    exponent = F.floor(F.log10(F.abs(value.cast("double")))) - (_LEADING_DIGITS - 1)
    return F.pow(F.lit(10.0), F.greatest(exponent, F.lit(-6))).cast(_DECIMAL)


def _with_ranges(cells: DataFrame, numbers: Sequence[TagColumn]) -> DataFrame:
    """Adds `value` of a number's cell, `low` and `high` of its column, and the buckets' `step`."""
    whole = [tag.column_name for tag in numbers if tag.type == "integer"]
    column = Window.partitionBy("column_name")
    upwards = column.orderBy("value", "cell").rowsBetween(Window.unboundedPreceding, 0)
    is_high = F.col("running") * 100 >= F.sum("cell_count").over(column) * _HIGH_PERCENTILE
    value = F.when(_is_one_of(numbers), F.col("cell").try_cast(_DECIMAL))
    percentile = F.min(F.when(is_high, F.col("value"))).over(column)
    # Nearly all persons on one value: the few others still deserve their spread.
    high = F.when(percentile > F.col("low"), percentile).otherwise(F.max("value").over(column))
    return (
        cells.withColumn("value", value)
        .withColumn("running", F.sum("cell_count").over(upwards))
        .withColumn("low", F.min("value").over(column))
        .withColumn("high", high)
        .withColumn("step", _step(F.col("low"), F.col("high"), F.col("column_name").isin(whole)))
    )


def _step(low: Column, high: Column, is_whole: Column) -> Column:
    """1, 2 or 5 times a power of ten, such that twelve steps reach from `low` to `high`."""
    finest = F.greatest(_cell_width(low), _cell_width(high)).cast("double")
    span = (high - low).cast("double") / (BUCKETS - 1)
    least = F.greatest(span, finest, F.when(is_whole, 1.0).otherwise(1e-6))
    power = F.pow(F.lit(10.0), F.floor(F.log10(least)))
    factor = least / power
    nice = F.when(factor <= 1, 1).when(factor <= 2, 2).when(factor <= 5, 5).otherwise(10)  # noqa: PLR2004
    return (power * nice).cast(_DECIMAL)


def _buckets(cells: DataFrame, shown: Sequence[TagColumn], k: int) -> DataFrame:
    """Persons by (column_name, bucket_no, bucket)."""
    numbers = [tag for tag in shown if tag.type in _NUMBERS]
    is_number = _is_one_of(numbers)
    column = Window.partitionBy("column_name")
    rank = F.row_number().over(column.orderBy(F.desc("cell_count"), "cell"))
    declared = _declared_position(shown)
    is_shown = (F.col("rank") < BUCKETS) & (F.col("cell_count") >= k)
    first = F.col("low") - F.pmod("low", "step")
    steps = F.round((F.col("value") - F.pmod("value", "step") - first) / F.col("step"))
    number_no = F.least(steps.cast("int"), F.lit(BUCKETS - 1))
    # Declared codes in their own order, then others by size, then what is too small to name.
    code_order = F.coalesce(declared, F.when(is_shown, 10_000 + F.col("rank")), F.lit(1_000_000))
    code = F.when(declared.isNotNull() | is_shown, F.col("cell")).otherwise(OTHER)
    edge = _edge(first + F.col("order") * F.col("step"))
    return (
        cells.withColumn("rank", rank)
        .withColumn("order", F.when(is_number, number_no).otherwise(code_order))
        .withColumn("bucket", F.when(is_number, edge).otherwise(code))
        .withColumn("dense", F.dense_rank().over(column.orderBy("order")).cast("int") - 1)
        .withColumn("bucket_no", F.when(is_number, F.col("order")).otherwise(F.col("dense")))
        .groupBy("column_name", "bucket_no", "bucket")
        .agg(F.sum("cell_count").alias("exact_count"))
    )


def _edge(number: Column) -> Column:
    """A bucket's lower edge as text, without trailing zeros."""
    return F.regexp_replace(number.cast(_DECIMAL).cast("string"), r"\.?0+$", "")


def _declared_position(shown: Sequence[TagColumn]) -> Column:
    """The place of (column_name, cell) among the codes its tag declares; null for any other."""
    places = {
        f"{tag.column_name}={code}": place
        for tag in shown
        if tag.type not in _NUMBERS
        for place, code in enumerate(_declared_codes(tag))
    }
    if not places:
        return F.lit(None).cast("int")
    pairs = F.create_map(*(F.lit(part) for part in chain.from_iterable(places.items())))
    return F.try_element_at(pairs, F.concat_ws("=", "column_name", "cell"))


def _declared_codes(tag: TagColumn) -> Sequence[str]:
    return tuple(tag.value_titles or ()) or (_BOOLEANS if tag.type == "bool" else ())


def _without_small_groups(buckets: DataFrame, k: int) -> DataFrame:
    """`person_count`, null for groups below `k`, and for the next larger one where their sum is.

    Otherwise the persons with a value, which are shown too, less the visible groups would tell it.
    """
    column = Window.partitionBy("column_name")
    count = F.col("exact_count")
    small = F.when(count < k, count)
    place = F.row_number().over(column.orderBy("exact_count", "bucket_no"))
    gives_away = F.coalesce(F.sum(small).over(column), F.lit(0)).between(1, k - 1)
    is_next = gives_away & (place == F.count(small).over(column) + 1)
    return buckets.withColumn("person_count", F.when((count >= k) & ~is_next, count))


def _is_one_of(tags: Sequence[TagColumn]) -> Column:
    return F.col("column_name").isin([tag.column_name for tag in tags])
