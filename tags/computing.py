"""Computes a plan in plain Spark SQL: the reference rendering, and the oracle of faster ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from typing import NamedTuple

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from language.binding import quoted
from tags.definitions import TagColumn
from tags.funnels import walk_funnels
from tags.grouping import group_rows
from tags.night import BUSINESS_DATE, ONE_ID, Night
from tags.plans import DerivedColumn, Picked, Rank, TagPlan
from tags.queries import answer_queries
from tags.rule_plans import Override
from tags.set_values import decided, set_by_person
from tags.stage_states import (
    handed_on,
    known_stages,
    stage_states,
    state_columns,
    unknown_stages,
)
from tags.top_values import group_votes

_MASK = "_mask"


class TagNight(NamedTuple):
    """The wide table of one night; why columns of it could not be computed, by column (these are
    missing for everybody); and what the next night needs to know of stages (None: no tag has any).
    """

    wide: DataFrame
    failures: Mapping[str, str]
    states: DataFrame | None


@dataclass(frozen=True)
class Memory:
    """What a night is told beside the rows of persons.

    `states`: the rows of tags.stage_states of the night before. `values`: what people set for
    persons of the night, as `tags.set_values` gives it. `earlier`: the wide table of the night
    before, from which `plan.carried` come. None: there is none.
    """

    states: DataFrame | None = None
    values: DataFrame | None = None
    earlier: DataFrame | None = None


NO_MEMORY = Memory()


def compute_tags(
    sources: Mapping[str, DataFrame],
    persons: DataFrame,
    golden: DataFrame,
    plan: TagPlan,
    business_date: date,
    *,
    time_zone: str,
    memory: Memory = NO_MEMORY,
) -> DataFrame:
    """The wide table of `compute_night`."""
    return compute_night(
        sources, persons, golden, plan, business_date, time_zone=time_zone, memory=memory
    ).wide


def compute_night(
    sources: Mapping[str, DataFrame],
    persons: DataFrame,
    golden: DataFrame,
    plan: TagPlan,
    business_date: date,
    *,
    time_zone: str,
    memory: Memory = NO_MEMORY,
) -> TagNight:
    """The wide table of one night: one row per person of `persons`, one column per tag column.

    `sources`: the by_person rows of every table of `plan.tables` (current, day ≤ D); rows without
    one_id belong to nobody and are passed over. `golden`: one row per person, with
    `plan.golden_columns`; null in a cell means missing. Key: (business_date, one_id).
    """
    night = Night(business_date, time_zone)
    answers = answer_queries(sources, plan.queries, night)
    picked = golden.select(ONE_ID, *_picked_columns(plan.picks, night))
    rights = [picked, *_grouped(sources, plan, night), *answers.rows, *_remembered(plan, memory)]
    # Each right side is unique by one_id: a grouping by it, or the golden profile.
    joined = reduce(lambda left, right: left.join(right, on=ONE_ID, how="left"),
                    rights, persons.select(ONE_ID))
    fill = _Filling.of(plan, memory.values is not None)
    filled = joined.select(*fill.columns(joined.columns), *fill.missing(answers.failures),
                           *([] if memory.states is not None else unknown_stages(plan.histories)))
    derived = reduce(lambda frame, level: _with_level(frame, level, fill, night),
                     plan.levels, filled)
    kept = derived.select(ONE_ID, *_stored_columns(plan), *state_columns(plan.histories))
    if plan.histories:  # both the wide table and the states are read from it
        kept = kept.localCheckpoint(eager=False)
    wide = kept.select(F.lit(business_date).alias(BUSINESS_DATE), ONE_ID,
                       *(column.name for column in plan.columns))
    return TagNight(wide, answers.failures, _states(kept, persons, plan, memory, night))


def _states(
    kept: DataFrame, persons: DataFrame, plan: TagPlan, memory: Memory, night: Night
) -> DataFrame | None:
    """What the night leaves of stages: found tonight, or handed on."""
    found = [stage_states(kept, plan.histories, night)] if plan.histories else []
    if plan.handed_on and memory.states is not None:
        found.append(handed_on(memory.states, plan.handed_on, persons.select(ONE_ID), night))
    return reduce(DataFrame.unionByName, found) if found else None


def _remembered(plan: TagPlan, memory: Memory) -> Iterator[DataFrame]:
    """What is told of persons, each frame unique by one_id."""
    if memory.states is not None and plan.histories:
        yield known_stages(memory.states, plan.histories)
    if memory.values is not None and plan.overrides:
        yield set_by_person(memory.values, plan.overrides)
    yield from _carried(memory.earlier, plan)


def _grouped(
    sources: Mapping[str, DataFrame], plan: TagPlan, night: Night
) -> Iterator[DataFrame]:
    """What comes out of the rows of persons, each frame unique by one_id."""
    yield from (group_rows(sources[g.table.name], g, night) for g in plan.groupings)
    yield from (group_votes(sources, top, night) for top in plan.tops)
    if plan.funnels:
        yield walk_funnels(sources, plan.funnels, night)


def _carried(earlier: DataFrame | None, plan: TagPlan) -> list[DataFrame]:
    """The columns carried over, one row per person of the night before; nothing if there are none.

    They keep their missing values: what was not computed for a person is not `absent`.
    """
    if not plan.carried:
        return []
    if earlier is None:
        raise ValueError("the plan carries columns over: it needs the wide table they come from")
    return [earlier.select(ONE_ID, *(_earlier(earlier, column) for column in plan.carried))]


def _earlier(earlier: DataFrame, column: TagColumn) -> Column:
    """A column of an earlier wide table; missing where that has none of this name and type."""
    if (column.name, column.spark_type) in earlier.dtypes:
        return F.col(column.name)
    return F.lit(None).cast(column.spark_type).alias(column.name)


def _picked_columns(picks: Sequence[Picked], night: Night) -> list[Column]:
    columns = []
    for pick in picks:
        name = pick.column.name
        if pick.is_high:
            columns.append(F.col(f"{pick.golden}_mask").alias(f"{_MASK}_{name}"))
        if not pick.is_high or pick.needs_plain:
            columns.append(_cast(F.expr(night.bind(pick.sql)), pick.column).alias(name))
    return columns


def _stored_columns(plan: TagPlan) -> list[Column]:
    """The tags' columns in the table's order; a masked one shows its mask, never its value."""
    masked = {pick.column.name for pick in plan.picks if pick.is_high}
    return [
        F.col(f"{_MASK}_{column.name}").alias(column.name) if column.name in masked
        else F.col(column.name)
        for column in plan.columns
    ]


@dataclass(frozen=True)
class _Filling:
    """How a column gets its last value: its type, what stands where nothing matched, and what
    people set."""

    plan: TagPlan
    overrides: Mapping[str, Override]

    @classmethod
    def of(cls, plan: TagPlan, has_values: bool) -> _Filling:
        return cls(plan, {one.column: one for one in plan.overrides} if has_values else {})

    def columns(self, names: Sequence[str]) -> list[Column]:
        """All columns of the frame; those of tags with their last values."""
        types = {column.name: column for column in self.plan.columns}
        masked = {pick.column.name for pick in self.plan.picks if pick.is_high}
        return [
            self.last(F.col(name), types[name]).alias(name)
            if name in types and name not in masked else F.col(name)
            for name in names
        ]

    def missing(self, failures: Mapping[str, str]) -> list[Column]:
        """Columns that could not be computed: missing, and not absent."""
        failed = (column for column in self.plan.columns if column.name in failures)
        return [
            decided(F.lit(None).cast(column.spark_type), column, self.overrides).alias(column.name)
            for column in failed
        ]

    def last(self, value: Column, column: TagColumn) -> Column:
        """The value in its type, `absent` where it is missing, unless people set another."""
        typed = _cast(value, column)
        absent = self.plan.absents.get(column.name)
        if absent is not None:
            typed = F.coalesce(typed, _cast(F.expr(absent), column))
        return decided(typed, column, self.overrides)


def _cast(value: Column, column: TagColumn) -> Column:
    """The value in the column's stored type; what does not fit it is missing."""
    return value.try_cast(column.spark_type)


