"""Groups the rows of one table by person: all cells of a planned grouping in one aggregation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from language.aggregates import Aggregate, render_aggregate
from language.binding import quoted
from language.types import SPARK_TYPES
from tags.night import ONE_ID, Night
from tags.plans import Cell, Grouping

_KEY, _VALUE = "_key", "_value"
# Nine decimals below, nineteen digits above the point: sums of numbers come out the same in any
# order of rows, which sums of doubles do not.
_EXACT = "decimal(28,9)"
_COUNTING = frozenset({"count", "distinct", "days"})


def group_rows(rows: DataFrame, grouping: Grouping, night: Night) -> DataFrame:
    """One row per person with rows in reach of a window, one column per cell; unique by one_id."""
    wheres = dict.fromkeys(cell.where for cell in grouping.cells)
    filters = {sql: f"_f{n}" for n, sql in enumerate(wheres)}
    flags = [F.expr(night.bind(sql)).alias(name) for sql, name in filters.items() if sql]
    keys = _keys(grouping, night)
    reach = night.reach([cell.window for cell in grouping.cells])
    flagged = rows.where(f"{quoted(ONE_ID)} IS NOT NULL AND {reach}").select(
        ONE_ID, *_columns_read(grouping), *flags, *keys.values()
    )
    for key in keys:
        flagged = flagged.where(F.col(key).isNotNull())
    kept = {
        cell.column.name: _kept_sql(cell, filters[cell.where], night) for cell in grouping.cells
    }
    group = _counted if grouping.counted else _aggregated
    grouped = group(flagged, grouping, kept, night)
    return _as_maps(grouped, grouping.cells) if grouping.by else grouped


def _keys(grouping: Grouping, night: Night) -> Mapping[str, Column]:
    keys = {_KEY: grouping.by, _VALUE: grouping.counted}
    return {name: F.expr(night.bind(sql)).alias(name) for name, sql in keys.items() if sql}


def _columns_read(grouping: Grouping) -> list[str]:
    """The table's own columns the aggregates need, sorted; `day` is always among them."""
    read = {"day"}
    for cell in grouping.cells:
        read |= cell.aggregate.columns
        if cell.aggregate.needs_order:
            read |= set(grouping.table.order)
    return sorted(read)


def _kept_sql(cell: Cell, flag: str, night: Night) -> str:
    """The rows a cell takes: its filter's flag, computed once for all its windows, and its days."""
    within = night.within(cell.window)
    return f"{flag} AND {within}" if cell.where else within


def _group_keys(grouping: Grouping) -> list[str]:
    return [ONE_ID, _KEY] if grouping.by else [ONE_ID]


def _aggregated(
    rows: DataFrame, grouping: Grouping, kept: Mapping[str, str], night: Night
) -> DataFrame:
    order = f"struct({', '.join(map(quoted, grouping.table.order))})"
    aggregates = [
        _or_missing(cell, F.expr(night.bind(
            _aggregate_sql(cell.aggregate, kept[cell.column.name], order)
        ))).alias(cell.column.name)
        for cell in grouping.cells
    ]  # fmt: skip
    return rows.groupBy(*_group_keys(grouping)).agg(*aggregates)


def _counted(
    rows: DataFrame, grouping: Grouping, kept: Mapping[str, str], night: Night
) -> DataFrame:
    """Different values in two steps: does a value occur among a cell's rows; how many do."""
    keys, names = _group_keys(grouping), list(kept)
    occurs = [F.expr(f"bool_or({kept[name]})").alias(name) for name in names]
    counts = [F.nullif(F.count_if(F.col(name)), F.lit(0)).alias(name) for name in names]
    return rows.groupBy(*keys, _VALUE).agg(*occurs).groupBy(*keys).agg(*counts)


def _or_missing(cell: Cell, value: Column) -> Column:
    """None of something is no value: the tag's `absent` says what stands there, whatever other
    rows the grouping has."""
    return F.nullif(value, F.lit(0)) if cell.aggregate.function in _COUNTING else value


def _aggregate_sql(aggregate: Aggregate, kept: str, order: str) -> str:
    if aggregate.function in ("sum", "avg"):
        return _exact_sql(aggregate, kept)
    return render_aggregate(aggregate, order, kept)


def _exact_sql(aggregate: Aggregate, kept: str) -> str:
    """The sum or the mean of the rows kept, exact: decimals are added, never doubles."""
    argument = aggregate.argument.sql if aggregate.argument else "1"
    kind = aggregate.argument.type if aggregate.argument else "integer"
    exact = f"try_cast({argument} AS {_EXACT})" if kind in ("number", "percent") else argument
    total = f"try_sum({exact}) FILTER (WHERE {kept})"
    if aggregate.function == "sum":
        return f"try_cast({total} AS {SPARK_TYPES[aggregate.type]})"
    # A row whose number does not fit is in neither the sum nor the count.
    count = f"count({exact}) FILTER (WHERE {kept})"
    return f"try_divide(CAST({total} AS double), CAST({count} AS double))"


def _as_maps(grouped: DataFrame, cells: Sequence[Cell]) -> DataFrame:
    """One row per person, each cell a map; a key without rows of the cell is not in its map.

    Rows whose key is missing are in no map.
    """
    return grouped.groupBy(ONE_ID).agg(*(_as_map(cell) for cell in cells))


def _as_map(cell: Cell) -> Column:
    name = quoted(cell.column.name)
    has_rows = f"{name} IS NOT NULL"
    # Sorted by key, so that the map does not depend on the order of rows.
    entries = f"array_sort(collect_list(struct({_KEY}, {name})) FILTER (WHERE {has_rows}))"
    return F.expr(
        f"CASE WHEN count_if({has_rows}) > 0 THEN map_from_entries({entries}) END"
    ).alias(cell.column.name)
