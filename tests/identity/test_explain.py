"""Why two are one person, and why two are not: random worlds against union-find and the tables."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from itertools import combinations, pairwise

import pytest

from identity.apart import (
    Cut,
    Place,
    Rejection,
    cuts_between,
    days_of,
    rejection,
    rejections,
    rejections_around,
    with_days,
)
from identity.explain import IdentityTables, Link, Step, links_of_person, strongest_path
from identity.shared_in_vain import shared_in_vain
from model.dates import Duration
from model.engines import Engine
from model.fixed_tables import SIGHTINGS
from model.identity_policy import DisagreeRule
from model.local_engine import LocalEngine
from tests.identity.oracle import UnionFind
from tests.identity.worlds import (
    POLICY,
    World,
    kind_of,
    night,
    node,
    random_world,
    sighting,
    table_of,
    token,
)

PAIRS = 100


@pytest.fixture
def engine() -> Iterator[Engine]:
    """Questions are answered in this process, and never by Spark."""
    with LocalEngine() as opened:
        yield opened


@pytest.fixture(scope="module")
def seen() -> dict[str, int]:
    return {words: day for seed in range(250) for words, day in random_world(seed).items()}


@pytest.fixture(scope="module")
def world(seen: dict[str, int]) -> World:
    shown = Counter(word for words in seen for word in words.split() if kind_of(word) == "email")
    made = World(refused=tuple(word for word, _ in shown.most_common(12)))
    for words, day in seen.items():
        made.see(words, day=night(day))
    return made.run(1)


def tables_of(engine: Engine, world: World) -> IdentityTables:
    held = world.histories(engine)
    return IdentityTables(
        night(1), table_of(engine, world.rows, SIGHTINGS.schema), held.nodes, held.links,
        held.hubs, held.rejected_links, held.one_ids,
    )  # fmt: skip


def links_of(engine: Engine, tables: IdentityTables, one_id: int) -> list[Link]:
    rows = engine.arrow(links_of_person(engine, tables, one_id))
    return [
        Link(**row | {"sources": tuple(row["sources"]), "rank": POLICY.rank(row["kind"])})
        for row in rows.to_pylist()
    ]


def are_joined(links: Iterable[Link], one: int, other: int) -> bool:
    sets = UnionFind()
    for link in links:
        sets.join(link.one, link.other)
    return sets.root(one) == sets.root(other)


def fewest(links: list[Link], start: int, goal: int) -> int:
    """How many links lead from one node to the other, at least."""
    reached, steps = {start}, 0
    while goal not in reached:
        ends = [{link.one, link.other} for link in links]
        reached = reached.union(*(pair for pair in ends if pair & reached))
        steps += 1
    return steps


def check_path(steps: tuple[Step, ...], links: list[Link], start: int, goal: int) -> None:
    assert (steps[0].start, steps[-1].end) == (start, goal)
    assert all(one.end == other.start for one, other in pairwise(steps))
    assert all({step.start, step.end} == {step.link.one, step.link.other} for step in steps)
    worst = max(step.link.rank for step in steps)
    assert not are_joined([link for link in links if link.rank < worst], start, goal)
    assert len(steps) == fewest([link for link in links if link.rank <= worst], start, goal)
    for step in steps:
        others = [link for link in links if link != step.link]
        assert step.is_bridge != are_joined(others, start, goal)


def test_every_pair_of_one_person_has_a_strongest_path_of_links(world: World) -> None:
    people = defaultdict(list)
    for each, one_id in sorted(world.map_on(1).items()):
        people[one_id].append(each)
    pairs = [(one_id, *pair) for one_id, nodes in people.items() for pair in combinations(nodes, 2)]
    there = {(row.sighting_id, row.node_id, row.kind, row.rule) for row in world.open("links")}
    bridges = 0
    with LocalEngine() as engine:
        tables = tables_of(engine, world)
        for one_id, start, goal in random.Random(1).sample(sorted(pairs), PAIRS):
            links = links_of(engine, tables, one_id)
            steps = strongest_path(links, start, goal)
            assert steps is not None
            check_path(steps, links, start, goal)
            walked = [step.link for step in steps]
            assert {(each.one, each.other, each.kind, each.rule) for each in walked} <= there
            bridges += sum(step.is_bridge for step in steps)
            assert strongest_path(links[::-1], start, goal) == steps, "in any order of rows"
    assert bridges > 0


def test_the_weakest_link_of_a_path_is_as_strong_as_can_be() -> None:
    world = World().see("account:1 phone:1", "phone:1 card:1", "card:1 passport:2")
    world.see("account:1 email:1", "email:1 passport:2", "account:1 phone:2").run(1)
    with LocalEngine() as engine:
        tables = tables_of(engine, world)
        links = links_of(engine, tables, 1)
        steps = strongest_path(links, node("account:1"), node("passport:2"))
    assert steps is not None
    by_phone = [step.link.token for step in steps if step.link.kind == "phone"]
    assert by_phone == [token("phone:1")] * 2, "four links by e-mail, six by phone"
    assert len(steps) == 6
    assert not any(step.is_bridge for step in steps)
    alone = strongest_path(links, node("phone:2"), node("account:1"))
    assert alone is not None and [step.is_bridge for step in alone] == [True, True]
    assert strongest_path(links, node("phone:2"), node("phone:2")) == ()
    assert strongest_path(links, node("phone:2"), 3) is None


def test_a_correction_is_a_link_above_all_others() -> None:
    joined = Link(1, 2, "account", "global", "t", "link 7", 0)
    shown = [Link(10, 1, "email", "global", "e", "shared identifier", 6),
             Link(10, 2, "email", "global", "f", "shared identifier", 6)]  # fmt: skip
    (step,) = strongest_path([*shown, joined], 2, 1) or ()
    assert (step.link.rule, step.start, step.end, step.is_bridge) == ("link 7", 2, 1, False)


def why(
    engine: Engine, tables: IdentityTables, one: Place, other: Place, shadow: tuple[str, ...] = ()
) -> tuple[Cut, ...]:
    rejected = engine.kept(rejections(engine, tables))

    def around(places: Collection[Place]) -> Iterable[Rejection]:
        rows = rejections_around(engine, rejected, places)
        return map(rejection, engine.arrow(rows).to_pylist())

    shared: list[Cut] = []
    if one.is_person and other.is_person:
        rows = shared_in_vain(engine, tables, (one.number, other.number), shadow, POLICY)
        shared = [Cut(**row) for row in engine.arrow(rows).to_pylist()]
    cuts = cuts_between(one, other, around, shared)
    return with_days(cuts, engine.arrow(days_of(engine, tables, cuts)).to_pylist())


def cut_pairs(world: World, seen: dict[str, int]) -> Iterator[tuple[Place, Place, str, str]]:
    """Pairs that are apart, how the rule begins that should be named, and the word it is about:
    both ends of every refused link, and all persons who show the same identifier."""
    ids = world.map_on(1)
    words_of = {node(word): word for words in seen for word in words.split()}

    def place(each: int) -> Place:
        return Place(True, ids[each]) if each in ids else Place(False, each)

    for row in world.open("rejected_links"):
        yield place(row.sighting_id), place(row.node_id), row.rule, words_of[row.node_id]
    holders = defaultdict(set)
    for words in seen:
        for word in words.split():
            holders[word].add(ids.get(sighting(words)))
    for word, holding in holders.items():
        for one, other in combinations(sorted(holding - {None}), 2):
            yield Place(True, one), Place(True, other), rule_of(world, word), word


def rule_of(world: World, word: str) -> str:
    """How the rule begins that keeps an identifier from joining those who show it."""
    hubs = {row.node_id: row.reason for row in world.open("hubs")}
    if word in world.refused:
        return "refused"
    if node(word) in hubs:
        return f"hub {hubs[node(word)]}"
    return "weak" if POLICY.kinds[kind_of(word)].strength == "weak" else "never_merge"


@pytest.mark.slow
def test_every_pair_that_a_rule_cut_is_told_the_rule(world: World, seen: dict[str, int]) -> None:
    pairs = sorted(set(cut_pairs(world, seen)))
    by_rule = defaultdict(list)
    for pair in pairs:
        by_rule[pair[2]].append(pair)
    assert {"never_merge", "never_merge passport", "hub disagree", "weak", "refused"} <= {*by_rule}
    choice = random.Random(2)
    few = [pair for rule in sorted(by_rule) for pair in choice.sample(by_rule[rule], 3)]
    chosen = [*few, *choice.sample(pairs, PAIRS - len(few))]
    with LocalEngine() as engine:
        tables = tables_of(engine, world)
        for one, other, rule, word in chosen:
            cuts = why(engine, tables, one, other)
            about = [cut.rule for cut in cuts if cut.token == token(word)]
            assert any(each.startswith(rule) for each in about)
            assert all(cut.first_date and cut.sources for cut in cuts)
        for one, other, *_ in few:
            assert {*why(engine, tables, one, other)} == {*why(engine, tables, other, one)}


def test_two_whom_nothing_links_are_told_so(world: World, engine: Engine) -> None:
    held = tables_of(engine, world)
    ids = world.map_on(1)
    one, other = (ids[sighting(next(iter(random_world(seed))))] for seed in (3, 4))
    assert why(engine, held, Place(True, one), Place(True, other)) == ()


def test_what_keeps_two_apart_may_lie_between_third_persons(engine: Engine) -> None:
    world = World().see("passport:1 phone:1", "passport:2 phone:1", "passport:2 phone:2")
    world.see("passport:3 phone:2", "email:9").run(1)
    held = tables_of(engine, world)
    ids = [Place(True, world.one_id(f"passport:{i} phone:{max(1, i - 1)}") or 0) for i in (1, 3)]
    cuts = why(engine, held, *ids)
    assert [cut.rule for cut in cuts] == ["never_merge passport"] * 2
    assert {cut.token for cut in cuts} == {token("phone:1"), token("phone:2")}
    assert why(engine, held, *ids[::-1]) == cuts[::-1]


def test_time_that_keeps_two_apart_is_told(engine: Engine) -> None:
    kinds = POLICY.kinds | {"email": replace(POLICY.kinds["email"], window=Duration(30))}
    world = World(policy=replace(POLICY, kinds=kinds)).see("account:1 email:1", day=night(-99))
    world.see("account:2 email:1", "account:2 phone:1").run(1)
    held = tables_of(engine, world)
    one, two = (Place(True, world.one_id(f"account:{i} email:1") or 0) for i in (1, 2))
    (cut,) = why(engine, held, one, two)
    assert (cut.rule, cut.token, cut.last_date) == ("window", token("email:1"), night(1))
    assert why(engine, held, two, one) == (cut,)


def test_rows_of_shadow_channels_are_told_where_they_alone_show_both(engine: Engine) -> None:
    world = World().see("account:1", "account:2", "account:3").run(1)
    trial = World().see("account:1 account:2 phone:5", dataset="trial")
    for row in trial.rows:
        world.rows.append(row | {"channel": "trial"})
    held = tables_of(engine, world)
    one, two, three = (Place(True, world.one_id(f"account:{i}") or 0) for i in (1, 2, 3))
    (cut,) = why(engine, held, one, two, ("trial",))
    assert (cut.rule, cut.sources) == ("shadow", ("trial.trial",))
    assert cut.token in (token("account:1"), token("account:2"))
    assert why(engine, held, one, three, ("trial",)) == ()


def test_what_makes_a_hub_is_told_names_among_it(engine: Engine) -> None:
    shown = ["account:1 phone:1", "account:2 phone:1"]
    names = tuple(zip(map(sighting, shown), ("王伟", "李娜"), strict=True))
    policy = replace(POLICY, disagree=DisagreeRule(names=True))
    world = World(policy=policy, names=names).see(*shown).run(1)
    one, two = (Place(True, world.one_id(words) or 0) for words in shown)
    (cut,) = why(engine, tables_of(engine, world), one, two)
    assert (cut.rule, cut.token) == ("hub names", token("phone:1"))


def test_a_hub_of_a_later_owner_is_told(engine: Engine) -> None:
    kinds = POLICY.kinds | {"email": replace(POLICY.kinds["email"], window=Duration(30))}
    world = World(policy=replace(POLICY, kinds=kinds)).see("account:1 email:1", day=night(-99))
    world.see("account:2 card:2 email:1", "account:3 card:3 email:1").run(1)
    one, two = (Place(True, world.one_id(f"account:{i} card:{i} email:1") or 0) for i in (2, 3))
    (cut,) = why(engine, tables_of(engine, world), one, two)
    assert (cut.rule, cut.node_id) == ("hub disagree", node("email:1/1"))
