"""Decay and rarity of tops: worked out by hand, and against plain Python over random votes."""

import math
import random
from collections import defaultdict
from textwrap import dedent
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from model.dates import Window
from tags.planning import plan_tags
from tests.tags.books import book_of
from tests.tags.rows import D, column, computed, computed_by_both, days_ago, people_of, rows_of


def line(one_id: int, ago: int, category: str | None) -> dict[str, Any]:
    """A line of an order."""
    return {"one_id": one_id, "ago": ago, "category_l1": category}


def test_a_vote_halves_with_every_half_life(spark: SparkSession) -> None:
    book = book_of(
        dedent(
            """\
            defaults: {from: order_lines}
            tags:
              fav:
                title: F
                top: category_l1
                decay: half every 10d
                over: [ever, 30d]
                best: 9
                give: [value, score, share]
              mixed:
                title: M
                top: category_l1
                weights: {order_lines: 3, events: 1}
                decay: half every 10d
                give: [score]
            """
        )
    )
    lines = [
        line(1, 0, "new"), line(1, 20, "old"), line(1, 20, "old"), line(1, 20, "old"),
        line(1, 20, "older"), line(1, 30, "old"), line(1, 5, None),
        # Two halves are one whole: equal scores stand in the order of the values.
        line(2, 15, "b"), line(2, 25, "a"), line(2, 25, "a"),
        line(3, 450, "gone"), line(4, 390, "nearly"),
    ]  # fmt: skip
    events = [line(1, 10, "new")]
    wide = computed(spark, book, {"order_lines": lines, "events": events}, range(1, 6))
    assert column(wide, "fav_ever") == {
        1: ["new", "old", "older"], 2: ["a", "b"], 3: None, 4: ["nearly"], 5: None,
    }  # fmt: skip
    assert wide[1]["fav_ever_score"] == [1.0, 0.875, 0.25]
    assert wide[1]["fav_ever_share"] == pytest.approx([1 / 2.125, 0.875 / 2.125, 0.25 / 2.125])
    assert wide[1]["fav_30d_score"] == [1.0, 0.75, 0.25]
    assert wide[2]["fav_ever_score"] == pytest.approx([0.5**1.5] * 2)
    assert wide[4]["fav_ever_score"] == [2e-12]
    assert column(wide, "mixed") == {
        1: 3.5, 2: pytest.approx(3 * 0.5**1.5), 3: None, 4: 5e-12, 5: None,
    }  # fmt: skip


def test_what_everybody_buys_ranks_low(spark: SparkSession) -> None:
    book = book_of(
        dedent(
            """\
            defaults: {from: order_lines, where: "status = 'paid'"}
            tags:
              usual: {title: U, top: category_l1}
              own:
                title: O
                top: category_l1
                rarity: true
                over: [30d, 7d]
                best: 9
                give: [value, score, share]
            """
        )
    )
    lines = [
        line(one_id, 3, "milk") | {"status": "paid"} for one_id in (1, 1, 1, 2, 3, 4)
    ]
    lines += [line(one_id, 20, "tea") | {"status": "paid"} for one_id in (1, 2, 5)]
    lines += [line(1, 20, "pens") | {"status": "paid"}, line(6, 3, "pens") | {"status": "lost"}]
    wide = computed(spark, book, {"order_lines": lines}, range(1, 7))
    assert wide[1]["usual"] == "milk"
    # In 30 days five persons vote: four for milk, three for tea, one for pens.
    scores = [math.log(5 / 1), 3 * math.log(5 / 4), math.log(5 / 3)]
    assert wide[1]["own_30d"] == ["pens", "milk", "tea"]
    assert wide[1]["own_30d_score"] == pytest.approx(scores)
    assert wide[1]["own_30d_share"] == pytest.approx([score / sum(scores) for score in scores])
    # In 7 days four, all for milk: it is known, and worth nothing.
    assert (wide[1]["own_7d"], wide[1]["own_7d_score"]) == (["milk"], [0.0])
    assert wide[1]["own_7d_share"] == [None]
    assert (wide[5]["own_30d"], wide[5]["own_7d"]) == (["tea"], None)
    assert wide[6]["own_30d"] is None


