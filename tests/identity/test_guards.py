"""Hubs: identifiers that join nobody, and the ones that must not be taken for hubs."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from pyspark.sql import SparkSession

from identity.graph import identifier_nodes
from identity.guards import hubs
from identity.sightings import holdings, identified
from model.engines import Engine, SparkEngine
from model.fixed_tables import SIGHTINGS
from model.identity_policy import DisagreeRule, IdentityPolicy
from model.local_engine import LocalEngine
from tests.identity.oracle import Persons
from tests.identity.worlds import (
    POLICY,
    Borne,
    Words,
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
Hubs = dict[Words, tuple[str, int, int]]
HubsOf = Callable[[int], Hubs]  # by the number of a scene
Told = Callable[[int], set[Words]]


class Scenes:
    """Little scenes that one policy judges, all in one world: the values of each are its own. So an
    engine is asked once for the scenes of all tests."""

    def __init__(self, policy: IdentityPolicy) -> None:
        self.policy = policy
        self.rows: list[dict[str, Any]] = []
        self.names: list[Borne] = []
        self.scene_of: dict[int, tuple[int, Words]] = {}
        self.count = 0

    def add(self, *sightings: Words, names: Mapping[Words, str] | None = None) -> int:
        """Sightings, and the names that some of them bear; returns the number of the scene."""
        self.count += 1
        for words in sightings:
            self.rows.append(seen(_own(self.count, words)))
            self.scene_of |= {node(_own(self.count, w)): (self.count, w) for w in words.split()}
        borne = (names or {}).items()
        self.names += [(sighting(_own(self.count, words)), name) for words, name in borne]
        return self.count

    def judged(self, engine: Engine) -> dict[int, Hubs]:
        """The hubs of every scene that has some, as an engine finds them."""
        rows = table_of(engine, self.rows, SIGHTINGS.schema)
        known = identified(engine, rows, refused_rows(engine), self.policy, night(1))
        held = engine.kept(holdings(engine, known))
        borne, nodes = sealed_names(engine, self.names), identifier_nodes(engine, held)
        found: dict[int, Hubs] = {}
        for row in records(engine, hubs(engine, held, nodes, self.policy, borne)):
            scene, word = self.scene_of[row.node_id]
            found.setdefault(scene, {})[word] = (row.reason, row.sighting_count, row.peer_count)
        return found


def _own(scene: int, words: Words) -> Words:
    return " ".join(f"{word}-{scene}" for word in words.split())


BY_LIMITS, BY_NAMES = Scenes(POLICY), Scenes(NAMES_DISAGREE)


def scene(*sightings: Words, names: Mapping[Words, str] | None = None) -> int:
    return BY_LIMITS.add(*sightings, names=names)


def named(names: Mapping[Words, str], *nameless: Words) -> int:
    """A scene of sightings that bear a name each, and of some that bear none."""
    return BY_NAMES.add(*names, *nameless, names=names)


@pytest.fixture(scope="module", params=["local", pytest.param("spark", marks=pytest.mark.spark)])
def judged(request: pytest.FixtureRequest) -> dict[Scenes, dict[int, Hubs]]:
    """The hubs of all scenes on either engine."""
    is_local = request.param == "local"
    with LocalEngine() if is_local else SparkEngine(request.getfixturevalue("spark")) as engine:
        return {scenes: scenes.judged(engine) for scenes in (BY_LIMITS, BY_NAMES)}


@pytest.fixture(scope="module")
def hubs_of(judged: dict[Scenes, dict[int, Hubs]]) -> HubsOf:
    """The hubs of a scene by identifier: their reason, sightings and peers."""
    return lambda scene: judged[BY_LIMITS].get(scene, {})


@pytest.fixture(scope="module")
def named_hubs_of(judged: dict[Scenes, dict[int, Hubs]]) -> HubsOf:
    """The same of a scene whose names may make hubs."""
    return lambda scene: judged[BY_NAMES].get(scene, {})


@pytest.fixture(scope="module")
def disputed(named_hubs_of: HubsOf) -> Told:
    """Identifiers of a scene that its names make hubs, each by the rule for that."""

    def words(scene: int) -> set[Words]:
        found = named_hubs_of(scene)
        assert {reason for reason, *_ in found.values()} <= {"names"}
        return set(found)

    return words


AT_LIMITS = scene(
    *(f"phone:1 email:{i}" for i in range(6)), *(f"phone:2 email:{i}" for i in range(7)),
    *(f"account:{i} phone:3" for i in range(3)), *(f"account:{i} phone:4" for i in range(4)),
)  # fmt: skip


def test_limits_are_the_last_number_allowed(hubs_of: HubsOf) -> None:
    assert hubs_of(AT_LIMITS) == {
        "phone:2": ("max_sightings", 7, 0), "phone:4": ("max_peers", 4, 4),
    }  # fmt: skip


ONE_VALUE_OFTEN = [f"account:1 phone:1 email:{i}" for i in range(5)]
KINDS_SIDE_BY_SIDE = ["account:1 phone:2", "account:2 phone:2", "national_id:1 phone:2",
                      "national_id:2 phone:2"]  # fmt: skip
WEAKER_DO_NOT_COUNT = [f"phone:3 cookie:{i}" for i in range(5)]
FEW_PEERS = scene(*ONE_VALUE_OFTEN, *KINDS_SIDE_BY_SIDE, *WEAKER_DO_NOT_COUNT)


def test_peers_are_distinct_values_of_one_stronger_kind(hubs_of: HubsOf) -> None:
    assert hubs_of(FEW_PEERS) == {}


TWO_CARDS = scene(
    "card:1 phone:1", "card:2 phone:1", "card:1 email:1 card:2", "card:3 phone:2",
    "account:1 card:4", "account:1 card:5",
)  # fmt: skip


def test_a_weaker_identifier_beside_two_cards_is_a_hub(hubs_of: HubsOf) -> None:
    assert hubs_of(TWO_CARDS) == {
        "phone:1": ("disagree", 2, 2), "email:1": ("disagree", 1, 2),
    }, "the account is stronger than the cards beside it"  # fmt: skip


ONE_ID_OF_MANY = scene(*(f"national_id:1 account:{i}" for i in range(30)))


def test_values_of_never_merge_kinds_are_no_hubs(hubs_of: HubsOf) -> None:
    assert hubs_of(ONE_ID_OF_MANY) == {}


FAMILIES = named({
    "account:1 phone:1": "王伟", "account:2 phone:1 email:1": "王芳",
    "account:3 phone:2": "王伟", "account:4 phone:2": "Wang Wei",  # one person
    "account:5 phone:3": "Smith, John", "account:6 phone:3": "Smith, Mary",  # in two columns
    "account:7 phone:4": "Smith, Mary", "account:8 phone:4": "Jones, Mary",  # married
})  # fmt: skip


def test_an_identifier_beside_names_that_cannot_be_one_person_s_is_a_hub(disputed: Told) -> None:
    assert disputed(FAMILIES) == {"phone:1", "phone:3"}


# Each agrees with the second; the first and the last do not.
CHAIN = named({f"account:{i} phone:1": name for i, name in enumerate(("王小明", "王明", "王大明"))})


def test_any_two_names_of_many_dispute_an_identifier(disputed: Told) -> None:
    assert disputed(CHAIN) == {"phone:1"}


ALONE = named({"phone:3": "王伟", "phone:3 email:3": "李娜"})
OF_ACCOUNTS = named({"account:1 phone:4": "王伟", "account:2 phone:4": "李娜"})


def test_names_say_nothing_of_the_identifier_that_bears_them(disputed: Told) -> None:
    assert disputed(ALONE) == set()
    assert disputed(OF_ACCOUNTS) == {"phone:4"}


CARDS = {"national_id:1 account:1": "王伟", "national_id:2 account:2": "李娜",
         "account:1 phone:1": "王伟", "account:2 phone:1": "李娜"}  # fmt: skip
KEPT_APART = named(CARDS)
BESIDE_A_STRANGER = named(CARDS | {"account:3 phone:1": "张三"})
OF_TWO_CARDS = named(CARDS | {"national_id:3 account:2": "李娜"})


def test_names_say_nothing_more_of_persons_whom_a_never_merge_kind_keeps_apart(
    disputed: Told,
) -> None:
    assert disputed(KEPT_APART) == set()
    assert disputed(BESIDE_A_STRANGER) == {"phone:1"}
    assert disputed(OF_TWO_CARDS) == {"phone:1"}


SHARED = {"account:1 phone:1 email:1": "王伟", "card:1 email:1": "李娜", "card:1 phone:1": "李娜"}
TWO_KINDS = named(SHARED)
TWO_PHONES = named({"account:1 phone:1": "王伟", "account:1 phone:2": "王伟",
                    "card:1 phone:1": "李娜", "card:1 phone:2": "李娜"})  # fmt: skip
A_WEAK_KIND = named({"account:1 phone:1 device:1": "王伟", "account:2 phone:1 device:1": "李娜"})
AND_A_STRANGER = named(SHARED | {"account:2 phone:1": "张三"})


def test_names_say_nothing_of_two_who_share_identifiers_of_two_kinds(disputed: Told) -> None:
    assert disputed(TWO_KINDS) == set()
    assert disputed(TWO_PHONES) == {"phone:1", "phone:2"}
    assert disputed(A_WEAK_KIND) == {"phone:1", "device:1"}
    assert disputed(AND_A_STRANGER) == {"phone:1"}


TWO_NAMES = named(
    {"account:1 phone:1": "王伟", "account:1 phone:2": "李娜", "account:2 phone:2": "王伟"}
)


def test_who_bears_two_names_tells_none(disputed: Told) -> None:
    assert disputed(TWO_NAMES) == set()


DELIVERED = named({"account:1 email:1": "王伟", "account:2 phone:1": "李娜"}, "account:1 phone:1")


def test_a_name_is_its_account_s_wherever_that_is_seen(named_hubs_of: HubsOf) -> None:
    assert named_hubs_of(DELIVERED) == {"phone:1": ("names", 2, 2)}


FAMILY = {"account:1 phone:1": "王伟", "account:2 phone:1": "王芳"}
WITH_A_MAILBOX = named(FAMILY, "phone:1 email:1")


def test_a_name_is_not_that_of_what_its_account_was_seen_with(disputed: Told) -> None:
    assert disputed(WITH_A_MAILBOX) == {"phone:1"}


ONE_PASSPORT = named({"national_id:1 passport:1": "王伟", "national_id:2 passport:1": "李娜"})


def test_values_of_never_merge_kinds_are_no_hubs_by_names_either(disputed: Told) -> None:
    assert disputed(ONE_PASSPORT) == set()


TWO_OWNERS = {"account:1 phone:1": "王伟", "account:2 phone:1": "李娜"}
NOT_ASKED = scene(*TWO_OWNERS, names=TWO_OWNERS)


def test_names_count_only_where_the_policy_says_so(hubs_of: HubsOf) -> None:
    assert hubs_of(NOT_ASKED) == {}


FOUR_NAMES = named(
    {f"account:{i} phone:1": name for i, name in enumerate(("王伟", "李娜", "张三", "陈明"))}
)


def test_a_hub_by_its_limits_keeps_that_reason(named_hubs_of: HubsOf) -> None:
    assert named_hubs_of(FOUR_NAMES) == {"phone:1": ("max_peers", 4, 4)}


@pytest.fixture(scope="module")
def of_names() -> World:
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


def test_disputes_are_the_same_in_any_order(of_names: World) -> None:
    order = random.Random(5).sample(range(len(of_names.rows)), len(of_names.rows))
    other = World(of_names.rows, of_names.policy, names=of_names.names[::-1]).shuffled(order).run(1)
    assert other.contents() == of_names.contents()


@pytest.mark.long
@pytest.mark.usefixtures("adaptive")
def test_disputes_are_the_same_on_spark(of_names: World, spark: SparkSession) -> None:
    other = World(of_names.rows, of_names.policy, names=of_names.names)
    other.run(1, partial(SparkEngine, spark), partitions=PARTITIONS)
    assert other.contents() == of_names.contents()


def test_a_disputed_phone_comes_back_when_the_names_agree_again() -> None:
    words = ("account:1 phone:1", "account:2 phone:1")
    two = ((sighting(words[0]), "王伟"), (sighting(words[1]), "李娜"))
    world = World(policy=NAMES_DISAGREE, names=two).see(*words).run(1)
    assert world.one_id(words[0]) != world.one_id(words[1])
    world.names = (two[0], (sighting(words[1]), "王玮"))
    world.run(2)
    assert world.one_id(words[0]) == world.one_id(words[1])
    assert world.open("hubs") == []
