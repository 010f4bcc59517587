"""Conditions: their shapes, their null rule against a plain oracle, and what they refuse."""

from collections.abc import Callable
from functools import cache
from itertools import product
from typing import Any

import duckdb
import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st

from language.conditions import (
    AllOf,
    AnyOf,
    Behaviour,
    Comparison,
    Condition,
    NoneOf,
    Times,
    behaviours_of,
    columns_of,
    read_condition,
    render_condition,
)
from language.types import Columns
from model.errors import Problems
from model.strict_yaml import parse_yaml
from tests.language.rows import messages

COLUMNS: Columns = {"a": "integer", "b": "integer", "s": "text", "m": "bool"}
SOURCES: dict[str, Columns] = {
    "orders": {"status": "enum", "amount": "money"}, "page_views": {"name": "enum"},
}
# Every combination of small values and of nothing.
ROWS = [
    dict(zip(COLUMNS, values, strict=True))
    for values in product((None, 1, 2), (None, 1), (None, "x", ""), (None, True, False))
]
Oracle = Callable[[dict[str, Any]], bool]


def _read(yaml: str, allow_behaviours: bool = False) -> tuple[Condition | None, list[str]]:
    problems = Problems()
    node = parse_yaml(f"who: {yaml}", "a.yml", problems)
    condition = read_condition(
        node["who"], node.at("who"), COLUMNS, SOURCES, problems, allow_behaviours=allow_behaviours
    )
    return condition, messages(problems)


def _sound(yaml: str) -> Condition:
    condition, found = _read(yaml, allow_behaviours=True)
    assert condition is not None, found
    return condition


@cache
def _database() -> duckdb.DuckDBPyConnection:
    database = duckdb.connect()
    database.execute("CREATE TABLE t (i integer, a bigint, b bigint, s text, m boolean)")
    database.executemany(
        "INSERT INTO t VALUES (?, ?, ?, ?, ?)", [[i, *row.values()] for i, row in enumerate(ROWS)]
    )
    return database


def _holds(sql: str) -> list[bool | None]:
    """The condition's value on each of ROWS, in DuckDB."""
    query = sqlglot.transpile(f"SELECT {sql} FROM t ORDER BY i", read="spark", write="duckdb")[0]
    return [value for (value,) in _database().execute(query).fetchall()]


def _known(*values: Any) -> bool:
    return None not in values


# The traps of three-valued logic; the oracle says in plain Python what a reader expects.
TRAPS: dict[str, Oracle] = {
    '"a = 1"': lambda r: r["a"] == 1,
    '"a <> 1"': lambda r: _known(r["a"]) and r["a"] != 1,
    '"not a = 1"': lambda r: r["a"] != 1,
    '"not (a <> 1)"': lambda r: not (_known(r["a"]) and r["a"] != 1),
    '"a = b"': lambda r: _known(r["a"], r["b"]) and r["a"] == r["b"],
    '"a <> b"': lambda r: _known(r["a"], r["b"]) and r["a"] != r["b"],
    '"not not a = b"': lambda r: _known(r["a"], r["b"]) and r["a"] == r["b"],
    '"a in (1, 3)"': lambda r: r["a"] in (1, 3),
    '"a not in (1, 3)"': lambda r: _known(r["a"]) and r["a"] not in (1, 3),
    '"not a in (1, 3)"': lambda r: r["a"] not in (1, 3),
    '"a between 2 and 3"': lambda r: _known(r["a"]) and 2 <= r["a"] <= 3,
    '"a not between 2 and 3"': lambda r: _known(r["a"]) and not 2 <= r["a"] <= 3,
    '"not a between 2 and 3"': lambda r: not (_known(r["a"]) and 2 <= r["a"] <= 3),
    '"s like \'x%\'"': lambda r: r["s"] == "x",
    '"s not like \'x%\'"': lambda r: r["s"] == "",
    '"not s like \'x%\'"': lambda r: r["s"] != "x",
    '"s = \'\'"': lambda r: r["s"] == "",
    '"s is missing"': lambda r: r["s"] is None,
    '"s is not missing"': lambda r: r["s"] is not None,
    '"not s is missing"': lambda r: r["s"] is not None,
    '"m"': lambda r: r["m"] is True,
    '"not m"': lambda r: r["m"] is not True,
    '"m = false"': lambda r: r["m"] is False,
    '"m <> true"': lambda r: r["m"] is False,
    '"m = (a = 1)"': lambda r: _known(r["m"]) and r["m"] == (r["a"] == 1),
    '"m or a > 1"': lambda r: r["m"] is True or (_known(r["a"]) and r["a"] > 1),
    '"m and not a > 1"': lambda r: r["m"] is True and not (_known(r["a"]) and r["a"] > 1),
    '"a = 1 or b = 1 and s = \'x\'"': lambda r: r["a"] == 1 or (r["b"] == 1 and r["s"] == "x"),
    '"(a = 1 or b = 1) and s = \'x\'"': lambda r: (r["a"] == 1 or r["b"] == 1) and r["s"] == "x",
    '"not a = 1 and b = 1"': lambda r: r["a"] != 1 and r["b"] == 1,
    '"not (a = 1 and b = 1)"': lambda r: not (r["a"] == 1 and r["b"] == 1),
    '"(a > 1) is missing"': lambda r: False,
    '"coalesce(a, b) = 1"': lambda r: (r["a"] if _known(r["a"]) else r["b"]) == 1,
    '"if(a > 1, b, 1) = 1"': lambda r: (r["b"] if _known(r["a"]) and r["a"] > 1 else 1) == 1,
    '"case when not m then 1 else 2 end = 1"': lambda r: r["m"] is not True,
    '{none: ["a = 1"]}': lambda r: r["a"] != 1,
    '{none: ["a <> 1"]}': lambda r: not (_known(r["a"]) and r["a"] != 1),
    '{none: ["a = 1", "s = \'x\'"]}': lambda r: r["a"] != 1 and r["s"] != "x",
    '{none: [m]}': lambda r: r["m"] is not True,
    '{all: ["a = 1", "b = 1"]}': lambda r: r["a"] == 1 and r["b"] == 1,
    '{any: ["a = 1", m]}': lambda r: r["a"] == 1 or r["m"] is True,
    '{any: ["a = 1", m], none: ["s = \'x\'"]}':
        lambda r: (r["a"] == 1 or r["m"] is True) and r["s"] != "x",
    '{none: [{all: ["a = 1", {none: ["b = 1"]}]}]}': lambda r: not (r["a"] == 1 and r["b"] != 1),
}


