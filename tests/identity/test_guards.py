"""Hubs: identifiers that join nobody, and the ones that must not be taken for hubs."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import partial

import pytest
from pyspark.sql import SparkSession

from identity.graph import identifier_nodes
from identity.guards import hubs
from identity.sightings import holdings, identified, sighting_state
from model.engines import Engine, SparkEngine
from model.fixed_tables import SIGHTINGS
from model.identity_policy import DisagreeRule, IdentityPolicy
from tests.identity.oracle import Persons
from tests.identity.worlds import (
    POLICY,
    World,
    groups,
    night,
    node,
    random_world,
    records,
    refused_rows,
    sealed_names,
    seen,
    sighting,
    table_of,
)

NAMES_DISAGREE = replace(POLICY, disagree=DisagreeRule(("card",), names=True))
PARTITIONS = 7


def found_hubs(
    engine: Engine, *sightings: str, names: dict[str, str] | None = None,
    policy: IdentityPolicy = POLICY,
) -> dict[int, tuple[str, int, int]]:  # fmt: skip
    rows = table_of(engine, [seen(words) for words in sightings], SIGHTINGS.schema)
    state = sighting_state(engine, rows, night(1))
    held = engine.kept(
        holdings(engine, identified(engine, state, rows, refused_rows(engine), policy))
    )
    borne = sealed_names(engine, ((sighting(words), each) for words, each in (names or {}).items()))
    found = records(engine, hubs(engine, held, identifier_nodes(engine, held), policy, borne))
    return {row.node_id: (row.reason, row.sighting_count, row.peer_count) for row in found}


def test_limits_are_the_last_number_allowed(engine: Engine) -> None:
    at_limit = [f"phone:1 email:{i}" for i in range(6)]
    past_limit = [f"phone:2 email:{i}" for i in range(7)]
    peers_at = [f"account:{i} phone:3" for i in range(3)]
    peers_past = [f"account:{i} phone:4" for i in range(4)]
    assert found_hubs(engine, *at_limit, *past_limit, *peers_at, *peers_past) == {
        node("phone:2"): ("max_sightings", 7, 0),
        node("phone:4"): ("max_peers", 4, 4),
    }


def test_peers_are_distinct_values_of_one_stronger_kind(engine: Engine) -> None:
    one_value_often = [f"account:1 phone:1 email:{i}" for i in range(5)]
    kinds_side_by_side = ["account:1 phone:2", "account:2 phone:2", "national_id:1 phone:2",
                          "national_id:2 phone:2"]  # fmt: skip
    weaker_do_not_count = [f"phone:3 cookie:{i}" for i in range(5)]
    found = found_hubs(engine, *one_value_often, *kinds_side_by_side, *weaker_do_not_count)
    assert found == {}


def test_a_weaker_identifier_beside_two_cards_is_a_hub(engine: Engine) -> None:
    found = found_hubs(
        engine, "card:1 phone:1", "card:2 phone:1", "card:1 email:1 card:2", "card:3 phone:2",
        "account:1 card:4", "account:1 card:5",
    )  # fmt: skip
    assert found == {
        node("phone:1"): ("disagree", 2, 2),
        node("email:1"): ("disagree", 1, 2),
    }, "the account is stronger than the cards beside it"


def test_values_of_never_merge_kinds_are_no_hubs(engine: Engine) -> None:
    assert found_hubs(engine, *(f"national_id:1 account:{i}" for i in range(30))) == {}


def hubs_of_names(engine: Engine, names: dict[str, str]) -> set[int]:
    """Identifiers that the names of the sightings make hubs, each by the rule for that."""
    found = found_hubs(engine, *names, names=names, policy=NAMES_DISAGREE)
    assert {reason for reason, *_ in found.values()} <= {"names"}
    return set(found)


def test_an_identifier_beside_names_that_cannot_be_one_person_s_is_a_hub(engine: Engine) -> None:
    family = {"account:1 phone:1": "王伟", "account:2 phone:1 email:1": "王芳"}
    one_person = {"account:3 phone:2": "王伟", "account:4 phone:2": "Wang Wei"}
    in_two_columns = {"account:5 phone:3": "Smith, John", "account:6 phone:3": "Smith, Mary"}
    married = {"account:7 phone:4": "Smith, Mary", "account:8 phone:4": "Jones, Mary"}
    found = hubs_of_names(engine, family | one_person | in_two_columns | married)
    assert found == {node("phone:1"), node("phone:3")}


def test_any_two_names_of_many_dispute_an_identifier(engine: Engine) -> None:
    # Each agrees with the second; the first and the last do not.
    chain = {f"account:{i} phone:1": name for i, name in enumerate(("王小明", "王明", "王大明"))}
    assert hubs_of_names(engine, chain) == {node("phone:1")}


def test_names_say_nothing_of_the_identifier_that_bears_them(engine: Engine) -> None:
    alone = {"phone:3": "王伟", "phone:3 email:3": "李娜"}
    assert hubs_of_names(engine, alone) == set()
    accounts = {"account:1 phone:4": "王伟", "account:2 phone:4": "李娜"}
    assert hubs_of_names(engine, accounts) == {node("phone:4")}


def test_names_say_nothing_more_of_persons_whom_a_never_merge_kind_keeps_apart(
    engine: Engine,
) -> None:
    cards = {"national_id:1 account:1": "王伟", "national_id:2 account:2": "李娜"}
    shared = {"account:1 phone:1": "王伟", "account:2 phone:1": "李娜"}
    assert hubs_of_names(engine, cards | shared) == set()
    stranger = {"account:3 phone:1": "张三"}
    assert hubs_of_names(engine, cards | shared | stranger) == {node("phone:1")}
    of_two_cards = {"national_id:3 account:2": "李娜"}
    assert hubs_of_names(engine, cards | of_two_cards | shared) == {node("phone:1")}


def test_names_say_nothing_of_two_who_share_identifiers_of_two_kinds(engine: Engine) -> None:
    one = {"account:1 phone:1 email:1": "王伟", "card:1 email:1": "李娜", "card:1 phone:1": "李娜"}
    assert hubs_of_names(engine, one) == set()
    two_phones = {"account:1 phone:1": "王伟", "account:1 phone:2": "王伟",
                  "card:1 phone:1": "李娜", "card:1 phone:2": "李娜"}  # fmt: skip
    assert hubs_of_names(engine, two_phones) == {node("phone:1"), node("phone:2")}
    weak = {"account:1 phone:1 device:1": "王伟", "account:2 phone:1 device:1": "李娜"}
    assert hubs_of_names(engine, weak) == {node("phone:1"), node("device:1")}
    stranger = {"account:2 phone:1": "张三"}
    assert hubs_of_names(engine, one | stranger) == {node("phone:1")}


def test_who_bears_two_names_tells_none(engine: Engine) -> None:
    shared = {"account:1 phone:1": "王伟", "account:1 phone:2": "李娜"}
    other = {"account:2 phone:2": "王伟"}
    assert hubs_of_names(engine, shared | other) == set()


def test_a_name_is_its_account_s_wherever_that_is_seen(engine: Engine) -> None:
    accounts = {"account:1 email:1": "王伟", "account:2 phone:1": "李娜"}
    delivery = "account:1 phone:1"
    found = found_hubs(engine, *accounts, delivery, names=accounts, policy=NAMES_DISAGREE)
    assert found == {node("phone:1"): ("names", 2, 2)}


def test_a_name_is_not_that_of_what_its_account_was_seen_with(engine: Engine) -> None:
    family = {"account:1 phone:1": "王伟", "account:2 phone:1": "王芳"}
    mailbox = "phone:1 email:1"
    found = found_hubs(engine, *family, mailbox, names=family, policy=NAMES_DISAGREE)
    assert set(found) == {node("phone:1")}


def test_values_of_never_merge_kinds_are_no_hubs_by_names_either(engine: Engine) -> None:
    names = {"national_id:1 passport:1": "王伟", "national_id:2 passport:1": "李娜"}
    assert hubs_of_names(engine, names) == set()


def test_names_count_only_where_the_policy_says_so(engine: Engine) -> None:
    names = {"account:1 phone:1": "王伟", "account:2 phone:1": "李娜"}
    assert found_hubs(engine, *names, names=names) == {}


def test_a_hub_by_its_limits_keeps_that_reason(engine: Engine) -> None:
    four = ("王伟", "李娜", "张三", "陈明")
    names = {f"account:{i} phone:1": name for i, name in enumerate(four)}
    found = found_hubs(engine, *names, names=names, policy=NAMES_DISAGREE)
    assert found == {node("phone:1"): ("max_peers", 4, 4)}


@pytest.fixture(scope="module")
def named() -> World:
    """Random worlds whose sightings bear names, after their night: equal to the plain rules."""
    choice = random.Random(11)
    written = ["王伟", "王 伟", "Wang Wei", "王*", "李娜", "Li, Na", "小明", "Jo Lee", "J. Lee"]
    days = {words: day for seed in range(300, 700) for words, day in random_world(seed).items()}
    names = tuple((sighting(words), name) for words in days for name in choice.sample(
        written, choice.choice((0, 0, 1, 1, 2))
    ))  # fmt: skip
    world = World(names=names, policy=NAMES_DISAGREE)
    for words, day in days.items():
        world.see(words, day=night(day))
    world.run(1)
    persons = Persons(days, NAMES_DISAGREE, names=names)
    assert groups(world) == persons.groups()
    assert {row.node_id for row in world.open("hubs")} == {node(word) for word in persons.hubs}
    fewer = Persons(days, NAMES_DISAGREE).hubs
    assert len(persons.hubs - fewer) > 30, "the names are worth the test"
    return world


def test_disputes_are_the_same_in_any_order(named: World) -> None:
    order = random.Random(5).sample(range(len(named.rows)), len(named.rows))
    other = World(named.rows, named.policy, names=named.names[::-1]).shuffled(order).run(1)
    assert other.contents() == named.contents()


@pytest.mark.long
@pytest.mark.usefixtures("adaptive")
def test_disputes_are_the_same_on_spark(named: World, spark: SparkSession) -> None:
    other = World(named.rows, named.policy, names=named.names)
    other.run(1, partial(SparkEngine, spark), partitions=PARTITIONS)
    assert other.contents() == named.contents()


def test_a_disputed_phone_comes_back_when_the_names_agree_again() -> None:
    words = ("account:1 phone:1", "account:2 phone:1")
    two = ((sighting(words[0]), "王伟"), (sighting(words[1]), "李娜"))
    world = World(policy=NAMES_DISAGREE, names=two).see(*words).run(1)
    assert world.one_id(words[0]) != world.one_id(words[1])
    world.names = (two[0], (sighting(words[1]), "王玮"))
    world.run(2)
    assert world.one_id(words[0]) == world.one_id(words[1])
    assert world.open("hubs") == []
