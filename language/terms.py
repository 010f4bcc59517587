"""Checked terms: a piece of Spark SQL with its type and columns, and how terms are made alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from language.binding import TIME_ZONE, text_literal
from language.syntax import Refused
from language.types import FAMILIES, SPARK_TYPES, TermType, ValueType

LONGEST_SQL = 20_000
CENTS = 2


@dataclass(frozen=True)
class Term:
    """One checked expression. `never_missing`: its value is never null.

    `literal` is set for a text or a number written out; `is_column` for a column's bare name.
    """

    sql: str
    type: TermType
    columns: frozenset[str] = frozenset()
    never_missing: bool = False
    literal: str | Decimal | None = None
    is_column: bool = False

    @property
    def family(self) -> str:
        """The family within which it may be compared."""
        return FAMILIES.get(self.type, self.type)


UNKNOWN = Term("NULL", "unknown")
MISSING = Term("NULL", "missing")


def made_of(terms: Sequence[Term], sql: str, type_: TermType, never_missing: bool = False) -> Term:
    """A term computed from others: it reads their columns."""
    if len(sql) > LONGEST_SQL:
        raise Refused("too large once written out as Spark SQL")
    return Term(sql, type_, frozenset().union(*(t.columns for t in terms)), never_missing)


def truth(term: Term) -> Term:
    """A yes/no term as a condition: missing counts as false."""
    if term.type != "bool":
        raise Refused(f"expected a comparison or a yes/no value; found {named(term)}")
    if term.never_missing:
        return term
    return made_of([term], f"coalesce({term.sql}, false)", "bool", never_missing=True)


def named(term: Term) -> str:
    """How messages call a term."""
    kind = {"bool": "yes/no value"}.get(term.type, term.type)
    return f"{kind} {term.sql.strip('`')!r}" if term.is_column else kind


def as_day(term: Term) -> Term:
    """The day of a date, of a timestamp in the project's time zone, or that a text spells."""
    if isinstance(term.literal, str):
        return dated_literal(term, with_time=False)
    if term.type == "timestamp":
        sql = f"CAST(from_utc_timestamp({term.sql}, {TIME_ZONE}) AS date)"
        return made_of([term], sql, "date")
    if term.type != "date":
        raise Refused(f"expected a date; found {named(term)}")
    return term


def dated_literal(term: Term, with_time: bool = True) -> Term:
    """A text written out as the date or the local time it spells."""
    text = str(term.literal)
    for pattern in ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S"):
        try:
            moment = datetime.strptime(text, pattern)
        except ValueError:
            continue
        if pattern == "%Y-%m-%d" and text == moment.date().isoformat():
            return replace(date_literal(moment.date()), columns=term.columns)
        if with_time and text == moment.isoformat(" "):
            sql = f"to_utc_timestamp(TIMESTAMP {text_literal(text)}, {TIME_ZONE})"
            return Term(sql, "timestamp", never_missing=True)
    raise Refused(f"{text!r} is no date; expected one such as '2017-03-01'")


def date_literal(day: date) -> Term:
    """A date written out."""
    return Term(f"DATE '{day.isoformat()}'", "date", never_missing=True)


def aligned(terms: Sequence[Term], doing: str) -> tuple[list[Term], TermType]:
    """Terms of one family, made alike, and the type they have together; `doing` is for messages.

    Beside dates, texts that spell dates become dates, and timestamps become days.
    """
    if any(term.family == "time" for term in terms):
        terms = [dated_literal(t) if isinstance(t.literal, str) else t for t in terms]
        if any(term.type == "date" for term in terms):
            terms = [as_day(t) if t.type == "timestamp" else t for t in terms]
    known = [term for term in terms if term.type != "missing"]
    if not known:
        raise Refused("only missing values; give at least one other")
    other = next((term for term in known if term.family != known[0].family), None)
    if other:
        raise Refused(f"cannot {doing} {named(known[0])} and {named(other)}{_cure(known)}")
    if known[0].family in ("list", "map"):
        raise Refused(f"cannot {doing} a {known[0].type}; it can only be missing or not")
    return list(terms), together(known)


def _cure(terms: Sequence[Term]) -> str:
    families = {term.family for term in terms}
    if families == {"text", "number"}:
        is_quoted = any(isinstance(t.literal, str) for t in terms)
        return "; write the number without quotes" if is_quoted else "; cast(x as number) helps"
    if families == {"time", "number"}:
        return "; days_since(x) and datediff(x, y) give days as a number"
    return "; write true or false without quotes" if families == {"bool", "text"} else ""


def together(terms: Sequence[Term]) -> TermType:
    """The one type that holds the values of several terms of a family."""
    types = {term.type for term in terms}
    if len(types) == 1:
        return terms[0].type
    if types <= {"text", "enum"}:
        return "text"
    if types <= {"integer", "money", "number"} and "money" in types:
        return "money" if all(map(_fits_money, terms)) else "number"
    return "number"


def _fits_money(term: Term) -> bool:
    # 0.5 beside an amount is an amount; a third decimal makes the result a plain number.
    if isinstance(term.literal, Decimal):
        return -int(term.literal.normalize().as_tuple().exponent) <= CENTS
    return term.type in ("money", "integer")


def stored(term: Term) -> str:
    """The term's SQL with exactly the Spark type of its type."""
    is_computed = FAMILIES.get(term.type) == "number" and not term.is_column
    return f"try_cast({term.sql} AS {SPARK_TYPES[term.type]})" if is_computed else term.sql


def value_type(term: Term) -> ValueType:
    """The type of a finished expression."""
    if term.type == "missing" or term.type == "unknown":  # noqa: PLR1714  mypy narrows by ==
        raise Refused("'missing' is no value here; use `x is missing`, or leave the branch out")
    return term.type