@pytest.mark.parametrize("yaml", TRAPS)
def test_a_comparison_with_a_missing_value_is_false_before_and_or_not(yaml: str) -> None:
    found = _holds(render_condition(_sound(yaml)))
    assert found == [TRAPS[yaml](row) for row in ROWS]


ATOMS: list[tuple[str, Oracle]] = [
    ("a > 1", lambda r: _known(r["a"]) and r["a"] > 1),
    ("a <> b", lambda r: _known(r["a"], r["b"]) and r["a"] != r["b"]),
    ("s = 'x'", lambda r: r["s"] == "x"),
    ("m", lambda r: r["m"] is True),
    ("b is missing", lambda r: r["b"] is None),
]
_Pair = tuple[str, Oracle]


def _both(left: _Pair, right: _Pair) -> _Pair:
    return f"{left[0]} and {right[0]}", lambda r: left[1](r) and right[1](r)


def _either(left: _Pair, right: _Pair) -> _Pair:
    return f"({left[0]} or {right[0]})", lambda r: left[1](r) or right[1](r)


def _negated(inner: _Pair) -> _Pair:
    return f"not ({inner[0]})", lambda r: not inner[1](r)


FORMULAS = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: st.builds(_both, inner, inner) | st.builds(_either, inner, inner)
    | st.builds(_negated, inner),
    max_leaves=8,
)


@given(FORMULAS)
def test_any_formula_means_what_python_says_and_keeps_its_precedence(formula: _Pair) -> None:
    text, oracle = formula
    problems = Problems()
    node = parse_yaml("who: x", "a.yml", problems)
    condition = read_condition(text, node.at("who"), COLUMNS, {}, problems)
    assert condition is not None, messages(problems)
    assert _holds(render_condition(condition)) == [oracle(row) for row in ROWS]


NUMBERS = st.recursive(
    st.integers(0, 20).map(str),
    lambda inner: st.tuples(inner, st.sampled_from("+-*"), inner, st.booleans()).map(
        lambda t: f"({t[0]} {t[1]} {t[2]})" if t[3] else f"{t[0]} {t[1]} {t[2]}"
    ),
    max_leaves=10,
)


@given(NUMBERS)
def test_arithmetic_keeps_its_precedence(text: str) -> None:
    value = eval(text)  # digits, + - * and parentheses only
    condition = _sound(f'"{text} = {value}"' if value >= 0 else f'"{text} = - {-value}"')
    assert isinstance(condition, Comparison)
    sql = condition.expression.sql
    for name, sign in (("try_add", "+"), ("try_subtract", "-"), ("try_multiply", "*")):
        duckdb.execute(f"CREATE OR REPLACE TEMP MACRO {name}(x, y) AS (x {sign} y)")
    assert duckdb.execute(f"SELECT {sql}").fetchall() == [(True,)]


