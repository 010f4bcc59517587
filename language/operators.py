"""Comparisons and arithmetic over checked terms: no comparison is missing, nothing overflows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from language.binding import text_literal
from language.syntax import Refused
from language.terms import Term, aligned, made_of, named, together, truth
from language.types import TermType

LONGEST_LIST = 500
_SMALLEST_INTEGER = "-9223372036854775808L"  # has no opposite; Spark would stop the night
_TRY = {"+": "try_add", "-": "try_subtract", "*": "try_multiply", "/": "try_divide", "%": "try_mod"}


def compared(left: Term, operator: str, right: Term) -> Term:
    """`left operator right`; false where either is missing."""
    (left, right), _ = aligned([left, right], "compare")
    if left.type == "bool" and operator not in ("=", "<>"):
        raise Refused("yes/no values have no order; use = or <>")
    return certain([left, right], f"{left.sql} {operator} {right.sql}")


def certain(terms: Sequence[Term], sql: str) -> Term:
    """A comparison that is false where it would be missing."""
    return made_of(terms, f"coalesce({sql}, false)", "bool", never_missing=True)


def between(value: Term, low: Term, high: Term, word: str = "BETWEEN") -> Term:
    """Whether a value lies between two others, both included."""
    (value, low, high), _ = aligned([value, low, high], "compare")
    if value.type == "bool":
        raise Refused("yes/no values have no order; use = or <>")
    return certain([value, low, high], f"({value.sql} {word} {low.sql} AND {high.sql})")


def among(value: Term, values: Sequence[Term], word: str = "IN") -> Term:
    """Whether a value is one of a list."""
    if len(values) > LONGEST_LIST:
        raise Refused(f"too many values: {len(values)}; at most {LONGEST_LIST}")
    (value, *values), _ = aligned([value, *values], "compare")
    listed = ", ".join(term.sql for term in values)
    return certain([value, *values], f"({value.sql} {word} ({listed}))")


def like(value: Term, pattern: Term, word: str = "LIKE") -> Term:
    """Whether a text fits a pattern of % (anything) and _ (one character); \\ makes them plain."""
    if value.family != "text":
        raise Refused(f"like needs a text; found {named(value)}")
    if not isinstance(pattern.literal, str):
        raise Refused("like needs a pattern in quotes")
    plain = pattern.literal.replace("\\\\", "").replace("\\%", "").replace("\\_", "")
    if "\\" in plain:
        raise Refused("in a pattern, \\ may only stand before %, _ or \\")
    return certain([value], f"({value.sql} {word} {text_literal(pattern.literal)})")


def is_missing(value: Term, negate: bool) -> Term:
    """Whether a value is missing: the only test of absence."""
    word = "IS NOT NULL" if negate else "IS NULL"
    return made_of([value], f"({value.sql} {word})", "bool", never_missing=True)


def joined(left: Term, word: str, right: Term) -> Term:
    """Two conditions with AND or OR between them."""
    left, right = truth(left), truth(right)
    return made_of([left, right], f"({left.sql} {word} {right.sql})", "bool", never_missing=True)


def complement(condition: Term) -> Term:
    """True exactly where the condition is not."""
    condition = truth(condition)
    return made_of([condition], f"(NOT {condition.sql})", "bool", never_missing=True)


def negative(value: Term) -> Term:
    """A number with the opposite sign."""
    if value.family != "number":
        raise Refused(f"- needs a number; found {named(value)}")
    if isinstance(value.literal, Decimal):
        return replace(value, sql=f"({-value.literal:f})", literal=-value.literal)
    return made_of([value], f"(- {opposable(value)})", value.type)


def opposable(value: Term) -> str:
    """The number's SQL without the one integer whose opposite does not exist."""
    if value.type != "integer":
        return value.sql
    return f"nullif({value.sql}, {_SMALLEST_INTEGER})"


def arithmetic(left: Term, operator: str, right: Term) -> Term:
    """`left operator right`; missing where either is, on overflow and on division by 0."""
    for term in (left, right):
        if term.family != "number":
            raise Refused(f"{operator} needs numbers; found {named(term)}{_cure(left, operator)}")
    terms = [left, right]
    parts = [term.sql for term in terms]
    if operator == "/":
        parts = [f"CAST({part} AS double)" for part in parts]
    return made_of(terms, f"{_TRY[operator]}({', '.join(parts)})", _result(left, operator, right))


def _result(left: Term, operator: str, right: Term) -> TermType:
    types = [left.type, right.type]
    if operator == "/":
        return "number"
    if operator == "*" and "money" in types:
        return "number" if types == ["money", "money"] else "money"
    return together([left, right])


def _cure(left: Term, operator: str) -> str:
    if left.family == "time":
        return "; date_add(x, 7), date_sub(x, 7) and datediff(x, y) reckon with dates"
    return "; concat(x, y) joins texts" if (left.family, operator) == ("text", "+") else ""
