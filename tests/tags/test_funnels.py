"""Funnels: hand-made paths, and random events against a state machine in plain Python."""

import random
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from pyspark.sql import SparkSession

from model.dates import Window
from tags.computing import compute_tags
from tags.planning import plan_tags
from tests.tags.books import book_of, messages_of
from tests.tags.rows import D, Row, column, computed, days_ago, people_of, rows_of

STEPS = ("page_views", "carts", "orders")
NAMES = {"page_views": "page_view", "carts": "add_to_cart"}
BOOK = book_of(
    """
    tags:
      f: {title: F, steps: [page_views, carts, orders], within: 2d, over: [7d, "3d..30d"], give: [furthest, lost_after, hours_to_finish]}
      g: {title: G, steps: [events, page_views], within: 3h, over: 30d, absent: none, values: {none: N, events: E, page_views: P}}
      lost: {title: L, steps: [orders, redemptions], within: 1w, give: [lost_after]}
    """  # noqa: E501
)


def event(one_id: int | None, ago: int, name: str, clock: str | None = "12:00") -> Row:
    """An event on a day at a time of the day in UTC; None: of no known time."""
    at = None if clock is None else datetime.combine(days_ago(ago), time.fromisoformat(clock))
    return {"one_id": one_id, "ago": ago, "name": name, "occurred_at": at}


def order(one_id: int, ago: int, clock: str) -> Row:
    """An order."""
    at = datetime.combine(days_ago(ago), time.fromisoformat(clock))
    return {"one_id": one_id, "ago": ago, "paid_at": at}


VIEW, CART = "page_view", "add_to_cart"
PATHS: dict[str, tuple[Sequence[Row], Sequence[Row], tuple[Any, ...]]] = {
    "never begun": ([event(1, 1, CART)], [order(1, 0, "10:00")], (None, None, None)),
    "only begun": ([event(1, 1, VIEW)], [], ("page_views", "page_views", None)),
    "finished within two days to the second": (
        [event(1, 3, VIEW, "10:00"), event(1, 2, CART)], [order(1, 1, "10:00")],
        ("orders", None, 48.0),
    ),
    "a second too late": (
        [event(1, 3, VIEW, "10:00"), event(1, 2, CART)], [order(1, 1, "10:00:01")],
        ("carts", "carts", None),
    ),
    "steps out of order": (
        [event(1, 1, CART, "09:00"), event(1, 1, VIEW, "10:00")], [order(1, 1, "11:00")],
        ("page_views", "page_views", None),
    ),
    "at one moment the earlier step comes first": (
        [event(1, 1, CART), event(1, 1, VIEW)], [order(1, 1, "12:00")], ("orders", None, 0.0),
    ),
    "the earliest start that gets furthest": (
        [event(1, 5, VIEW), event(1, 2, VIEW, "01:00"), event(1, 2, VIEW, "02:00"),
         event(1, 1, CART, "02:00")],
        [order(1, 1, "03:00"), order(1, 1, "04:00")], ("orders", None, 26.0),
    ),
    "a start before the window counts for nothing": (
        [event(1, 7, VIEW), event(1, 6, CART)], [order(1, 6, "13:00")], (None, None, None),
    ),
    "without a time it happened when its day in Shanghai began": (
        [event(1, 1, VIEW, None), event(1, 1, CART, "00:00")], [order(1, 1, "01:00")],
        ("orders", None, 9.0),
    ),
}  # fmt: skip


def test_paths_worked_out_by_hand(spark: SparkSession) -> None:
    events = [{**row, "one_id": n} for n, p in enumerate(PATHS.values()) for row in p[0]]
    orders = [{**row, "one_id": n} for n, p in enumerate(PATHS.values()) for row in p[1]]
    wide = computed(spark, BOOK, {"events": events, "orders": orders}, range(len(PATHS)))
    found = {
        name: tuple(wide[n][f"f_7d{part}"] for part in ("", "_lost_after", "_hours_to_finish"))
        for n, name in enumerate(PATHS)
    }
    assert found == {name: path[2] for name, path in PATHS.items()}


def test_one_row_stands_for_one_step_and_persons_without_rows_are_absent(
    spark: SparkSession,
) -> None:
    rows = [event(person, 1, VIEW) for person in (1, 2, 2, None)]
    assert column(computed(spark, BOOK, {"events": rows}, [1, 2, 3]), "g") == {
        1: "events", 2: "page_views", 3: "none",
    }  # fmt: skip


