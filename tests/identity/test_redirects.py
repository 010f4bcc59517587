"""Numbers for ever: each leads to a live person or to nobody, in one step, whatever happens."""

from __future__ import annotations

from collections import Counter
from functools import partial

import pytest
from pyspark.sql import SparkSession

from model.engines import Engine
from model.fixed_tables import ONE_ID_EVENTS
from model.mixed_engine import MixedEngine
from model.number_events import COUNTS_PEOPLE, redirects
from tests.identity.thirty_nights import NIGHTS, Years
from tests.identity.worlds import World, night, node, records, sighting, table_of


def told(world: World, number: int) -> dict[int, int | None]:
    """Where each number leads by its last row up to a night: read plainly."""
    found = {}
    up_to = [row for row in world.tables["events"] if row.business_date <= night(number)]
    for row in sorted(up_to, key=lambda row: row.business_date):
        has_ended = row.event in ("merged_into", "retired")
        found[row.one_id] = row.other_one_id if has_ended else row.one_id
    return found


def reasons(world: World, number: int) -> dict[int, str]:
    rows = world.tables["events"]
    return {row.one_id: row.reason for row in rows if row.business_date == night(number)}


def test_every_number_ever_given_leads_to_a_live_person_or_to_nobody(years: Years) -> None:
    given: dict[int, set[int]] = {}
    for number, world in years.runs:
        live = set(world.map_on(number).values())
        given.setdefault(number, set()).update(live)
        ever = set().union(*(ids for on, ids in given.items() if on <= number))
        leads = told(world, number)
        assert {one_id for one_id in ever if leads[one_id] not in {*live, None}} == set()
        assert all(leads[one_id] == one_id for one_id in live)
    found = {row.reason for row in years.world.tables["events"]}
    assert len({reason for reason in found if reason.startswith("redirected")}) == 3


def test_people_change_by_the_rows_that_count_them(years: Years, engine: Engine) -> None:
    log = table_of(
        engine, [row._asdict() for row in years.world.tables["events"]], ONE_ID_EVENTS.schema
    )
    sql = f"select business_date, event from log where {COUNTS_PEOPLE}"
    counts = Counter(records(engine, engine.rows("of_people", sql, log=log)))
    before = 0
    for number in range(1, NIGHTS + 1):
        after = len(set(years.world.map_on(number).values()))
        minted, merged, retired = (
            counts[night(number), event] for event in ("minted", "merged_into", "retired")
        )
        assert after - before == minted - merged - retired
        before = after
    assert {event for _, event in counts} > {"split_from", "merged_into", "retired", "anchored"}


def test_the_views_text_reads_the_same(years: Years, engine: Engine) -> None:
    log = table_of(
        engine, [row._asdict() for row in years.world.tables["events"]], ONE_ID_EVENTS.schema
    )
    for number in (11, NIGHTS):
        rows = records(engine, engine.rows("r", redirects("log", night(number)), log=log))
        assert {row.one_id: row.current_one_id for row in rows} == told(years.world, number)


def test_a_number_follows_the_person_it_led_to() -> None:
    rows = {i: f"account:{i} email:{i}" for i in range(1, 5)}
    of_two = ("account:2", "email:2", "account:2 phone:2")
    world = World().see(*of_two, day=night(-7))
    for i, words in rows.items():
        world.see(words, day=night(i - 9))
    world.run(1)
    world.see("email:3 email:4", on=2).run(2)
    assert told(world, 2)[4] == 3
    world.see("email:2 email:3", on=3).run(3)
    assert told(world, 3) == {1: 1, 2: 2, 3: 2, 4: 2}
    assert world.happened(3) == {("merged_into", 3, 2), ("merged_into", 4, 2)}
    assert reasons(world, 3)[3] == "links join them"
    assert reasons(world, 3)[4].startswith("redirected")
    # Of 2 nobody is left; who had merged into it has nobody to lead to either.
    world.lose(*of_two, on=4, day=night(-7))
    for i in (2, 3, 4):
        world.lose(rows[i], on=4, day=night(i - 9))
    world.lose("email:3 email:4", on=4, day=night(2)).lose("email:2 email:3", on=4, day=night(3))
    world.run(4)
    assert told(world, 4) == {1: 1, 2: None, 3: None, 4: None}
    # Rows come back, with the number they bore last: it leads to itself again.
    world.see("account:3 email:3", on=5).run(5)
    assert told(world, 5) == {1: 1, 2: 2, 3: None, 4: None}


