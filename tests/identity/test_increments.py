"""A night that looks at what changed only: the rows of a full build, to the last one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import partial
from itertools import islice

import pytest
from pyspark.sql import SparkSession

from identity.locality import is_local, ruled
from identity.rulings import Rulings
from model.engines import Rows
from model.identity_policy import IdentityPolicy
from model.local_engine import LocalEngine
from model.mixed_engine import MixedEngine
from tests.identity.changing_worlds import CHANGING_POLICY, NIGHTS, changing
from tests.identity.worlds import POLICY, World, night, sighting

ALL = 100.0  # however much of the map is looked at: no night becomes a full build


@pytest.mark.slow
@pytest.mark.parametrize(
    "first", [0, *(pytest.param(n, marks=pytest.mark.long) for n in range(200, 2_000, 200))]
)
def test_a_night_that_looks_at_what_changed_gives_the_rows_of_a_full_build(first: int) -> None:
    before: World | None = None
    for number, world in zip(NIGHTS, changing(range(first, first + 200)), strict=True):
        before = same_as_a_full_build(world.after(before) if before else world, number)


@pytest.mark.slow
@pytest.mark.usefixtures("adaptive")
def test_a_night_by_spark_leaves_what_one_of_this_process_leaves(spark: SparkSession) -> None:
    first, second = islice(changing(range(20)), 2)
    world = second.after(first.run(NIGHTS[0]))
    here = replace(world).run(NIGHTS[1], largest_share=ALL)
    engine = partial(MixedEngine, spark, most_here=50)
    there = replace(world).run(NIGHTS[1], engine, partitions=3, largest_share=ALL)
    assert there.contents() == here.contents()


def test_who_is_named_beside_an_identifier_changes_with_what_its_bearer_shares() -> None:
    """A card that two accounts share lets their phone be one owner's; without it the phone was
    handed on, its owners bear one name each, and the mailbox beside them disagrees."""
    named = {"phone:1": "王秀英", "email:1 phone:1": "李强", "account:9 email:1": "王秀英"}
    world = World(
        policy=CHANGING_POLICY, names=tuple((sighting(each), named[each]) for each in named)
    )
    world.see("account:1 phone:1", "phone:1", day=night(-200))
    world.see("account:2 phone:1", "account:1 card:5", "account:2 card:5")
    world.see("email:1 phone:1", "account:9 email:1").run(1)
    world.lose("account:2 card:5", on=2)
    found = same_as_a_full_build(world, 2)
    assert {row.reason for row in found.open("hubs")} == {"names"}


def test_never_merge_values_beside_the_bearers_of_names_are_read_wherever_they_stand() -> None:
    """Two accounts with two names and two cards of identity share a mailbox: their cards keep them
    apart, and it is no hub; nor where only one of them is seen again."""
    named = {"account:1 email:1": "王秀英", "account:2 email:1": "李强"}
    world = World(
        policy=CHANGING_POLICY, names=tuple((sighting(each), named[each]) for each in named)
    )
    world.see(*named, "account:1 national_id:1", "account:2 national_id:2")
    world.run(1).see("account:1 cookie:1", on=2)
    assert same_as_a_full_build(world, 2).open("hubs") == []


def test_who_had_a_number_before_is_looked_at_when_a_sighting_comes_to_depend_on_it() -> None:
    """While its mailbox links, it is whole; when that is a hub it is each owner's for some days."""
    world = World(policy=CHANGING_POLICY).see("account:1 phone:1", day=night(-300))
    world.see("account:2 phone:1", "account:3 email:1")
    world.see("email:1 phone:1", day=night(-300), last=night(1)).run(1)
    assert world.one_id("email:1 phone:1") is not None
    world.see("account:3 card:1 email:1", "account:3 card:2 email:1", on=2)
    found = same_as_a_full_build(world, 2)
    assert len(found.by_day("email:1 phone:1")) == 2


def test_a_night_run_again_behind_an_earlier_one_opens_again_what_that_had_taken_back() -> None:
    first, second, third = islice(changing(range(40)), 3)
    earlier, later = NIGHTS[1], NIGHTS[2]
    run = second.after(first.run(NIGHTS[0])).run(earlier)
    run = second.after(third.after(run).run(later)).run(earlier)
    assert any(row.valid_from == row.valid_to == night(later) for row in run.tables["one_ids"])
    same_as_a_full_build(third.after(run), later)


def same_as_a_full_build(world: World, number: int) -> World:
    """The world after a night that looked at what changed, held to a full build."""
    full = replace(world).run(number)
    found = replace(world).run(number, largest_share=ALL)
    expected, contents = full.contents(), found.contents()
    for name in expected:
        assert contents[name] == expected[name], f"{name} of night {number}"
    return found


@pytest.fixture
def refuses(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Lets a step of the resolution fail, so that a night shows that it does without."""

    def refuse(step: str) -> None:
        def fail(*_: object) -> None:
            raise AssertionError(f"{step} was asked")

        monkeypatch.setattr(f"identity.resolution.{step}", fail)

    return refuse


def two_nights(policy: IdentityPolicy = POLICY) -> World:
    """Thirty persons, and a second night that brings something new of one of them."""
    world = World(policy=policy).see(*(f"account:{n} phone:{n}" for n in range(30))).run(1)
    return world.see("email:1 phone:1", on=2)


def test_a_night_that_changes_little_looks_at_little(refuses: Callable[[str], None]) -> None:
    world = two_nights()
    refuses("whole_ground")
    assert world.run(2, largest_share=0.4).one_id("email:1 phone:1") is not None


def test_a_night_that_changes_much_looks_at_everything(refuses: Callable[[str], None]) -> None:
    refuses("ground_again")
    world = two_nights().see(*(f"email:{n} phone:{n}" for n in range(15)), on=2)
    assert world.run(2, largest_share=0.4).one_id("email:2 phone:2") is not None


def test_a_night_run_again_looks_at_everything(refuses: Callable[[str], None]) -> None:
    refuses("ground_again")
    assert two_nights().run(2).run(2, largest_share=ALL).one_id("email:1 phone:1") is not None


def test_a_rule_that_nobody_has_declared_local_is_asked_of_everything(
    refuses: Callable[[str], None]
) -> None:
    @dataclass(frozen=True)
    class Newer(IdentityPolicy):
        moons: int = 0

    refuses("ground_again")
    kinds = {"kinds": POLICY.kinds, "never_merge": POLICY.never_merge}
    assert is_local(Newer(**kinds))
    assert two_nights(Newer(**kinds, moons=1)).run(2, largest_share=ALL).one_id("email:1 phone:1")


def test_rulings_that_nobody_compares_with_the_night_before_are_asked_of_everything() -> None:
    @dataclass(frozen=True)
    class Newer(Rulings):
        moons: Rows | None = None

    with LocalEngine() as engine:
        rulings = World().rulings(engine)
        known = {each.name: getattr(rulings, each.name) for each in fields(rulings)}
        assert ruled(engine, rulings) is not None
        assert ruled(engine, Newer(**known, moons=rulings.facts)) is None
