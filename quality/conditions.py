"""Rules as SQL that Spark and DuckDB read alike: what one row must satisfy, what makes rows equal.

Null is the answer for a row that is not judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from language.binding import quoted
from model.sql_text import date_literal, text_literal
from quality.rules import (
    Among,
    Between,
    Comparison,
    Filled,
    Matches,
    OtherColumn,
    Rule,
    Value,
    family_of,
)

_FLOATING = ("number", "percent", "double", "float")


def passes(rule: Rule, types: Mapping[str, str]) -> str | None:
    """Whether a row passes; None for rules about whole slices. A missing value is not judged,
    but by `filled`."""
    if isinstance(rule, Filled):
        return is_filled(rule.column, types[rule.column])
    if not isinstance(rule, Comparison | Between | Among | Matches):
        return None
    column, type_ = quoted(rule.column), types[rule.column]
    if isinstance(rule, Between):
        low, high = _literal(rule.low, type_), _literal(rule.high, type_)
        return f"({column} >= {low} and {column} <= {high})"
    if isinstance(rule, Among):
        return f"({column} in ({', '.join(_literal(value, type_) for value in rule.values)}))"
    if isinstance(rule, Matches):
        return f"regexp_like({column}, {text_literal(rule.pattern)})"
    other = rule.value
    right = quoted(other.name) if isinstance(other, OtherColumn) else _literal(other, type_)
    return f"({column} {'<>' if rule.operator == '!=' else rule.operator} {right})"


def is_filled(column: str, type_: str) -> str:
    """Whether a value is there; a text of blanks is none. Never null."""
    name = quoted(column)
    if family_of(type_) == "text":
        # A text that comes behind all that begin with a blank needs no trimming to tell.
        return f"({name} is not null and ({name} >= '!' or trim({name}) <> ''))"
    return f"({name} is not null)"


def _literal(value: Value, type_: str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        # Exact decimals stay exact; a double is compared with a double.
        is_floating = type_.partition("(")[0].strip().lower() in _FLOATING
        return f"cast({value:f} as double)" if is_floating else f"{value:f}"
    return date_literal(value) if isinstance(value, date) else text_literal(value)
