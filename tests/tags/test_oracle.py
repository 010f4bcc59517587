"""Every aggregate and window over random events, against an independent computation in DuckDB."""

import math
import random
import re
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession

from model.dates import Window
from tags.definitions import TagBook
from tags.planning import plan_tags
from tests.tags.books import book_of
from tests.tags.rows import D, computed_by_both, people_of, rows_of

PEOPLE, EVENTS = 100, 2000
_ORDER = "day, paid_at nulls first, arrived_date, channel, order_id"
_NEWEST = ", ".join(f"{name.split()[0]} desc nulls last" for name in _ORDER.split(", "))
WINDOWS = (
    "1d", "7d", "30d", "31d..90d", "12w", "6m", "1y", "ever", "this month", "last month",
    "last 1", "last 5", "last 40",
)  # fmt: skip
MEASURES = {
    "count()": "count(*)",
    "count(store_id)": "count(store_id)",
    "sum(amount)": "sum(amount)",
    "sum(line_count)": "sum(line_count)",
    "avg(amount)": "sum(amount)::double / count(amount)",
    "min(amount)": "min(amount)",
    "max(amount)": "max(amount)",
    "min(store_id)": "min(store_id)",
    "distinct(store_id)": "count(distinct store_id)",
    "distinct(amount)": "count(distinct amount)",
    "days()": "count(distinct day)",
    "days_since_last()": f"date_diff('day', max(day), date '{D}')",
    "first(store_id)": f"(array_agg(store_id order by {_ORDER}) filter (store_id is not null))[1]",
    "last(amount)": f"(array_agg(amount order by {_ORDER}) filter (amount is not null))[-1]",
    "sum(amount * 2)": "sum(amount * 2)",
    **{
        f"stddev({x})": f"stddev_samp({x}::double)"
        for x in ("amount", "line_count", "item_count")
    },
    "gap_days()": "(max(day) - min(day)) / nullif(count(distinct day) - 1, 0)",
    **{
        f"percentile({x}, {p})": f"quantile_cont({x}::double, {p})"
        for x, p in (("amount", ".5"), ("line_count", 0.9), ("amount", 1), ("amount * 2", 0))
    },
    **{
        f"histogram({x})": f"histogram(({x})::varchar)"
        for x in ("store_id", "amount", "line_count", "day")
    },
    # A comparison with a missing value is false.
    "histogram(amount > 10)": "histogram(coalesce(amount > 10, false)::varchar)",
    **{
        f"list({x}, {n})": f"array_agg({x} order by {_NEWEST}) filter ({x} is not null)[1:{n}]"
        for x, n in (("store_id", 3), ("amount", 20), ("paid_at", 1))
    },
}
FILTERS = (
    ("", "true"),
    ("status = 'paid'", "coalesce(status = 'paid', false)"),
    ("amount > 5 or status is missing", "coalesce(amount > 5, false) or status is null"),
)


def made_events(seed: int) -> list[dict[str, Any]]:
    """Orders of all ages, with gaps in every column and many equal values and times."""
    chance = random.Random(seed)
    rows = []
    for number in range(EVENTS):
        ago = min(int(chance.expovariate(1 / 60)), 900)
        start = datetime.combine(D - timedelta(days=ago), time(10))
        rows.append(
            {
                "one_id": chance.choice([None, *range(1, PEOPLE)]),
                "ago": ago,
                "order_id": f"{number:05d}",
                "channel": chance.choice(["pos", "shop"]),
                "status": chance.choice(["paid", "paid", "refunded", None]),
                "amount": chance.choice([None, Decimal(chance.randrange(2000)) / 100]),
                "line_count": chance.choice([None, chance.randrange(9)]),
                "store_id": chance.choice([None, "a", "b", "c", "d"]),
                "paid_at": chance.choice([None, start + timedelta(hours=chance.randrange(3))]),
                "item_count": chance.choice([None, chance.randrange(9000) / 1000]),
            }
        )
    return rows


def filter_of(n: int, turn: int) -> tuple[str, str]:
    """The filter of a function's number: in three turns every function meets every filter."""
    return FILTERS[(n + turn) % len(FILTERS)]


