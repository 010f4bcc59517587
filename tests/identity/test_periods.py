"""Windows and re-issued identifiers: random worlds against plain rules, and each rule by name."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

import pytest
from pyspark.sql import SparkSession

from identity.periods import periods
from identity.sightings import holdings, identified
from model.dates import Duration
from model.engines import Engine
from model.fixed_tables import SIGHTINGS
from model.identity_policy import IdentityPolicy
from model.mixed_engine import MixedEngine
from model.node_ids import node_id, period_id
from tests.identity.oracle import Persons
from tests.identity.worlds import (
    POLICY,
    Fact,
    World,
    groups,
    night,
    node,
    random_world_of_days,
    records,
    refused_rows,
    seen,
    sighting,
    table_of,
    token,
)

BORN = "never_merge birth_date"


def with_kinds(**kinds: dict[str, Any]) -> IdentityPolicy:
    """The policy of worlds with other options of some kinds."""
    changed = {name: replace(POLICY.kinds[name], **options) for name, options in kinds.items()}
    return replace(POLICY, kinds={**POLICY.kinds, **changed})


AGING = with_kinds(
    phone={"window": Duration(500), "max_sightings": 3},
    email={"window": Duration(300), "reissued_after": Duration(60), "max_peers": 1},
    device={"reissued_after": Duration(40), "max_peers": 1}, cookie={"window": Duration(90)},
    card={"window": Duration(200)},
)  # fmt: skip


def random_facts(worlds: Sequence[dict[str, tuple[int, int]]]) -> tuple[Fact, ...]:
    choice = random.Random(11)
    things = [sighting(words) for world in worlds for words in world]
    things += [node(word) for world in worlds for words in world for word in words.split()]
    return tuple(
        (each, BORN, choice.choice("ab")) for each in dict.fromkeys(things) if choice.random() < 0.2
    )


def seen_on_days(world: World, days: dict[str, tuple[int, int]]) -> World:
    for words, (first, last) in days.items():
        world.see(words, day=night(first), last=night(last))
    return world


@pytest.fixture(scope="module")
def aged() -> World:
    """Random worlds of three years after their night, equal to the plain rules."""
    worlds = [random_world_of_days(seed) for seed in range(700, 950)]
    facts = random_facts(worlds)
    days = {words: each for world in worlds for words, each in world.items()}
    choice = random.Random(5)
    names = tuple((sighting(words), choice.choice(("王伟", "Wang Wei", "李娜", "陈军")))
                  for words in days if choice.random() < 0.3)  # fmt: skip
    world = seen_on_days(World(policy=AGING, facts=facts, names=names), days).run(1)
    persons = Persons(days, AGING, facts, names=names)
    nameless = Persons(days, AGING, facts)
    assert nameless.periods.cuts != persons.periods.cuts, "the names are worth the test"
    rules = {rule for _, _, rule in persons.periods.cuts}
    assert rules == {"window", "re-issued"} and persons.hubs
    assert len(persons.by_day()) > 20, "the worlds are worth the test"
    assert groups(world) == persons.groups()
    rejected = {(row.sighting_id, row.node_id, row.rule) for row in world.open("rejected_links")}
    assert persons.periods.cuts == {row for row in rejected if row[2] in rules}
    assert persons.refused == {row[:2] for row in rejected if row[2] not in rules}
    assert {row.node_id for row in world.open("hubs")} == {node(word) for word in persons.hubs}
    assert by_day(world) == {
        (each, group, start and night(start), end and night(end))
        for each, group, start, end in persons.by_day()
    }
    return world


def by_day(world: World) -> set[tuple[int, frozenset[int], date | None, date | None]]:
    members = defaultdict(set)
    for each, one_id in world.map_on(None).items():
        members[one_id].add(each)
    return {
        (row.node_id, frozenset(members[row.one_id]), row.seen_from, row.seen_to)
        for row in world.open("one_ids") if row.seen_from or row.seen_to
    }  # fmt: skip


def test_random_worlds_of_days_are_what_the_plain_rules_say_in_any_order(aged: World) -> None:
    order = random.Random(7).sample(range(len(aged.rows)), len(aged.rows))
    shuffled = replace(aged, tables=World().tables).shuffled(order).run(1)
    assert shuffled.contents() == aged.contents()
    again = replace(aged, tables=aged.tables).run(1)
    assert again.contents() == aged.contents()


@pytest.mark.usefixtures("adaptive")
@pytest.mark.parametrize("partitions", [pytest.param(1, marks=pytest.mark.long), 8])
def test_periods_mean_the_same_on_spark(aged: World, spark: SparkSession, partitions: int) -> None:
    other = replace(aged, tables=World().tables)
    other.run(1, partial(MixedEngine, spark, most_here=20), partitions=partitions)
    assert other.contents() == aged.contents()


def test_two_sightings_join_only_within_the_window_of_each_other() -> None:
    world = World(policy=with_kinds(email={"window": Duration(300)}))
    world.see("account:1 email:1", day=night(-700)).see("account:2 email:1", day=night(-400))
    world.see("account:3 email:1", day=night(-99)).see("email:1", day=night(0)).run(1)
    one_id = world.one_id
    assert one_id("account:1 email:1") == one_id("account:2 email:1"), "300 days are within"
    assert one_id("account:3 email:1") == one_id("email:1") != one_id("account:2 email:1")
    (cut,) = world.open("rejected_links")
    assert (cut.sighting_id, cut.node_id, cut.rule) == (
        sighting("account:3 email:1"), node("email:1"), "window",
    )  # fmt: skip


def test_age_alone_cuts_nothing() -> None:
    world = World(policy=with_kinds(email={"window": Duration(30)}))
    world.see("account:1 email:1", day=night(-900), last=night(-800)).see("email:1 phone:1")
    for day in range(-790, 0, 30):
        world.see(f"email:1 phone:{day}", day=night(day))
    world.run(1)
    assert world.open("rejected_links") == [], "a chain of sightings, each near the one before"
    assert world.one_id("email:1 phone:1") == world.one_id("account:1 email:1")


def test_the_first_period_keeps_the_identifier_s_number(engine: Engine) -> None:
    rows = [seen("email:1 card:1", day=night(-300)), seen("email:1", day=night(-100)),
            seen("email:1 card:2", day=night(1))]  # fmt: skip
    given = table_of(engine, rows, SIGHTINGS.schema)
    policy = with_kinds(email={"window": Duration(90)})
    held = holdings(engine, identified(engine, given, refused_rows(engine), policy, night(1)))
    cut = periods(engine, held, World().rulings(engine), policy)
    found = {(row.node_id, row.period_from) for row in records(engine, cut.held)
             if row.kind == "email"}  # fmt: skip
    assert found == {
        (node("email:1"), None), (node("email:1/-100"), night(-100)),
        (node("email:1/1"), night(1)),
    }  # fmt: skip
    before = {(row.sighting_id, row.node_id) for row in records(engine, cut.cuts)}
    assert before == {
        (sighting("email:1"), node("email:1")), (sighting("card:2 email:1"), node("email:1/-100")),
    }  # fmt: skip


def test_a_period_s_number_is_the_same_on_both_engines(engine: Engine) -> None:
    given = [{"token": token("phone:1"), "day": night(3)}]
    rows = table_of(engine, given, "token string, day date")
    sql = f"select {node_id('token')} as plain, {period_id('token', 'day')} as later from given"
    (found,) = records(engine, engine.rows("numbers", sql, given=rows))
    assert (found.plain, found.later) == (node("phone:1"), node("phone:1/3"))


def handed_on(silence: int = 90) -> World:
    """A phone of account 1, and after so many days of account 2."""
    return World().see("account:1 phone:1", day=night(-silence)).see("account:2 phone:1", on=1,
                                                                     day=night(0))  # fmt: skip


def test_a_phone_handed_on_after_ninety_days_joins_nobody() -> None:
    world = handed_on().run(1)
    assert world.one_id("account:1 phone:1") != world.one_id("account:2 phone:1")
    (cut,) = world.open("rejected_links")
    assert (cut.sighting_id, cut.node_id, cut.kind, cut.rule) == (
        sighting("account:2 phone:1"), node("phone:1"), "phone", "re-issued",
    )  # fmt: skip
    nodes = {(row.node_id, row.period_from) for row in world.open("nodes") if row.kind == "phone"}
    assert nodes == {(node("phone:1"), None), (node("phone:1/0"), night(0))}
    assert {row.token for row in world.open("nodes") if row.kind == "phone"} == {token("phone:1")}
    assert handed_on(89).run(1).open("rejected_links") == [], "a day too early"


@pytest.mark.parametrize(
    "between", ["phone:1", "cookie:1 phone:1", "email:7 phone:1"], ids=lambda words: words[:5]
)
def test_silence_is_counted_between_sightings_that_hold_something_stronger(between: str) -> None:
    world = handed_on().see(between, day=night(-45)).run(1)
    assert [row.rule for row in world.open("rejected_links")] == ["re-issued"]
    assert world.one_id(between) == world.one_id("account:1 phone:1"), "until the other begins"
    spoken = handed_on().see("phone:1 account:1 email:2", day=night(-45)).run(1)
    assert spoken.open("rejected_links") == []


@pytest.mark.parametrize(
    ("later", "why"),
    [
        ("card:1 phone:1", "an account and a card may well be one person's"),
        ("account@b:2 phone:1", "another scope"),
        ("account:1 card:1 phone:1", "the account is there again"),
    ],
)  # fmt: skip
def test_silence_alone_cuts_nothing(later: str, why: str) -> None:
    world = World().see("account:1 phone:1", day=night(-400)).see(later).run(1)
    assert world.one_id("account:1 phone:1") == world.one_id(later), why
    assert world.open("rejected_links") == []


def test_owners_are_known_by_what_stands_beside_their_identifiers_elsewhere() -> None:
    apart = World().see("account:1 phone:1", day=night(-400)).see("card:2 phone:1")
    apart.see("account:2 card:2").run(1)
    assert [row.rule for row in apart.open("rejected_links")] == ["re-issued"]
    same = World().see("account:1 phone:1", day=night(-400)).see("account:2 phone:1")
    same.see("account:1 email:1", "account:2 email:1", day=night(-20)).run(1)
    assert same.open("rejected_links") == [], "one mailbox, two accounts: one person"


def test_two_values_of_one_rule_tell_owners_apart() -> None:
    world = World().see("account:1 phone:1", day=night(-400)).see("card:2 phone:1", "card:2")
    world.facts = ((sighting("account:1 phone:1"), BORN, "a"), (sighting("card:2"), BORN, "b"))
    assert [row.rule for row in world.run(1).open("rejected_links")] == ["re-issued"]
    world.facts = ((sighting("account:1 phone:1"), BORN, "a"), (sighting("card:2"), BORN, "a"))
    assert world.run(1).open("rejected_links") == []


def test_what_several_persons_use_at_a_time_is_shared_and_not_handed_on() -> None:
    world = World().see("account:1 phone:1", "account:2 phone:1", day=night(-400))
    world.see("account:3 phone:1").run(1)
    assert world.open("rejected_links") == []


def test_what_comes_back_to_an_earlier_owner_was_not_handed_on() -> None:
    world = World().see("account:1 card:1 phone:1", day=night(-600))
    world.see("account:2 phone:1", day=night(-300)).see("card:1 phone:1", "account:3 phone:1")
    world.run(1)
    assert [row for row in world.open("rejected_links") if row.rule == "re-issued"] == []


def test_limits_hold_for_each_period_since_two_owners_have_each_their_company() -> None:
    policy = with_kinds(phone={"max_peers": 1, "max_sightings": 2})
    first = ["card:1 phone:1", "card:1 account:1 phone:1"]
    later = ["card:2 phone:1", "card:2 account:2 phone:1"]
    world = World(policy=policy).see(*first, day=night(-200)).see(*later).run(1)
    assert world.open("hubs") == [], "two sightings, one account and one card each; no dispute"
    assert world.one_id(first[0]) == world.one_id(first[1]) != world.one_id(later[0])
    world.see("card:3 phone:1").run(1)
    (hub,) = world.open("hubs")
    assert (hub.node_id, hub.reason) == (node("phone:1/1"), "max_sightings")
    assert world.one_id(first[0]) == world.one_id(first[1]), "the first owner keeps theirs"


def test_an_identifier_of_two_periods_is_one_value_beside_others() -> None:
    policy = with_kinds(card={"window": Duration(100)}, account={"window": Duration(100)})
    world = World(policy=replace(policy, never_merge=("account",)))
    world.see("card:1 phone:1 account:1", day=night(-300)).see("account:1 card:1 phone:1 email:1")
    world.run(1)
    assert world.open("hubs") == [], "one card"
    assert {row.rule for row in world.open("rejected_links")} == {"window"}, "one account"
    assert len(set(world.map_on(None).values())) == 1


def test_a_sighting_across_a_cut_that_the_phone_alone_decides_belongs_to_each_in_its_days() -> None:
    world = handed_on(100).see("phone:1", "phone:1 device:1", day=night(-95), last=night(1))
    world.see("device:1", "account:2 device:1").run(1)
    one, two = world.one_id("account:1 phone:1"), world.one_id("account:2 phone:1")
    assert world.by_day("phone:1") == [(one, None, night(-1)), (two, night(0), None)]
    assert world.by_day("phone:1 device:1") == world.by_day("phone:1")
    assert world.one_id("device:1") == two, "what belongs to two says nothing of its device"


def test_a_sighting_across_a_cut_with_something_strong_is_its_last_day_s() -> None:
    world = handed_on().see("phone:1 email:1", day=night(-80), last=night(1)).run(1)
    assert world.one_id("email:1 phone:1") == world.one_id("account:2 phone:1")
    assert world.by_day("email:1 phone:1") == []


def test_a_join_takes_a_sighting_across_a_cut_for_all_its_days() -> None:
    world = handed_on().see("phone:1", day=night(-80), last=night(1)).see("account:9")
    world.joins = ((sighting("phone:1"), node("account:9")),)
    world.run(1)
    assert world.one_id("phone:1") == world.one_id("account:9") and world.by_day("phone:1") == []


def test_a_sighting_of_two_persons_votes_for_neither() -> None:
    world = World().see("account:1 phone:1", "phone:1", "phone:1 cookie:1", day=night(-300)).run(1)
    world.see("phone:1", "phone:1 cookie:1", "account:2 phone:1", on=2).run(2)
    assert world.one_id("account:1 phone:1") == 1 and world.one_id("account:2 phone:1") == 2
    assert world.by_day("phone:1") == [(1, None, night(1)), (2, night(2), None)]
    assert world.happened(2) == {("minted", 2, None)}, "nothing split from anybody"
    # The first owner's only strong sighting goes, and with it the cut.
    world.lose("account:1 phone:1", on=3, day=night(-300)).run(3)
    assert world.one_id("phone:1") == world.one_id("account:2 phone:1") == 2
    assert world.happened(3) == {("merged_into", 1, 2)}
    settled = world.contents()
    assert world.run(3).contents() == settled


def test_a_cut_is_healed_when_the_silence_was_a_gap_in_the_data() -> None:
    world = handed_on().run(1)
    number = world.one_id("account:1 phone:1")
    world.see("account:1 account:2", on=2).run(2)
    assert world.open("rejected_links") == []
    assert world.one_id("account:2 phone:1") == number
    assert [row.valid_to for row in world.tables["nodes"] if row.period_from] == [night(2)]


def test_a_member_who_changes_phone_stays_one_person() -> None:
    old = [f"card:{i} phone:{i}" for i in range(9)]
    world = World().see(*old, *(f"phone:{i}" for i in range(9)), day=night(-400)).run(1)
    numbers = [world.one_id(words) for words in old]
    world.see(*(f"card:{i} phone:{i + 100}" for i in range(9)), on=2).run(2)
    # Their old numbers are given to others, who have cards of their own.
    world.see(*(f"card:{i + 50} phone:{i}" for i in range(9)), on=3).run(3)
    assert [world.one_id(f"card:{i} phone:{i + 100}") for i in range(9)] == numbers
    assert [world.one_id(words) for words in old] == numbers
    assert {world.one_id(f"card:{i + 50} phone:{i}") for i in range(9)}.isdisjoint(numbers)


def test_names_that_cannot_be_one_person_s_tell_owners_apart() -> None:
    world = World().see("account:1 phone:1", day=night(-400)).see("card:2 phone:1")
    world.see("account:1", "card:2", "account@b:3")
    mine, other = (sighting("account:1"), "王伟"), (sighting("card:2"), "李娜")
    world.names = (mine, other)
    assert [row.rule for row in world.run(1).open("rejected_links")] == ["re-issued"]
    world.names = (mine, (other[0], "WANG Wei"))
    assert world.run(1).open("rejected_links") == [], "one name, written in two ways"
    world.names = (mine, other, (sighting("account@b:3"), "陈军"))
    world.see("account@b:3 phone:1", day=night(-380)).run(1)
    assert world.open("rejected_links") == [], "two names on one side: a shared phone"
