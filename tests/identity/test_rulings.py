"""Facts, joins and pins, from whatever rule they come: random ones against the plain rules."""

from __future__ import annotations

import random
from functools import partial

import pytest
from pyspark.sql import SparkSession

from identity.rulings import FACTS, JOINS, NAMED, PINS, REFUSED, Rulings, without_names
from model.ddl_types import arrow_schema
from model.engines import Engine, Rows
from model.mixed_engine import MixedEngine
from tests.identity.oracle import Persons
from tests.identity.worlds import (
    POLICY,
    Fact,
    World,
    groups,
    night,
    node,
    random_world,
    records,
    sighting,
    table_of,
)

RULES = ("never_merge birth_date+gender", "cannot_link 7")


def random_rulings(
    seen: dict[str, int], choice: random.Random
) -> tuple[tuple[Fact, ...], tuple[tuple[int, int], ...]]:
    """Facts of one node in four, some with two values; joins within worlds, some to nobody."""
    by_world: dict[str, list[int]] = {}
    for words in seen:
        own = by_world.setdefault(words.split(":")[1].split("-")[0], [])
        own += [sighting(words), *(node(word) for word in words.split())]
    facts = tuple(
        (each, choice.choice(RULES), choice.choice("ab"))
        for own in by_world.values() for each in own if choice.random() < 0.25
    )  # fmt: skip
    joins = tuple(
        (choice.choice(own), choice.choice([*own, node("account:nobody")]))
        for own in by_world.values() if choice.random() < 0.5
    )  # fmt: skip
    return facts, joins


@pytest.fixture(scope="module")
def ruled() -> World:
    """Random worlds after their night, with rulings that come to bear: equal to the plain rules."""
    seen = {words: day for seed in range(500, 700) for words, day in random_world(seed).items()}
    facts, joins = random_rulings(seen, random.Random(3))
    world = World(facts=facts, joins=joins)
    for words, day in seen.items():
        world.see(words, day=night(day))
    world.run(1)
    persons = Persons(seen, POLICY, facts, joins)
    assert groups(world) == persons.groups()
    refused = {(row.sighting_id, row.node_id) for row in world.open("rejected_links")}
    assert refused == persons.refused
    assert {row.rule for row in world.open("rejected_links")} > set(RULES)
    for fewer in (Persons(seen, POLICY, facts), Persons(seen, POLICY, (), joins)):
        assert fewer.groups() != persons.groups(), "the rulings are worth the test"
    return world


def test_random_rulings_are_obeyed_in_any_order(ruled: World) -> None:
    order = random.Random(7).sample(range(len(ruled.rows)), len(ruled.rows))
    other = World(
        ruled.rows, facts=(*ruled.facts[::-1], ruled.facts[0]),
        joins=(*((b, a) for a, b in ruled.joins), ruled.joins[0]),
    ).shuffled(order).run(1)  # fmt: skip
    assert other.contents() == ruled.contents()


@pytest.mark.usefixtures("adaptive")
def test_rulings_mean_the_same_on_spark(ruled: World, spark: SparkSession) -> None:
    other = World(ruled.rows, facts=ruled.facts, joins=ruled.joins)
    assert other.run(1, partial(MixedEngine, spark, most_here=20)).contents() == ruled.contents()


def test_two_values_of_one_rule_never_become_one_person() -> None:
    born = "never_merge birth_date"
    world = World().see("account:1 phone:1", day=night(-9)).see("account:2 phone:1", "account:3")
    world.facts = (
        (sighting("account:1 phone:1"), born, "a"), (node("account:2"), born, "b"),
        (node("account:3"), "another rule", "b"),
    )  # fmt: skip
    world.run(1)
    assert world.one_id("account:1 phone:1") != world.one_id("account:2 phone:1")
    (refused,) = world.open("rejected_links")
    assert (refused.sighting_id, refused.node_id, refused.rule) == (
        sighting("account:1 phone:1"), node("phone:1"), born,
    )  # fmt: skip
    world.facts = ()
    world.run(2)
    assert world.one_id("account:1 phone:1") == world.one_id("account:2 phone:1")


