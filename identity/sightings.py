"""The state of sightings on a night, and the identifiers each of them holds."""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from model.errors import OnefoldError, UsageError, did_you_mean
from model.identity_policy import IdentityPolicy
from model.node_ids import node_id


def sighting_state(slices: DataFrame, business_date: date) -> DataFrame:
    """Sightings with rows left on `business_date`, one row per (sighting_id, channel, dataset).

    The sum of all nights' additions and removals up to that day; rows of later days wait. Dates are
    those of the days that have rows left. Columns: sighting_id, identifiers, source, first_date,
    last_date, row_count.
    """
    night = F.lit(business_date)
    known = (F.col("business_date") <= night) & (F.col("first_date") <= night)
    group = ["sighting_id", "identifiers", "channel", "dataset"]
    by_day = (
        slices.where(known)
        .groupBy(*group, "first_date")
        .agg(
            F.sum("row_count").alias("row_count"),
            F.max(F.when(F.col("row_count") > 0, F.col("last_date"))).alias("last_date"),
        )
    )
    is_left = F.col("row_count") > 0
    return (
        by_day.groupBy(*group)
        .agg(
            F.min(F.when(is_left, F.col("first_date"))).alias("first_date"),
            F.max(F.when(is_left, F.col("last_date"))).alias("last_date"),
            F.sum("row_count").alias("row_count"),
        )
        .where(is_left)
        .withColumn("source", F.concat_ws(".", "channel", "dataset"))
        .drop("channel", "dataset")
    )


def rank_of(kind: Column, policy: IdentityPolicy) -> Column:
    """Rank of an identifier's kind; null for a kind the policy does not name."""
    ranks = [F.lit(part) for name, k in policy.kinds.items() for part in (name, k.rank)]
    return F.try_element_at(F.create_map(*ranks), kind)


def is_strong(policy: IdentityPolicy) -> Column:
    """Whether a row's `kind` merges; weak kinds only attach."""
    return ~F.col("kind").isin(*policy.weak_kinds)


def holdings(state: DataFrame, refused: DataFrame, policy: IdentityPolicy) -> DataFrame:
    """Identifiers of sightings without the `refused` ones, one row per (sighting_id, node_id).

    Columns: sighting_id, node_id, kind, scope, token, rank, sources, first_date, last_date,
    row_count, set_hash (of the sighting's whole set, to find numbers shared by two sets). A
    sighting all of whose identifiers are refused has no row.
    """
    by_sighting = state.groupBy("sighting_id", "identifiers").agg(
        F.sort_array(F.collect_set("source")).alias("sources"),
        F.min("first_date").alias("first_date"),
        F.max("last_date").alias("last_date"),
        F.sum("row_count").alias("row_count"),
        F.xxhash64("identifiers").alias("set_hash"),
    )
    seen = F.array_distinct("identifiers")
    exploded = by_sighting.select("*", F.explode(seen).alias("identifier")).select(
        "sighting_id",
        node_id(F.col("identifier.token")).alias("node_id"),
        "identifier.*",
        rank_of(F.col("identifier.kind"), policy).alias("rank"),
        "sources", "first_date", "last_date", "row_count", "set_hash",
    )
    return exploded.join(refused, on=["kind", "scope", "token"], how="left_anti").select(
        *exploded.columns
    )


def check_holdings(held: DataFrame, policy: IdentityPolicy) -> None:
    """OnefoldError where two things share one number, UsageError where a kind is not in the policy.

    One action that brings one row to the driver; it also fills the cache of `held`.
    """
    ends = held.select(
        F.explode(
            F.array(
                F.struct(F.col("node_id").alias("id"), F.xxhash64("token").alias("thing")),
                F.struct(F.col("sighting_id").alias("id"), F.col("set_hash").alias("thing")),
            )
        ).alias("end"),
        F.when(F.col("rank").isNull(), F.col("kind")).alias("unknown_kind"),
    )
    found = (
        ends.groupBy("end.id")
        .agg(
            (F.min("end.thing") != F.max("end.thing")).alias("is_shared"),
            F.max("unknown_kind").alias("unknown_kind"),
        )
        .agg(F.count_if("is_shared").alias("shared"), F.max("unknown_kind").alias("unknown_kind"))
        .first()
    )
    if found is not None and found["unknown_kind"] is not None:
        kind = found["unknown_kind"]
        raise UsageError(
            f"conf/identity.yml: sightings hold identifiers of kind {kind!r}, which the file does "
            f"not name{did_you_mean(kind, list(policy.kinds))}"
        )
    if found is not None and found["shared"]:
        raise OnefoldError(
            f"{found['shared']} node numbers stand for two different things each (63-bit "
            "collision); change the pseudonym secret and ingest again"
        )
