"""Deviations, gaps, percentiles, histograms, lists and newest rows, worked out by hand."""

import random
import statistics
from decimal import Decimal
from fractions import Fraction
from textwrap import dedent
from typing import Any

import pytest
from pyspark.sql import SparkSession

from tests.tags.books import book_of
from tests.tags.rows import computed

BOOK = book_of(
    dedent(
        """\
        defaults: {from: orders, where: "status = 'paid'"}
        tags:
          spread: {title: S, measure: stddev(amount), over: [30d, ever, last 2]}
          spread_items: {title: S, measure: stddev(item_count)}
          spread_stores: {title: S, measure: stddev(amount), by: store_id}
          gap: {title: G, measure: gap_days(), over: [30d, ever, last 2]}
          gap_stores: {title: G, measure: gap_days(), by: store_id}
          half: {title: P, measure: "percentile(amount, .5)", over: [ever, last 2]}
          quarter: {title: P, measure: "percentile(amount, 0.25)", type: money}
          half_stores: {title: P, measure: "percentile(amount, .5)", by: store_id}
          stores: {title: H, measure: histogram(store_id), over: [ever, last 2]}
          amounts: {title: H, measure: histogram(amount)}
          weekends: {title: H, measure: "histogram(weekday(day) >= 5)"}
          newest: {title: L, measure: "list(store_id, 2)", over: [ever, last 2]}
          values: {title: L, measure: "list(amount, 20)", type: number}
          n: {title: N, measure: count(), over: [last 2, last 1000]}
          total: {title: T, measure: sum(amount), over: last 2}
          by_store: {title: B, measure: sum(amount), by: store_id, over: last 2}
          of_amounts: {title: D, measure: distinct(amount), over: last 2}
          sevens: {title: D, measure: count(amount), over: 1d, absent: 7}
          days: {title: D, measure: days(), over: 1d, absent: 9}
        """
    )
)


def order(one_id: int, ago: int, amount: str | None, store: str | None = None) -> dict[str, Any]:
    """A paid order."""
    exact = None if amount is None else Decimal(amount)
    items = None if amount is None else float(amount)
    return {
        "one_id": one_id, "ago": ago, "amount": exact, "store_id": store, "status": "paid",
        "item_count": items,
    }  # fmt: skip


ROWS = [
    # D is a Thursday: 4 days ago was a Sunday, 12 and 40 days ago were Saturdays.
    order(1, 40, "2", "a"), order(1, 12, "4", "b"), order(1, 12, "4", "a"), order(1, 4, "9", "a"),
    order(1, 0, None, None), order(1, -1, "99", "z"), order(1, 1, "50", "x") | {"status": "lost"},
    order(2, 3, "5.55", "c"),
    order(3, 3, None), order(3, 3, None),
    order(4, 0, "1", "a") | {"status": "lost"},
    # Sums of squares that a double cannot tell apart from one another.
    order(5, 0, "100000000.01"), order(5, 0, "100000000.02"), order(5, 0, "100000000.03"),
    order(6, 0, "1e12"), order(6, 1, "1"),
    order(7, 0, "9999999999999999.99"), order(7, 1, "9999999999999999.99"),
]  # fmt: skip


