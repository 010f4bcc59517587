"""What the nights keep of stages with history, in long form: one row per person and tag."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from model.fixed_tables import STAGE_STATES
from tags.night import BUSINESS_DATE, ONE_ID, Night
from tags.rule_plans import STAGE_STATE, StageHistory
from tags.stage_sql import known_stage_sql


def known_stages(states: DataFrame, histories: Sequence[StageHistory]) -> DataFrame:
    """One row per person with a state of the night before, its parts as hidden columns; unique by
    one_id. A stage that its definition no longer has is forgotten: the person begins anew.
    """
    parts = ", ".join(STAGE_STATE)
    columns = []
    for history in histories:
        holds = F.col("tag") == history.tag
        holds &= F.expr(known_stage_sql(history.codes, "stage"))
        # (one_id, tag) is the key of the states: the first is the only one.
        state = F.first(F.when(holds, F.expr(f"struct({parts})")), ignorenulls=True)
        columns.append(state.alias(history.was["stage"]))
    found = states.groupBy(ONE_ID).agg(*columns)
    return found.select(
        ONE_ID,
        *(
            F.col(history.was["stage"]).getField(part).alias(history.was[part])
            for history in histories
            for part in STAGE_STATE
        ),
    )


def unknown_stages(histories: Sequence[StageHistory]) -> list[Column]:
    """The same columns where the night before knew nobody."""
    types = {column.name: column.type for column in STAGE_STATES.columns}
    return [
        F.lit(None).cast(types[part]).alias(history.was[part])
        for history in histories
        for part in STAGE_STATE
    ]


def state_columns(histories: Sequence[StageHistory]) -> list[str]:
    """The hidden columns that `stage_states` reads."""
    return [history.own[part] for history in histories for part in STAGE_STATE]


def stage_states(
    computed: DataFrame, histories: Sequence[StageHistory], night: Night
) -> DataFrame:
    """The rows of tags.stage_states of one night; key (one_id, tag)."""
    states = [
        computed.select(
            F.lit(night.business_date).alias(BUSINESS_DATE), ONE_ID, F.lit(h.tag).alias("tag"),
            *(F.col(h.own[part]).alias(part) for part in STAGE_STATE),
        )
        for h in histories
    ]  # fmt: skip
    return reduce(DataFrame.unionByName, states).select(*STAGE_STATES.column_names)


def handed_on(
    states: DataFrame, tags: Sequence[str], persons: DataFrame, night: Night
) -> DataFrame:
    """The states of tags that are not computed tonight, as the night before left them, of the
    persons there are; key (one_id, tag)."""
    theirs = states.where(F.col("tag").isin(*tags)).join(persons, on=ONE_ID, how="left_semi")
    tonight = F.lit(night.business_date).alias(BUSINESS_DATE)
    return theirs.select(tonight, *STAGE_STATES.column_names[1:])
