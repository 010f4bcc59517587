"""What nights take back, over random worlds, against the rules in plain Python."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
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

NIGHTS = 5
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


def check_files(text: str, seeds: Iterable[int], open_engine: Callable[[int], Engine]) -> None:
    """Nights of one world a seed, side by side: paths and orders bear the seed."""
    world = world_of(text)
    apart = [
        [[of_seed(seed, file) for file in files] for files in random_nights(seed, text is FLAGGED)]
        for seed in seeds
    ]  # fmt: skip
    nights = [[file for files in worlds for file in files] for worlds in zip(*apart, strict=True)]
    for n, files in enumerate(nights):
        night = NIGHT + timedelta(days=n)
        with open_engine(n) as engine:
            world.take(engine, night, files)
            amounts, sightings = expected(nights[: n + 1])
            assert world.current(engine, night) == amounts, n
        assert world.counts() == sightings, n


def of_seed(seed: int, file: File) -> File:
    lines = [replace(told, order=f"{told.order}{seed}") for told in file.lines]
    return replace(file, path=f"{file.path}{seed}", lines=lines)


def check_states(seeds: Iterable[int], open_engine: Callable[[int], Engine]) -> None:
    chances, world, states = [random.Random(seed) for seed in seeds], world_of(WHOLE), []
    for n in range(NIGHTS):
        lines = {
            (i, told.order): replace(told, order=f"{told.order}{i}")
            for i, chance in enumerate(chances)
            for told in random_lines(chance, "PQRS", may_delete=False)
        }
        states.append(list(lines.values()))
        night = NIGHT + timedelta(days=n)
        with open_engine(n) as engine:
            world.take(engine, night, [File("all", n + 1, states[-1])])
            amounts, sightings = expected_of_states(states)
            assert world.current(engine, night) == amounts, n
        assert world.counts() == sightings, n


def in_this_process(_: int) -> Engine:
    return LocalEngine()


# Worlds alone have nights without a row; many side by side cost what one does.
SEEDS = [*((seed,) for seed in range(8)), range(8, 24), range(24, 40)]


@pytest.mark.parametrize("text", [DAILY, FLAGGED], ids=["by file", "by version"])
@pytest.mark.parametrize("seeds", SEEDS, ids=str)
def test_new_bytes_and_deletions_leave_what_the_newest_bytes_tell(
    text: str, seeds: Iterable[int]
) -> None:
    check_files(text, seeds, in_this_process)


@pytest.mark.parametrize("seeds", SEEDS, ids=str)
def test_a_whole_state_holds_what_it_lists_and_nothing_else(seeds: Iterable[int]) -> None:
    check_states(seeds, in_this_process)


def test_spark_takes_back_the_same(spark: SparkSession) -> None:
    def on_spark(n: int) -> Engine:
        """The night before which there is nothing, and one to which all sorts of rows lead."""
        return SparkEngine(spark) if n in (0, NIGHTS - 1) else LocalEngine()

    check_files(FLAGGED, range(12), on_spark)
    check_states(range(12), on_spark)


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
