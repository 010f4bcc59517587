"""Funnels: how far every person came through steps that follow each other in time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from language.binding import TIME_ZONE, quoted, text_literal
from tags.definitions import SourceTable
from tags.night import DAY, ONE_ID, Night
from tags.rule_plans import Funnel, Step

_MOMENT, _KEPT, _BEST = "_moment", "_kept", "_best"
_MICROS = 1_000_000
_PER_HOUR = 3_600 * _MICROS


def walk_funnels(
    sources: Mapping[str, DataFrame], funnels: Sequence[Funnel], night: Night
) -> DataFrame:
    """One row per person with a row of any step, the columns of every funnel; unique by one_id.

    Every table is read once and the rows go to their persons once, whatever the number of funnels;
    each funnel sorts them there.
    """
    steps = dict.fromkeys(step for funnel in funnels for step in funnel.steps)
    flags = {step: f"_s{n}" for n, step in enumerate(steps)}
    tables = dict.fromkeys(step.table for step in steps)
    rows = reduce(
        DataFrame.unionByName,
        (_marked(sources[table.name], table, funnels, flags, night) for table in tables),
    )
    walked = reduce(
        lambda frame, n: _walked(frame, n, funnels[n], flags, night), range(len(funnels)), rows
    )
    best = walked.groupBy(ONE_ID).agg(*(_furthest(n) for n in range(len(funnels))))
    given = (c for n, funnel in enumerate(funnels) for c in _given(f"{_BEST}{n}", funnel))
    return best.select(ONE_ID, *given)


def _marked(
    rows: DataFrame, table: SourceTable, funnels: Sequence[Funnel], flags: Mapping[Step, str],
    night: Night,
) -> DataFrame:  # fmt: skip
    """The rows of one table that are some step of somebody: when, and of which steps."""
    windows = [f.window for f in funnels if any(step.table == table for step in f.steps)]
    reached = rows.where(f"{quoted(ONE_ID)} IS NOT NULL AND {night.reach(windows)}")
    columns = [
        F.expr(night.bind(step.where) or "true").alias(name) if step.table == table
        else F.lit(False).alias(name)
        for step, name in flags.items()
    ]
    moment = F.expr(night.bind(_moment_sql(table))).alias(_MOMENT)
    own = [name for step, name in flags.items() if step.table == table]
    return reached.select(ONE_ID, DAY, moment, *columns).where(" OR ".join(own))


def _moment_sql(table: SourceTable) -> str:
    """Microseconds of a row's time; of the beginning of its day where it has none."""
    start = f"to_utc_timestamp(CAST({quoted(DAY)} AS timestamp), {TIME_ZONE})"
    if table.time is None or table.columns[table.time] == "date":
        return f"unix_micros({start})"
    return f"unix_micros(coalesce({quoted(table.time)}, {start}))"


def _walked(
    rows: DataFrame, number: int, funnel: Funnel, flags: Mapping[Step, str], night: Night
) -> DataFrame:
    """The rows with, at every start, the moments of the steps it reached in time.

    Backwards from the last step: a row of step k continues with what the nearest later row of step
    k + 1 continues with. Read from the end of time, so that the frame of the window only grows.
    """
    names = [flags[step] for step in funnel.steps]
    within = night.within(funnel.window)
    from_the_end = [F.desc(_MOMENT), *(F.asc(name) for name in names)]
    later = (
        Window.partitionBy(ONE_ID).orderBy(*from_the_end).rowsBetween(Window.unboundedPreceding, -1)
    )
    kept = rows.columns
    rest: Column = F.array().cast("array<bigint>")
    for name in reversed(names):
        own = F.when(F.expr(f"{name} AND {within}"), F.concat(F.array(_MOMENT), rest))
        rows = rows.select(*kept, own.alias("_path"))
        rest = F.coalesce(
            F.last("_path", ignorenulls=True).over(later), F.array().cast("array<bigint>")
        )
    in_time = F.expr(f"filter(_path, m -> m - _path[0] <= {funnel.seconds * _MICROS}L)")
    return rows.select(*kept, in_time.alias(f"{_KEPT}{number}"))


def _furthest(number: int) -> Column:
    path = f"{_KEPT}{number}"
    entry = f"struct(size({path}) AS steps, -{path}[0] AS start, -element_at({path}, -1) AS end)"
    return F.expr(f"max({entry}) FILTER (WHERE {path} IS NOT NULL)").alias(f"{_BEST}{number}")


def _given(best: str, funnel: Funnel) -> Iterator[Column]:
    codes = f"array({', '.join(map(text_literal, funnel.codes))})"
    reached, all_of_them = f"get({codes}, {best}.steps - 1)", len(funnel.codes)
    sql = {
        "furthest": reached,
        "lost_after": f"CASE WHEN {best}.steps < {all_of_them} THEN {reached} END",
        "hours_to_finish": f"CASE WHEN {best}.steps = {all_of_them} "
        f"THEN CAST({best}.start - {best}.end AS double) / {_PER_HOUR} END",
    }
    for give, column in zip(funnel.give, funnel.columns, strict=True):
        yield F.expr(sql[give]).alias(column.name)
