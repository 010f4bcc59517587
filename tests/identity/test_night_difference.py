"""What a night changes in the map, counted: merges, splits, who is new, and what is neither."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from typing import Any

from identity.night_difference import Held, NightDifference, SizeCount, night_difference
from model.engines import Engine
from model.fixed_tables import HUBS, ONE_IDS
from model.identity_policy import IdentityPolicy
from model.local_engine import LocalEngine
from tests.identity.worlds import POLICY, World, night, random_world, table_of


def held_on(world: World, name: str, number: int) -> list[Any]:
    day = night(number)
    return [
        row for row in world.tables[name]
        if row.valid_from <= day and (row.valid_to is None or row.valid_to > day)
    ]  # fmt: skip


def changed(engine: Engine, world: World, number: int) -> NightDifference:
    """The difference between a world's night and the one before."""
    sides = [
        Held(*(
            table_of(engine, [row._asdict() for row in held_on(world, name, at)], contract.schema)
            for name, contract in (("one_ids", ONE_IDS), ("hubs", HUBS))
        ))
        for at in (number - 1, number)
    ]  # fmt: skip
    return night_difference(engine, *sides, world.policy)


def test_a_first_night_mints_and_changes_nobody(engine: Engine) -> None:
    world = World().see("account:1 phone:1", "account:1 email:1", "account:2", "device:3").run(1)
    assert changed(engine, world, 1) == NightDifference(
        people_after=3, sighting_count=4, minted=3, largest=2,
        sizes=(SizeCount("1", 0, 2), SizeCount("2", 0, 1)),
    )  # fmt: skip


def test_of_persons_who_become_one_all_but_one_are_merged(engine: Engine) -> None:
    world = World().see("account:1 phone:1", "account:2 phone:2", "account:3 phone:3", "email:9")
    world.run(1).see("phone:1 phone:2", "phone:2 phone:3", on=2).run(2)
    found = changed(engine, world, 2)
    assert (found.people_before, found.people_after) == (4, 2)
    assert (found.merged, found.gone, found.minted, found.split) == (2, 2, 0, 0)
    assert found.moved == 6, "two sightings, two accounts, two phones"
    assert found.largest == 5


def test_persons_who_part_are_split_and_those_who_leave_are_gone(engine: Engine) -> None:
    world = World().see("account:1 phone:1", "account:2 phone:2", "phone:1 phone:2", "account:8")
    world.run(1).lose("phone:1 phone:2", "account:8", on=2, day=night(1)).see("account:9", on=2)
    found = changed(engine, world.run(2), 2)
    assert (found.split, found.minted, found.gone, found.merged) == (1, 2, 1, 0)
    assert found.moved == 3


def test_a_device_that_attaches_or_is_let_go_neither_merges_nor_splits(engine: Engine) -> None:
    world = World().see("account:1", day=night(-3)).see("device:1", "account:2").run(1)
    world.see("account:1 device:1", on=2).run(2)
    found = changed(engine, world, 2)
    assert (found.gone, found.merged, found.moved) == (1, 0, 2)
    world.see("account:2 device:1", on=3).run(3)
    found = changed(engine, world, 3)
    assert (found.minted, found.split) == (1, 0), "seen with two persons, it stands alone"


def test_a_person_who_only_bears_a_devices_number_is_not_merged_into_it(engine: Engine) -> None:
    world = World().see("device:1", "device:1 cookie:1", day=night(-3)).see("account:1").run(1)
    world.see("account:1 device:1", on=2).run(2)
    assert world.one_id("account:1") == world.one_id("device:1") == 1, "most sightings"
    found = changed(engine, world, 2)
    assert (found.gone, found.merged) == (1, 0)


def test_an_identifier_counts_as_a_new_hub_on_the_night_it_becomes_one(engine: Engine) -> None:
    world = World().see(*(f"account:{n} phone:1" for n in range(4)))
    world.see(*(f"account:{n} phone:2" for n in range(3))).run(1)
    world.see("account:3 phone:2", "account:4 phone:1", on=2).run(2)
    assert [changed(engine, world, n).new_hubs for n in (1, 2)] == [1, 1]


