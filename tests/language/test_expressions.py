"""What the language accepts, the types it gives, and what Spark makes of the rendered SQL."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import SparkSession

from language.binding import bind
from language.expressions import Expression, parse_expression
from language.types import SPARK_TYPES
from model.errors import Problems
from tests.language.rows import COLUMNS, EMPTY, ENDS, FULL, HERE, SCHEMA, ZONE, D, messages

# text → (type, its value on the full row, its value on the row of nulls)
ACCEPTED: dict[str, tuple[str, Any, Any]] = {
    # columns and literals
    "amount": ("money", Decimal("12.50"), None),
    "status": ("enum", "paid", None),
    "`name`": ("text", "Ann's 100%", None),
    "rate": ("percent", 0.25, None),
    "is_member": ("bool", True, None),
    "favourites": ("list", ["a"], None),
    "42": ("integer", 42, 42),
    "-42": ("integer", -42, -42),
    "4.25": ("number", 4.25, 4.25),
    ".5": ("number", 0.5, 0.5),
    "1e3": ("number", 1000.0, 1000.0),
    "true": ("bool", True, True),
    "'it''s'": ("text", "it's", "it's"),
    "\"it's\"": ("text", "it's", "it's"),
    r"'a\\b'": ("text", "a\\b", "a\\b"),
    "'客户'": ("text", "客户", "客户"),
    "'${env:HOME}'": ("text", "${env:HOME}", "${env:HOME}"),
    "':business_date'": ("text", ":business_date", ":business_date"),
    "date '2017-01-31'": ("date", date(2017, 1, 31), date(2017, 1, 31)),
    # arithmetic
    "amount + discount": ("money", Decimal("15.00"), None),
    "amount - 0.5": ("money", Decimal("12.00"), None),
    "amount + 0.125": ("number", 12.625, None),
    "amount * 0.9": ("money", Decimal("11.25"), None),
    "amount * visits": ("money", Decimal("87.50"), None),
    "amount * rate": ("money", Decimal("3.13"), None),
    "amount * amount": ("number", 156.25, None),
    "amount / visits * 2": ("number", 12.5 / 7 * 2, None),
    "visits + 1": ("integer", 8, None),
    "visits * quantity": ("number", 10.5, None),
    "visits / 2": ("number", 3.5, None),
    "visits / 0": ("number", None, None),
    "visits % 4": ("integer", 3, None),
    "mod(visits, 0)": ("integer", None, None),
    "2 + 3 * 4": ("integer", 14, 14),
    "(2 + 3) * 4": ("integer", 20, 20),
    "10 - 4 - 3": ("integer", 3, 3),
    "10 - (4 - 3)": ("integer", 9, 9),
    "-(2 + 3) * 2": ("integer", -10, -10),
    "- visits": ("integer", -7, None),
    "abs(3 - visits)": ("integer", 4, None),
    "round(amount)": ("money", Decimal("13.00"), None),
    "round(quantity * 1.111, 2)": ("number", 1.67, None),
    "floor(quantity)": ("integer", 1, None),
    "ceil(amount)": ("integer", 13, None),
    "sqrt(visits - 3)": ("number", 2.0, None),
    "sqrt(0 - visits)": ("number", None, None),
    "ln(1)": ("number", 0.0, 0.0),
    "share(discount, amount)": ("number", 0.2, None),
    "share(amount, 0)": ("number", None, None),
    # choosing
    "coalesce(amount, 0)": ("money", Decimal("12.50"), Decimal("0.00")),
    "coalesce(name, status, 'none')": ("text", "Ann's 100%", "none"),
    "coalesce(birth_date, '1900-01-01')": ("date", date(1992, 2, 29), date(1900, 1, 1)),
    "nullif(status, 'paid')": ("enum", None, None),
    "greatest(amount, discount)": ("money", Decimal("12.50"), None),
    "least(visits, quantity)": ("number", 1.5, None),
    "if(amount > 5, 'big', 'small')": ("text", "big", "small"),
    "if(is_member, amount, missing)": ("money", Decimal("12.50"), None),
    "case when visits >= 5 then 'often' when visits >= 1 then 'some' else 'never' end":
        ("text", "often", "never"),
    "case status when 'paid' then 1 when 'refunded' then -1 end": ("integer", 1, None),
    "case when visits is missing then 0 else visits end": ("integer", 7, 0),
    # texts
    "lower(name)": ("text", "ann's 100%", None),
    "upper(status)": ("text", "PAID", None),
    "trim('  x ')": ("text", "x", "x"),
    "length(name)": ("integer", 10, None),
    "substr(name, 1, 3)": ("text", "Ann", None),
    "substring(name, visits)": ("text", "100%", None),
    "left(name, 3)": ("text", "Ann", None),
    "right(name, 4)": ("text", "100%", None),
    "concat(status, '-', name)": ("text", "paid-Ann's 100%", None),
    "concat_ws('-', status, name)": ("text", "paid-Ann's 100%", ""),
    "status || '!'": ("text", "paid!", None),
    "replace(name, '''', '')": ("text", "Anns 100%", None),
    "instr(name, 's')": ("integer", 5, None),
    # days
    "year(birth_date)": ("integer", 1992, None),
    "quarter(day)": ("integer", 1, None),
    "month(paid_at)": ("integer", 3, None),
    "day(paid_at)": ("integer", 1, None),
    "dayofweek(day)": ("integer", 4, None),
    "weekday(day)": ("integer", 2, None),
    "hour(paid_at)": ("integer", 7, None),
    "date(paid_at)": ("date", D, None),
    "date_trunc('month', birth_date)": ("date", date(1992, 2, 1), None),
    "date_trunc('week', day)": ("date", date(2017, 2, 27), None),
    "last_day(day)": ("date", date(2017, 3, 31), None),
    "date_add(day, 7)": ("date", date(2017, 3, 8), None),
    "date_sub(day, 1)": ("date", date(2017, 2, 28), None),
    "add_months(birth_date, 12)": ("date", date(1993, 2, 28), None),
    "datediff(day, '2017-02-01')": ("integer", 28, None),
    "months_between(day, '2017-01-01')": ("number", 2.0, None),
    "days_since(paid_at)": ("integer", 0, None),
    "days_since('2017-02-27')": ("integer", 2, 2),
    "years_since(birth_date)": ("integer", 25, None),
    "days_until_anniversary(birth_date)": ("integer", 364, None),
    "days_until_anniversary(day)": ("integer", 0, None),
    # casts
    "cast('12' as integer)": ("integer", 12, 12),
    "cast('12x' as integer)": ("integer", None, None),
    "cast(name as money)": ("money", None, None),
    "cast(amount as integer)": ("integer", 12, None),
    "cast(visits as text)": ("text", "7", None),
    "cast(paid_at as date)": ("date", D, None),
    "cast('2017-02-30' as date)": ("date", None, None),
    "cast(is_member as integer)": ("integer", 1, None),
    # comparisons, never missing
    "amount > 12.49": ("bool", True, False),
    "amount = 12.5": ("bool", True, False),
    "amount <> 12.5": ("bool", False, False),
    "status != 'paid'": ("bool", False, False),
    "not status = 'paid'": ("bool", False, True),
    "status in ('paid', 'shipped')": ("bool", True, False),
    "status not in ('a', 'b')": ("bool", True, False),
    "not (status in ('a', 'b'))": ("bool", True, True),
    "visits between 1 and 7": ("bool", True, False),
    "visits not between 1 and 6": ("bool", True, False),
    "name like 'Ann%'": ("bool", True, False),
    r"name like '%100\%'": ("bool", True, False),
    "name not like '_nn%'": ("bool", False, False),
    "contains(name, '\"') or starts_with(name, 'A')": ("bool", True, False),
    "ends_with(name, '%')": ("bool", True, False),
    "birth_date < '1993-01-01'": ("bool", True, False),
    "paid_at >= date '2017-03-01'": ("bool", True, False),
    "paid_at < '2017-03-01 07:30:01'": ("bool", True, False),
    "paid_at between '2017-03-01' and '2017-03-01'": ("bool", True, False),
    "favourites is missing": ("bool", False, True),
    "by_channel is not missing": ("bool", True, False),
    "amount + discount is missing": ("bool", False, True),
    "is_member = false": ("bool", False, False),
    "is_member and visits > 3 or amount > 1000": ("bool", True, False),
    "is_member and (visits > 30 or amount > 1000)": ("bool", False, False),
    "coalesce(visits, 0) = 0 or name is missing": ("bool", False, True),
}


def _parsed(text: str) -> Expression:
    problems = Problems()
    expression = parse_expression(text, COLUMNS, HERE, problems)
    assert expression is not None, messages(problems)
    return expression


@pytest.mark.parametrize("text", ACCEPTED)
def test_an_expression_of_the_language_has_a_type_and_its_columns(text: str) -> None:
    expression = _parsed(text)
    assert expression.type == ACCEPTED[text][0]
    assert expression.columns == {name for name in COLUMNS if f"`{name}`" in expression.sql}


@pytest.mark.parametrize("name", [
    "_file", "_line", "date", "timestamp", "day", "year", "order", "group", "user", "comment",
    "set", "desc", "key", "value", "type", "index", "rank", "sum", "count", "first", "end", "if",
    "current_date", "`interval`", "`values`", "`from`", "`all`", "`case`", "`missing`",
])
def test_a_column_may_bear_the_name_of_an_sql_word(name: str) -> None:
    problems = Problems()
    plain = name.strip("`")
    expression = parse_expression(f"{name} + 1 > 2", {plain: "integer"}, HERE, problems)
    assert expression is not None, messages(problems)
    assert expression.columns == {plain}


def test_rendered_expressions_have_their_spark_type_and_value(spark: SparkSession) -> None:
    parsed = [_parsed(text) for text in ACCEPTED]
    frame = spark.createDataFrame([{**FULL, "visits": 7}, EMPTY], SCHEMA).coalesce(1)
    result = frame.selectExpr(*(f"{bind(e.sql, D, ZONE)} AS c{i}" for i, e in enumerate(parsed)))
    full, empty = result.collect()
    for index, expression in enumerate(parsed):
        _, on_full, on_empty = ACCEPTED[expression.text]
        found = result.schema[index].dataType.simpleString()
        assert found == SPARK_TYPES.get(expression.type, found), expression.text
        assert full[index] == pytest.approx(on_full) if isinstance(on_full, float) else (
            full[index] == on_full
        ), expression.text
        assert empty[index] == on_empty, expression.text


@pytest.mark.parametrize("text", [
    "-visits", "abs(visits)", "visits - 1", "visits * visits", "discount + discount",
    "discount * 100", "cast(discount * 1000 as integer)",
    "visits % quantity", "amount / quantity", "ln(quantity)", "substr(name, visits)",
    "share(visits, quantity)",
])
def test_overflow_and_division_by_zero_are_missing_and_never_stop_the_night(
    text: str, spark: SparkSession
) -> None:
    frame = spark.createDataFrame([ENDS], SCHEMA)
    row = frame.selectExpr(f"{bind(_parsed(text).sql, D, ZONE)} AS value").first()
    assert row is not None
    assert row.value in (None, "")


def test_spark_reads_no_setting_out_of_a_text(spark: SparkSession) -> None:
    text = "concat('${spark.app.name}', '${env:PATH}', '$', '{spark.app.name}')"
    row = spark.range(1).selectExpr(f"{_parsed(text).sql} AS value").first()
    assert row is not None
    assert row.value == "${spark.app.name}${env:PATH}${spark.app.name}"


@pytest.mark.parametrize(("birth", "today", "years", "until"), [
    ("1992-02-29", "2017-02-27", 24, 1), ("1992-02-29", "2017-02-28", 25, 0),
    ("1992-02-29", "2016-02-28", 23, 1), ("1992-02-29", "2016-02-29", 24, 0),
    ("1990-12-31", "2017-01-01", 26, 364), ("1990-12-31", "2017-12-31", 27, 0),
    ("1990-03-02", "2017-03-01", 26, 1), ("2017-03-01", "2017-03-01", 0, 0),
    ("1991-02-28", "2016-02-27", 24, 1), ("1991-02-28", "2016-02-28", 25, 0),
])
def test_ages_change_on_the_birthday_and_leap_days_are_kept_on_the_28th(
    birth: str, today: str, years: int, until: int, spark: SparkSession
) -> None:
    texts = [f"years_since('{birth}')", f"days_until_anniversary('{birth}')"]
    bound = [bind(_parsed(text).sql, date.fromisoformat(today), ZONE) for text in texts]
    row = spark.range(1).selectExpr(*bound).first()
    assert row is not None
    assert tuple(row) == (years, until)


def test_long_chains_are_read_as_they_stand() -> None:
    assert _parsed(" or ".join(f"visits = {n}" for n in range(90))).columns == {"visits"}
    assert _parsed(" + ".join(["visits"] * 90)).type == "integer"
    assert _parsed("(" * 19 + "visits" + ")" * 19).sql == "`visits`"
