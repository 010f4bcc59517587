"""Whatever the rows: the kernel gives each cell that the reference gives."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from tags.planning import plan_tags
from tests.tags.books import book_of
from tests.tags.rows import D, computed_by_both, people_of, rows_of

PEOPLE = 12
BOOK = book_of("""\
defaults: {from: orders}
tags:
  n: {title: T, measure: count(), over: [7d, 30d, "31d..90d", last month, ever]}
  spend: {title: T, measure: sum(amount), where: "status = 'paid'", over: [30d, ever, last 2]}
  largest: {title: T, measure: max(amount), over: [30d, ever]}
  stores: {title: T, measure: distinct(store_id), over: [30d, ever]}
  days: {title: T, measure: days(), over: [30d, ever]}
  gap: {title: T, measure: days_since_last(), where: "amount > 5 or status is missing"}
  newest: {title: T, measure: last(store_id), over: [7d, ever]}
  spread: {title: T, measure: stddev(amount)}
  middle: {title: T, measure: "percentile(amount, 0.5)", over: [30d, ever]}
  store: {title: T, top: store_id, best: 2, give: [value, score, share], over: [30d, ever]}
  fresh: {title: T, top: store_id, decay: half every 10d, give: [value, score]}
  each: {title: T, calc: spend_ever / n_ever}
  level: {title: T, bins: spend_ever, edges: [5, 12.5], values: {low: L, mid: M, high: H}}
  rfm: {title: T, rfm: {recency: gap, frequency: n_ever, monetary: spend_ever}}
""")


def _order(one_id: int | None, ago: int, hour: int | None, **values: Any) -> dict[str, Any]:
    start = datetime.combine(D - timedelta(days=ago), time(10))
    paid_at = None if hour is None else start + timedelta(hours=hour)
    return {"one_id": one_id, "ago": ago, "paid_at": paid_at, **values}


def _or_none(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


# Few values of everything, so that people, days, times and amounts meet; a day may lie ahead.
ORDERS = st.lists(
    st.builds(
        _order, _or_none(st.integers(1, PEOPLE + 1)), st.sampled_from([*range(-2, 95), 365, 900]),
        _or_none(st.integers(0, 2)), channel=st.sampled_from(["pos", "shop"]),
        status=st.sampled_from(["paid", "refunded", None]),
        store_id=_or_none(st.sampled_from("abc")),
        amount=_or_none(st.integers(-300, 2000).map(lambda cents: Decimal(cents) / 100)),
    ),
    max_size=100,
)  # fmt: skip


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(orders=ORDERS)
def test_both_ways_give_every_cell_alike(spark: SparkSession, orders: list[dict[str, Any]]) -> None:
    people = people_of(spark, range(1, PEOPLE + 1))
    rows = {"orders": rows_of(spark, BOOK.tables["orders"], orders)}
    found = computed_by_both(rows, people, people, plan_tags(BOOK), rows_at_once=10)
    assert found.wide.count() == PEOPLE
