"""The functions of a query that look at many rows; the same in any order of the rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from language.syntax import Refused
from language.terms import Term, made_of, named, truth
from language.types import SPARK_TYPES

# Nine decimals below, nineteen digits above the point: sums of numbers come out the same in any
# order of rows, which sums of doubles do not.
_EXACT = "decimal(28,9)"
# Takes an aggregate of the rows of a group; the name under which the select knows it.
Taken = Callable[[str], str]
Build = Callable[[Term, Taken], Term]


def _count(term: Term, taken: Taken) -> Term:
    return made_of([term], taken(f"count({term.sql})"), "integer", never_missing=True)


def _count_distinct(term: Term, taken: Taken) -> Term:
    return made_of([term], taken(f"count(DISTINCT {term.sql})"), "integer", never_missing=True)


def _count_if(term: Term, taken: Taken) -> Term:
    condition = truth(term)
    count = taken(f"count_if({condition.sql})")
    return made_of([condition], count, "integer", never_missing=True)


def _sum(term: Term, taken: Taken) -> Term:
    total = taken(f"try_sum({_exact(term)})")
    kind = "number" if term.type == "percent" else term.type
    return made_of([term], f"try_cast({total} AS {SPARK_TYPES[kind]})", kind)


def _average(term: Term, taken: Taken) -> Term:
    exact = _exact(term)
    total, count = taken(f"try_sum({exact})"), taken(f"count({exact})")
    return made_of(
        [term], f"try_divide(CAST({total} AS double), CAST({count} AS double))", "number"
    )


def _exact(term: Term) -> str:
    """The number as one whose sum has no order; one that does not fit is left out."""
    if term.family != "number":
        raise Refused(f"expected a number; found {named(term)}")
    is_exact = term.type in ("integer", "money")
    return term.sql if is_exact else f"try_cast({term.sql} AS {_EXACT})"


def _extreme(name: str) -> Build:
    def build(term: Term, taken: Taken) -> Term:
        if term.family in ("list", "map"):
            raise Refused(f"cannot compare {named(term)}")
        return made_of([term], taken(f"{name}({term.sql})"), term.type)

    return build


def count_rows(taken: Taken) -> Term:
    """How many rows there are."""
    return Term(taken("count(*)"), "integer", never_missing=True)


COUNT_DISTINCT = "count(distinct)"
ROW_FUNCTIONS: Mapping[str, Build] = {
    "count": _count,
    COUNT_DISTINCT: _count_distinct,
    "count_if": _count_if,
    "sum": _sum,
    "avg": _average,
    "min": _extreme("min"),
    "max": _extreme("max"),
}
