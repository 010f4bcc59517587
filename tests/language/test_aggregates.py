"""Aggregate calls: their types, what they refuse, and their values over rows with gaps."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import SparkSession

from language.aggregates import Aggregate, is_aggregate, parse_aggregate, render_aggregate
from language.binding import bind
from language.types import SPARK_TYPES, Columns
from model.errors import Problems
from tests.language.rows import COLUMNS, HERE, ZONE, D, messages

ORDER = "struct(`day`, `visits`)"
ROWS = [
    {"day": date(2017, 2, 20), "visits": 1, "amount": None, "status": "paid", "is_member": None},
    {"day": date(2017, 2, 20), "visits": 2, "amount": Decimal("10.01"), "status": None},
    {"day": date(2017, 2, 27), "visits": 3, "amount": Decimal("0.02"), "status": "paid"},
    {"day": date(2017, 2, 28), "visits": 4, "amount": None, "status": "refunded"},
]
# text → type, value over all rows, over the rows with status paid, over no rows
AGGREGATES: dict[str, tuple[str, Any, Any, Any]] = {
    "count()": ("integer", 4, 2, 0),
    "count(amount)": ("integer", 2, 1, 0),
    "sum(amount)": ("money", Decimal("10.03"), Decimal("0.02"), None),
    "sum(visits)": ("integer", 10, 4, None),
    "sum(visits / 4)": ("number", 2.5, 1.0, None),
    "sum(coalesce(amount, 1))": ("money", Decimal("12.03"), Decimal("1.02"), None),
    "avg(amount)": ("number", 5.015, 0.02, None),
    "AVG(visits)": ("number", 2.5, 2.0, None),
    "min(amount)": ("money", Decimal("0.02"), Decimal("0.02"), None),
    "max(day)": ("date", date(2017, 2, 28), date(2017, 2, 27), None),
    "distinct(status)": ("integer", 2, 1, 0),
    "distinct(if(visits > 2, 'many', 'few'))": ("integer", 2, 2, 0),
    "first(amount)": ("money", Decimal("10.01"), Decimal("0.02"), None),
    "last(status)": ("enum", "refunded", "paid", None),
    "last(amount)": ("money", Decimal("0.02"), Decimal("0.02"), None),
    "days()": ("integer", 3, 2, 0),
    "days_since_last()": ("integer", 1, 2, None),
}


def _parsed(text: str, columns: Columns = COLUMNS) -> Aggregate:
    problems = Problems()
    aggregate = parse_aggregate(text, columns, HERE, problems)
    assert aggregate is not None, messages(problems)
    return aggregate


@pytest.mark.parametrize("text", AGGREGATES)
def test_an_aggregate_has_the_type_of_its_function(text: str) -> None:
    assert is_aggregate(text)
    assert _parsed(text).type == AGGREGATES[text][0]


def test_an_aggregate_knows_its_columns() -> None:
    assert _parsed("sum(amount * quantity)").columns == {"amount", "quantity"}
    assert _parsed("days()").columns == {"day"}
    assert _parsed("count()").columns == frozenset()


def test_aggregates_over_all_chosen_and_no_rows(spark: SparkSession) -> None:
    frame = spark.createDataFrame(
        ROWS, "day date, visits bigint, amount decimal(18,2), status string, is_member boolean"
    )
    filters = ["", "coalesce(status = 'paid', false)", "visits > 100"]
    columns = [
        bind(render_aggregate(_parsed(text), ORDER, rows), D, ZONE) + f" AS c{index}_{number}"
        for index, text in enumerate(AGGREGATES)
        for number, rows in enumerate(filters)
    ]
    result = frame.selectExpr(*columns)
    row = result.collect()[0]
    for index, (text, (kind, *values)) in enumerate(AGGREGATES.items()):
        for number, value in enumerate(values):
            name = f"c{index}_{number}"
            assert row[name] == (pytest.approx(value) if isinstance(value, float) else value), text
            assert result.schema[name].dataType.simpleString() == SPARK_TYPES[kind], text


def test_a_sum_that_overflows_is_missing(spark: SparkSession) -> None:
    frame = spark.createDataFrame([(2**62,)] * 3, "visits bigint")
    row = frame.selectExpr(f"{render_aggregate(_parsed('sum(visits)'))} AS total").first()
    assert row is not None
    assert row.total is None


REFUSED = {
    "amount": "expected one call such as sum(amount) or count()",
    "sum(amount) / count()": "expected one call such as sum(amount)",
    "summ(amount)": "did you mean 'sum'?",
    "sum(amuont)": "unknown column 'amuont'; did you mean 'amount'?",
    "sum(name)": "sum() needs a number; found text 'name'",
    "sum()": "sum() takes a number; found 0 values",
    "sum(amount, 1)": "found 2 values",
    "days(day)": "days() takes nothing; found 1 values",
    "min(favourites)": "min() cannot compare list 'favourites'",
    "sum(sum(amount))": "sum() looks at many rows",
    "sum(avg(amount))": "avg() looks at many rows",
    "count(distinct name)": "the count of different values is distinct(x)",
    "count(*)": "not part of the language",
    "stddev(name)": "stddev() needs a number; found text 'name'",
    "gap_days(day)": "gap_days() takes nothing; found 1 values",
    "percentile(amount)": "percentile() takes a number and a share; found 1 values",
    "percentile(amount, 50)": "expected a number from 0 to 1 behind the value, such as .5",
    "percentile(amount, -0.5)": "expected a number from 0 to 1 behind the value",
    "percentile(amount, quantity)": "expected a number from 0 to 1 behind the value",
    "percentile(name, .5)": "percentile() needs a number; found text 'name'",
    "list(name)": "list() takes a value and a number of values; found 1 values",
    "list(name, 0)": "expected a whole number from 1 to 1000 behind the value, such as 20",
    "list(name, 1001)": "expected a whole number from 1 to 1000",
    "list(name, 2.5)": "expected a whole number from 1 to 1000",
    "list(name, 20.0)": "expected a whole number from 1 to 1000",
    "list(name, '5')": "expected a whole number from 1 to 1000",
    "histogram()": "histogram() takes a value to count; found 0 values",
    "histogram(quantity / 2)": "cannot count by the text of number; cast(x as money) first",
    "histogram(favourites)": "cannot count by the text of list 'favourites'",
    "sum(amount) over ()": "window functions",
    "sum(amount": "not an expression",
    "sum(missing)": "'missing' is no value",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_aggregate_is_a_problem(text: str) -> None:
    problems = Problems()
    assert parse_aggregate(text, COLUMNS, HERE, problems) is None
    assert len(problems.found) == 1
    assert REFUSED[text] in messages(problems)[0]


def test_days_need_rows_with_a_day() -> None:
    problems = Problems()
    assert parse_aggregate("days()", {"amount": "money"}, HERE, problems) is None
    assert "there is no column 'day'" in messages(problems)[0]


STATISTICS = {
    "stddev(amount)": ("number", "value", None),
    "gap_days()": ("number", "value", None),
    "percentile(amount, .5)": ("number", "value", Decimal("0.5")),
    "histogram(status)": ("integer", "map", None),
    "list(amount, 20)": ("money", "list", Decimal(20)),
}


@pytest.mark.parametrize("text", STATISTICS)
def test_a_statistic_has_a_type_a_container_and_what_stands_behind_its_value(text: str) -> None:
    found = _parsed(text)
    assert is_aggregate(text)
    assert (found.type, found.container, found.parameter) == STATISTICS[text]
    with pytest.raises(ValueError, match="computed by tags alone"):
        render_aggregate(found, ORDER)


def test_first_and_last_need_an_order() -> None:
    with pytest.raises(ValueError, match="needs an order"):
        render_aggregate(_parsed("first(amount)"))


@pytest.mark.parametrize(
    "text", ["amount", "coalesce(amount, 0)", "sum(amount) + 1", "sum", "((", "", "'sum(amount)'"]
)
def test_only_one_whole_call_is_an_aggregate(text: str) -> None:
    assert not is_aggregate(text)
