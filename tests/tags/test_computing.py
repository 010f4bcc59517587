"""What every shape gives, on few rows, against values worked out by hand."""

from datetime import date, datetime
from decimal import Decimal
from textwrap import dedent
from typing import Any

import pytest
from pyspark.sql import SparkSession

from tests.tags.books import book_of
from tests.tags.rows import column, computed, days_ago

MEASURES = dedent(
    """\
    defaults: {from: orders, where: "status = 'paid'"}
    tags:
      n:
        title: N
        measure: count()
        over: [1d, 7d, 30d, 31d..90d, ever, this month, last month, 1m]
      known: {title: K, measure: count(store_id)}
      spend: {title: S, measure: sum(amount), over: [30d]}
      spend0: {title: S, measure: sum(amount), over: 30d, absent: 0}
      mean: {title: M, measure: avg(amount)}
      least: {title: L, measure: min(amount)}
      most: {title: L, measure: max(amount)}
      first_day: {title: L, measure: min(day)}
      stores: {title: D, measure: distinct(store_id), over: [7d, ever]}
      days: {title: Y, measure: days(), over: [7d, ever]}
      since: {title: Z, measure: days_since_last(), over: [ever, 31d..90d]}
      first_store: {title: F, measure: first(store_id)}
      last_store: {title: F, measure: last(store_id)}
      by_store: {title: B, measure: sum(amount), by: store_id, over: [30d]}
      n_by_store: {title: B, measure: count(), by: store_id, over: 7d}
      stores_by_channel: {title: B, measure: distinct(store_id), by: channel}
      lines: {title: L, measure: avg(line_count)}
    """
)


def order(one_id: int | None, ago: int, amount: str | None = "1", **more: Any) -> dict[str, Any]:
    """A paid order."""
    exact = None if amount is None else Decimal(amount)
    return {"one_id": one_id, "ago": ago, "amount": exact, "status": "paid", **more}


@pytest.fixture(scope="module")
def measured(spark: SparkSession) -> dict[int, dict[str, Any]]:
    """Person 1 orders at the edges of windows, 2 has known values, 3 nothing, 4 only refunds."""
    edges = [order(1, ago) for ago in (-1, 0, 6, 7, 27, 28, 29, 30, 58, 59, 89, 90)]
    others = [
        order(2, 40, "0.10", store_id="c", line_count=1, channel="pos"),
        order(2, 5, "0.20", store_id="b", line_count=2, channel="pos"),
        order(2, 5, "0.30", store_id="a", line_count=2, channel="shop"),
        order(2, 3, None, store_id=None, channel="pos"),
        order(2, 3, "9.00", store_id="z", channel="pos") | {"status": "refunded"},
        order(2, 90, "5.05", store_id="b", channel="pos"),
        order(4, 2) | {"status": "refunded"},
        order(None, 2),
        order(9, 2),
    ]
    return computed(spark, book_of(MEASURES), {"orders": edges + others}, [1, 2, 3, 4])


def test_rows_are_the_persons_given_and_nobody_else(measured: dict[int, Any]) -> None:
    assert sorted(measured) == [1, 2, 3, 4]
    assert {row["business_date"] for row in measured.values()} == {date(2017, 9, 28)}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("n_1d", 1),
        ("n_7d", 2),
        ("n_30d", 6),
        ("n_31d_90d", 4),
        ("n_ever", 11),
        ("n_this_month", 4),
        ("n_last_month", 4),
        ("n_1m", 7),
    ],
)
def test_windows_hold_both_their_ends_and_nothing_after_the_night(
    measured: dict[int, Any], name: str, expected: int
) -> None:
    assert measured[1][name] == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("known", 4),
        ("spend_30d", Decimal("0.50")),
        ("mean", 5.65 / 4),
        ("least", Decimal("0.10")),
        ("most", Decimal("5.05")),
        ("first_day", days_ago(90)),
        ("stores_7d", 2),
        ("stores_ever", 3),
        ("days_7d", 2),
        ("days_ever", 4),
        ("since_ever", 3),
        ("since_31d_90d", 40),
        ("first_store", "b"),
        ("last_store", "a"),
        ("lines", 5 / 3),
        ("by_store_30d", {"a": Decimal("0.30"), "b": Decimal("0.20")}),
        ("n_by_store", {"a": 1, "b": 1}),
        ("stores_by_channel", {"pos": 2, "shop": 1}),
    ],
)
def test_every_function_on_rows_worked_out_by_hand(
    measured: dict[int, Any], name: str, expected: object
) -> None:
    found = measured[2][name]
    assert found == (pytest.approx(expected) if isinstance(expected, float) else expected)


