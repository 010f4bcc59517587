"""Groups the rows of one table by person: all cells of a planned grouping in one aggregation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from language.binding import quoted
from tags.measure_sql import counted_sql, entries_sql, measured_sql
from tags.night import ONE_ID, Night
from tags.plans import Cell, Grouping

_KEY, _VALUE = "_key", "_value"
_COUNTING = frozenset({"count", "distinct", "days"})


def group_rows(rows: DataFrame, grouping: Grouping, night: Night) -> DataFrame:
    """One row per person with rows in reach of a window, one column per cell; unique by one_id."""
    wheres = dict.fromkeys(cell.where for cell in grouping.cells)
    numbers = {sql: n for n, sql in enumerate(wheres)}
    flags = [F.expr(night.bind(sql)).alias(f"_f{n}") for sql, n in numbers.items() if sql]
    keys = _keys(grouping, night)
    reach = night.reach([cell.window for cell in grouping.cells])
    flagged = rows.where(f"{quoted(ONE_ID)} IS NOT NULL AND {reach}").select(
        ONE_ID, *_columns_read(grouping), *flags, *keys.values()
    )
    if grouping.is_newest:
        flagged = flagged.select("*", *_places(grouping, numbers))
    # Only now: a row without a key or a value is still one of the newest rows.
    for key in keys:
        flagged = flagged.where(F.col(key).isNotNull())
    kept = {
        cell.column.name: _kept_sql(cell, numbers[cell.where], night) for cell in grouping.cells
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
        if grouping.is_newest or cell.aggregate.needs_order:
            read |= set(grouping.table.order)
    return sorted(read)


def _places(grouping: Grouping, numbers: Mapping[str, int]) -> list[Column]:
    """For each filter, how many of a person's rows that pass it are as new as a row or newer.

    One sort serves all filters.
    """
    newest_first = ", ".join(f"{quoted(name)} DESC" for name in grouping.table.order)
    over = (
        f"OVER (PARTITION BY {ONE_ID} ORDER BY {newest_first} "
        "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)"
    )
    return [
        F.expr(f"count_if({f'_f{n}' if sql else 'true'}) {over}").alias(f"_n{n}")
        for sql, n in numbers.items()
    ]


def _kept_sql(cell: Cell, number: int, night: Night) -> str:
    """The rows a cell takes: its filter's flag, computed once for all its windows, and its days or
    their place among the newest."""
    window = cell.window
    within = f"_n{number} <= {window.rows}" if window.rows else night.within(window)
    return f"_f{number} AND {within}" if cell.where else within


def _group_keys(grouping: Grouping) -> list[str]:
    return [ONE_ID, _KEY] if grouping.by else [ONE_ID]


def _aggregated(
    rows: DataFrame, grouping: Grouping, kept: Mapping[str, str], night: Night
) -> DataFrame:
    order = f"struct({', '.join(map(quoted, grouping.table.order))})"
    aggregates = [
        _or_missing(cell, F.expr(night.bind(
            measured_sql(cell.aggregate, kept[cell.column.name], order)
        ))).alias(cell.column.name)
        for cell in grouping.cells
    ]  # fmt: skip
    return rows.groupBy(*_group_keys(grouping)).agg(*aggregates)


def _counted(
    rows: DataFrame, grouping: Grouping, kept: Mapping[str, str], night: Night
) -> DataFrame:
    """Different values in two steps: how often a value occurs among a cell's rows; what follows."""
    keys = _group_keys(grouping)
    occurs = [F.expr(f"count_if({sql})").alias(name) for name, sql in kept.items()]
    results = [
        _or_missing(cell, F.expr(
            counted_sql(cell.aggregate, _VALUE, quoted(cell.column.name))
        )).alias(cell.column.name)
        for cell in grouping.cells
    ]  # fmt: skip
    return rows.groupBy(*keys, _VALUE).agg(*occurs).groupBy(*keys).agg(*results)


def _or_missing(cell: Cell, value: Column) -> Column:
    """None of something is no value: the tag's `absent` says what stands there, whatever other
    rows the grouping has."""
    return F.nullif(value, F.lit(0)) if cell.aggregate.function in _COUNTING else value


def _as_maps(grouped: DataFrame, cells: Sequence[Cell]) -> DataFrame:
    """One row per person, each cell a map; a key without rows of the cell is not in its map.

    Rows whose key is missing are in no map.
    """
    return grouped.groupBy(ONE_ID).agg(*(_as_map(cell) for cell in cells))


def _as_map(cell: Cell) -> Column:
    name = quoted(cell.column.name)
    entries = entries_sql(_KEY, name, f"{name} IS NOT NULL")
    return F.expr(entries).alias(cell.column.name)
