"""Top tags: every row votes for a value; per person the values with the highest scores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from language.binding import quoted
from tags.night import ONE_ID, Night
from tags.plans import TopCell, TopGrouping

_VALUE = "_value"
# Scores are decimals until the end: equal ones stay equal in any order of rows.
_WEIGHT = "decimal(18,6)"


def group_votes(sources: Mapping[str, DataFrame], top: TopGrouping, night: Night) -> DataFrame:
    """One row per person with votes, one column per entry of every cell's `give`; unique by one_id.

    Scores are sums of the weights of a person's rows for a value; equal scores stand in the order
    of their values. Rows without a value vote for nothing. A share is of all the person's votes.
    """
    voted = [_votes(sources, top, ballot, night) for ballot in range(len(top.ballots))]
    names = [f"_w{n}" for n in range(len(top.cells))]
    scored = (
        reduce(DataFrame.unionByName, voted)
        .groupBy(ONE_ID, _VALUE)
        .agg(*(F.sum(name).alias(name) for name in names))
    )
    ranked = scored.groupBy(ONE_ID).agg(*(c for name in names for c in _ranked(name)))
    columns = [
        column for name, cell in zip(names, top.cells, strict=True) for column in _given(name, cell)
    ]
    return ranked.select(ONE_ID, *columns)


def _votes(
    sources: Mapping[str, DataFrame], top: TopGrouping, ballot: int, night: Night
) -> DataFrame:
    """The rows of one ballot: person, value, and the weight the row has in each cell (or null)."""
    one = top.ballots[ballot]
    value = F.expr(night.bind(one.value)).alias(_VALUE)
    weights = []
    for n, cell in enumerate(top.cells):
        where, weight = cell.votes[ballot]
        within = night.within(cell.window)
        kept = f"{where} AND {within}" if where else within
        sql = f"CASE WHEN {kept} THEN CAST({weight:f} AS {_WEIGHT}) END"
        weights.append(F.expr(night.bind(sql)).alias(f"_w{n}"))
    reach = night.reach([cell.window for cell in top.cells])
    rows = sources[one.table.name].where(f"{quoted(ONE_ID)} IS NOT NULL AND {reach}")
    return rows.select(ONE_ID, value, *weights).where(F.col(_VALUE).isNotNull())


def _ranked(name: str) -> Iterator[Column]:
    entry = f"struct(-{name} AS rank, {_VALUE} AS value, CAST({name} AS double) AS score)"
    entries = f"array_sort(collect_list({entry}) FILTER (WHERE {name} IS NOT NULL))"
    yield F.expr(entries).alias(name)
    yield F.sum(name).cast("double").alias(f"{name}_total")


def _given(name: str, cell: TopCell) -> Iterator[Column]:
    for give, column in zip(cell.give, cell.columns, strict=True):
        of_entry = f"try_divide(x.score, {name}_total)" if give == "share" else f"x.{give}"
        found = f"transform(slice({name}, 1, {cell.best or 1}), x -> {of_entry})"
        # A person who voted, but not in this window, has no value rather than an empty list.
        listed = f"CASE WHEN size({name}) > 0 THEN {found} END"
        one_or_all = f"get({found}, 0)" if cell.best is None else listed
        yield F.expr(one_or_all).alias(column.name)