def test_a_number_that_attached_leads_to_the_person_it_follows() -> None:
    rows = ("account:1", "email:1", "account:1 email:1", "account:1 phone:1")
    world = World().see(*rows, day=night(-3)).see("account:2 email:2", "device:3").run(1)
    device = world.one_id("device:3")
    world.see("account:2 device:3", on=2).run(2)
    assert told(world, 2)[device] == world.one_id("account:2 email:2")
    world.see("email:1 email:2", on=3).run(3)
    assert told(world, 3)[device] == world.one_id("account:1 email:1") == 1


def test_a_number_that_a_run_took_back_leads_to_whoever_has_its_rows() -> None:
    world = World().see("account:1 email:1", day=night(-5)).run(1)
    world.see("account:2 email:2", "account:3", on=2).run(2)
    assert world.one_id("account:2 email:2") != world.one_id("account:3")
    joined, lost = world.one_id("account:2 email:2"), world.one_id("account:3")
    # The second night again, without the one and with a row that joins the other.
    world.rows = [row for row in world.rows if row["sighting_id"] != sighting("account:3")]
    world.see("email:1 email:2", on=2).run(2)
    assert (told(world, 2)[joined], told(world, 2)[lost]) == (1, None)
    assert {row.reason.split(":")[0] for row in world.tables["events"] if row.one_id != 1} == {
        "redirected"
    }
    settled = world.contents()
    assert world.run(2).contents() == settled
    assert world.run(3).happened(3) == set()


def test_a_number_keeps_its_anchor_until_that_leaves_it() -> None:
    world = World().see("account:1", "account:1 email:1", day=night(-3)).run(1)
    (minted,) = world.tables["events"]
    assert minted.node_id == node("account:1"), "the strongest kind"
    world.see("account:1 national_id:7", on=2).run(2)
    assert world.happened(2) == set(), "a stronger one has come, and the old one is there still"
    for words in ("account:1", "account:1 email:1"):
        world.lose(words, on=3, day=night(-3))
    world.lose("account:1 national_id:7", on=3, day=night(2))
    world.see("email:1", "email:1 national_id:7", on=3).run(3)
    (row,) = [row for row in world.tables["events"] if row.business_date == night(3)]
    assert (row.event, row.one_id, row.node_id) == ("anchored", 1, node("national_id:7"))
    assert world.run(4).happened(4) == set()


def test_weak_identifiers_are_no_anchors_and_sightings_the_last() -> None:
    world = World().see("device:1", "phone:2 cookie:2").see("passport:1 passport:2").run(1)
    stands = {row.one_id: row.node_id for row in world.tables["events"]}
    assert stands[world.one_id("device:1")] == sighting("device:1")
    assert stands[world.one_id("phone:2 cookie:2")] == node("phone:2")
    ids = {node("passport:1"), node("passport:2")}
    assert stands[world.one_id("passport:1 passport:2")] in ids


def test_the_last_anchor_of_every_live_number_is_its_own(years: Years) -> None:
    moved = 0
    for number, world in years.runs:
        last = {}
        for row in sorted(world.tables["events"], key=lambda row: row.business_date):
            if row.business_date <= night(number):
                last[row.one_id] = row.node_id
                moved += row.event == "anchored" and row.business_date == night(number)
        held = world.map_on(number)
        assert all(held[last[one_id]] == one_id for one_id in set(held.values()))
        assert None not in last.values()
    assert moved > 3, "anchors left their numbers"


@pytest.mark.usefixtures("adaptive")
@pytest.mark.parametrize("number", [pytest.param(8, marks=pytest.mark.long), NIGHTS])
def test_events_are_the_same_on_spark(years: Years, spark: SparkSession, number: int) -> None:
    before = years.last[number - 1]
    world = World(years.last[number].rows, tables=before.tables).run(number)
    there = World(years.last[number].rows, tables=before.tables)
    there.run(number, partial(MixedEngine, spark, most_here=20), partitions=3)
    assert there.contents() == world.contents()
