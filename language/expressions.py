"""Expressions: a text of the language as typed, checked Spark SQL with its columns."""

from __future__ import annotations

from dataclasses import dataclass

from language.aggregate_functions import AGGREGATE_NAMES
from language.checking import Checker
from language.terms import Term, stored, value_type
from language.types import Columns, ValueType
from model.errors import Location, Problems


@dataclass(frozen=True)
class Expression:
    """One checked expression; `columns` are all it reads.

    `sql` is Spark SQL whose Spark type is that of `type` (a bare column is only its quoted name).
    It may hold the markers :business_date and :time_zone, which `binding.bind` makes literals.
    """

    text: str
    sql: str
    type: ValueType
    columns: frozenset[str]


def parse_expression(
    text: str, columns: Columns, where: Location, problems: Problems
) -> Expression | None:
    """The expression of a text; None when anything is wrong with it, each problem in `problems`."""
    term = checked(text, columns, where, problems)
    return None if term is None else expression_of(text, term)


def expression_of(text: str, term: Term) -> Expression:
    """A checked term as the expression of its text."""
    return Expression(text, stored(term), value_type(term), term.columns)


def checked(text: str, columns: Columns, where: Location, problems: Problems) -> Term | None:
    """The term of a text; None when anything is wrong with it."""
    checker = Checker(columns, AGGREGATE_NAMES)
    term = checker.check(text)
    for message in dict.fromkeys(checker.messages):
        problems.add(where, f"{shown(text)}: {message}")
    return None if checker.messages else term


def shown(text: str) -> str:
    """A text as messages quote it: one line, not too long."""
    line = " ".join(text.split())
    return repr(line if len(line) <= 60 else f"{line[:57]}...")  # noqa: PLR2004
