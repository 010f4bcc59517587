"""Aggregate calls such as sum(amount): parsed, typed, rendered as Spark SQL over chosen rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlglot import exp

from language.aggregate_functions import (
    AGGREGATE_NAMES,
    AGGREGATES,
    AggregateFunction,
    Container,
    Parameter,
)
from language.binding import BUSINESS_DATE, quoted
from language.checking import Checker
from language.expressions import Expression, expression_of, shown
from language.syntax import Refused, parse_tree
from language.terms import Term, named
from language.types import SPARK_TYPES, Columns, ValueType
from model.errors import Location, Problems, did_you_mean

DAY = "day"
LONGEST_LIST = 1000
# Values with a text of their own that every engine writes alike: not doubles, not times of day.
_COUNTED_BY_TEXT = frozenset({"text", "enum", "integer", "money", "date", "bool"})


@dataclass(frozen=True)
class Aggregate:
    """One aggregate call; `argument` None where nothing stands in its parentheses.

    `type` is that of one value, `container` says whether there are many. `parameter` is the share
    of percentile(x, .5) and the number of list(x, 20).
    """

    text: str
    function: str
    argument: Expression | None
    type: ValueType
    columns: frozenset[str]
    parameter: Decimal | None = None

    @property
    def container(self) -> Container:
        """One value, a list of them, or a map from texts to them."""
        return AGGREGATES[self.function].container

    @property
    def needs_order(self) -> bool:
        """Whether its value depends on the order of the rows."""
        return self.function in ("first", "last", "list")


def is_aggregate(text: str) -> bool:
    """Whether a text as a whole is one call that looks at many rows."""
    return _called(text) is not None


def parse_aggregate(
    text: str, columns: Columns, where: Location, problems: Problems
) -> Aggregate | None:
    """The aggregate of a text; None when anything is wrong with it, each problem in `problems`."""
    checker = Checker(columns, AGGREGATE_NAMES)
    try:
        node = _called(text, loudly=True)
        aggregate = _aggregate(text, node, checker) if node else None
    except Refused as refusal:
        aggregate = None
        checker.messages.append(str(refusal))
    for message in dict.fromkeys(filter(None, checker.messages)):
        problems.add(where, f"{shown(text)}: {message}")
    return aggregate


def _called(text: str, loudly: bool = False) -> exp.Expr | None:
    try:
        tree = parse_tree(text)
    except Refused:
        if loudly:
            raise
        return None
    name = str(tree.this).lower() if isinstance(tree, exp.Anonymous) else ""
    if name in AGGREGATE_NAMES:
        return tree
    if loudly:
        hint = did_you_mean(name, sorted(AGGREGATES)) if name else ""
        raise Refused(f"expected one call such as sum(amount) or count(){hint}")
    return None


def _aggregate(text: str, node: exp.Expr, checker: Checker) -> Aggregate:
    name = str(node.this).lower()
    function = AGGREGATES[name]
    terms = checker.operands(*node.expressions)
    _check_count(name, function, len(terms))
    arguments = terms[:1]
    for term in arguments:
        _check_argument(name, function, term)
    parameter = _parameter(name, function.parameter, terms[1:])
    days = _days(name, function, checker.columns)
    if not arguments:
        return Aggregate(text, name, None, function.gives or "integer", days)
    argument = expression_of(text, arguments[0])
    type_ = function.gives or argument.type
    return Aggregate(text, name, argument, type_, argument.columns, parameter)


def _check_count(name: str, function: AggregateFunction, found: int) -> None:
    has_parameter = function.parameter != "nothing"
    fewest = 0 if function.needs in ("nothing", "maybe a value") else 1 + has_parameter
    most = 0 if function.needs == "nothing" else 1 + has_parameter
    if not fewest <= found <= most:
        taken = f"{function.needs} and {function.parameter}" if has_parameter else function.needs
        raise Refused(f"{name}() takes {taken}; found {found} values")


def _check_argument(name: str, function: AggregateFunction, term: Term) -> None:
    if function.needs == "a number" and term.family != "number":
        raise Refused(f"{name}() needs a number; found {named(term)}")
    if function.needs == "a value with an order" and term.family in ("list", "map"):
        raise Refused(f"{name}() cannot compare {named(term)}")
    if function.needs == "a value to count" and term.type not in _COUNTED_BY_TEXT:
        cure = {"time": "date", "number": "money"}.get(term.family)
        hint = f"; cast(x as {cure}) first" if cure else ""
        raise Refused(f"{name}() cannot count by the text of {named(term)}{hint}")


def _parameter(name: str, kind: Parameter, terms: Sequence[Term]) -> Decimal | None:
    """The number written behind the value; None for functions without one."""
    if kind == "nothing":
        return None
    number = terms[0].literal
    if isinstance(number, Decimal) and _fits(kind, number):
        return number
    expected = (
        "a number from 0 to 1 behind the value, such as .5" if kind == "a share"
        else f"a whole number from 1 to {LONGEST_LIST} behind the value, such as 20"
    )
    raise Refused(f"{name}(): expected {expected}")


def _fits(kind: Parameter, number: Decimal) -> bool:
    if kind == "a share":
        return 0 <= number <= 1
    return 1 <= number <= LONGEST_LIST and number.as_tuple().exponent == 0


def _days(name: str, function: AggregateFunction, columns: Columns) -> frozenset[str]:
    if not function.by_day:
        return frozenset()
    if columns.get(DAY) != "date":
        raise Refused(f"{name}() needs rows with a business day, and there is no column {DAY!r}")
    return frozenset([DAY])


def render_aggregate(
    aggregate: Aggregate, order_by: str = "", rows: str = "", day: str = quoted(DAY)
) -> str:
    """Spark SQL of an aggregate over the rows where `rows` (a condition; empty: all) holds.

    `order_by` is a total order as Spark SQL, needed by first and last, which skip missing values.
    The Spark type is that of `aggregate.type`. No rows: 0 for counts, else null. Statistics have no
    one text that is exact: ValueError.
    """
    if AGGREGATES[aggregate.function].is_statistic:
        raise ValueError(f"{aggregate.function}() is computed by tags alone")
    if aggregate.needs_order and not order_by:
        raise ValueError(f"{aggregate.function}() needs an order of the rows")
    sql = aggregate.argument.sql if aggregate.argument else "*"
    if aggregate.needs_order:
        rows = f"{rows} AND {sql} IS NOT NULL" if rows else f"{sql} IS NOT NULL"
    kept = f" FILTER (WHERE {rows})" if rows else ""
    calls = {
        "count": f"count({sql}){kept}",
        "sum": f"try_cast(try_sum({sql}){kept} AS {SPARK_TYPES.get(aggregate.type, '')})",
        "avg": f"avg(CAST({sql} AS double)){kept}",
        "min": f"min({sql}){kept}",
        "max": f"max({sql}){kept}",
        "distinct": f"count(DISTINCT {sql}){kept}",
        "first": f"min_by({sql}, {order_by}){kept}",
        "last": f"max_by({sql}, {order_by}){kept}",
        "days": f"count(DISTINCT {day}){kept}",
        "days_since_last": f"CAST(datediff({BUSINESS_DATE}, max({day}){kept}) AS bigint)",
    }
    return calls[aggregate.function]
