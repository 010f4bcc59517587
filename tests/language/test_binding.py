"""Literals cannot be broken out of, and markers are bound only where they are markers."""

from datetime import date

import duckdb
import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from language.binding import bind, quoted, text_literal
from language.expressions import parse_expression
from model.errors import Problems
from tests.language.rows import COLUMNS, HERE, ZONE, D

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=60)
NASTY = st.lists(
    st.sampled_from(["'", "\\", '"', "`", "''", "\\'", "--", "/*", "*/", ";", "${", "}", "\n", "\t",
                     ":business_date", "%", "_", "\\n", "\\u0041", "\u2028", "客", "🙂", "x"]),
    max_size=12,
).map("".join)
# Texts of which each has once broken some renderer; Spark reads them all in one query.
TRAPS = ["'", "\\", "\\'", "'' or 1=1 --", "\\\\'", "${env:HOME}", "\\u0041", "a\nb\tc\r", "客户🙂",
         "\u2028", ":business_date", "`", "%_\\%", '"', "/* x */", "\\", "\\0", "\\101", "$${x}"]


@given(TEXTS | NASTY)
def test_a_rendered_literal_is_one_literal_that_means_the_text(text: str) -> None:
    tree = sqlglot.parse_one(text_literal(text), read="spark")
    assert isinstance(tree, sqlglot.exp.Literal)
    assert tree.this == text


@given(NASTY)
def test_a_rendered_literal_reads_back_in_duckdb(text: str) -> None:
    sql = sqlglot.transpile(f"SELECT {text_literal(text)}", read="spark", write="duckdb")[0]
    assert duckdb.execute(sql).fetchall() == [(text,)]


def test_spark_reads_back_every_trap(spark: SparkSession) -> None:
    row = spark.range(1).selectExpr(*(f"{text_literal(t)} AS c{i}" for i, t in enumerate(TRAPS)))
    assert list(row.first() or ()) == TRAPS


@given(NASTY.filter(lambda text: len(text) <= 60))
def test_a_text_written_in_a_definition_stays_inside_its_quotes(text: str) -> None:
    written = "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
    expression = parse_expression(f"name = {written}", COLUMNS, HERE, Problems())
    assert expression is not None
    assert expression.sql == f"coalesce(`name` = {text_literal(text)}, false)"


@given(NASTY)
def test_markers_inside_texts_and_names_are_not_bound(text: str) -> None:
    inside = text_literal(f"{text}:business_date{text}:time_zone")
    name = quoted(":time_zone")
    sql = f"concat({inside}, {name}, :business_date, {inside}, :time_zone)"
    bound = f"concat({inside}, {name}, DATE '2017-03-01', {inside}, 'Asia/Shanghai')"
    assert bind(sql, D, ZONE) == bound


@pytest.mark.parametrize("text", ["days_since(day)", "days_until_anniversary(paid_at)"])
def test_nothing_is_left_to_bind(text: str) -> None:
    expression = parse_expression(text, COLUMNS, HERE, Problems())
    assert expression is not None
    bound = bind(expression.sql, date(2017, 12, 31), "America/New_York")
    assert ":" not in bound
    assert "DATE '2017-12-31'" in bound
