"""Thirty nights of generated people, a hundredth of them new each night: OneIDs do not move."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from itertools import pairwise

import pytest

from examples.people.plan import usual_plan
from tests.identity.generated_people import GeneratedPeople, shipped_policy
from tests.identity.worlds import FIRST, World

pytestmark = pytest.mark.slow
PEOPLE, NIGHTS = 600, 31
Map = Mapping[int, int]  # node → OneID of one night


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    plan = usual_plan(PEOPLE, NIGHTS, FIRST)
    return GeneratedPeople.of(plan, tmp_path_factory.mktemp("nights")).world(shipped_policy())


def test_all_persons_whose_members_stay_together_keep_their_one_id_for_thirty_nights(
    world: World,
) -> None:
    maps = [world.map_on(number) for number in range(1, NIGHTS + 1)]
    together = 0
    for before, after in pairwise(maps):
        assert before != after
        persons, comers = _persons(before), _persons(after)
        for one_id, members in persons.items():
            now = {after.get(member) for member in members}
            if len(now) == 1 and None not in now:
                (new,) = now
                came_from = {before[each] for each in comers[new] if each in before}
                together += came_from == {one_id}
                # Of persons that became one, the number of one of them goes on.
                assert new == one_id if came_from == {one_id} else new in came_from
    assert together > PEOPLE * (NIGHTS - 1)


def test_a_night_of_the_same_data_changes_no_one_id(world: World) -> None:
    before = world.map_on(NIGHTS)
    again = World(world.rows, world.policy, world.refused, names=world.names, tables=world.tables)
    again.run(NIGHTS + 1)
    assert again.map_on(NIGHTS + 1) == before
    assert not [row for row in again.tables["events"] if row not in world.tables["events"]]


def _persons(found: Map) -> dict[int, set[int]]:
    persons = defaultdict(set)
    for node, one_id in found.items():
        persons[one_id].add(node)
    return persons
