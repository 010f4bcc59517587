"""What the kernel leaves to Spark: columns that are computed there and joined to its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce

from pyspark.sql import DataFrame

from tags.funnels import walk_funnels
from tags.night import ONE_ID, Night
from tags.plans import TagPlan, TopGrouping
from tags.queries import answer_queries
from tags.top_values import group_votes


@dataclass(frozen=True)
class Told:
    """Columns, unique by one_id (None: there are none), and why others could not be computed."""

    columns: DataFrame | None
    failures: Mapping[str, str]


def is_elsewhere(top: TopGrouping) -> bool:
    """Whether a top grouping has votes that fade, or scores that depend on who else votes."""
    return any(cell.half_life is not None or cell.rarity for cell in top.cells)


def tables_elsewhere(plan: TagPlan) -> frozenset[str]:
    """The tables whose rows Spark has to read for a plan."""
    voted = (b.table.name for top in plan.tops if is_elsewhere(top) for b in top.ballots)
    walked = (step.table.name for funnel in plan.funnels for step in funnel.steps)
    asked = (table for query in plan.queries for table in query.tables)
    return frozenset([*voted, *walked, *asked])


def told_by_spark(sources: Mapping[str, DataFrame], plan: TagPlan, night: Night) -> Told:
    """The columns of a plan that Spark computes."""
    answers = answer_queries(sources, plan.queries, night)
    frames = [group_votes(sources, top, night) for top in plan.tops if is_elsewhere(top)]
    if plan.funnels:
        frames.append(walk_funnels(sources, plan.funnels, night))
    frames += answers.frames
    joined = reduce(lambda left, right: left.join(right, on=ONE_ID, how="full"), frames) if (
        frames
    ) else None
    return Told(joined, answers.failures)