def test_behaviours_are_read_with_the_columns_of_their_source() -> None:
    condition = _sound(
        "{all: [m, {any: [\"a > 1\", {did: page_views, where: \"name = 'x'\", over: 14d, "
        'times: ">= 10"}]}], none: [{did: orders, where: {all: ["status = \'paid\'"]}}]}'
    )
    assert isinstance(condition, AllOf)
    assert isinstance(condition.parts[0], AllOf)
    assert isinstance(condition.parts[1], NoneOf)
    views, orders = behaviours_of(condition)
    assert (views.did, str(views.over), views.times.count) == ("page_views", "14d", 10)
    assert (orders.did, str(orders.over), orders.times) == ("orders", "ever", Times())
    assert views.where is not None
    assert columns_of(views.where) == {"name"}
    assert columns_of(condition) == {"a", "m"}


def test_a_behaviour_without_an_answer_counts_as_not_done() -> None:
    condition = _sound('{none: [{did: orders}], any: ["a = 1", {did: page_views}]}')
    answers = {"orders": "NULL", "page_views": "b = 1"}
    sql = render_condition(condition, lambda behaviour: answers[behaviour.did])
    assert _holds(sql) == [row["a"] == 1 or row["b"] == 1 for row in ROWS]


def test_the_same_behaviour_twice_is_one() -> None:
    condition = _sound("{any: [{did: orders, over: 7d}, {did: orders, over: 7d}, {did: orders}]}")
    assert isinstance(condition, AnyOf)
    assert len(behaviours_of(condition)) == 2
    with pytest.raises(ValueError, match="no rendering"):
        render_condition(condition)
    assert isinstance(condition.parts[0], Behaviour)


@pytest.mark.parametrize(("text", "true_for"), [
    (">= 2", {2, 3}), ("> 2", {3}), ("< 2", {0, 1}), ("<= 2", {0, 1, 2}), ("= 0", {0}), ("2", {2}),
    ("!= 1", {0, 2, 3}), ("<> 1", {0, 2, 3}), (" >=1 ", {1, 2, 3}),
])
def test_times_compare_a_count(text: str, true_for: set[int]) -> None:
    times = Times.parse(text)
    assert {n for n in range(4) if times.holds(n)} == true_for
    asked = ", ".join(times.sql(str(n)) for n in range(4))
    answers = duckdb.execute(f"SELECT {asked}").fetchall()[0]
    assert {n for n, answer in enumerate(answers) if answer} == true_for


REFUSED = {
    '"x = missing"': "the only tests of absence",
    '"a is null"': "a.yml:1: 'a is null': use `x is missing` or `x is not missing`",
    '"a + 1"': "expected a comparison or a yes/no value; found integer",
    '"aa = 1"': "unknown column 'aa'",
    "true": "expected a comparison such as",
    "5": "expected a comparison such as",
    '["a = 1"]': 'found a list',
    "{}": "found an empty mapping",
    "{all: []}": "all: expected a list of conditions",
    '{all: "a = 1"}': "all: expected a list of conditions",
    '{alll: ["a = 1"]}': "unknown key 'alll'; did you mean 'all'?",
    '{all: ["a = 1"], where: "b = 1"}': "unknown key 'where'",
    '{where: "a = 1"}': "unknown key 'where'",
    '"in audience staff"': "'in audience' is not available yet",
    '"not in audience staff"': "'in audience' is not available yet",
    "{did: ordres}": "unknown table or source 'ordres'; did you mean 'orders'?",
    "{did: orders, since: 7d}": "unknown key 'since' beside did",
    "{did: orders, over: 7x}": "over: '7x' is no window",
    "{did: orders, over: [7d, 30d]}": "over: expected one text; found a list",
    '{did: orders, times: "many"}': "times: 'many' is no number of times",
    '{did: orders, times: ">= -1"}': "is no number of times",
    "{did: orders, times: true}": "times: expected one text; found True",
    '{did: orders, where: "a = 1"}': "unknown column 'a'",
    "{did: orders, where: {did: orders}}": "a behaviour (did:) cannot stand here",
    "{did: orders, where: {any: [{did: page_views}]}}": "a behaviour (did:) cannot stand here",
    "{all: [" * 12 + '"a = 1"' + "]}" * 12: "nested too deeply",
}


@pytest.mark.parametrize("yaml", REFUSED)
def test_what_is_no_condition_is_a_problem(yaml: str) -> None:
    condition, found = _read(yaml, allow_behaviours=True)
    assert condition is None
    assert any(REFUSED[yaml] in message for message in found), found


def test_a_behaviour_stands_only_where_it_may() -> None:
    condition, found = _read("{any: [m, {did: orders}]}")
    assert condition is None
    assert found == ["a.yml:1: a behaviour (did:) cannot stand here"]


def test_every_problem_of_a_nested_condition_is_reported_with_its_line() -> None:
    _, found = _read(
        "\n  all:\n    - aa = 1\n    - any:\n        - s = 1\n        - did: order\n"
        "  none:\n    - m > 1\n", allow_behaviours=True
    )
    assert [message.split(" ")[0] for message in found] == [
        "a.yml:3:", "a.yml:5:", "a.yml:6:", "a.yml:8:"
    ]