@pytest.mark.parametrize("person", [3, 4])
def test_absent_is_zero_for_counts_and_missing_for_the_rest(
    measured: dict[int, Any], person: int
) -> None:
    row = {name: value for name, value in measured[person].items() if name != "business_date"}
    zero = {name for name, value in row.items() if value == 0}
    missing = {name for name, value in row.items() if value is None}
    counts = {name for name in row if name.startswith(("n_", "known", "stores_", "days_"))}
    assert zero == counts - {"n_by_store", "stores_by_channel"} | {"spend0"}
    assert zero | missing | {"one_id"} == set(row)


def test_first_and_last_of_equal_times_follow_arrival_then_the_key(spark: SparkSession) -> None:
    book = book_of(
        "tags:\n  first: {title: F, measure: first(store_id), from: orders}\n"
        "  last: {title: L, measure: last(store_id), from: orders}\n"
    )
    noon = datetime(2017, 9, 20, 12)
    rows = [
        order(1, 8, store_id="x", order_id="2", paid_at=noon, channel="pos"),
        order(1, 8, store_id="y", order_id="1", paid_at=noon, channel="pos"),
        order(1, 8, store_id="late", order_id="0", paid_at=noon, arrived_date=days_ago(0)),
        order(2, 8, store_id="by day", paid_at=None),
        order(2, 9, store_id="older", paid_at=noon.replace(day=19)),
        order(3, 1, store_id=None),
        order(3, 2, store_id="known"),
    ]
    for given in (rows, rows[::-1]):
        wide = computed(spark, book, {"orders": given}, [1, 2, 3])
        assert column(wide, "first") == {1: "y", 2: "older", 3: "known"}
        assert column(wide, "last") == {1: "late", 2: "by day", 3: "known"}


def test_top_takes_the_highest_scores_and_equal_ones_in_the_order_of_values(
    spark: SparkSession,
) -> None:
    book = book_of(
        dedent(
            """\
            tags:
              fav: {title: F, top: category_l1, from: order_lines, over: [7d, ever]}
              best:
                title: B
                top: category_l1
                from: order_lines
                best: 2
                give: [value, score, share]
              mix:
                title: M
                top: category_l1
                weights: {events: 1, order_lines: 2.5}
                give: [score, value]
            """
        )
    )
    lines = [
        {"one_id": 1, "ago": ago, "category_l1": c}
        for ago, c in [(1, "b"), (2, "a"), (9, "c"), (9, "c"), (9, None)]
    ]
    lines.append({"one_id": 2, "ago": 20, "category_l1": "z"})
    events = [{"one_id": 1, "ago": 1, "category_l1": "e"} for _ in range(6)]
    wide = computed(spark, book, {"order_lines": lines, "events": events}, [1, 2, 3])
    assert column(wide, "fav_7d") == {1: "a", 2: None, 3: None}
    assert column(wide, "fav_ever") == {1: "c", 2: "z", 3: None}
    assert column(wide, "best") == {1: ["c", "a"], 2: ["z"], 3: None}
    assert column(wide, "best_score") == {1: [2.0, 1.0], 2: [1.0], 3: None}
    assert column(wide, "best_share") == {1: [0.5, 0.25], 2: [1.0], 3: None}
    assert column(wide, "mix") == {1: 6.0, 2: 2.5, 3: None}
    assert column(wide, "mix_value") == {1: "e", 2: "z", 3: None}


RANKED = dedent(
    """\
    defaults: {from: orders}
    tags:
      spend: {title: S, measure: sum(amount)}
      orders: {title: O, measure: count()}
      days: {title: D, measure: days_since_last()}
      band: {title: B, bins: spend, edges: [10, 20.5], values: {low: L, mid: M, high: H}}
      band0: {title: B, bins: spend, edges: [10], values: {low: L, high: H}, absent: low}
      level: {title: L, bins: spend, shares: [10%, 30%, rest], values: {high: H, mid: M, low: L}}
      rfm: {title: R, rfm: {recency: days, frequency: orders, monetary: spend}, names: eight}
      edged:
        title: E
        rfm: {recency: days, frequency: orders, monetary: spend}
        score: {recency: [2, 5], frequency: [2], monetary: [10, 20]}
    """
)


