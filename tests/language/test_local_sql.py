"""The local engine gives every expression of the language the value that Spark gives it."""

import math
import random
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from language.binding import bind
from language.expressions import parse_expression
from language.local_sql import local_source, local_sql
from model.ddl_types import arrow_schema
from model.errors import Problems
from model.local_engine import LocalEngine
from tests.language.rows import COLUMNS, EMPTY, FULL, HERE, SCHEMA, ZONE, D, messages
from tests.language.test_expressions import ACCEPTED


def local_values(rows: list[dict[str, Any]], texts: list[str], day: date = D) -> list[list[Any]]:
    """What each expression gives on each row, in the local engine."""
    table = pa.Table.from_pylist([_instants(row) for row in rows], arrow_schema(SCHEMA))
    problems = Problems()
    parsed = [parse_expression(text, COLUMNS, HERE, problems) for text in texts]
    assert not problems.found, messages(problems)
    bound = [local_sql(bind(e.sql, day, ZONE)) for e in parsed if e]
    sql = ", ".join(f"{text} as c{i}" for i, text in enumerate(bound))
    source = local_source("rows", COLUMNS)
    with LocalEngine() as engine:
        engine.learn()
        values = engine.rows("values", f"select {sql} from {source}", rows=engine.of(table))
        found = engine.arrow(values)
    return [list(row.values()) for row in found.to_pylist()]


def _instants(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.replace(tzinfo=timezone.utc) if isinstance(value, datetime) else value
        for name, value in row.items()
    }


def test_every_accepted_expression_has_sparks_value() -> None:
    full, empty = local_values([FULL, EMPTY], list(ACCEPTED))
    for text, on_full, on_empty in zip(ACCEPTED, full, empty, strict=True):
        _, wanted_full, wanted_empty = ACCEPTED[text]
        assert on_full == (pytest.approx(wanted_full) if isinstance(wanted_full, float)
                           else wanted_full), text
        assert on_empty == wanted_empty, text


# Values at the ends and odd ones, by column; every row draws one of each.
ODD: dict[str, list[Any]] = {
    "status": [None, "paid", "refunded", "", " x ", "İstanbul", "straße", "ﬁn"],
    "name": [None, "Ann's 100%", "a\\b", "王小明", "12", "12.6", " 7 ", "1e3", "-0.125",
             "2017-02-30",
             "2017-2-3", "2016-02-29T10", "true", "No", "nan", "99999999999999999999", "\t9\n",
             "1d"],
    "amount": [None, *map(Decimal, ("0.00", "0.01", "-2.50", "12.50", "9999999999999999.99",
                                    "-9999999999999999.99", "1234567.89"))],
    "discount": [None, *map(Decimal, ("0.00", "2.50", "-0.05", "9999999999999999.99", "3.33"))],
    "visits": [None, 0, 1, 7, -3, 2**31, 2**53 + 1, 2**63 - 1, -(2**63)],
    "quantity": [None, 0.0, -0.0, 1.5, 2.675, -2.5, 0.1 + 0.2, 1e-7, 1.23e9, 9.999999e6, 1e7,
    1e16, 3e22,
                 -1e300, 4503599627370495.5, 5e-324, float("nan"), float("inf"), float("-inf")],
    "rate": [None, 0.0, 0.25, 1.0, 0.333, 1e-3],
    "birth_date": [None, *map(date.fromisoformat, ("1992-02-29", "1900-01-01", "2017-03-01",
    "1999-12-31",
                                                   "2017-01-31", "2017-02-28"))],
    "day": [D, date(2017, 1, 1), date(2016, 12, 31), date(2017, 2, 28)],
    "paid_at": [None, datetime(2017, 2, 28, 23, 30), datetime(2017, 2, 28, 15, 59, 59, 999999),
                datetime(1970, 1, 1), datetime(1940, 6, 2, 16, 30)],
    "is_member": [None, True, False],
    "favourites": [None, [], ["a", "b"]],
    "by_channel": [None, {"pos": 1.0}],
}
MORE = [
    "substr(name, visits)", "substr(name, -2)", "substr(name, -9, 3)", "substr(name, 0, 2)",
    "substr(name, 2, visits)", "left(name, visits)", "right(name, visits)", "left(name, 0)",
    "upper(status)", "lower(status)", "ltrim(status)", "rtrim(status)", "length(status)",
    "instr(name, '')", "replace(name, '', 'x')", "replace(name, '2', '')",
    "concat_ws('-', name, status)",
    "concat(name, status, 'z')", "contains(name, '')", "name like '%1_'", r"name like '%\%'",
    "round(quantity)", "round(quantity, 2)", "round(quantity, 6)", "round(amount, 1)",
    "round(visits)",
    "floor(quantity)", "ceil(quantity)", "floor(amount)", "ceil(amount)", "floor(visits)",
    "abs(amount)",
    "abs(quantity)", "abs(visits)", "-visits", "-amount", "visits + visits", "visits * visits",
    "visits - 1", "visits % 3", "visits % quantity", "quantity % 2", "amount % 7",
    "amount % discount",
    "amount + discount", "amount - discount + amount", "amount * discount", "amount * visits",
    "amount * quantity", "amount * 0.125", "amount + quantity", "amount / discount",
    "quantity / rate",
    "ln(quantity)", "sqrt(quantity)", "sqrt(amount)", "ln(amount)", "share(amount, discount)",
    "greatest(quantity, rate)", "least(quantity, rate, visits)", "greatest(name, status)",
    "cast(name as integer)", "cast(name as number)", "cast(name as money)", "cast(name as date)",
    "cast(name as bool)", "cast(quantity as integer)", "cast(quantity as money)",
    "cast(amount as integer)",
    "cast(quantity as text)", "cast(amount as text)", "cast(visits as money)",
    "cast(is_member as text)",
    "cast(birth_date as text)", "cast(is_member as integer)", "cast(rate as text)",
    "add_months(birth_date, 1)", "add_months(birth_date, -13)", "date_add(birth_date, 40000)",
    "last_day(birth_date)", "dayofweek(birth_date)", "weekday(birth_date)",
    "dayofyear(birth_date)",
    "date_trunc('week', birth_date)", "date_trunc('quarter', birth_date)",
    "date_trunc('year', paid_at)",
    "months_between(birth_date, day)", "months_between(day, paid_at)", "datediff(birth_date, day)",
    "years_since(birth_date)", "days_until_anniversary(birth_date)", "days_since(paid_at)",
    "hour(paid_at)", "minute(paid_at)", "date(paid_at)", "quarter(paid_at)",
    "paid_at > '2017-03-01 07:00:00'",
    "quantity > rate", "quantity = quantity", "amount > quantity", "visits = quantity",
    "visits > amount",
    "name > status", "name in ('12', '王小明', 'a')", "if(quantity > 1, amount, visits)",
    "coalesce(amount, visits, 0.5)", "nullif(quantity, rate)",
    "case when amount > 1 then quantity end",
    "birth_date between '1992-02-29' and day", "birth_date in ('1900-01-01', '2017-03-01')",
]