PEOPLE, VOTES = 40, 1500
TOPS = {
    "plain": "",
    "decayed": ", decay: half every 30d",
    "rare": ", rarity: true",
    "both": ", rarity: true, decay: half every 2w",
}
WINDOWS = ("ever", "90d", "31d..90d", "last month")
BOOK = book_of(
    "tags:\n"
    + "".join(
        f"  {name}: {{title: T, top: category_l1, weights: {{order_lines: 2.5, events: 1}}, "
        f"best: 5, give: [value, score], over: [{', '.join(WINDOWS)}]{more}}}\n"
        for name, more in TOPS.items()
    )
)


def made_votes(seed: int, count: int) -> list[dict[str, Any]]:
    """Lines or events of all ages; some categories are everybody's, some are rare."""
    chance = random.Random(seed)
    return [
        line(
            chance.randrange(1, PEOPLE),
            min(int(chance.expovariate(1 / 50)), 700),
            chance.choice([None, "a", "a", "b", "c", "d", "e" * chance.randrange(1, 9)]),
        )
        for _ in range(count)
    ]


def expected_of(votes: list[tuple[int, int, str, float]], name: str) -> dict[int, Any]:
    """The best five values and their scores by person."""
    half_life = {"decayed": 30, "both": 14}.get(name)
    scores: dict[int, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for one_id, ago, value, weight in votes:
        scores[one_id][value] += weight * (0.5 ** (ago / half_life) if half_life else 1)
    kept = {
        one_id: {v: score for v, score in own.items() if round(score, 12)}
        for one_id, own in scores.items()
    }
    voters = [value for own in kept.values() for value in own]
    found = {}
    for one_id, own in kept.items():
        factor = {v: math.log(len(kept) / voters.count(v)) for v in own}
        rated = {v: score * (factor[v] if name in ("rare", "both") else 1)
                 for v, score in own.items()}
        best = sorted(rated, key=lambda v: (-round(rated[v], 10), v))[:5]
        found[one_id] = (best, [rated[v] for v in best])
    return found


def wide_of(sources: dict[str, DataFrame]) -> dict[int, Any]:
    spark = sources["events"].sparkSession
    people = people_of(spark, range(1, PEOPLE))
    wide = computed_by_both(sources, people, people, plan_tags(BOOK)).wide
    return {row["one_id"]: row.asDict() for row in wide.collect()}


def test_tops_equal_plain_python_over_random_votes(spark: SparkSession) -> None:
    made = {"order_lines": made_votes(3, VOTES), "events": made_votes(4, VOTES)}
    sources = {name: rows_of(spark, BOOK.tables[name], rows).cache() for name, rows in made.items()}
    wide = wide_of(sources)
    shuffled = {name: rows.repartition(5, "category_l1") for name, rows in sources.items()}
    assert wide_of(shuffled) == wide
    for text in WINDOWS:
        window = Window.parse(text)
        first, last = window.bounds(D)
        votes = [
            (row["one_id"], row["ago"], row["category_l1"], weight)
            for source, weight in (("order_lines", 2.5), ("events", 1.0))
            for row in made[source]
            if row["category_l1"] and (first is None or days_ago(row["ago"]) >= first)
            and days_ago(row["ago"]) <= last
        ]
        for name in TOPS:
            expected = expected_of(votes, name)
            for one_id, row in wide.items():
                column_name = f"{name}_{window.suffix}"
                values, scores = expected.get(one_id, (None, None))
                assert row[column_name] == values, (column_name, one_id)
                assert row[f"{column_name}_score"] == (scores and pytest.approx(scores, abs=1e-9))