def test_bins_and_scores_of_ten_persons_and_one_without_orders(spark: SparkSession) -> None:
    spends = ["100", "50", "50", "20.50", "20.49", "10", "9.99", "9.99", "1", "0"]
    rows = [order(n, n - 1, amount) for n, amount in enumerate(spends, start=1)]
    rows.append(order(1, 9, "0"))
    wide = computed(spark, book_of(RANKED), {"orders": rows}, range(1, 12))
    bands = ["high"] * 4 + ["mid"] * 2 + ["low"] * 4
    assert column(wide, "band") == {**dict(enumerate(bands, start=1)), 11: None}
    assert wide[11]["band0"] == "low" and wide[1]["band0"] == "high"
    levels = ["high", "mid", "mid", "mid", *["low"] * 6]
    assert column(wide, "level") == {**dict(enumerate(levels, start=1)), 11: None}
    recency = [5, 5, 4, 4, 3, 3, 2, 2, 1, 1]
    monetary = [5, 5, 5, 4, 3, 3, 2, 2, 1, 1]
    assert column(wide, "rfm_recency") == {**dict(enumerate(recency, start=1)), 11: None}
    assert column(wide, "rfm_monetary") == {**dict(enumerate(monetary, start=1)), 11: None}
    assert column(wide, "rfm_frequency") == {**dict.fromkeys(range(1, 11), 5), 11: None}
    segments = {
        **dict.fromkeys([1, 2, 3, 4], "key_value"),
        **dict.fromkeys(range(5, 11), "general_keep"),
    }
    assert column(wide, "rfm") == {**segments, 11: None}
    edged = ["323", "313", "213", "213", "213", "112", "111", "111", "111", "111"]
    assert column(wide, "edged") == {**dict(enumerate(edged, start=1)), 11: None}


def test_equal_values_share_the_better_class(spark: SparkSession) -> None:
    rows = [order(n, 1, "7") for n in range(1, 11)]
    wide = computed(spark, book_of(RANKED), {"orders": rows}, range(1, 11))
    assert set(column(wide, "level").values()) == {"high"}
    assert set(column(wide, "rfm_monetary").values()) == {5}


def test_first_matching_case_wins_and_missing_compares_as_false(spark: SparkSession) -> None:
    book = book_of(
        dedent(
            """\
            tags:
              days: {title: D, measure: days_since_last(), from: orders}
              stage:
                title: S
                cases:
                  - {value: cold, when: {none: [days <= 30], all: [{did: events, times: "= 0"}]}}
                  - value: other
                    when: {any: ["days <> 3", {did: page_views, over: 7d, times: ">= 2"}]}
                  - {value: three, when: days = 3}
                values: {cold: C, other: O, three: T}
              is_fresh: {title: F, cases: [{value: true, when: stage = 'three'}], else: false}
            """
        )
    )
    orders = [order(1, 3), order(2, 4), order(3, 3), order(5, 31)]
    views = [
        {"one_id": who, "ago": ago, "name": "page_view"}
        for who, ago in [(3, 0), (3, 6), (4, 1), (6, 6), (6, 7), (1, 1), (2, 9), (7, 0), (7, 1)]
    ]
    wide = computed(spark, book, {"orders": orders, "events": views}, range(1, 8))
    assert column(wide, "stage") == {
        1: "three",
        2: "other",
        3: "other",
        4: None,
        5: "cold",
        6: None,
        7: "other",
    }
    assert column(wide, "is_fresh") == {1: True, **dict.fromkeys(range(2, 8), False)}


def test_a_high_pii_tag_shows_its_mask_and_others_compute_from_its_plain_value(
    spark: SparkSession,
) -> None:
    book = book_of(
        dedent(
            """\
            tags:
              birthday: {title: B, pick: birth_date}
              age: {title: A, calc: years_since(birthday)}
              band: {title: C, bins: years_since(birthday), edges: [18], values: {u18: U, a18: A}}
              phone: {title: P, pick: phone}
              since: {title: R, pick: registered_at, type: date}
              city: {title: T, pick: city, absent: nowhere}
            """
        )
    )
    schema = (
        "one_id bigint, birth_date date, birth_date_mask string, phone_mask string, "
        "registered_at timestamp, city string"
    )
    evening = datetime(2017, 9, 1, 20)
    golden = spark.createDataFrame(
        [(1, date(1999, 9, 29), "****-09-29", "138****8000", evening, "杭州")], schema
    )
    wide = computed(spark, book, {}, [1, 2], golden)
    shown = {
        name: value for name, value in wide[1].items() if name not in ("business_date", "one_id")
    }
    assert shown == {
        "birthday": "****-09-29",
        "age": 17,
        "band": "u18",
        "phone": "138****8000",
        "since": date(2017, 9, 2),
        "city": "杭州",
    }
    assert (wide[2]["birthday"], wide[2]["band"], wide[2]["city"]) == (None, None, "nowhere")
