"""Top tags: every row votes for a value; per person the values with the highest scores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from language.binding import BUSINESS_DATE, quoted
from tags.night import DAY, ONE_ID, Night
from tags.plans import TopCell, TopGrouping

_VALUE = "_value"
# Scores are decimals until the end: equal ones stay equal in any order of rows.
_WEIGHT = "decimal(18,6)"
# What is left of a vote, to more digits than its score keeps: a sum of many rounds as one number.
_LEFT = "decimal(19,18)"
_SCORE = "decimal(30,12)"


def group_votes(sources: Mapping[str, DataFrame], top: TopGrouping, night: Night) -> DataFrame:
    """One row per person with votes, one column per entry of every cell's `give`; unique by one_id.

    Scores are sums of the weights of a person's rows for a value; equal scores stand in the order
    of their values. Rows without a value vote for nothing. A share is of all the person's votes.
    With a half-life, scores have twelve decimals, and what is 0 then is no vote any more.
    """
    voted = [_votes(sources, top, ballot, night) for ballot in range(len(top.ballots))]
    cells = {f"_w{n}": cell for n, cell in enumerate(top.cells)}
    scored = (
        reduce(DataFrame.unionByName, voted)
        .groupBy(ONE_ID, _VALUE)
        .agg(*(_score(name, cell) for name, cell in cells.items()))
    )
    if any(cell.rarity for cell in top.cells):
        scored = _by_rarity(scored, cells)
    ranked = scored.groupBy(ONE_ID).agg(*(c for name in cells for c in _ranked(name)))
    columns = [column for name, cell in cells.items() for column in _given(name, cell)]
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
        sql = f"CASE WHEN {kept} THEN {_vote_sql(cell, weight)} END"
        weights.append(F.expr(night.bind(sql)).alias(f"_w{n}"))
    reach = night.reach([cell.window for cell in top.cells])
    rows = sources[one.table.name].where(f"{quoted(ONE_ID)} IS NOT NULL AND {reach}")
    return rows.select(ONE_ID, value, *weights).where(F.col(_VALUE).isNotNull())


def _vote_sql(cell: TopCell, weight: Decimal) -> str:
    """A row's vote: its weight, halved for every half-life that has gone by since its day."""
    vote = f"CAST({weight:f} AS {_WEIGHT})"
    if cell.half_life is None:
        return vote
    half_lives = f"datediff({BUSINESS_DATE}, {quoted(DAY)}) / {cell.half_life}D"
    return f"{vote} * CAST(pow(0.5D, {half_lives}) AS {_LEFT})"


def _score(name: str, cell: TopCell) -> Column:
    is_whole = cell.half_life is None
    score = f"sum({name})" if is_whole else f"nullif(CAST(sum({name}) AS {_SCORE}), 0)"
    return F.expr(score).alias(name)


def _by_rarity(scored: DataFrame, cells: Mapping[str, TopCell]) -> DataFrame:
    """The scores, those of cells with rarity times ln(persons who vote / who vote for the value).

    A value that everybody votes for has score 0. Key: (one_id, _value), as before.
    """
    rare = [name for name, cell in cells.items() if cell.rarity]
    for_value = scored.groupBy(_VALUE).agg(*(F.count(n).alias(f"{n}_for") for n in rare))
    has_voted = scored.groupBy(ONE_ID).agg(*(F.count(name).alias(name) for name in rare))
    persons = has_voted.agg(*(F.count_if(F.col(n) > 0).alias(f"{n}_persons") for n in rare))
    scores = [
        F.expr(
            f"CAST(CAST({n} AS double) * ln(try_divide({n}_persons, {n}_for)) AS {_SCORE})"
            if n in rare else n
        ).alias(n)
        for n in cells
    ]
    # for_value is unique by value, persons is one row.
    joined = scored.join(for_value, on=_VALUE, how="left").crossJoin(persons)
    return joined.select(ONE_ID, _VALUE, *scores)


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
