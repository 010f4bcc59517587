"""Every aggregate and window over random events, against an independent computation in DuckDB."""

import math
import random
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pandas as pd
import pytest
from pyspark.sql import DataFrame, SparkSession

from model.dates import Window
from tags.computing import compute_tags
from tags.definitions import TagBook
from tags.planning import plan_tags
from tests.tags.books import book_of
from tests.tags.rows import D, people_of, rows_of

PEOPLE, EVENTS = 100, 2000
_ORDER = "day, paid_at nulls first, arrived_date, channel, order_id"
WINDOWS = ("1d", "7d", "30d", "31d..90d", "12w", "6m", "1y", "ever", "this month", "last month")
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
            }
        )
    return rows


def book(windows: Sequence[str] = WINDOWS) -> TagBook:
    """One tag per function, the filters in turn, each over all windows."""
    over = ", ".join(f'"{window}"' for window in windows)
    lines = ["defaults: {from: orders}", "tags:"]
    for n, measure in enumerate(MEASURES):
        where, _ = FILTERS[n % len(FILTERS)]
        kept = f', where: "{where}"' if where else ""
        lines.append(f'  t{n}: {{title: T, measure: "{measure}", over: [{over}]{kept}}}')
    return book_of("\n".join(lines))


def expected_of(rows: pd.DataFrame) -> pd.DataFrame:
    """The same columns as one DuckDB query each, by person."""
    connection = duckdb.connect()
    connection.register("orders", rows)
    wide = pd.DataFrame({"one_id": range(1, PEOPLE + 1)}).set_index("one_id")
    columns = {}
    for n, sql in enumerate(MEASURES.values()):
        _, where = FILTERS[n % len(FILTERS)]
        for window in map(Window.parse, WINDOWS):
            first, last = window.bounds(D)
            kept = f"({where}) and day <= date '{last}'"
            kept += f" and day >= date '{first}'" if first else ""
            query = f"select one_id, {sql} as v from orders where {kept} group by 1"
            found = connection.sql(query).df()
            columns[f"t{n}_{window.suffix}"] = found.set_index("one_id")["v"]
    return wide.join(pd.DataFrame(columns))


def wide_of(orders: DataFrame, tags: TagBook) -> pd.DataFrame:
    """The columns as tags compute them, by person."""
    people = people_of(orders.sparkSession, range(1, PEOPLE + 1))
    wide = compute_tags({"orders": orders}, people, people, plan_tags(tags), D, time_zone="UTC")
    return wide.drop("business_date").toPandas().set_index("one_id").sort_index()


def normal(value: Any) -> Any:
    """A cell in a form that compares across engines: missing as None, numbers as floats."""
    if value is None or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return None
    return round(float(value), 9) if isinstance(value, int | float | Decimal) else str(value)


@pytest.fixture(scope="module")
def orders(spark: SparkSession) -> DataFrame:
    """The generated rows as by_person rows."""
    return rows_of(spark, book().tables["orders"], made_events(7)).cache()


def test_every_cell_equals_duckdb(orders: DataFrame) -> None:
    tags = book()
    found = wide_of(orders, tags)
    rows = orders.where("one_id is not null").toPandas()
    expected = expected_of(rows)
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
    tags = book(("30d", "ever"))
    shuffled = orders.repartition(5, "order_id").sortWithinPartitions("store_id", "order_id")
    pd.testing.assert_frame_equal(wide_of(orders, tags), wide_of(shuffled, tags), check_exact=True)