def _with_level(
    frame: DataFrame, level: Sequence[DerivedColumn], fill: _Filling, night: Night
) -> DataFrame:
    ranks = [rank for derived in level for rank in derived.ranks]
    ranked = frame.join(_ranks(frame, ranks, night), on=ONE_ID, how="left") if ranks else frame
    columns = [
        fill.last(F.expr(night.bind(one.sql)), one.column).alias(one.column.name)
        for one in level
    ]
    return ranked.select(*frame.columns, *columns)


def _ranks(frame: DataFrame, ranks: Sequence[Rank], night: Night) -> DataFrame:
    """Where everybody stands, unique by one_id: the one place where one task sorts all persons.

    Only the ranked values travel there, not the wide row.
    """
    values = frame.select(
        ONE_ID, *(F.expr(night.bind(rank.value)).alias(rank.name) for rank in ranks)
    )
    return values.select(ONE_ID, *(column for rank in ranks for column in _place(rank)))


def _place(rank: Rank) -> tuple[Column, Column]:
    value = F.col(quoted(rank.name))
    everybody = Window.partitionBy()
    # rank() needs no total order: equal values have equal ranks. Missing values come last.
    best_first = everybody.orderBy(value.desc_nulls_last())
    above = F.when(value.isNotNull(), F.rank().over(best_first) - 1)
    count = F.count(value).over(everybody)
    return above.alias(f"{rank.name}_above"), count.alias(f"{rank.name}_count")
