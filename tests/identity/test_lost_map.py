"""The map made anew from the log of numbers: nobody's number differs, as far as rules stay."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from pyspark.sql import SparkSession

from model.errors import InputMissingError
from model.mixed_engine import MixedEngine
from tests.identity.thirty_nights import NIGHTS, PEOPLE, WORLDS, Years
from tests.identity.worlds import POLICY, World, groups, night, node

LATER_RULES: dict[str, dict[str, Any]] = {
    "fewer joins": {"policy": replace(POLICY, never_merge=("national_id", "passport", "account"))},
    "more joins": {"joins": tuple(
        (node(f"account:{one}-0"), node(f"account:{one}-{i}"))
        for one in range(WORLDS) for i in range(2, PEOPLE)
    )},
}  # fmt: skip


def without_its_map(world: World, **changes: Any) -> World:
    """The same sightings and log, and no row of the map."""
    return replace(world, tables=world.tables | {"one_ids": []}, **changes)


def events_of(world: World, number: int) -> set[str]:
    return {repr(row) for row in world.tables["events"] if row.business_date == night(number)}


def anchors_of(world: World) -> dict[int, int]:
    """The node that stands for each live number: read plainly."""
    last = {}
    for row in sorted(world.tables["events"], key=lambda row: row.business_date):
        last[row.one_id] = row
    ended = ("merged_into", "retired")
    return {one_id: row.node_id for one_id, row in last.items() if row.event not in ended}


@pytest.mark.parametrize("number", [1, 8, 19, NIGHTS])
def test_a_map_made_anew_has_every_number_and_leaves_the_log(years: Years, number: int) -> None:
    world = years.last[number]
    order = random.Random(number).sample(range(len(world.rows)), len(world.rows))
    found = without_its_map(world).shuffled(order).run(number, is_lost=True)
    assert found.map_on(number) == world.map_on(number)
    assert events_of(found, number) == events_of(world, number)


def test_the_nights_after_go_on_as_if_nothing_had_been_lost(years: Years) -> None:
    found = without_its_map(years.last[NIGHTS - 1]).run(NIGHTS - 1, is_lost=True)
    found.rows = years.last[NIGHTS].rows
    assert found.run(NIGHTS).map_on(NIGHTS) == years.last[NIGHTS].map_on(NIGHTS)
    assert events_of(found, NIGHTS) == events_of(years.last[NIGHTS], NIGHTS)


def test_nights_made_anew_in_their_order_have_every_past_map_again(years: Years) -> None:
    numbers = range(NIGHTS - 8, NIGHTS + 1)
    found = without_its_map(years.last[NIGHTS])
    for number in numbers:
        found.run(number, is_lost=True)
    for number in numbers:
        assert found.map_on(number) == years.last[number].map_on(number)
    assert {repr(row) for row in found.tables["events"]} == {
        repr(row) for row in years.last[NIGHTS].tables["events"]
    }


def test_a_map_that_is_not_lost_is_made_anew_to_the_same_rows(years: Years) -> None:
    world = years.last[NIGHTS]
    again = replace(world, tables=dict(world.tables)).run(NIGHTS, is_lost=True)
    assert again.contents() == world.contents()


def test_a_night_without_the_map_of_the_night_before_is_refused(years: Years) -> None:
    world = without_its_map(years.last[NIGHTS])
    with pytest.raises(InputMissingError, match="--rebuild-map"):
        world.run(NIGHTS)
    without_its_map(years.last[1]).run(1)  # before the first night there is none


@pytest.mark.parametrize("rules", sorted(LATER_RULES))
def test_under_other_rules_a_person_keeps_the_number_of_the_anchor_it_holds(
    years: Years, rules: str
) -> None:
    world = years.last[NIGHTS]
    found = without_its_map(world, **LATER_RULES[rules]).run(NIGHTS, is_lost=True)
    assert groups(found) != groups(world), "the rules are worth the test"
    held = found.map_on(NIGHTS)
    claims = defaultdict(set)
    for one_id, anchor in anchors_of(world).items():
        claims[held.get(anchor)].add(one_id)
    ids = set(held.values())
    alone = {one_id for one_id, numbers in claims.items() if len(numbers) == 1 and one_id}
    assert len(alone) > len(ids) / 3
    assert all(claims[one_id] == {one_id} for one_id in alone)
    assert all(one_id in claims[one_id] for one_id in ids if len(claims[one_id]) > 1)
    ever = {row.one_id for row in world.tables["events"]}
    assert all(one_id not in ever - set(anchors_of(world)) for one_id in ids), "no dead number"
    _is_sound(found, len(ids), len(set(years.last[NIGHTS - 1].map_on(NIGHTS - 1).values())))


def _is_sound(found: World, people: int, people_before: int) -> None:
    """The log is true of the map: anchors are in place, ends lead to the living, counts agree."""
    live, counted, last = set(found.map_on(NIGHTS).values()), 0, {}
    for row in sorted(found.tables["events"], key=lambda row: row.business_date):
        last[row.one_id] = row
        if row.business_date == night(NIGHTS) and not row.reason.startswith("redirected"):
            counted += {"minted": 1, "merged_into": -1, "retired": -1}.get(row.event, 0)
    ended = {one_id for one_id, row in last.items() if row.event in ("merged_into", "retired")}
    assert set(last) - ended == live
    assert all(last[one_id].other_one_id in {*live, None} for one_id in ended)
    assert all(found.map_on(NIGHTS)[last[one_id].node_id] == one_id for one_id in live)
    assert people - people_before == counted
    settled = events_of(found, NIGHTS)
    assert events_of(without_its_map(found).run(NIGHTS, is_lost=True), NIGHTS) == settled


@pytest.mark.long
@pytest.mark.usefixtures("adaptive")
def test_a_map_is_made_anew_on_spark_alike(years: Years, spark: SparkSession) -> None:
    rules = LATER_RULES["fewer joins"]
    here = without_its_map(years.last[NIGHTS], **rules).run(NIGHTS, is_lost=True)
    there = without_its_map(years.last[NIGHTS], **rules)
    there.run(NIGHTS, partial(MixedEngine, spark, most_here=20), is_lost=True)
    assert there.contents() == here.contents()