def busy_world(seed: int) -> World:
    """Three nights that add and take away."""
    choice, world = random.Random(seed), World()
    for number in (1, 2, 3):
        for each in choice.sample(range(40), 25):
            world.see(*list(random_world(each))[number - 1 :: 2], on=number)
        if number > 1:
            earlier = {row["sighting_id"]: row for row in world.rows if row["row_count"] > 0}
            for row in choice.sample(list(earlier.values()), 20):
                world.rows.append(row | {"business_date": night(number), "row_count": -1})
        world.run(number)
    return world


def test_counts_are_those_of_plain_sets(engine: Engine) -> None:
    sums: Counter[str] = Counter()
    for world in map(busy_world, range(3)):
        for number in (2, 3):
            found, expected = changed(engine, world, number), counted(world, number)
            assert {name: getattr(found, name) for name in expected} == expected
            sums.update({name: n for name, n in expected.items() if isinstance(n, int)})
    assert min(sums[name] for name in ("merged", "split", "gone", "moved")) > 0, "worth the test"


def counted(world: World, number: int) -> dict[str, Any]:
    sides = [held_on(world, "one_ids", at) for at in (number - 1, number)]
    before, after = ({row.node_id: row.one_id for row in rows} for rows in sides)
    old, new = (_holdings(rows, world.policy) for rows in sides)
    gone = old.keys() - new.keys()
    kinds = {row.node_id: row.kind for row in sides[1]}
    moves: dict[tuple[int, int], Counter[str]] = defaultdict(Counter)
    for node_id in before.keys() & after.keys():
        if before[node_id] != after[node_id]:
            moves[before[node_id], after[node_id]][_strength(kinds[node_id], world.policy)] += 1
    went: dict[int, set[int]] = defaultdict(set)
    for one in gone:
        ways = [
            (-met["strong"], -met["sighting"], to)
            for (origin, to), met in moves.items() if origin == one and met["strong"]
        ]  # fmt: skip
        if ways:
            went[min(ways)[2]].add(one)
    sizes = [Counter(held["sighting"] for held in side.values()) for side in (old, new)]
    return {
        "people_before": len(old), "people_after": len(new),
        "minted": len(new.keys() - old.keys()), "gone": len(gone),
        "moved": sum(sum(met.values()) for met in moves.values()),
        "merged": sum(
            len(met) - (0 if to in old and old[to]["strong"] else 1) for to, met in went.items()
        ),
        "split": len({
            to for (_, to), met in moves.items()
            if to not in old and met["strong"] + met["sighting"]
            and (new[to]["strong"] or not new[to]["weak"])
        }),
        "largest": max(sizes[1]),
        "sizes": tuple(
            SizeCount(name, *(sum(n for size, n in side.items() if low <= size <= high)
                              for side in sizes))
            for name, low, high in _RANGES
            if any(low <= size <= high for side in sizes for size in side)
        ),
    }  # fmt: skip


_RANGES = (
    *((str(n), n, n) for n in range(1, 6)), ("6-10", 6, 10), ("11-20", 11, 20), ("21+", 21, 10**9),
)  # fmt: skip


def _strength(kind: str, policy: IdentityPolicy) -> str:
    return kind if kind == "sighting" else "weak" if kind in policy.weak_kinds else "strong"


def _holdings(rows: list[Any], policy: IdentityPolicy) -> dict[int, Counter[str]]:
    found: dict[int, Counter[str]] = defaultdict(Counter)
    for row in rows:
        found[row.one_id][_strength(row.kind, policy)] += 1
    return found


def test_a_node_that_several_ranges_divide_moves_by_range() -> None:
    """A re-issued identifier's few sightings belong to one person until a day, then to another."""
    until, since = {"seen_to": night(0)}, {"seen_from": night(1)}

    def row(node_id: int, one_id: int, **ranged: Any) -> dict[str, Any]:
        empty = dict.fromkeys(("valid_from", "valid_to", "seen_from", "seen_to"))
        return {"node_id": node_id, "kind": "sighting", "one_id": one_id, **empty, **ranged}

    with LocalEngine() as engine:
        no_hubs = table_of(engine, [], HUBS.schema)
        before, after = (
            Held(table_of(engine, rows, ONE_IDS.schema), no_hubs)
            for rows in (
                [row(7, 1, **until), row(7, 2, **since), row(8, 2)],
                [row(7, 1, **until), row(7, 3, **since), row(8, 2)],
            )
        )
        found = night_difference(engine, before, after, POLICY)
    assert (found.moved, found.minted, found.split) == (1, 1, 1)