def test_odd_values_give_what_spark_gives(spark: SparkSession) -> None:
    chance = random.Random(3)
    longest = max(map(len, ODD.values()))
    rows = [
        {name: chance.choice(values) if n >= longest else values[n % len(values)]
         for name, values in ODD.items()}
        for n in range(15 * longest)
    ]  # fmt: skip
    texts = list(dict.fromkeys([*ACCEPTED, *MORE]))
    ours = local_values(rows, texts)
    theirs = spark_values(spark, rows, texts)
    wrong = [
        (text, row, one, other)
        for row, local, other_row in zip(rows, ours, theirs, strict=True)
        for text, one, other in zip(texts, local, other_row, strict=True)
        if not is_same(one, other, text)
    ]
    shown = [(text, {n: v for n, v in row.items() if n in text}, a, b) for text, row, a, b in wrong]
    assert shown == []


def spark_values(
    spark: SparkSession, rows: list[dict[str, Any]], texts: list[str]
) -> list[list[Any]]:
    """What each expression gives on each row, in Spark."""
    problems = Problems()
    parsed = [parse_expression(text, COLUMNS, HERE, problems) for text in texts]
    values = [tuple(row[name] for name in COLUMNS) for row in rows]
    bound = [bind(e.sql, D, ZONE) for e in parsed if e]
    frame = spark.createDataFrame(values, SCHEMA).coalesce(1)
    found = frame.selectExpr(*(f"{sql} AS c{i}" for i, sql in enumerate(bound)))
    return [list(row) for row in found.collect()]


def is_same(one: Any, other: Any, text: str) -> bool:
    """Equal to the last bit, NaN included; logarithms to a part in 10^14, as libraries differ."""
    if isinstance(one, float) and isinstance(other, float):
        if math.isnan(one) or math.isnan(other):
            return math.isnan(one) and math.isnan(other)
        return math.isclose(one, other, rel_tol=1e-14) if "ln(" in text else one == other
    if isinstance(one, list) and isinstance(other, list):
        return one == other
    return dict(one) == other if isinstance(other, dict) else one == other
