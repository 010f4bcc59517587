"""What the kernel leaves to Spark: columns that are computed there and joined to its own."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

from pyspark.sql import DataFrame

from tags.night import ONE_ID, Night
from tags.plans import TagPlan, TopGrouping
from tags.top_values import group_votes


def is_elsewhere(top: TopGrouping) -> bool:
    """Whether a top grouping has votes that fade, or scores that depend on who else votes."""
    return any(cell.half_life is not None or cell.rarity for cell in top.cells)


def tables_elsewhere(plan: TagPlan) -> frozenset[str]:
    """The tables whose rows Spark has to read for a plan."""
    tops = (top for top in plan.tops if is_elsewhere(top))
    return frozenset(ballot.table.name for top in tops for ballot in top.ballots)


def told_by_spark(
    sources: Mapping[str, DataFrame], plan: TagPlan, night: Night
) -> DataFrame | None:
    """The columns of a plan that Spark computes, unique by one_id; None where there are none."""
    frames = [group_votes(sources, top, night) for top in plan.tops if is_elsewhere(top)]
    if not frames:
        return None
    return reduce(lambda left, right: left.join(right, on=ONE_ID, how="full"), frames)
