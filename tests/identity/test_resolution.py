"""Whole nights: random worlds against the plain-Python rules, and numbers that stay."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import partial

import pytest
from pyspark.sql import SparkSession

from identity.resolution import engine_for
from model.engines import SparkEngine
from model.identity_policy import ComponentsPolicy
from model.local_engine import LocalEngine
from model.mixed_engine import MixedEngine
from tests.identity.oracle import Persons
from tests.identity.worlds import POLICY, World, groups, night, node, random_world, sighting


@pytest.mark.usefixtures("adaptive")
def test_random_worlds_are_what_the_plain_rules_say(spark: SparkSession) -> None:
    seen = {words: day for seed in range(250) for words, day in random_world(seed).items()}
    world = World()
    for words, day in seen.items():
        world.see(words, day=night(day))
    world.run(1)
    persons = Persons(seen, POLICY)
    assert persons.refused and persons.hubs, "the worlds are worth the test"
    assert groups(world) == persons.groups()
    refused = {(row.sighting_id, row.node_id) for row in world.open("rejected_links")}
    assert refused == persons.refused
    rules = {row.rule for row in world.open("rejected_links")}
    assert rules == {"never_merge national_id", "never_merge passport"}
    assert {row.node_id for row in world.open("hubs")} == {node(word) for word in persons.hubs}
    order = random.Random(7).sample(range(len(world.rows)), len(world.rows))
    in_memory, on_spark = partial(LocalEngine, spark), partial(SparkEngine, spark)
    on_both = partial(MixedEngine, spark, most_here=500)
    for engine, components, partitions in (
        (on_spark, "local", 1), (on_both, "graphframes", 8), (in_memory, "graphframes", 0),
    ):  # fmt: skip
        other = World(world.rows).shuffled(order).run(1, engine, components, partitions)
        assert other.contents() == world.contents()
    again = World(world.rows, tables=world.tables).run(1)
    assert again.contents() == world.contents()


def test_links_are_those_that_join_and_say_where_they_were_seen() -> None:
    world = World().see("account:1 phone:1", dataset="a", day=night(-2))
    world.see("account:1 phone:1", dataset="b").see("phone:1 device:1", "device:2", "phone:9")
    world.refused = ("phone:9",)
    world.run(1)
    links = {(row.sighting_id, row.node_id): row for row in world.open("links")}
    link = links[sighting("account:1 phone:1"), node("phone:1")]
    assert (link.rule, link.sources) == ("shared identifier", ["shop.a", "shop.b"])
    assert (link.first_date, link.last_date, link.row_count) == (night(-2), night(1), 2)
    assert links[sighting("phone:1 device:1"), node("device:1")].rule == "attached"
    assert len(links) == 5
    assert world.one_id("phone:9") is None, "nobody's: its one identifier is refused"
    assert node("phone:9") not in {row.node_id for row in world.open("nodes")}


def test_two_national_ids_bridged_by_a_phone_stay_two_persons() -> None:
    world = World().see("national_id:1 account:1 phone:1", day=night(-9))
    world.see("national_id:2 account:2 phone:1", "national_id:3 phone:3", "phone:3 account:3")
    world.see("national_id:4 national_id:5").run(1)
    assert world.one_id("national_id:1 account:1 phone:1") != world.one_id(
        "national_id:2 account:2 phone:1"
    )
    # The more recent of two equal links is kept; the older one is refused.
    refused = {(row.sighting_id, row.node_id): row.rule for row in world.open("rejected_links")}
    bridge = (sighting("national_id:1 account:1 phone:1"), node("phone:1"))
    assert refused.pop(bridge) == "never_merge national_id"
    assert len(refused) == 1, "one of the two ids in one sighting"
    assert world.one_id("national_id:3 phone:3") == world.one_id("phone:3 account:3")


def test_a_value_counts_within_its_scope() -> None:
    world = World().see("passport:1 phone:1", "passport@b:2 phone:1")
    world.see("card:1 email:1", "card@b:2 email:1")
    world.see(*(f"account{'@b' * (i % 2)}:{i} phone:2" for i in range(5))).run(1)
    assert world.one_id("passport:1 phone:1") == world.one_id("passport@b:2 phone:1")
    assert world.one_id("card:1 email:1") == world.one_id("card@b:2 email:1"), "no disagreement"
    assert world.open("rejected_links") == world.open("hubs") == [], "three in a scope"
    world.see("passport:2 phone:1", "card@b:1 email:1", "account:9 phone:2", on=2).run(2)
    assert {(row.node_id, row.reason) for row in world.open("hubs")} == {
        (node("email:1"), "disagree"), (node("phone:2"), "max_peers"),
    }  # fmt: skip
    assert [row.rule for row in world.open("rejected_links")] == ["never_merge passport"]
    assert world.one_id("passport:1 phone:1") != world.one_id("passport:2 phone:1")


def test_weak_kinds_attach_and_never_merge() -> None:
    world = World()
    world.see("account:1 device:1", "device:1", "device:1 cookie:1", "cookie:1")
    world.see("account:2 device:2", "account:3 device:2", "device:2")
    world.see("device:4", "device:4 cookie:4", "cookie:4")
    world.see("account:5 device:5 cookie:5", "account:6 device:5", "cookie:5", "device:5 cookie:5")
    world.see("account:7 device:7", "account:8 device:7")
    world.run(1)
    one_id = world.one_id
    assert one_id("account:1 device:1") == one_id("device:1") == one_id("device:1 cookie:1")
    assert one_id("cookie:1") not in (None, one_id("device:1")), "weak never joins weak"
    shared = ("account:2 device:2", "account:3 device:2", "device:2")
    assert len({one_id(words) for words in shared}) == 3
    assert one_id("device:4") == one_id("device:4 cookie:4") != one_id("cookie:4")
    assert one_id("cookie:5") == one_id("account:5 device:5 cookie:5")
    assert one_id("device:5 cookie:5") == world.one_id_of_identifier("device:5"), "best-ranked"
    assert world.one_id_of_identifier("device:7") is None, "no sighting follows it: nobody's"


def test_a_hub_comes_back_when_it_calms_down() -> None:
    world = World().see(*(f"account:{i} phone:1" for i in range(4)), "phone:1").run(1)
    assert [row.reason for row in world.open("hubs")] == ["max_peers"]
    assert len({world.one_id(f"account:{i} phone:1") for i in range(4)}) == 4
    assert world.one_id("phone:1") is None and world.one_id_of_identifier("phone:1") is None
    world.lose("account:3 phone:1", on=2, day=night(1)).run(2)
    assert world.open("hubs") == []
    assert {world.one_id(f"account:{i} phone:1") for i in range(3)} == {1}
    assert world.one_id("phone:1") == 1


def test_numbers_stay_through_adds_merges_splits_and_rebuilds() -> None:
    world = World().see("account:1", "account:1 email:1", day=night(-3))
    world.see("account:2 email:2", day=night(-2)).see("account:3", day=night(-1)).run(1)
    assert [world.one_id(w) for w in ("account:1", "account:2 email:2", "account:3")] == [1, 2, 3]
    assert world.happened(1) == {("minted", i, None) for i in (1, 2, 3)}
    # Night 2: somebody new, and an e-mail that joins 1 and 2.
    world.see("account:4", "email:1 email:2", on=2).run(2)
    assert world.one_id("account:2 email:2") == 1 and world.one_id("account:4") == 4
    assert world.happened(2) == {("minted", 4, None), ("merged_into", 2, 1)}
    assert world.one_id("account:2 email:2", number=1) == 2, "any past night as of its date"
    # Night 3: the bridge is taken away: 2 has its number again, and 3 is gone.
    world.lose("email:1 email:2", on=3, day=night(2)).lose("account:3", on=3, day=night(-1)).run(3)
    assert world.one_id("account:2 email:2") == 2
    assert world.happened(3) == {("minted", 2, None), ("split_from", 2, 1), ("retired", 3, None)}
    # Night 4: a newcomer gets a number nobody ever had.
    world.see("account:5", on=4).run(4)
    assert world.one_id("account:5") == 5


def test_attaching_is_no_merge() -> None:
    world = World().see("account:1", day=night(-3)).see("device:2", "account:3", "email:4").run(1)
    device, email = world.one_id("device:2"), world.one_id("email:4")
    world.see("account:1 device:2", "account:1 email:4", on=2).run(2)
    assert world.one_id("device:2") == world.one_id("email:4") == 1
    assert world.happened(2) == {("retired", device, 1), ("merged_into", email, 1)}
    reasons = {row.one_id: row.reason for row in world.tables["events"] if row.other_one_id}
    assert reasons[device].startswith("attached") and reasons[email] == "links join them"


def test_nights_run_again_give_the_same_rows() -> None:
    world = World()
    for number in (1, 2, 3):
        choice = random.Random(number)
        for seed in choice.sample(range(40), 25):
            world.see(*list(random_world(seed))[number - 1 :: 2], on=number)
        if number > 1:
            earlier = [row for row in world.rows if row["row_count"] > 0]
            for row in {row["sighting_id"]: row for row in choice.sample(earlier, 20)}.values():
                world.rows.append(row | {"business_date": night(number), "row_count": -1})
    first = world.run(1).contents()
    second = world.run(2).contents()
    third = world.run(3).contents()
    assert world.run(3).contents() == third
    assert world.run(2).map_on(2) == World(tables=world.tables).map_on(2)
    assert world.run(3).contents() == third, "night 2 run again, then 3"
    assert first != second != third


def test_numbers_taken_back_are_never_given_to_somebody_else() -> None:
    world = World().see("account:1", day=night(-1)).see("account:2").run(1)
    # The first night again, with a source that came late: 2 is somebody else's claim by now.
    late = World(tables=world.tables).see("account:1", day=night(-1))
    late.see("account:3", "account:4", day=night(-5)).run(1)
    assert [late.one_id(f"account:{i}") for i in (1, 3, 4)] in ([1, 3, 4], [1, 4, 3])
    late.see("account:2", on=2).run(2)
    assert late.one_id("account:2") == 2
    assert late.happened(2) == {("minted", 2, None)}


def test_a_smaller_identifier_or_part_moves_no_number() -> None:
    words = ("account:1", "account:1 phone:1", "account:1 email:1")
    world = World().see(*words).see("account:9").run(1)
    number = world.one_id("account:1")
    joining = [f"{word} cookie:{i} phone:{i}" for word in ("account:1",) for i in range(2, 5)]
    world.see(*joining, on=2, day=night(-300)).run(2)
    assert {world.one_id(each) for each in (*words, *joining)} == {number}
    # All rows of the person are replaced; its account remains, and so does its number.
    for each in (*words, *joining):
        world.lose(each, on=3, day=night(1) if each in words else night(-300))
    world.see("account:1 email:7", on=3).run(3)
    assert world.one_id("account:1 email:7") == number
    assert world.happened(3) == set()


def test_the_first_night_without_any_sighting_is_empty() -> None:
    world = World().run(1)
    assert all(rows == [] for rows in world.tables.values())
    weak_policy = replace(POLICY, never_merge=())
    assert World(policy=weak_policy).see("cookie:1").run(1).one_id("cookie:1") == 1


def test_what_fits_is_resolved_in_this_process(spark: SparkSession) -> None:
    policy = replace(POLICY, components=ComponentsPolicy(local_edges=50))
    with engine_for(10, spark, policy) as fits, engine_for(11, spark, policy) as too_large:
        assert (type(fits), type(too_large)) == (LocalEngine, MixedEngine)