def made_rows(seed: int) -> dict[str, list[Row]]:
    """Events and orders of twenty persons, crowded enough to meet at the same moments."""
    chance = random.Random(seed)
    rows: dict[str, list[Row]] = {"events": [], "orders": [], "interactions": []}
    for _ in range(700):
        person, ago = chance.choice([None, *range(20)]), chance.randrange(-1, 32)
        clock = f"{chance.randrange(24):02d}:{chance.choice(['00', '30'])}"
        if chance.random() < 0.7:
            name = chance.choice([VIEW, VIEW, CART, "search"])
            rows["events"].append(event(person, ago, name, chance.choice([clock, clock, None])))
        else:
            rows["orders"].append({**order(0, ago, clock), "one_id": person})
    return rows


def marked(rows: dict[str, list[Row]], steps: Sequence[str], person: int, window: str) -> list[Any]:
    """(moment, whether it is each step) of a person's rows in the window, in their order."""
    first, last = Window.parse(window).bounds(D)
    found = []
    for table, listed in rows.items():
        for row in listed:
            day: date = days_ago(row["ago"])
            if row["one_id"] != person or not (first or date.min) <= day <= last:
                continue
            at = row.get("occurred_at") or row.get("paid_at")
            moment = at or datetime.combine(day, time()) - timedelta(hours=8)
            flags = [s == table or NAMES.get(s) == row.get("name", "") for s in steps]
            if any(flags):
                found.append((moment, flags))
    return sorted(found, key=lambda pair: (pair[0], [not flag for flag in pair[1]]))


def furthest(rows: list[Any], steps: int, within: timedelta) -> tuple[int, float | None]:
    """Steps reached and hours from first to last, by trying every start in turn."""
    best, hours = 0, None
    for n, (start, flags) in enumerate(rows):
        if not flags[0]:
            continue
        reached, at = 1, start
        for moment, later in rows[n + 1 :]:
            if reached < steps and later[reached] and moment - start <= within:
                reached, at = reached + 1, moment
        if reached > best:
            best, hours = reached, (at - start).total_seconds() / 3600
    return best, hours


@pytest.mark.parametrize("seed", [1, 2])
def test_random_events_against_a_state_machine(spark: SparkSession, seed: int) -> None:
    rows = made_rows(seed)
    wide = computed(spark, BOOK, rows, range(20))
    for person in range(20):
        for window, name in (("7d", "f_7d"), ("3d..30d", "f_3d_30d")):
            seen = marked(rows, STEPS, person, window)
            reached, hours = furthest(seen, 3, timedelta(days=2))
            step = STEPS[reached - 1] if reached else None
            expected = (step, step if reached < 3 else None, hours if reached == 3 else None)
            row = wide[person]
            parts = ("", "_lost_after", "_hours_to_finish")
            assert tuple(row[f"{name}{part}"] for part in parts) == expected
        seen = marked(rows, ("events", "page_views"), person, "30d")
        reached, _ = furthest(seen, 2, timedelta(hours=3))
        assert wide[person]["g"] == ("none", "events", "page_views")[reached]


def test_order_and_partitions_of_rows_do_not_matter(spark: SparkSession) -> None:
    plan = plan_tags(BOOK)
    frames = {name: rows_of(spark, BOOK.tables[name], rows) for name, rows in made_rows(3).items()}
    moved = {name: f.repartition(4, "arrived_date", "day") for name, f in frames.items()}
    people = people_of(spark, range(20))
    one, other = (
        compute_tags(sources, people, people, plan, D, time_zone="Asia/Shanghai")
        for sources in (frames, moved)
    )
    assert sorted(one.collect()) == sorted(other.collect())


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("steps: [orders], within: 7d", "steps: expected 2 to 10 sources"),
        ("steps: [orders, orders], within: 7d", "steps: expected every source once"),
        ("steps: [order, carts], within: 7d", "unknown source 'order'; did you mean 'orders'?"),
        (
            "steps: [carts, orders], within: 7m",
            "within: '7m' is no span; expected hours, days or weeks such as 7d",
        ),
        ("steps: [carts, orders], within: 7d, give: []", "give: expected its parts, each once"),
        (
            "steps: [carts, orders], within: 7d, values: {carts: C, order: O, orders: O}",
            "values: nothing gives 'order'",
        ),
        ("steps: [carts, orders]", "'within' is missing"),
    ],
)
def test_what_is_wrong_with_a_funnel_is_told_with_its_place(body: str, message: str) -> None:
    (found,) = messages_of(f"tags:\n  t: {{title: T, {body}}}\n")
    assert found.startswith("a.yml:2: ")
    assert message in found
