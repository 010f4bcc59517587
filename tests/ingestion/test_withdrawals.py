"""What nights take back, over random worlds, against the rules in plain Python."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from pyspark.sql import SparkSession

from ingestion.withdrawals import counted_by_version
from model.engines import Engine, SparkEngine
from model.local_engine import LocalEngine
from tests.ingestion.clean_worlds import (
    File,
    Told,
    World,
    expected,
    expected_of_states,
    random_lines,
    random_nights,
)
from tests.ingestion.fixtures import LINES, MEMBERS, NIGHT, sound_channel

DAILY = """
channel: shop
datasets:
  orders:
    path: "shop/{date}/*.csv"
    fields:
      no:     {type: text, required: true}
      paid:   {type: timestamp, required: true}
      amount: {type: money}
      op:     {type: text}
    into:
      orders: {columns: {order_id: no, paid_at: paid, amount: amount}}
"""
FLAGGED = DAILY.replace("    fields:", "    deleted: {field: op, values: [D]}\n    fields:")
WHOLE = DAILY.replace("    fields:", "    arrives: full\n    fields:")


def world_of(text: str) -> World:
    return World(*sound_channel(text))


def check_files(text: str, seed: int, open_engine: Callable[[], Engine]) -> None:
    world, nights = world_of(text), random_nights(seed, may_delete=text is FLAGGED)
    for n, files in enumerate(nights):
        night = NIGHT + timedelta(days=n)
        with open_engine() as engine:
            world.take(engine, night, files)
            amounts, sightings = expected(nights[: n + 1])
            assert world.current(engine, night) == amounts, (seed, n)
        assert world.counts() == sightings, (seed, n)


def check_states(seed: int, open_engine: Callable[[], Engine]) -> None:
    chance, world, states = random.Random(seed), world_of(WHOLE), []
    for n in range(5):
        lines = {told.order: told for told in random_lines(chance, "PQRS", may_delete=False)}
        states.append(list(lines.values()))
        night = NIGHT + timedelta(days=n)
        with open_engine() as engine:
            world.take(engine, night, [File("all", n + 1, states[-1])])
            amounts, sightings = expected_of_states(states)
            assert world.current(engine, night) == amounts, (seed, n)
        assert world.counts() == sightings, (seed, n)


@pytest.mark.parametrize("text", [DAILY, FLAGGED], ids=["by file", "by version"])
@pytest.mark.parametrize("seed", range(40))
def test_new_bytes_and_deletions_leave_what_the_newest_bytes_tell(text: str, seed: int) -> None:
    check_files(text, seed, LocalEngine)


@pytest.mark.parametrize("seed", range(40))
def test_a_whole_state_holds_what_it_lists_and_nothing_else(seed: int) -> None:
    check_states(seed, LocalEngine)


@pytest.mark.parametrize("seed", [3, 11])
def test_spark_takes_back_the_same(seed: int, spark: SparkSession) -> None:
    check_files(FLAGGED, seed, lambda: SparkEngine(spark))
    check_states(seed, lambda: SparkEngine(spark))


def test_a_night_run_again_takes_back_the_same() -> None:
    world, nights = world_of(FLAGGED), random_nights(7, may_delete=True)
    for n, files in enumerate(nights):
        for _ in range(2):
            with LocalEngine() as engine:
                world.take(engine, NIGHT + timedelta(days=n), files)
        assert world.counts() == expected(nights[: n + 1])[1]


def test_an_unchanged_state_adds_no_row_and_no_sighting() -> None:
    world, state = world_of(WHOLE), [Told("P", 1, 5, 1), Told("Q", 2, 6, None)]
    for n in range(3):
        with LocalEngine() as engine:
            world.take(engine, NIGHT + timedelta(days=n), [File("all", n + 1, state)])
    assert [row["arrived_date"] for row in world.clean] == [NIGHT, NIGHT]
    assert [row["business_date"] for row in world.sightings] == [NIGHT]


def test_arrival_alone_decides_where_the_state_arrives_whole() -> None:
    world = world_of(WHOLE)
    for n, hour in enumerate([9, 3]):
        with LocalEngine() as engine:
            night = NIGHT + timedelta(days=n)
            world.take(engine, night, [File("all", n + 1, [Told("P", hour, hour, None)])])
            assert world.current(engine, night) == {"P": hour}


def test_a_key_gone_from_new_bytes_stays_where_another_file_holds_it() -> None:
    world = world_of(DAILY)
    with LocalEngine() as engine:
        world.take(engine, NIGHT, [
            File("a", 1, [Told("P", 1, 1, 1)]), File("b", 1, [Told("P", 2, 2, 2)]),
        ])
    with LocalEngine() as engine:
        world.take(engine, NIGHT + timedelta(days=1), [File("b", 2, [])])
        assert world.current(engine, NIGHT + timedelta(days=1)) == {"P": 1}
    assert world.counts() == Counter({1: 1})


def test_datasets_beside_one_that_withdraws_rows_are_counted_by_version_too() -> None:
    till, crm = sound_channel(LINES)[0], sound_channel(MEMBERS)[0]
    desk = sound_channel(DAILY)[0]
    assert counted_by_version([till, crm]) == {("till", "lines")}
    assert counted_by_version([till, desk]) == {("till", "lines"), ("shop", "orders")}
    assert counted_by_version([crm, desk]) == frozenset()
