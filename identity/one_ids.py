"""OneIDs: numbers handed on by overlap, taken back by those who once held them, or newly given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from identity.history import holding_before
from model.lineage import cut

_SETTLED = "component bigint, one_id bigint"


@dataclass(frozen=True)
class Numbering:
    """(component, one_id) of every person; `cached` is what the caller lets go afterwards."""

    one_ids: DataFrame
    cached: tuple[DataFrame, ...]


def numbered(
    members: DataFrame, history: DataFrame, events: DataFrame, business_date: date
) -> Numbering:
    """A OneID for every person of the night: no number twice, none that was somebody else's.

    `members` are the night's nodes (node_id, kind, is_strong, component, first_date, token);
    `history` is identity.one_ids and `events` identity.one_id_events, with all they ever held.
    """
    people = _persons(members)
    before = holding_before(history, business_date)
    handed_on = cut(_handed_on(members, people, before))
    new = people.join(handed_on, on="component", how="left_anti")
    claims = history.join(before.select("one_id").distinct(), on="one_id", how="left_anti")
    returned = cut(_returned(members, new, claims, business_date))
    nameless = new.join(returned, on="component", how="left_anti")
    # Later events are those of runs of this night that were killed (their numbers nobody has seen),
    # or have their numbers in the history too.
    earlier = events.where(F.col("business_date") < F.lit(business_date))
    fresh = _fresh(nameless, _largest_ever(history, earlier))
    return Numbering(handed_on.union(returned).union(fresh), (returned, handed_on))


def is_sighting() -> Column:
    """Whether a node is a sighting rather than an identifier."""
    return F.col("kind") == "sighting"


def _persons(members: DataFrame) -> DataFrame:
    """Components that have a sighting: (component, first_seen, smallest_token).

    The last two order persons: every person has an identifier, and no two share one.
    """
    return (
        members.groupBy("component")
        .agg(
            F.min(F.when(is_sighting(), F.col("first_date"))).alias("first_seen"),
            F.min("token").alias("smallest_token"),
        )
        .where(F.col("first_seen").isNotNull())
    )


def _handed_on(members: DataFrame, people: DataFrame, before: DataFrame) -> DataFrame:
    """Numbers of the night before, by overlap: most sightings, then the older number.

    A person of whom only strong identifiers are left (its rows were replaced) overlaps too, behind
    all who share sightings. Of the parts of a split the one first seen wins a tie.
    """
    held = before.select("node_id", "one_id")
    pairs = (
        members.where(is_sighting() | F.col("is_strong"))
        .join(held, on="node_id", how="inner")
        .groupBy("component", "one_id")
        .agg(F.count_if(is_sighting()).alias("shared"))
        .join(people, on="component", how="inner")
    )
    order = F.struct(-F.col("shared"), "one_id", "first_seen", "smallest_token")
    return _settled(pairs, order)


def _returned(
    members: DataFrame, new: DataFrame, claims: DataFrame, business_date: date
) -> DataFrame:
    """Numbers that new persons take back, in the order of first_seen and smallest token.

    What a sighting held last up to this night (by an earlier run of it, say) goes before what it
    held at other times; then most sightings, then the older number.
    """
    night = F.lit(business_date)
    until_now = F.when(F.col("valid_from") <= night, F.col("valid_from"))
    last = F.max(until_now).over(Window.partitionBy("node_id"))
    held = claims.where(is_sighting()).select(
        "node_id", "one_id", F.col("valid_from").eqNullSafe(last).alias("is_last")
    )
    pairs = (
        members.where(is_sighting())
        .join(held, on="node_id", how="inner")
        .groupBy("component", "one_id")
        .agg(F.count_distinct("node_id").alias("shared"), F.bool_or("is_last").alias("is_last"))
        .join(new, on="component", how="inner")
    )
    order = F.struct(
        ~F.col("is_last"), "first_seen", "smallest_token", -F.col("shared"), "one_id"
    )
    return _settled(pairs, order)


def _settled(pairs: DataFrame, order: Column) -> DataFrame:
    """(component, one_id) chosen greedily in `order`, a total one: both sides at most once.

    Pairs that nobody contests are taken as they are. The others meet in one task: they are the
    persons of a night's merges and splits, some 100 bytes each.
    """
    rivals = F.count("*").over(Window.partitionBy("component")) + F.count("*").over(
        Window.partitionBy("one_id")
    )
    counted = pairs.select("component", "one_id", order.alias("place"), rivals.alias("rivals"))
    by_place = Window.orderBy("place").rowsBetween(Window.unboundedPreceding, Window.currentRow)
    contested = (
        counted.where(F.col("rivals") > 2)  # noqa: PLR2004  itself, counted on either side
        .select("component", "one_id", F.row_number().over(by_place).alias("place"))
        .groupBy(F.lit("all").alias("task"))
        .applyInPandas(_greedy, schema=_SETTLED)
    )
    clear = counted.where(F.col("rivals") == 2).select("component", "one_id")  # noqa: PLR2004
    return clear.union(contested)


def _greedy(pairs: pd.DataFrame) -> pd.DataFrame:
    """Takes pairs in order of place while neither side is taken."""
    ordered: pd.DataFrame = pairs.sort_values("place")
    persons: set[int] = set()
    numbers: set[int] = set()
    taken = []
    for component, one_id in zip(ordered["component"], ordered["one_id"], strict=True):
        if component not in persons and one_id not in numbers:
            persons.add(component)
            numbers.add(one_id)
            taken.append((component, one_id))
    return pd.DataFrame(taken, columns=["component", "one_id"])


def _largest_ever(history: DataFrame, events: DataFrame) -> DataFrame:
    """One row: the largest number ever given, taken back or not; 0 before the first."""
    return (
        history.select("one_id")
        .union(events.select("one_id"))
        .union(events.select("other_one_id"))
        .agg(F.coalesce(F.max("one_id"), F.lit(0)).alias("largest"))
    )


def _fresh(people: DataFrame, largest: DataFrame) -> DataFrame:
    """The next numbers, in the order of first_seen and smallest token; numbered day by day in
    parallel, behind the counts of the days before."""
    earlier = Window.orderBy("first_seen").rowsBetween(Window.unboundedPreceding, -1)
    starts = people.groupBy("first_seen").count().select(
        "first_seen", F.coalesce(F.sum("count").over(earlier), F.lit(0)).alias("start")
    )
    within = Window.partitionBy("first_seen").orderBy("smallest_token")
    number = F.col("largest") + F.col("start") + F.row_number().over(within)
    return (
        people.join(F.broadcast(starts), on="first_seen", how="inner")  # a row a day
        .crossJoin(F.broadcast(largest))  # one row
        .select("component", number.alias("one_id"))
    )
