"""The functions of the language: what each takes, gives and is in Spark SQL; no others exist.

All are deterministic and row by row; regular expressions (their cost has no bound) and padding or
repeating texts (their length has none) are left out on purpose.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from language.binding import BUSINESS_DATE, TIME_ZONE
from language.operators import arithmetic, certain, opposable
from language.syntax import Refused
from language.terms import Term, aligned, as_day, made_of, named, truth
from language.types import ValueType

FARTHEST_DAYS = 40_000
MOST_PLACES = 6
_UNITS = ("week", "month", "quarter", "year")


@dataclass(frozen=True)
class Function:
    """`takes` names each argument's kind; a `?` marks one that may be left out, `*` repeats it.

    `gives` None: the type of the first argument. `sql` has {0}, {1}, … or {all} for them.
    """

    takes: tuple[str, ...]
    gives: ValueType | None
    sql: str
    builder: Callable[[Sequence[Term]], Term] | None = None


def call(name: str, arguments: Sequence[Term]) -> Term:
    """The checked call of a function of the catalogue."""
    function = FUNCTIONS[name]
    _check_count(name, function, len(arguments))
    kinds = (*function.takes, *function.takes[-1:] * len(arguments))
    terms = [
        _argument(name, kind.rstrip("?*"), argument)
        for kind, argument in zip(kinds, arguments, strict=False)
    ]
    if function.builder:
        return function.builder(terms)
    parts = [term.sql for term in terms]
    sql = function.sql.format(*parts, all=", ".join(parts))
    if function.gives == "bool":
        return certain(terms, sql)
    return made_of(terms, sql, function.gives or terms[0].type)


def _check_count(name: str, function: Function, count: int) -> None:
    fewest = sum(not kind.endswith("?") for kind in function.takes)
    is_open = bool(function.takes) and function.takes[-1].endswith("*")
    most = count if is_open else len(function.takes)
    if not fewest <= count <= most:
        expected = f"{fewest} or more" if is_open else " or ".join({str(fewest): 1, str(most): 1})
        raise Refused(f"{name}() takes {expected} values; found {count}")


def _argument(name: str, kind: str, term: Term) -> Term:
    if term.type == "missing" and kind != "branch":
        raise Refused(f"{name}(): 'missing' is no value; use `x is missing`")
    try:
        return _KINDS[kind](term)
    except Refused as refusal:
        raise Refused(f"{name}(): {refusal}") from None


def _plain(family: str, what: str) -> Callable[[Term], Term]:
    def check(term: Term) -> Term:
        if term.family != family:
            raise Refused(f"expected {what}; found {named(term)}")
        return term

    return check


def _whole(term: Term) -> Term:
    if term.type != "integer":
        raise Refused(f"expected a whole number; found {named(term)}")
    # Spark's text functions take an int; a larger number is no position in any text.
    is_written = term.literal is not None
    return term if is_written else made_of([term], f"try_cast({term.sql} AS int)", "integer")


def _written(most: int) -> Callable[[Term], Term]:
    def check(term: Term) -> Term:
        if not isinstance(term.literal, Decimal) or term.type != "integer":
            raise Refused(f"expected a whole number written out; found {named(term)}")
        if abs(term.literal) > most:
            raise Refused(f"{term.literal} is out of range; at most {most}")
        return term

    return check


def _unit(term: Term) -> Term:
    if not isinstance(term.literal, str) or term.literal.lower() not in _UNITS:
        raise Refused(f"expected one of {', '.join(map(repr, _UNITS))}")
    return term


def _clock(term: Term) -> Term:
    if term.type != "timestamp":
        raise Refused(f"expected a timestamp; found {named(term)}")
    return made_of([term], f"from_utc_timestamp({term.sql}, {TIME_ZONE})", "timestamp")


_KINDS: Mapping[str, Callable[[Term], Term]] = {
    "any": lambda term: term,
    "branch": lambda term: term,
    "text": _plain("text", "a text"),
    "number": _plain("number", "a number"),
    "condition": truth,
    "date": as_day,
    "clock": _clock,
    "whole": _whole,
    "days": _written(FARTHEST_DAYS),
    "places": _written(MOST_PLACES),
    "unit": _unit,
}


def _alike(name: str) -> Callable[[Sequence[Term]], Term]:
    def build(terms: Sequence[Term]) -> Term:
        alike, together = aligned(terms, f"{name}()")
        sql = f"{name}({', '.join(term.sql for term in alike)})"
        is_certain = name == "coalesce" and any(term.never_missing for term in alike)
        return made_of(alike, sql, together, never_missing=is_certain)

    return build


def _nullif(terms: Sequence[Term]) -> Term:
    (value, other), _ = aligned(terms, "compare")
    return made_of([value, other], f"nullif({value.sql}, {other.sql})", value.type)


def _if(terms: Sequence[Term]) -> Term:
    return chosen([(truth(terms[0]), terms[1])], terms[2])


def chosen(branches: Sequence[tuple[Term, Term]], otherwise: Term) -> Term:
    """The value of the first condition that holds, else `otherwise`."""
    values, together = aligned([*(value for _, value in branches), otherwise], "choose between")
    pairs = zip((truth(condition) for condition, _ in branches), values, strict=False)
    whens = " ".join(f"WHEN {condition.sql} THEN {value.sql}" for condition, value in pairs)
    terms = [*(condition for condition, _ in branches), *values]
    is_certain = all(value.never_missing for value in values)
    sql = f"CASE {whens} ELSE {values[-1].sql} END"
    return made_of(terms, sql, together, never_missing=is_certain)


def _round(terms: Sequence[Term]) -> Term:
    return made_of(terms, f"round({', '.join(term.sql for term in terms)})", terms[0].type)


def _absolute(terms: Sequence[Term]) -> Term:
    return made_of(terms, f"abs({opposable(terms[0])})", terms[0].type)


_THIS_YEARS = f"add_months({{0}}, 12 * (year({BUSINESS_DATE}) - year({{0}})))"
_NEXT_YEARS = f"add_months({{0}}, 12 * (year({BUSINESS_DATE}) - year({{0}}) + 1))"
_ANNIVERSARY = f"if({_THIS_YEARS} >= {BUSINESS_DATE}, {_THIS_YEARS}, {_NEXT_YEARS})"


def _texts(*names: str) -> dict[str, Function]:
    return {name: Function(("text",), "text", f"{name}({{0}})") for name in names}


def _parts(kind: str, *names: str) -> dict[str, Function]:
    return {name: Function((kind,), "integer", f"{name}({{0}})") for name in names}


FUNCTIONS: Mapping[str, Function] = {
    # choosing
    "coalesce": Function(("any", "any*"), None, "", _alike("coalesce")),
    "nullif": Function(("any", "any"), None, "", _nullif),
    "greatest": Function(("any", "any*"), None, "", _alike("greatest")),
    "least": Function(("any", "any*"), None, "", _alike("least")),
    "if": Function(("condition", "branch", "branch"), None, "", _if),
    # texts
    **_texts("lower", "upper", "trim", "ltrim", "rtrim"),
    "length": Function(("text",), "integer", "length({0})"),
    "substr": Function(("text", "whole", "whole?"), "text", "substr({all})"),
    "substring": Function(("text", "whole", "whole?"), "text", "substr({all})"),
    "left": Function(("text", "whole"), "text", "left({all})"),
    "right": Function(("text", "whole"), "text", "right({all})"),
    "concat": Function(("text", "text*"), "text", "concat({all})"),
    "concat_ws": Function(("text", "text*"), "text", "concat_ws({all})"),
    "replace": Function(("text", "text", "text"), "text", "replace({all})"),
    "instr": Function(("text", "text"), "integer", "instr({all})"),
    "starts_with": Function(("text", "text"), "bool", "startswith({all})"),
    "ends_with": Function(("text", "text"), "bool", "endswith({all})"),
    "contains": Function(("text", "text"), "bool", "contains({all})"),
    # numbers
    "abs": Function(("number",), None, "", _absolute),
    "round": Function(("number", "places?"), None, "", _round),
    "floor": Function(("number",), "integer", "floor({0})"),
    "ceil": Function(("number",), "integer", "ceil({0})"),
    "mod": Function(("number", "number"), None, "", lambda t: arithmetic(t[0], "%", t[1])),
    "ln": Function(("number",), "number", "ln({0})"),
    "sqrt": Function(("number",), "number", "nullif(sqrt({0}), double('NaN'))"),
    "share": Function(
        ("number", "number"), "number", "try_divide(CAST({0} AS double), CAST({1} AS double))"
    ),
    # days
    **_parts("date", "year", "quarter", "month", "day", "dayofmonth", "dayofyear"),
    **_parts("date", "dayofweek", "weekday"),
    **_parts("clock", "hour", "minute"),
    "date": Function(("date",), "date", "{0}"),
    "to_date": Function(("date",), "date", "{0}"),
    "date_trunc": Function(("unit", "date"), "date", "trunc({1}, {0})"),
    "last_day": Function(("date",), "date", "last_day({0})"),
    "date_add": Function(("date", "days"), "date", "date_add({all})"),
    "date_sub": Function(("date", "days"), "date", "date_sub({all})"),
    "add_months": Function(("date", "days"), "date", "add_months({all})"),
    "datediff": Function(("date", "date"), "integer", "datediff({all})"),
    "months_between": Function(("date", "date"), "number", "months_between({all})"),
    "days_since": Function(("date",), "integer", f"datediff({BUSINESS_DATE}, {{0}})"),
    "years_since": Function(
        ("date",), "integer", f"floor(months_between({BUSINESS_DATE}, {{0}}) / 12)"
    ),
    "days_until_anniversary": Function(
        ("date",), "integer", f"datediff({_ANNIVERSARY}, {BUSINESS_DATE})"
    ),
}
# Known to Spark users and refused: the answer says what to write instead.
INSTEAD: Mapping[str, str] = {
    **dict.fromkeys(("ifnull", "nvl", "zeroifnull"), "use coalesce(x, y)"),
    **dict.fromkeys(("isnull", "isnotnull"), "use `x is missing` or `x is not missing`"),
    **dict.fromkeys(("try_divide", "try_add", "try_cast"), "plain / + and cast are safe already"),
    **dict.fromkeys(
        ("now", "current_date", "current_timestamp", "curdate", "getdate", "localtimestamp",
         "unix_timestamp"),
        "the clock is not available; use days_since(x), years_since(x)",
    ),
    **dict.fromkeys(
        ("rand", "random", "randn", "uuid", "shuffle", "monotonically_increasing_id"),
        "chance is not available: the same night must give the same rows",
    ),
    **dict.fromkeys(
        ("rlike", "regexp", "regexp_like", "regexp_extract", "regexp_replace"),
        "regular expressions are not available; use like, contains, starts_with, replace",
    ),
}

