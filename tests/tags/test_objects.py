"""Tags about things, groups and relations: both ways, against DuckDB over the rows as they are."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal
from textwrap import dedent
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession

from model.engines import SparkEngine
from model.local_engine import LocalEngine
from tags.example_runs import run_examples
from tags.planning import plan_tags
from tags.rolls import Roll, members_of, roll_of
from tags.subjects import MEMBERS
from tests.tags.books import book_of
from tests.tags.rows import D, computed_by_both, rows_of

BOOK = book_of(
    dedent(
        """\
        tags:
          spend: {title: S, measure: sum(amount), from: orders, over: [365d]}
          vip: {title: V, cases: [{value: true, when: spend_365d > 50}], else: false}
        """
    ),
    dedent(
        """\
        defaults: {object: store, from: orders}
        tags:
          sales: {title: S, measure: sum(amount), over: [30d, ever], where: "status = 'paid'"}
          buyers: {title: B, measure: distinct(person_id), over: [30d, ever]}
          size: {title: F, measure: last(floor_area), from: stores}
          top_pay: {title: T, top: payment_method, over: 90d}
          per_buyer: {title: P, calc: "share(sales_ever, buyers_ever)"}
          band: {title: L, bins: sales_ever, shares: [30%, rest], values: {hi: H, lo: L}}
          busy:
            {title: Y, cases: [{value: y_, when: {did: orders, over: 30d, times: ">= 2"}}], else: n}
        """
    ),
    dedent(
        """\
        defaults: {object: person_store}
        tags:
          store_orders: {title: V, measure: count(), from: orders, over: [30d, 365d]}
          store_last: {title: L, measure: days_since_last(), from: orders}
        """
    ),
    dedent(
        """\
        defaults: {object: household, per: members}
        tags:
          home_size: {title: N, measure: count()}
          home_spend: {title: S, measure: sum(spend_365d), absent: 0}
          home_vips: {title: P, measure: count(), where: vip}
        """
    ).replace(", per: members", "").replace("measure", "per: members, measure"),
)  # fmt: skip
STORES = ["s1", "s2", "s3", "店", "s9"]


def rows_by_chance(seed: int) -> dict[str, list[dict[str, Any]]]:
    """Orders of stores and of none, by persons and by nobody; what stores are like."""
    chance = random.Random(seed)
    orders = [
        {"one_id": chance.choice([None, *range(1, 13)]), "ago": int(chance.expovariate(1 / 90)),
         "store_id": chance.choice([None, *STORES[:4]]), "channel": "pos",
         "status": chance.choice(["paid", "refunded"]), "payment_method": chance.choice("abc"),
         "amount": Decimal(chance.randrange(10_000)) / 100}
        for _ in range(150)
    ]  # fmt: skip
    stores = [{"ago": 3, "store_id": name, "floor_area": 10.5 * n, "channel": "pos"}
              for n, name in enumerate(STORES) if name != "s2"]  # fmt: skip
    return {"orders": orders, "stores": stores}


ROWS = rows_by_chance(5)


def frames_of(spark: SparkSession) -> dict[str, DataFrame]:
    """The rows as by_person frames."""
    tables = BOOK.about("store").tables
    return {name: rows_of(spark, tables[name], rows) for name, rows in ROWS.items()}


def told(spark: SparkSession, name: str, roll: Roll) -> list[dict[str, Any]]:
    """The wide table of an object as both ways compute it, by ids."""
    engine = SparkEngine(spark)
    people = engine.frame(roll.people)
    sources = {table: engine.frame(rows) for table, rows in roll.sources.items()}
    night = computed_by_both(sources, people, people, plan_tags(BOOK.about(name)))
    return [row.asDict() for row in engine.frame(roll.named(engine, night.wide)).collect()]


def asked(sql: str, **extra: pa.Table) -> list[tuple[Any, ...]]:
    """DuckDB's own answer over the same rows, in their order."""
    columns: dict[str, list[Any]] = {}
    for table, rows in ROWS.items():
        names = sorted({name for row in rows for name in row})
        columns[table] = [dict.fromkeys(names) | row for row in rows]
    with duckdb.connect() as connection:
        for table, rows in columns.items():
            connection.register(table, pa.Table.from_pylist(rows))
        for table, given in extra.items():
            connection.register(table, given)
        return connection.execute(sql).fetchall()


def earlier_of(spark: SparkSession, schema: str, *rows: tuple[Any, ...]) -> DataFrame:
    return spark.createDataFrame(list(rows), schema)


