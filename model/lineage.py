"""Frames cut from what they were made of: kept by the executors, planned as if they were tables.

A night reads the same few frames many times. A cached frame still carries its whole plan, which
grows with every join until planning alone takes minutes; a local checkpoint does not. Executors
that are lost take their part along: the run fails then, and is simply run again.
"""

from __future__ import annotations

from typing import Any

from pyspark.sql import DataFrame


def cut(frame: DataFrame) -> DataFrame:
    """The rows of `frame`, computed once, now; to be given back by `let_go`."""
    return frame.localCheckpoint()


def cut_and_counted(frame: DataFrame) -> tuple[DataFrame, int]:
    """The same, and how many rows there are, by the one job that computes them."""
    found = frame.localCheckpoint(eager=False)
    return found, found.count()


def let_go(frame: DataFrame) -> None:
    """Frees what a frame from `cut` keeps; without it, it stays until the JVM collects it."""
    plan: Any = frame._jdf.logicalPlan()
    plan.rdd().unpersist(False)
