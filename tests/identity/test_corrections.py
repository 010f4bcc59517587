"""Corrections stand above every rule, on the nights from their first to their last."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import partial

import pytest
from pyspark.sql import SparkSession

from identity.corrections import Correction, contradicted
from model.engines import Engine
from model.mixed_engine import MixedEngine
from tests.identity.corrected_worlds import MADE_AT, CorrectedWorld, correction
from tests.identity.oracle import Persons
from tests.identity.worlds import (
    POLICY,
    Fact,
    World,
    groups,
    night,
    node,
    random_world,
    sighting,
    token,
)


def test_a_correction_holds_from_its_first_night_to_its_last_and_through_a_rebuild() -> None:
    world = CorrectedWorld().see("account:1", "account:2", day=night(-1))
    world.corrections = (correction(1, "link", "account:1", "account:2", first=2, last=4),)
    for number in range(1, 6):
        world.see(f"account:9 cookie:{number}", on=number).run(number)
    held = [world.are_one("account:1", "account:2", number=number) for number in range(1, 6)]
    assert held == [False, True, True, True, False]
    assert world.one_id("account:2", 5) == world.one_id("account:2", 1), "the number comes back"
    rebuilt = CorrectedWorld(world.rows, corrections=world.corrections)
    assert rebuilt.run(3).are_one("account:1", "account:2")


def test_a_night_run_again_takes_the_corrections_of_its_own_date() -> None:
    world = CorrectedWorld().see("account:1 phone:1", "account:2 phone:1")
    world.corrections = (correction(1, "unlink", "account:1", "account:2", last=2),)
    world.run(1).run(2)
    settled = world.map_on(2)
    later = correction(2, "link", "account:1", "account:2", first=3)
    world.corrections += (later,)
    world.run(3)
    assert world.are_one("account:1", "account:2")
    world.run(2)
    assert world.map_on(2) == settled
    assert not world.are_one("account:1", "account:2", number=1)


def test_what_is_withdrawn_lets_go_and_leaves_the_nights_it_served() -> None:
    world = CorrectedWorld().see("account:1", "account:2")
    world.corrections = (correction(1, "link", "account:1", "account:2", last=9),)
    world.run(1).run(2)
    world.corrections = (world.corrections[0].withdrawn(night(3), MADE_AT),)
    world.run(3)
    assert not world.are_one("account:1", "account:2")
    assert world.run(2).are_one("account:1", "account:2"), "a night run again gives what it gave"
    never = correction(1, "link", "account:1", "account:2", first=4).withdrawn(night(3), MADE_AT)
    assert not any(never.holds_on(night(number)) for number in range(1, 9))


def test_a_link_stands_above_never_merge_and_shares_no_hub() -> None:
    crowd = [f"account:{n} phone:1" for n in range(4)]
    world = CorrectedWorld().see(*crowd, "national_id:1", "national_id:2", "account:8")
    world.corrections = (
        correction(1, "link", "national_id:1", "national_id:2"),
        correction(2, "link", "phone:1", "account:8"),
    )
    world.run(1)
    assert world.are_one("national_id:1", "national_id:2")
    assert world.are_one("phone:1", "account:8"), "the hub is an attribute of this person"
    assert [row.node_id for row in world.open("hubs")] == [node("phone:1")], "and stays a hub"
    assert len({world.one_id(words) for words in (*crowd, "account:8")}) == 5


def test_a_link_makes_one_person_of_two_whatever_each_of_them_holds() -> None:
    world = CorrectedWorld().see("account:1 passport:1", "account:2 passport:2 phone:2")
    world.see("phone:2 national_id:2", "passport:3 phone:2", day=night(-9)).run(1)
    assert not world.are_one("account:1", "account:2")
    world.corrections = (correction(1, "link", "account:1", "account:2", first=2),)
    world.run(2)
    assert world.are_one(
        "account:1", "account:2", "passport:1", "passport:2", "phone:2", "national_id:2"
    )
    assert world.one_id("passport:3 phone:2") not in (None, world.one_id("account:1 passport:1"))
    assert [row.rule for row in world.open("rejected_links")] == ["never_merge passport"]


def test_a_link_of_two_persons_keeps_what_an_unlink_keeps_apart() -> None:
    world = CorrectedWorld().see("account:1 phone:1", "account:2 phone:2", "phone:2")
    world.corrections = (
        correction(1, "link", "account:1", "account:2"),
        correction(2, "unlink", "account:1", "phone:2"),
    )
    world.run(1)
    assert world.are_one("account:1", "account:2", "phone:1")
    assert world.one_id("phone:2") not in (None, world.one_id("account:2 phone:2"))


def test_a_link_brings_a_weak_identifier_to_its_person_though_others_show_it() -> None:
    world = CorrectedWorld().see("account:1 device:1", "account:2 device:1", "device:1")
    world.run(1)
    assert world.one_id("device:1") not in (
        world.one_id("account:1 device:1"), world.one_id("account:2 device:1")
    )  # fmt: skip
    world.corrections = (correction(1, "link", "device:1", "account:2", first=2),)
    world.run(2)
    assert world.are_one("device:1", "account:2")
    assert world.one_id("device:1") == world.one_id("account:2 device:1")
    assert not world.are_one("account:1", "account:2")


def test_a_link_waits_for_an_identifier_that_is_refused_or_that_no_row_shows() -> None:
    world = CorrectedWorld(refused=("phone:1",)).see("phone:1 account:1", "account:2", "account:3")
    world.corrections = (
        correction(1, "link", "phone:1", "account:2"),
        correction(2, "link", "email:9", "account:3"),
    )
    world.run(1)
    assert [world.one_id_of_identifier(word) for word in ("phone:1", "email:9")] == [None, None]
    world.refused = ()
    world.see("email:9", on=2).run(2)
    assert world.are_one("account:1", "phone:1", "account:2")
    assert world.are_one("email:9", "account:3")


def test_an_unlink_refuses_the_weakest_link_between_the_two_under_its_number() -> None:
    world = CorrectedWorld().see("account:1 phone:1", day=night(-9)).see("account:2 phone:1")
    world.run(1)
    assert world.are_one("account:1", "account:2")
    world.corrections = (correction(7, "unlink", "account:1", "account:2", first=2),)
    world.run(2)
    assert world.are_one("account:2", "phone:1")
    assert not world.are_one("account:1", "account:2")
    (refused,) = world.open("rejected_links")
    assert (refused.sighting_id, refused.node_id, refused.rule) == (
        sighting("account:1 phone:1"), node("phone:1"), "cannot_link 7",
    )  # fmt: skip
    assert {event for event, _, _ in world.happened(2)} == {"minted", "split_from", "anchored"}


def test_a_row_that_shows_both_ends_of_an_unlink_stays_with_the_stronger() -> None:
    both = "account:1 phone:1"
    world = CorrectedWorld().see(both, both + " email:1", "email:1")
    world.corrections = (correction(1, "unlink", "phone:1", "account:1"),)
    world.run(1)
    mine = world.one_id_of_identifier("account:1")
    assert {world.one_id(words) for words in (both, both + " email:1", "email:1")} == {mine}
    assert world.one_id_of_identifier("phone:1") is None, "no row is left that is the phone's own"
    assert len(groups(world)) == 1
    world.see("phone:1", on=2).run(2)
    assert world.one_id("phone:1") == world.one_id_of_identifier("phone:1") != mine
    assert world.one_id(both) == mine
    assert len(groups(world)) == 2


def test_an_unlink_keeps_a_weak_identifier_from_the_one_person_only() -> None:
    world = CorrectedWorld().see("account:1 device:1", "device:1", "device:2 account:1")
    world.see("device:2 account:2")
    world.run(1)
    assert world.are_one("account:1", "device:1")
    world.corrections = tuple(
        correction(n, "unlink", "account:1", f"device:{n}", first=2) for n in (1, 2)
    )
    world.run(2)
    assert world.one_id("device:1") not in (None, world.one_id("account:1 device:1"))
    assert world.are_one("account:2", "device:2"), "it attaches to the person that is left"
    refused = {(row.sighting_id, row.node_id, row.rule) for row in world.open("rejected_links")}
    assert refused == {
        (sighting("account:1 device:1"), node("device:1"), "cannot_link 1"),
        (sighting("device:2 account:1"), node("device:2"), "cannot_link 2"),
    }
    assert (sighting("account:1 device:1"), node("device:1")) not in {
        (row.sighting_id, row.node_id) for row in world.open("links")
    }


def test_a_blocked_identifier_joins_nobody_and_is_refused_for_that_reason_once(
    engine: Engine,
) -> None:
    world = CorrectedWorld(refused=("phone:1", "phone:2")).see("account:1 phone:1", "phone:3")
    world.see("account:2 phone:3", "account:3 phone:3")
    world.corrections = (
        correction(1, "block", "phone:1"), correction(2, "block", "phone:3"),
        correction(3, "block", "phone:3"), correction(4, "block", "phone:9", first=2),
    )  # fmt: skip
    rows = engine.arrow(world.rulings(engine).refused).to_pylist()
    reasons = {row["token"]: row["reason"] for row in rows}
    assert len(rows) == len(reasons)
    assert reasons == {
        token("phone:1"): "blocked", token("phone:2"): "invalid", token("phone:3"): "blocked",
    }  # fmt: skip
    world.run(1)
    assert len({world.one_id(f"account:{n} phone:3") for n in (2, 3)}) == 2
    assert world.one_id("phone:3") is None
    world.corrections = ()
    world.run(2)
    assert world.are_one("account:2", "account:3", "phone:3")


def test_a_pin_gives_a_number_back_and_keeps_it_through_a_merge_and_a_rebuild() -> None:
    world = CorrectedWorld().see("account:1", day=night(-3)).see("account:2", day=night(-2)).run(1)
    assert [world.one_id(f"account:{n}") for n in (1, 2)] == [1, 2]
    world.corrections = (correction(1, "pin", "account:2", one_id=2, first=2),)
    world.see("account:1 account:2", on=2).run(2)
    assert world.one_id("account:1") == world.one_id("account:2") == 2, "not the older number"
    rebuilt = CorrectedWorld(world.rows, corrections=world.corrections).run(2)
    assert rebuilt.map_on(2) == world.map_on(2)


def test_a_correction_speaks_of_who_held_a_reissued_identifier_on_its_first_night() -> None:
    world = CorrectedWorld().see("account:1 phone:1", day=night(-300), last=night(-200))
    world.see("account:2 phone:1", day=night(-9)).see("account:8", "account:9")
    world.corrections = (
        correction(1, "link", "phone:1", "account:8", first=-250),
        correction(2, "link", "phone:1", "account:9", first=1),
        correction(3, "pin", "phone:1", one_id=77, first=1),
    )
    world.run(1)
    assert world.are_one("account:1", "account:8")
    assert world.are_one("account:2", "account:9")
    assert world.one_id("account:2 phone:1") == 77 != world.one_id("account:1 phone:1")


def random_corrections(
    seen: dict[str, int], choice: random.Random
) -> tuple[tuple[Correction, ...], tuple[Fact, ...], tuple[tuple[int, int], ...]]:
    """Links and unlinks within every other world, and the facts and joins that they mean."""
    by_world: dict[str, set[str]] = {}
    for words in seen:
        own = by_world.setdefault(words.split(":")[1].split("-")[0], set())
        own.update(words.split())
    corrections: list[Correction] = []
    for own in by_world.values():
        for kind in ("link", "unlink", "unlink"):
            new = correction(len(corrections) + 1, kind, *choice.sample(sorted(own), 2))
            if choice.random() < 0.5 and not contradicted(new, corrections):
                corrections.append(new)
    numbers = {token(word): node(word) for words in seen for word in words.split()}
    facts = [
        (numbers[end.token], f"cannot_link {each.correction_id}", str(place))
        for each in corrections if each.kind == "unlink" for place, end in enumerate(each.ends)
    ]  # fmt: skip
    joins = [
        tuple(numbers[end.token] for end in each.ends)
        for each in corrections if each.kind == "link"
    ]  # fmt: skip
    return tuple(corrections), tuple(facts), tuple(joins)


@pytest.fixture(scope="module")
def corrected() -> CorrectedWorld:
    """Random worlds with corrections, equal to the plain rules."""
    seen = {words: day for seed in range(700, 900) for words, day in random_world(seed).items()}
    corrections, facts, joins = random_corrections(seen, random.Random(5))
    world = CorrectedWorld(corrections=corrections)
    for words, day in seen.items():
        world.see(words, day=night(day))
    world.run(1)
    persons = Persons(seen, POLICY, facts, joins)
    assert groups(world) == persons.groups() != Persons(seen, POLICY).groups()
    refused = {(row.sighting_id, row.node_id) for row in world.open("rejected_links")}
    assert refused == persons.refused
    kinds = {row.kind for row in world.open("rejected_links") if "cannot_link" in row.rule}
    assert kinds >= {"phone", "email", "device"}, "strong and weak links are cut"
    return world


def test_corrections_are_obeyed_in_any_order(corrected: CorrectedWorld) -> None:
    order = random.Random(7).sample(range(len(corrected.rows)), len(corrected.rows))
    other = replace(corrected, corrections=corrected.corrections[::-1], tables=World().tables)
    assert other.shuffled(order).run(1).contents() == corrected.contents()


@pytest.mark.long
@pytest.mark.usefixtures("adaptive")
def test_corrections_mean_the_same_on_spark(corrected: CorrectedWorld, spark: SparkSession) -> None:
    other = replace(corrected, tables=World().tables)
    other.run(1, partial(MixedEngine, spark, most_here=20))
    assert other.contents() == corrected.contents()


def test_no_two_ends_of_an_unlink_are_one_person(corrected: CorrectedWorld) -> None:
    people = {row.token: row.node_id for row in corrected.open("nodes")}
    numbers = corrected.map_on(None)
    for each in corrected.corrections:
        held = [numbers.get(people.get(end.token, 0)) for end in each.ends]
        if None not in held:
            assert (held[0] == held[1]) == (each.kind == "link")


STANDING = (
    correction(1, "link", "account:1", "account:2"),
    correction(2, "link", "account:2", "account:3"),
    correction(3, "unlink", "account:4", "account:5", last=5), correction(4, "block", "phone:1"),
    correction(5, "pin", "account:6", one_id=6), correction(6, "link", "account:3", "phone:4"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("new", "opposed"),
    [
        (correction(9, "unlink", "account:2", "account:1"), {1, 2, 6}),
        (correction(9, "unlink", "account:1", "account:3"), {1, 2, 6}),
        (correction(9, "unlink", "account:1", "account:4"), set()),
        (correction(9, "link", "account:5", "account:4"), {3}),
        (correction(9, "link", "account:5", "account:4", first=6), set()),
        (correction(9, "link", "phone:1", "account:4"), {4}),
        (correction(9, "unlink", "phone:1", "account:4"), {4}),
        (correction(9, "pin", "phone:1", one_id=9), {4}),
        (correction(9, "block", "phone:4"), {6}),
        (correction(9, "block", "account:6"), {5}),
        (correction(9, "block", "account:4"), set()),
        (correction(9, "pin", "account:6", one_id=7), {5}),
        (correction(9, "pin", "account:7", one_id=6), {5}),
        (correction(9, "pin", "account:6", one_id=6, first=4), set()),
    ],
)
def test_what_cannot_be_true_together_is_named(new: Correction, opposed: set[int]) -> None:
    assert {each.correction_id for each in contradicted(new, STANDING)} == opposed


def test_a_link_over_others_contradicts_an_unlink_of_their_ends() -> None:
    apart = correction(8, "unlink", "account:1", "account:9")
    new = correction(9, "link", "phone:4", "account:9")
    assert contradicted(new, (*STANDING, apart)) == (apart,)


def test_what_stands_already_need_not_be_said_again() -> None:
    stands = correction(1, "link", "account:1", "account:2", first=2, last=5)
    assert stands.says_already(correction(9, "link", "account:2", "account:1", first=3, last=5))
    longer = correction(9, "link", "account:2", "account:1", first=3)
    assert not stands.says_already(longer)
    assert not stands.says_already(replace(stands, kind="unlink"))