def test_tags_of_stores(spark: SparkSession) -> None:
    book = BOOK.about("store")
    with SparkEngine(spark) as engine:
        earlier = earlier_of(spark, "store_id string, sales_ever double", ("gone", 1.0))
        roll = roll_of(engine, book.subjects["store"], frames_of(spark), earlier)
        found = told(spark, "store", roll)
        assert engine.frame(roll.earlier).count() == 1
    rows = {row["store_id"]: row for row in found}
    assert rows.keys() == {*STORES}, "a store that is no longer told of has no row"
    wanted = asked("""
        select s.store_id, sum(amount) filter (where status = 'paid' and ago < 30),
            sum(amount) filter (where status = 'paid'),
            count(distinct one_id) filter (where ago < 30), count(distinct one_id),
            any_value(floor_area), count(amount) filter (where ago < 30) >= 2
        from (select store_id from orders union select store_id from stores) s
        left join orders o on o.store_id = s.store_id
        left join (select store_id, floor_area from stores) t on t.store_id = s.store_id
        where s.store_id is not null group by s.store_id
    """)
    for store, sales_30d, sales, buyers_30d, buyers, size, is_busy in wanted:
        row = rows[store]
        assert (row["sales_30d"], row["sales_ever"]) == (sales_30d, sales)
        assert (row["buyers_30d"], row["buyers_ever"]) == (buyers_30d, buyers)
        assert (row["size"], row["busy"]) == (size, "y_" if is_busy else "n")
        if sales is not None:
            assert row["per_buyer"] == pytest.approx(float(sales) / buyers)
    best = max((row["sales_ever"] or 0, store) for store, row in rows.items())[1]
    assert (rows[best]["band"], rows["s9"]["band"]) == ("hi", None)


def test_tags_of_persons_in_stores(spark: SparkSession) -> None:
    orders = {"orders": frames_of(spark)["orders"]}
    with SparkEngine(spark) as engine:
        nobody = earlier_of(spark, "one_id bigint, store_id string")
        subject = BOOK.subjects["person_store"]
        found = told(spark, "person_store", roll_of(engine, subject, orders, nobody))
    wanted = asked("""
        select one_id, store_id, count(*) filter (where ago < 30),
            count(*) filter (where ago < 365), min(ago)
        from orders where one_id is not null and store_id is not null group by all
    """)
    names = ("one_id", "store_id", "store_orders_30d", "store_orders_365d", "store_last")
    assert {tuple(row[name] for name in names) for row in found} == set(wanted)
    assert len(found) == len(wanted)


def test_tags_of_households_from_their_members(spark: SparkSession) -> None:
    subject = BOOK.subjects["household"]
    people = [(n, Decimal(n * 7) if n % 4 else None, n * 7 > 50) for n in range(1, 13)]
    wide = spark.createDataFrame(people, "one_id bigint, spend_365d decimal(18,2), vip boolean")
    groups = spark.createDataFrame(
        [(n, f"h{n % 5}") for n in range(1, 12)], "one_id bigint, household_id string"
    )  # the twelfth belongs to none
    with SparkEngine(spark) as engine:
        sources = {MEMBERS: members_of(engine, subject, wide, groups, D)}
        none = earlier_of(spark, "household_id string")
        found = told(spark, "household", roll_of(engine, subject, sources, none))
    wanted = {
        f"h{home}": (
            len(own), sum((p[1] or 0 for p in own), Decimal(0)), sum(p[2] for p in own)
        )
        for home in range(5) for own in [[p for p in people[:11] if p[0] % 5 == home]]
    }  # fmt: skip
    names = ("home_size", "home_spend", "home_vips")
    assert {row["household_id"]: tuple(row[n] for n in names) for row in found} == wanted


def test_numbers_are_the_same_in_both_engines(spark: SparkSession) -> None:
    subject = BOOK.subjects["person_store"]
    orders = frames_of(spark)["orders"]
    earlier = earlier_of(spark, "one_id bigint, store_id string, t int", (99, "z", 4))
    found = []
    for engine in (SparkEngine(spark), LocalEngine(spark)):
        with engine:
            given = {"orders": engine.of(orders)}
            roll = roll_of(engine, subject, given, engine.of(earlier))
            rows = engine.arrow(roll.named(engine, roll.sources["orders"])).to_pylist()
            old = engine.arrow(roll.named(engine, roll.earlier)).to_pylist()
            keys = sorted((row["one_id"], row["store_id"], row["order_id"]) for row in rows)
            found.append((keys, old, engine.arrow(roll.people).num_rows))
    assert found[0] == found[1]
    assert found[0][1] == [{"one_id": 99, "store_id": "z", "t": 4}]


def test_examples_of_objects_are_one_object_each() -> None:
    book = book_of(
        dedent(
            """\
            tags:
              spend: {title: S, measure: sum(amount), from: orders}
              home:
                {title: H, object: household, per: members, measure: sum(spend),
                 examples: [{rows: {members: [{spend: 3}, {spend: 4.5}]}, gives: {home: 7.5}},
                            {gives: {home: 0}}]}
              buyers:
                {title: B, object: store, measure: distinct(person_id), from: orders,
                 examples: [{rows: [{days_ago: 1, person_id: 4}, {days_ago: 2}],
                             gives: {buyers: 1}}]}
            """
        )
    )
    assert [str(failure) for failure in run_examples(book)] == [
        "a.yml:6: home: expected 0; found missing"
    ]


def test_a_day_of_members_is_the_night(spark: SparkSession) -> None:
    subject = BOOK.subjects["household"]
    wide = spark.createDataFrame([(1, True)], "one_id bigint, vip boolean")
    groups = spark.createDataFrame([(1, "h")], "one_id bigint, household_id string")
    with SparkEngine(spark) as engine:
        (row,) = engine.frame(members_of(engine, subject, wide, groups, D)).collect()
    assert (row["day"], row["day"] - row["arrived_date"]) == (D, timedelta(0))