@pytest.fixture(scope="module")
def wide(spark: SparkSession) -> dict[int, dict[str, Any]]:
    return computed(spark, BOOK, {"orders": ROWS}, range(1, 9))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("spread_ever", (26.75 / 3) ** 0.5),  # of 2, 4, 4, 9: mean 4.75
        ("spread_30d", (50 / 3 / 2) ** 0.5),  # of 4, 4, 9: mean 17 / 3
        ("spread_last_2", None),  # of 9 and a missing value
        ("spread_items", (26.75 / 3) ** 0.5),
        ("spread_stores", {"a": 13**0.5}),  # of 2, 4, 9; one in b is none
        ("gap_ever", 40 / 3),  # days 40, 12, 4, 0
        ("gap_30d", 6),
        ("gap_last_2", 4),
        ("gap_stores", {"a": 18}),  # days 40, 12, 4
        ("half_ever", 4),
        ("half_last_2", 9),
        ("quarter", Decimal("3.50")),  # a quarter of the way from 2 over 4 and 4 to 9
        ("half_stores", {"a": 4, "b": 4}),
        ("stores_ever", {"a": 3, "b": 1}),
        ("stores_last_2", {"a": 1}),
        ("amounts", {"2.00": 1, "4.00": 2, "9.00": 1}),
        ("weekends", {"false": 1, "true": 4}),
        ("newest_ever", ["a", "a"]),  # of equal days the higher key is the newer
        ("newest_last_2", ["a"]),
        ("values", [9.0, 4.0, 4.0, 2.0]),
        ("n_last_2", 2),
        ("n_last_1000", 5),
        ("total", Decimal("9.00")),
        ("by_store", {"a": Decimal("9.00")}),
        ("of_amounts", 1),
        ("sevens", 7),  # a row without an amount is none: the same as no row
        ("days", 1),
    ],
)
def test_statistics_of_five_rows(wide: dict[int, Any], name: str, expected: object) -> None:
    assert wide[1][name] == (pytest.approx(expected) if expected is not None else None)


def test_one_row_has_a_middle_but_neither_spread_nor_gap(wide: dict[int, Any]) -> None:
    row = wide[2]
    assert (row["spread_ever"], row["gap_ever"]) == (None, None)
    assert (row["half_ever"], row["quarter"]) == (5.55, Decimal("5.55"))
    assert (row["newest_ever"], row["stores_ever"]) == (["c"], {"c": 1})
    assert (row["spread_stores"], row["gap_stores"]) == (None, None)


@pytest.mark.parametrize("person", [3, 4, 8])
def test_missing_values_and_no_rows_are_missing_and_never_empty(
    wide: dict[int, Any], person: int
) -> None:
    counts = {"n_last_2": 2, "n_last_1000": 2} if person == 3 else {}
    zero = {"n_last_2": 0, "n_last_1000": 0, "of_amounts": 0, "sevens": 7, "days": 9}
    other = {"weekends": {"false": 2}} if person == 3 else {}
    kept = {k: v for k, v in wide[person].items() if k not in ("business_date", "one_id")}
    assert {k: v for k, v in kept.items() if v is not None} == zero | counts | other


def test_a_spread_is_exact_or_missing_and_never_of_a_part(wide: dict[int, Any]) -> None:
    assert wide[5]["spread_ever"] == pytest.approx(0.01, rel=1e-12)
    assert wide[5]["spread_items"] == pytest.approx(0.01, rel=1e-12)
    # Numbers have six decimals and twelve digits before them.
    assert wide[6]["spread_ever"] == pytest.approx((1e12 - 1) / 2**0.5, rel=1e-12)
    assert wide[6]["spread_items"] is None
    assert wide[7]["spread_ever"] is None


def test_spreads_of_large_values_equal_those_of_exact_fractions(spark: SparkSession) -> None:
    chance = random.Random(11)
    rows = [
        order(n % 20, n % 5, f"{10 ** (n % 20 // 2 + 2) + chance.randrange(100_000) / 100:.2f}")
        for n in range(400)
    ]
    book = book_of("tags:\n  spread: {title: S, measure: stddev(amount), from: orders}\n")
    wide = computed(spark, book, {"orders": rows}, range(20))
    for one_id, row in wide.items():
        amounts = [Fraction(order["amount"]) for order in rows if order["one_id"] == one_id]
        assert row["spread"] == pytest.approx(statistics.stdev(amounts), rel=1e-12)


def test_newest_rows_of_equal_days_follow_the_tables_order(spark: SparkSession) -> None:
    book = book_of(
        "defaults: {from: orders}\ntags:\n"
        '  newest: {title: L, measure: "list(store_id, 2)"}\n'
        "  total: {title: T, measure: sum(amount), over: last 2}\n"
    )
    rows = [
        order(1, 1, str(n), store) | {"channel": "pos", "order_id": store}
        for n, store in enumerate("bca")
    ]
    for given in (rows, rows[::-1]):
        found = computed(spark, book, {"orders": given}, [1])
        assert found[1]["newest"] == ["c", "b"]
        assert found[1]["total"] == Decimal(1)