def test_a_join_stands_above_never_merge_for_its_own_values_only() -> None:
    world = World().see("passport:1", "passport:2", "passport:3 phone:1", "passport:1 phone:1")
    world.joins = ((node("passport:1"), node("passport:2")),)
    world.run(1)
    assert world.one_id("passport:1") == world.one_id("passport:2") is not None
    assert world.one_id("passport:3 phone:1") != world.one_id("passport:1")
    assert len(world.open("rejected_links")) == 1


def test_a_join_reaches_hubs_and_weak_kinds_and_nobody_who_is_not_there() -> None:
    crowd = [f"account:{i} phone:1" for i in range(4)]
    world = World().see(*crowd, "account:8", "account:9", "device:1", "device:1 cookie:1")
    world.joins = (
        (node("phone:1"), node("account:9")), (node("device:1"), node("account:9")),
        (node("account:8"), node("email:unseen")), (node("email:unseen"), node("account:9")),
    )  # fmt: skip
    world.run(1)
    mine = world.one_id("account:9")
    assert mine == world.one_id_of_identifier("phone:1") == world.one_id("device:1")
    assert mine == world.one_id("device:1 cookie:1")
    others = {world.one_id(words) for words in (*crowd, "account:8")}
    assert len(others) == 5 and mine not in others


def test_a_pinned_number_goes_with_its_node() -> None:
    world = World().see("account:1", day=night(-3)).see("account:2", day=night(-2)).run(1)
    world.see("account:3", on=2)
    world.pins = ((node("account:2"), 1), (node("account:3"), 50))
    world.run(2)
    assert [world.one_id(f"account:{i}") for i in (2, 3)] == [1, 50]
    assert world.one_id("account:1") not in (1, 2, 50), "1 is another's now, and 2 nobody's"
    assert world.one_id("account:1") == 51, "the largest number ever, and the next"
    settled = world.contents()
    assert world.run(2).contents() == settled
    world.pins = ()
    assert world.run(3).map_on(3) == world.map_on(2), "a number stays when its pin goes"


def test_of_two_pins_that_cannot_both_hold_the_older_number_does() -> None:
    world = World().see("account:1 phone:1", day=night(-3)).see("account:2").run(1)
    world.pins = ((node("phone:1"), 9), (node("account:1"), 8), (node("account:2"), 9))
    world.run(2)
    assert (world.one_id("account:1 phone:1"), world.one_id("account:2")) == (8, 9)
    world.pins = ((node("account:2"), 7), (node("account:1"), 7))
    world.run(3)
    assert (world.one_id("account:1 phone:1"), world.one_id("account:2")) == (7, 9)


def test_a_name_means_the_node_that_an_identifier_was_on_its_day(engine: Engine) -> None:
    def rows(ddl: str, *records: tuple[object, ...]) -> Rows:
        names = arrow_schema(ddl).names
        return table_of(engine, [dict(zip(names, each, strict=True)) for each in records], ddl)

    nodes = rows(
        "node_id bigint, token string, first_date date",
        (11, "phone", night(3)), (12, "phone", night(8)), (13, "phone", night(20)),
        (21, "account", night(5)),
    )
    named = rows(
        NAMED, (-1, "phone", night(1)), (-2, "phone", night(7)), (-3, "phone", night(8)),
        (-4, "phone", night(99)), (-5, "account", night(1)), (-6, "nobody", night(1)),
    )
    rulings = Rulings(
        refused=rows(REFUSED, ("phone", "global", "other", "invalid")),
        facts=rows(FACTS, (-2, "rule", "", "a"), (21, "rule", "", "b"), (-6, "rule", "", "c")),
        joins=rows(JOINS, (-3, -5), (-4, 77)),
        pins=rows(PINS, (-1, 5), (30, 6)),
        named=named,
    )
    found = without_names(engine, rulings, nodes)
    assert found.named is None
    assert {(row.node_id, row.value) for row in records(engine, found.facts)} == {
        (11, "a"), (21, "b"), (-6, "c"),
    }  # fmt: skip
    joins = {(row.node_id, row.other_node_id) for row in records(engine, found.joins)}
    assert joins == {(12, 21), (13, 77)}
    assert {tuple(row) for row in records(engine, found.pins)} == {(11, 5), (30, 6)}
