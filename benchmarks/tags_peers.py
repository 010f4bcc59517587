"""Peers of the tag engine over the same file of rows: DuckDB, Polars, Spark with a query a tag."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from benchmarks.tags_data import TODAY, Wish

# Distinct counts of DuckDB hold a table each for every person: fewer of them at a time.
SIMPLE_AT_ONCE, MIXED_AT_ONCE = 200, 50
PERSON = "one_id"


def by_duckdb(rows: Path, out: Path, columns: Sequence[Wish], at_once: int) -> list[Path]:
    """Files of the columns by person, so many columns of a query."""
    files = []
    with duckdb.connect() as connection:
        connection.execute("set preserve_insertion_order = false")
        for start in range(0, len(columns), at_once):
            listed = ", ".join(case_sql(wish) for wish in columns[start : start + at_once])
            files.append(out / f"{start}.parquet")
            connection.execute(
                f"copy (select {PERSON}, {listed} from '{rows}' group by {PERSON}) "
                f"to '{files[-1]}' (format parquet)"
            )
    return files


def case_sql(wish: Wish, today: date = TODAY) -> str:
    """The column in CASE form, which DuckDB is several times faster with than with FILTER."""
    first = f"day > date '{today}' - {wish.days}"
    kept = " and ".join([first, *wish.conditions])
    value = f"case when {kept} then {wish.value or 1} end"
    sql = {
        "count": f"nullif(count({value}), 0)", "sum": f"sum({value})", "max": f"max({value})",
        "last": f"arg_max({value}, occurred_at)",  # by time alone, which is less than ours
        "days_since_last": f"date '{today}' - max(case when {kept} then day end)",
        "distinct": f"nullif(count(distinct {value}), 0)",
        "days": f"nullif(count(distinct case when {kept} then day end), 0)",
        "top": f"mode({value})",
    }  # fmt: skip
    return f"{sql[wish.function]} as {wish.column}"


def by_polars(rows: Path, out: Path, columns: Sequence[Wish]) -> list[Path]:
    """One file of all columns by person."""
    file = out / "polars.parquet"
    lazy = pl.scan_parquet(rows).group_by(PERSON).agg([_expression(wish) for wish in columns])
    lazy.sink_parquet(file, engine="streaming")
    return [file]


def _expression(wish: Wish) -> pl.Expr:
    kept = pl.col("day") > pl.lit(TODAY) - pl.duration(days=wish.days)
    if wish.name:
        kept &= pl.col("name") == wish.name
    if wish.channel:
        kept &= pl.col("channel") == wish.channel
    value = pl.col(wish.value or "day").filter(kept)
    made: dict[str, Callable[[], pl.Expr]] = {
        "count": lambda: kept.cast(pl.Int64).sum(),
        "sum": lambda: pl.when(kept).then(pl.col(wish.value)).sum(),
        "max": lambda: pl.when(kept).then(pl.col(wish.value)).max(),
        "last": value.last,  # the rows are in order of time
        "days_since_last": lambda: pl.when(kept).then(pl.col("day")).max(),
        "distinct": value.n_unique, "days": value.n_unique,
        "top": lambda: value.mode().first(),
    }  # fmt: skip
    return made[wish.function]().alias(wish.column)


def one_query_a_tag(
    spark: SparkSession, rows: Path, out: Path, columns: Sequence[Wish]
) -> list[Path]:
    """What is written without a plan: a group by and a join for every column."""
    events = spark.read.parquet(str(rows))
    wide: DataFrame = events.select(PERSON).distinct()
    for wish in columns:
        kept = " and ".join([f"day > date_sub(date '{TODAY}', {wish.days})", *wish.conditions])
        aggregate = {
            "count": F.count(F.lit(1)), "sum": F.sum("amount"), "max": F.max("amount"),
            "last": F.max_by(wish.value or "day", F.struct("day", "occurred_at", "event_id")),
            "days_since_last": F.datediff(F.lit(TODAY), F.max("day")),
        }[wish.function].alias(wish.column)  # fmt: skip
        one = events.where(kept).groupBy(PERSON).agg(aggregate)
        wide = wide.join(one, on=PERSON, how="left")
    wide.write.parquet(str(out / "spark"))
    return sorted((out / "spark").glob("part-*.parquet"))
