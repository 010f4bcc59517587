"""The kernel gives every cell what the reference gives it, whatever tags and rows there are."""

import random
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from language.types import SPARK_TYPES, ValueType
from tags.definitions import SourceTable, TagBook
from tags.planning import plan_tags
from tests.tags.books import book_of, shipped_book
from tests.tags.rows import D, computed_by_both, people_of, rows_of

PEOPLE, ROWS = 40, 400
WORDS = ["", "a", "b", "paid", "refunded", "pos", "shop", "王", "客户", "Å"]
POOLS: Mapping[ValueType, list[Any]] = {
    "text": WORDS, "enum": WORDS,
    "integer": [0, 1, 2, -7, 10**6], "money": [Decimal(c) / 100 for c in (0, 1, -250, 1250, 99999)],
    "number": [0.0, -0.0, 0.1, 1.5, -2.25, 1e9, float("nan"), 1e-12], "percent": [0.0, 0.25, 1.0],
    "date": [D, D - timedelta(days=40), date(1999, 2, 28)], "bool": [True, False],
    "timestamp": [datetime(2017, 9, 28, 16, 30), datetime(2017, 9, 27, 1, 0, 0, 5)],
}  # fmt: skip


def random_rows(table: SourceTable, seed: int) -> list[dict[str, Any]]:
    """Rows of a table with gaps, equal values and odd ones, some of nobody."""
    chance = random.Random(f"{seed} {table.name}")
    return [
        {"one_id": chance.choice([None, *range(1, PEOPLE)]),
         "ago": min(int(chance.expovariate(1 / 50)), 900),
         **{name: chance.choice([None, *POOLS[kind]]) for name, kind in table.columns.items()
            if kind in POOLS and name not in ("day", "arrived_date", *table.key)}}
        for _ in range(ROWS)
    ]  # fmt: skip


def random_book(seed: int) -> TagBook:
    """Tags of every shape with functions, filters, windows and keys drawn by chance."""
    chance = random.Random(seed)
    windows = ["1d", "7d", "30d", "31d..90d", "8d..30d", "6m", "ever", "this month", "last month",
               "last 3", "last 1"]
    wheres = ["", "status = 'paid'", "amount > 1", "not (channel = 'pos')", "store_id is missing"]
    values = ["store_id", "amount", "line_count", "channel", "paid_at", "amount * 2", "day"]
    lines = ["defaults: {from: orders}", "tags:"]
    for n in range(40):
        function = chance.choice(["count", "min", "max", "distinct", "first", "last", "sum", "avg"])
        pool = values[1:3] + values[5:6] if function in ("sum", "avg") else values
        value = chance.choice(pool)
        call = chance.choice([
            f"{function}({value})", "count()", "days()", "gap_days()", "stddev(amount)",
            "stddev(amount * 1.5)", "percentile(amount, .3)", "percentile(line_count, 0.5)",
            "list(store_id, 3)", "list(amount * 2, 2)", "histogram(store_id)",
            "histogram(line_count)", "histogram(amount)",
        ])  # fmt: skip
        by = chance.choice(["", "", ", by: channel", ", by: line_count"])
        by = "" if call.startswith(("list", "histogram")) else by
        over = ", ".join(f'"{w}"' for w in chance.sample(windows, 3))
        where = chance.choice(wheres)
        kept = f', where: "{where}"' if where else ""
        absent = ", absent: 7" if call in ("count()", "days()") and not by and n % 3 == 0 else ""
        lines.append(f'  t{n}: {{title: T, measure: "{call}", over: [{over}]{kept}{by}{absent}}}')
    lines += [
        "  top4: {title: T, top: store_id, over: 90d, best: 2, decay: half every 30d}",
        "  top5: {title: T, top: channel, over: 90d, rarity: true, give: [value, score]}",
        "  top1: {title: T, top: store_id, over: [30d, ever], best: 2, give: [value, score]}",
        "  top3: {title: T, top: line_count, over: 6m, give: [share, value]}",
        "  top2: {title: T, top: channel, weights: {orders: 1, events: 2.5}, over: 90d}",
        "  n: {title: N, measure: count(), over: 90d}",
        "  s: {title: S, measure: sum(amount), over: ever, absent: 0}",
        "  c: {title: C, calc: 'share(s, n) * 3'}",
        "  b: {title: B, bins: s, shares: [20%, rest], values: {hi: H, lo: L}}",
        "  k: {title: K, cases: [{value: x, when: {did: events, times: '>= 2'}}], else: y}",
        "  f: {title: F, rfm: {recency: n, frequency: n, monetary: s}, names: eight}",
    ]
    return book_of("\n".join(lines))


@pytest.mark.parametrize("seed", range(3))
def test_random_tags_over_random_rows(spark: SparkSession, seed: int) -> None:
    hold_to_the_reference(spark, random_book(seed), seed)


def test_the_shipped_tags(spark: SparkSession) -> None:
    hold_to_the_reference(spark, shipped_book(), 9)


def hold_to_the_reference(spark: SparkSession, tags: TagBook, seed: int) -> None:
    """Computes a book over random rows by both."""
    plan = plan_tags(tags)
    tables = {name: tags.tables[name] for name in plan.tables}
    sources = {n: rows_of(spark, t, random_rows(t, seed)) for n, t in tables.items()}
    golden = golden_of(spark, plan.golden_columns, tags, seed)
    people = people_of(spark, range(1, PEOPLE + 1))
    computed_by_both(sources, people, golden, plan, D, "Asia/Shanghai")


def golden_of(spark: SparkSession, names: tuple[str, ...], tags: TagBook, seed: int) -> DataFrame:
    """Profiles of most persons with gaps, by chance; masks are texts."""
    chance = random.Random(seed)
    kinds: dict[str, ValueType] = {name: tags.golden.get(name, "text") for name in names}
    rows = [
        (one_id, *(chance.choice([None, *POOLS[kind]]) for kind in kinds.values()))
        for one_id in range(1, PEOPLE + 6) if one_id % 5
    ]  # fmt: skip
    columns = "".join(f", `{name}` {SPARK_TYPES[kind]}" for name, kind in kinds.items())
    return spark.createDataFrame(rows, f"one_id bigint{columns}")
