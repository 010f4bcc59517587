"""The state of sightings: sums of additions and removals, and rows that wait for their day."""

from __future__ import annotations

from typing import Any

import pytest
from pyspark.sql import SparkSession

from identity.sightings import check_holdings, holdings, sighting_state
from model.errors import OnefoldError, UsageError
from model.fixed_tables import SIGHTINGS
from tests.identity.worlds import POLICY, REFUSED, night, node, seen, sighting, token


def state(spark: SparkSession, rows: list[dict[str, Any]], number: int) -> dict[int, Any]:
    frame = spark.createDataFrame(rows, SIGHTINGS.schema)
    found = sighting_state(frame, night(number)).collect()
    return {row.sighting_id: (row.first_date, row.last_date, row.row_count) for row in found}


def test_the_state_is_the_sum_up_to_the_night(spark: SparkSession) -> None:
    rows = [
        seen("account:1", on=1, rows=3, day=night(-9), last=night(0)),
        seen("account:1", on=2, rows=-2, day=night(-9), last=night(-9)),
        seen("account:2", on=1, rows=2), seen("account:2", on=2, rows=-2, day=night(1)),
        seen("account:3", on=3),
        seen("account:4", on=1, day=night(3)),
        seen("account:5", on=1, rows=4, day=night(-5)),
        seen("account:5", on=1, rows=4, day=night(-2)),
        seen("account:5", on=2, rows=-4, day=night(-5)),
    ]  # fmt: skip
    two = state(spark, rows, 2)
    assert two == {
        sighting("account:1"): (night(-9), night(0), 1),
        sighting("account:5"): (night(-2), night(-2), 4),
    }
    assert sighting("account:2") in state(spark, rows, 1), "taken away on night 2"
    assert set(state(spark, rows, 3)) - set(two) == {sighting("account:3"), sighting("account:4")}


def held(spark: SparkSession, rows: list[dict[str, Any]], *refused: str) -> Any:
    words = [(word.split(":")[0], "global", token(word), "invalid.any") for word in refused]
    frame = spark.createDataFrame(rows, SIGHTINGS.schema)
    return holdings(
        sighting_state(frame, night(1)), spark.createDataFrame(words, REFUSED), POLICY
    )


def test_each_identifier_is_held_once_with_the_sources_of_its_sighting(spark: SparkSession) -> None:
    rows = [
        seen("account:1 phone:1", dataset="b", rows=2), seen("account:1 phone:1", dataset="a"),
        seen("phone:1", day=night(-3)),
    ]  # fmt: skip
    rows[2]["identifiers"] *= 2
    found = held(spark, rows, "account:1").collect()
    both, alone = sorted(found, key=lambda row: -row.row_count)
    assert (both.sighting_id, both.node_id) == (sighting("account:1 phone:1"), node("phone:1"))
    assert (both.sources, both.row_count, both.rank) == (["shop.a", "shop.b"], 3, 4)
    assert (alone.sighting_id, alone.first_date) == (sighting("phone:1"), night(-3))


def test_a_kind_the_policy_does_not_name_is_an_error(spark: SparkSession) -> None:
    with pytest.raises(UsageError, match=r"phon'.*did you mean 'phone'"):
        check_holdings(held(spark, [seen("phon:1")]), POLICY)


def test_two_tokens_with_one_number_are_an_error(spark: SparkSession) -> None:
    one, other = seen("phone:1"), seen("phone:2")
    other["identifiers"][0]["token"] = one["identifiers"][0]["token"][:30] + "0" * 40
    with pytest.raises(OnefoldError, match="1 node numbers stand for two"):
        check_holdings(held(spark, [one, other]), POLICY)
    same_set = seen("phone:2") | {"sighting_id": one["sighting_id"]}
    with pytest.raises(OnefoldError, match="collision"):
        check_holdings(held(spark, [one, same_set]), POLICY)
    check_holdings(held(spark, [one, seen("phone:2")]), POLICY)