def book(windows: Sequence[str] = WINDOWS, turn: int = 0) -> TagBook:
    """One tag per function, the filters in turn, each over all windows."""
    over = ", ".join(f'"{window}"' for window in windows)
    lines = ["defaults: {from: orders}", "tags:"]
    for n, measure in enumerate(MEASURES):
        where, _ = filter_of(n, turn)
        kept = f', where: "{where}"' if where else ""
        lines.append(f'  t{n}: {{title: T, measure: "{measure}", over: [{over}]{kept}}}')
    return book_of("\n".join(lines))


def expected_of(rows: pa.Table, turn: int) -> pd.DataFrame:
    """The same columns as one DuckDB query each, by person."""
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    connection.execute("create table orders as select * from rows")
    wide = pd.DataFrame({"one_id": range(1, PEOPLE + 1)}).set_index("one_id")
    columns = {}
    for n, sql in enumerate(MEASURES.values()):
        _, where = filter_of(n, turn)
        for text in WINDOWS:
            query = f"select one_id, {sql} as v from ({kept_rows(where, text)}) group by 1"
            found = dict(connection.execute(query).fetchall())
            name = f"t{n}_{text.replace('..', '_').replace(' ', '_')}"
            columns[name] = pd.Series(found, dtype=object)
    return wide.join(pd.DataFrame(columns))


def kept_rows(where: str, window: str) -> str:
    """The rows of a filter that a window takes: those of its days, or each person's newest."""
    if newest := re.fullmatch(r"last (\d+)", window):
        place = f"row_number() over (partition by one_id order by {_NEWEST})"
        kept = f"({where}) and day <= date '{D}'"
        return f"select * from orders where {kept} qualify {place} <= {newest[1]}"
    first, last = Window.parse(window).bounds(D)
    kept = f"({where}) and day <= date '{last}'"
    kept += f" and day >= date '{first}'" if first else ""
    return f"select * from orders where {kept}"


def wide_of(orders: DataFrame, tags: TagBook) -> pd.DataFrame:
    """The columns as the reference computes them, by person; the kernel's are the same."""
    people, plan = people_of(orders.sparkSession, range(1, PEOPLE + 1)), plan_tags(tags)
    wide = computed_by_both({"orders": orders}, people, people, plan, rows_at_once=500).wide
    return wide.drop("business_date").toPandas().set_index("one_id").sort_index()


def normal(value: Any) -> Any:
    """A cell in a form that compares across engines: missing as None, numbers as floats."""
    if value is None or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, dict):
        return {key: int(count) for key, count in value.items()}
    if isinstance(value, np.ndarray | list):
        return [normal(entry) for entry in value]
    if isinstance(value, datetime):
        return pd.Timestamp(value).tz_localize(None)
    return round(float(value), 9) if isinstance(value, int | float | Decimal) else str(value)


@pytest.fixture(scope="module")
def orders(spark: SparkSession) -> DataFrame:
    """The generated rows as by_person rows."""
    return rows_of(spark, book().tables["orders"], made_events(7)).cache()


@pytest.mark.parametrize("turn", range(len(FILTERS)))
def test_every_cell_equals_duckdb(orders: DataFrame, turn: int) -> None:
    tags = book(turn=turn)
    found = wide_of(orders, tags)
    expected = expected_of(orders.where("one_id is not null").toArrow(), turn)
    assert found.shape == (PEOPLE, len(MEASURES) * len(WINDOWS))
    counts = {c.name for t in tags.tags.values() if t.absent == 0 for c in t.columns}
    wrong = []
    for name in found.columns:
        ours = [normal(v) for v in found[name]]
        theirs = [normal(v) for v in expected[name]]
        theirs = [0.0 if v is None and name in counts else v for v in theirs]
        wrong += [(name, *pair) for pair in zip(ours, theirs, strict=True) if pair[0] != pair[1]]
    assert wrong == []


def test_order_and_partitions_of_rows_do_not_matter(orders: DataFrame) -> None:
    tags = book(("30d", "ever", "last 5"))
    shuffled = orders.repartition(5, "order_id").sortWithinPartitions("store_id", "order_id")
    pd.testing.assert_frame_equal(wide_of(orders, tags), wide_of(shuffled, tags), check_exact=True)
