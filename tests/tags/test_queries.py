"""Sql tags: the same query in DuckDB over random rows; a failing one harms no other tag."""

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from pyspark.sql import DataFrame, SparkSession

from model.dates import Window
from tags.computing import TagNight
from tags.metrics import tag_metrics
from tags.planning import plan_tags
from tags.plans import TagPlan
from tests.tags.books import book_of
from tests.tags.rows import D, Row, computed_by_both, people_of, rows_of

QUERIES = {
    "categories": "select one_id, count(distinct category_l1) >= 3 as value "
    "from by_person.order_lines where day >= :from and day <= :to group by one_id",
    "amount": "select one_id, sum(amount) as value from by_person.orders "
    "where day between :from and :to and status = 'paid' group by one_id having count(*) > 1",
    "points": "select one_id, sum(points_used) / count(points_used) as value "
    "from by_person.orders group by one_id",
    "mean": "select one_id, avg(points_used) as value from by_person.orders group by one_id",
    "best_day": "select one_id, max(total) as value from (select one_id, day, sum(amount) as total "
    "from by_person.orders where day >= :from group by one_id, day) as days group by one_id",
    "matched": "select o.one_id, count(distinct l.category_l1) as value from by_person.orders o "
    "left join by_person.order_lines l on o.one_id = l.one_id and o.order_id = l.order_id "
    "group by o.one_id",
    "last_day": "select one_id, max(day) as value from by_person.orders group by one_id",
    "seen": "select distinct one_id, case when status = 'paid' then '{:to}' else '{}' end as value "
    "from by_person.orders where status = 'paid'",
}
WINDOWS = {"categories": "60d", "amount": "31d..90d", "best_day": "ever"}
PEOPLE = 30


def book_text(queries: dict[str, str]) -> str:
    """A tag per query."""
    lines = ["tags:"]
    for name, sql in queries.items():
        over = f', over: "{WINDOWS[name]}"' if name in WINDOWS else ""
        lines.append(f'  {name}: {{title: T, sql: "{sql}"{over}}}')
    return "\n".join(lines)


BOOK = book_of(book_text(QUERIES))


def made_rows(seed: int) -> dict[str, list[Row]]:
    """Orders and lines, with gaps, rows of nobody and rows after the night."""
    chance = random.Random(seed)
    rows: dict[str, list[Row]] = {"orders": [], "order_lines": []}
    for n in range(400):
        row = {"one_id": chance.choice([None, *range(PEOPLE)]), "ago": chance.randrange(-2, 120)}
        amount = chance.choice([None, Decimal(chance.randrange(5000)) / 100])
        order = {"order_id": f"{n % 150:03d}", "amount": amount}
        points = chance.choice([None, chance.randrange(1000) / 8])
        status = chance.choice(["paid", "refunded", None])
        rows["orders"].append({**row, **order, "points_used": points, "status": status})
        category = chance.choice([None, "a", "b", "c", "d", "e"])
        rows["order_lines"].append({**row, **order, "line_no": n, "category_l1": category})
    return rows


@pytest.fixture(scope="module")
def sources(spark: SparkSession) -> dict[str, DataFrame]:
    """The made rows as by_person rows."""
    return {n: rows_of(spark, BOOK.tables[n], rows).cache() for n, rows in made_rows(5).items()}


def expected_of(sources: dict[str, DataFrame], name: str) -> dict[int, Any]:
    """The query as DuckDB answers it, by person."""
    connection = duckdb.connect()
    connection.sql("create schema by_person")
    for table, rows in sources.items():
        connection.register(f"all_{table}", rows.toPandas())
        connection.sql(
            f"create view by_person.{table} as select * from all_{table} "
            f"where one_id is not null and day <= date '{D}'"
        )
    first, last = Window.parse(WINDOWS.get(name, "ever")).bounds(D)
    sql = QUERIES[name].replace(":from", f"date '{first or date.min}'")
    sql = sql.replace(" :to", f" date '{last}'")
    return {int(one_id): value for one_id, value in connection.sql(sql).fetchall()}


def night_of(sources: dict[str, DataFrame], plan: TagPlan) -> TagNight:
    """A night of a plan over persons 0 to PEOPLE."""
    people = people_of(next(iter(sources.values())).sparkSession, range(PEOPLE + 1))
    return computed_by_both(sources, people, people, plan, D, "Asia/Shanghai")


def same(one: Any, other: Any) -> bool:
    """Equal values, doubles up to their last digits."""
    is_number = isinstance(one, float) and other is not None
    return math.isclose(one, float(other), rel_tol=1e-12) if is_number else one == other


def test_every_query_equals_duckdb(sources: dict[str, DataFrame]) -> None:
    night = night_of(sources, plan_tags(BOOK))
    assert night.failures == {}
    wide = {row["one_id"]: row for row in night.wide.collect()}
    assert len(wide) == PEOPLE + 1
    for name in QUERIES:
        expected = expected_of(sources, name)
        found = {one_id: row[name] for one_id, row in wide.items()}
        assert expected
        assert [
            (one_id, value, expected.get(one_id))
            for one_id, value in found.items()
            if not same(value, expected.get(one_id))
        ] == [], name


def test_order_and_partitions_of_rows_do_not_matter(sources: dict[str, DataFrame]) -> None:
    moved = {name: rows.repartition(3, "amount") for name, rows in sources.items()}
    plan = plan_tags(BOOK)
    nights = [night_of(each, plan).wide.collect() for each in (sources, moved)]
    assert sorted(map(str, nights[0])) == sorted(map(str, nights[1]))


FAILING = {
    "twice": "select one_id, amount as value from by_person.orders",
    "count": "select one_id, count(*) as value from by_person.orders group by one_id",
}


def failing_plan() -> TagPlan:
    """One query with several rows a person, one that Spark stops, a sound one, a tag of two."""
    text = book_text({**FAILING, "broken": FAILING["count"]})
    text = text.replace("twice: {", "twice: {absent: 0, ")
    text += '\n  of_both: {title: B, calc: "coalesce(twice, 0) + count"}\n'
    plan = plan_tags(book_of(text))
    stopped = "SELECT one_id, raise_error('secret value') AS value FROM :rows_of_orders"
    queries: Sequence[Any] = [
        replace(query, sql=stopped) if query.column.name == "broken" else query
        for query in plan.queries
    ]
    return replace(plan, queries=tuple(queries))


def test_a_failing_query_is_missing_with_its_reason_and_the_others_publish(
    sources: dict[str, DataFrame],
) -> None:
    night = night_of(sources, failing_plan())
    assert set(night.failures) == {"twice", "broken"}
    assert night.failures["twice"].endswith("rows for one person; expected one: group by one_id")
    assert night.failures["broken"].startswith("Spark failed: ")
    assert "secret value" not in night.failures["broken"]
    rows = night.wide.collect()
    counts = [row["count"] for row in rows if row["count"]]
    assert counts
    assert {row["twice"] for row in rows} == {row["broken"] for row in rows} == {None}
    assert [row["of_both"] for row in rows if row["count"]] == counts
    metrics = tag_metrics(night.wide, D, night.failures)
    assert {row["column_name"]: row["error"] for row in metrics.collect()} == {
        "count": None, "of_both": None, **night.failures,
    }  # fmt: skip
