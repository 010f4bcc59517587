"""What happened to OneIDs in a night: the difference between the map before it and after."""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from identity.one_ids import is_sighting
from model.fixed_tables import ONE_ID_EVENTS
from model.identity_policy import IdentityPolicy

_REASONS = {
    "minted": "a person without a number",
    "split_from": "no link joins them any longer",
    "merged_into": "links join them",
    "retired": "no sighting of it is left that links",
}


def one_id_events(
    before: DataFrame, now: DataFrame, policy: IdentityPolicy, business_date: date
) -> DataFrame:
    """The night's slice of identity.one_id_events, from the maps (node_id, kind, one_id).

    Every number that is new is `minted`, and `split_from` the person most of its sightings come
    from, where there is one. Every number that is gone is `merged_into` the person that has most of
    its sightings, or `retired`. So people change by minted - merged_into - retired.
    """
    was, has = F.bool_or("was"), F.bool_or("is")
    numbers = (
        before.select("one_id", F.lit(True).alias("was"), F.lit(False).alias("is"))
        .union(now.select("one_id", F.lit(False), F.lit(True)))
        .groupBy("one_id")
        .agg(was.alias("was"), has.alias("is"))
    )
    new, gone = numbers.where(~F.col("was")), numbers.where(~F.col("is"))
    moves = _moves(before, now, policy)
    origins = _most(moves.where(F.col("sightings") > 0), of="one_id", other="old_one_id")
    survivors = _most(moves, of="old_one_id", other="one_id").toDF("one_id", "other_one_id")
    event = F.when(F.col("other_one_id").isNull(), "retired").otherwise("merged_into")
    rows = (
        new.select("one_id", F.lit("minted").alias("event"), F.lit(None).cast("bigint"))
        .union(
            new.join(origins.toDF("one_id", "other_one_id"), on="one_id", how="inner").select(
                "one_id", F.lit("split_from"), "other_one_id"
            )
        )
        .union(
            gone.join(survivors, on="one_id", how="left").select("one_id", event, "other_one_id")
        )
    )
    return rows.toDF("one_id", "event", "other_one_id").select(
        F.lit(business_date).alias("business_date"),
        "*",
        _reason(F.col("event")).alias("reason"),
    ).select(*ONE_ID_EVENTS.column_names)


def _moves(before: DataFrame, now: DataFrame, policy: IdentityPolicy) -> DataFrame:
    """(old_one_id, one_id, sightings): nodes that changed person; weak identifiers do not count."""
    old = before.where(~F.col("kind").isin(*policy.weak_kinds)).select(
        "node_id", F.col("one_id").alias("old_one_id")
    )
    return (
        now.join(old, on="node_id", how="inner")
        .where(F.col("one_id") != F.col("old_one_id"))
        .groupBy("old_one_id", "one_id")
        .agg(F.count_if(is_sighting()).alias("sightings"))
    )


def _most(moves: DataFrame, of: str, other: str) -> DataFrame:
    """For every number in `of`, the one in `other` with most sightings, then the older."""
    place = F.struct(-F.col("sightings"), other)
    return moves.groupBy(of).agg(F.min_by(other, place).alias("most"))


def _reason(event: Column) -> Column:
    pairs = [F.lit(word) for pair in _REASONS.items() for word in pair]
    return F.try_element_at(F.create_map(*pairs), event)
