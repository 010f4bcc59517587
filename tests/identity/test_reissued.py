"""Phones of generated people that are handed on, and phones that people change, scaled down."""

from __future__ import annotations

from dataclasses import replace

import pytest

from examples.people.found import quality
from examples.people.plan import Plan
from tests.examples.people_dumps import START, of
from tests.identity.generated_people import (
    GeneratedPeople,
    never_reissued,
    shipped_policy,
)
from tests.identity.worlds import World, sighting

pytestmark = pytest.mark.slow
PLAN = Plan(people=3_000, nights=3, start=START, recycled_phones=150, changed_phones=150)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> GeneratedPeople:
    return GeneratedPeople.of(PLAN, tmp_path_factory.mktemp("recycled"))


@pytest.fixture(scope="module")
def world(people: GeneratedPeople) -> World:
    return people.world(shipped_policy())


def test_recycled_phones_merge_at_most_one_pair_of_owners_in_a_hundred(
    people: GeneratedPeople, world: World
) -> None:
    found = people.found(world)
    assert len(of(people.events, "recycled_phone")) == 150
    assert people.merged(found)["recycled_phone"][1] <= 1
    assert quality(found).pairwise.precision >= 0.999


def test_recycled_phones_cost_nobody_else_a_link(people: GeneratedPeople, world: World) -> None:
    policy = shipped_policy()
    # Names would make hubs of the numbers, and part their owners too.
    unnamed = replace(policy, disagree=replace(policy.disagree, names=False))
    without = people.found(people.world(never_reissued(unnamed), with_names=False))
    assert people.merged(without)["recycled_phone"][1] > 30, "the world is worth the test"
    assert quality(people.found(world)).b_cubed.recall >= quality(without).b_cubed.recall


def test_all_changed_phones_keep_the_one_id(people: GeneratedPeople, world: World) -> None:
    changed = of(people.events, "changed_phone")
    assert changed["night"].nunique() == 3 and len(changed) == 150
    calls = people.versions[people.versions["channel"] == "service"]
    first, last = (world.map_on(number) for number in (people.nights[0], people.nights[-1]))
    for change in changed.itertuples():
        own = calls[calls["person"] == change.person]["words"]
        old, new = (
            [sighting(words) for words in own
             if f"phone:{value}" in words.split() and words != f"phone:{value}"]
            for value in (change.other_value, change.value)
        )  # fmt: skip
        assert old and new
        assert len({last[each] for each in (*old, *new)}) == 1
        assert {first[each] for each in old} == {last[each] for each in old}
