"""Spark's functions and conversions as macros of DuckDB, under names of their own.

Only those that the tag language knows and DuckDB does otherwise. Each stands for the Spark function
of its name (ANSI, session zone UTC) and is held to it by tests/language/test_local_sql.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

MACRO_PREFIX = "spark_"
_LARGEST = 9223372036854775807
# Spark's digits of a double are the shortest that read back the same, which are DuckDB's too.
_DIGITS = "cast(x as varchar)"
# Doubles from 2^52 on have no fraction; below 10^7 thirty places hold all the digits there are.
_ROUNDED = (
    "case when isnan(x) or abs(x) >= 4503599627370496 then x "
    "when abs(x) < 10000000 "
    f"then cast(round(cast({_DIGITS} as decimal(38, 30)), places) as double) "
    f"else cast(round(cast({_DIGITS} as decimal(38, 20)), places) as double) end"
)
_DIGITS_ONLY = (
    "regexp_replace(regexp_replace(replace(split_part(t, 'e', 1), '.', ''), '^0+', ''), '0+$', '')"
)
_EXPONENT = (
    "case when contains(t, 'e') then cast(split_part(t, 'e', 2) as int) "
    "when starts_with(t, '0.') then -(length(regexp_extract(t, '^0\\.(0*)', 1)) + 1) "
    "else instr(t, '.') - 2 end"
)
_SCIENTIFIC = (
    f"list_transform([cast(abs(x) as varchar)], lambda t: (case when x < 0 then '-' else '' end) "
    f"|| left({_DIGITS_ONLY}, 1) || '.' || coalesce(nullif({_DIGITS_ONLY}[2:], ''), '0') "
    f"|| 'E' || ({_EXPONENT}))[1]"
)
_TEXT_OF_DOUBLE = (
    "case when isnan(x) then 'NaN' when isinf(x) then case when x > 0 then 'Infinity' "
    "else '-Infinity' end when x = 0 or (abs(x) >= 0.001 and abs(x) < 10000000) "
    f"then {_DIGITS} else replace({_SCIENTIFIC}, '5.0E-324', '4.9E-324') end"  # Java's smallest
)
_DAY = r"^\s*(\d{4})(?:-(\d{1,2})(?:-(\d{1,2})(?:[ T].*)?)?)?\s*$"


def _part_of_day(group: int) -> str:
    return f"coalesce(lpad(nullif(regexp_extract(x, '{_DAY}', {group}), ''), 2, '0'), '01')"


_TEXT_AS_DAY = (
    f"case when regexp_matches(x, '{_DAY}') then try_cast(regexp_extract(x, '{_DAY}', 1) || '-' || "
    f"{_part_of_day(2)} || '-' || {_part_of_day(3)} as date) end"
)
_PLAIN_FLOAT = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_TEXT_AS_DOUBLE = (
    "list_transform([regexp_replace(trim(x, ' \t\n\r'), '([0-9.])[dDfF]$', '\\1')], lambda t: "
    f"case when regexp_matches(t, '{_PLAIN_FLOAT}') then try_cast(t as double) "
    "when lower(t) in ('inf', '+inf', 'infinity', '+infinity') then 'inf'::double "
    "when lower(t) in ('-inf', '-infinity') then '-inf'::double "
    "when lower(t) = 'nan' then 'nan'::double end)[1]"
)
_YES, _NO = "('t', 'true', 'y', 'yes', '1')", "('f', 'false', 'n', 'no', '0')"
_TEXT_AS_TRUTH = (
    f"case when lower(trim(x, ' \t\n\r')) in {_YES} then true "
    f"when lower(trim(x, ' \t\n\r')) in {_NO} then false end"
)
_WHOLE = r"^\s*[+-]?\d+\s*$"


def _to_decimal(kind: str) -> str:
    return (
        f"(x double) as try_cast({_DIGITS} as {kind}), (x bigint) as try_cast(x as {kind}), "
        f"(x decimal(38, 18)) as try(cast(x as {kind})), (x varchar) as try_cast(trim(x) as {kind})"
    )


def _to_whole(kind: str) -> str:
    return (
        f"(x double) as case when not isnan(x) then try_cast(trunc(x) as {kind}) end, "
        f"(x bigint) as try_cast(x as {kind}), (x boolean) as cast(x as {kind}), "
        f"(x decimal(38, 18)) as try(cast(trunc(x) as {kind})), "
        f"(x varchar) as case when regexp_matches(x, '{_WHOLE}') "
        f"then try_cast(trim(x) as {kind}) end"
    )


# Letters that become several in capitals: ß and its like, which DuckDB leaves one.
_LONGER = "".join(c for c in map(chr, range(0x80, 0xFFFF)) if len(c.upper()) > 1)


def _lengthened(x: str, letters: str, cased: Callable[[str], str]) -> str:
    for letter in letters:
        x = f"replace({x}, '{letter}', '{cased(letter)}')"
    return x


def _saturated(function: str) -> str:
    """A double as the nearest whole number that there is."""
    return (
        f"case when isnan(x) then 0 when x >= 9.2233720368547758e18 then {_LARGEST} "
        f"when x <= -9.2233720368547758e18 then -{_LARGEST} - 1 "
        f"else cast({function}(x) as bigint) end"
    )


_FROM = "case when start > 0 then start - 1 when start < 0 then length(x) + start else 0 end"
_CUT = (
    f"list_transform([{_FROM}], "
    "lambda p: x[greatest(p, 0) + 1 : greatest(least(p + {}, length(x)), 0)])[1]"
)
_MONTHS = "((year(later) - year(earlier)) * 12 + month(later) - month(earlier))"
_BOTH_END = "(later = last_day(later) and earlier = last_day(earlier))"

# name → parameters and body; a word Spark and DuckDB share, told apart by the prefix.
MACROS: Mapping[str, str] = {
    "try_add": "(a, b) as try(a + b)",
    "try_subtract": "(a, b) as try(a - b)",
    "try_multiply": "(a, b) as try(a * b)",
    "try_divide": "(a, b) as case when b <> 0 then a / b end",
    "try_mod": "(a, b) as case when b <> 0 then try(a % b) end",
    "double": "(x) as cast(x as double)",
    "lower": f"(x) as lower({_lengthened('x', 'İ', str.lower)})",
    "upper": f"(x) as case when regexp_matches(x, '[{_LONGER}]') then "
             f"upper({_lengthened('x', _LONGER, str.upper)}) else upper(x) end",
    "trim": "(x) as trim(x, ' ')",
    "ltrim": "(x) as ltrim(x, ' ')",
    "rtrim": "(x) as rtrim(x, ' ')",
    "substr": f"(x, start) as case when start is not null then {_CUT.format('2147483647')} end, "
              "(x, start, width) as case when start is not null and width is not null "
              f"then {_CUT.format('greatest(width, 0)')} end",
    "left": "(x, width) as case when width is not null then left(x, greatest(width, 0)) end",
    "right": "(x, width) as case when width is not null then right(x, greatest(width, 0)) end",
    "startswith": "(x, part) as starts_with(x, part)",
    "endswith": "(x, part) as ends_with(x, part)",
    "round": "(x double) as " + _ROUNDED.replace("places", "0") + ", (x bigint) as x, "
             "(x decimal(38, 18)) as round(x, 0), (x double, places) as " + _ROUNDED + ", "
             "(x bigint, places) as try(cast(round(cast(x as decimal(38, 0)), places) as bigint)), "
             "(x decimal(38, 18), places) as round(x, places)",
    "floor": f"(x double) as {_saturated('floor')}, "
            "(x bigint) as x, (x decimal(38, 18)) as try(cast(floor(x) as decimal(38, 0)))",
    "ceil": f"(x double) as {_saturated('ceil')}, "
            "(x bigint) as x, (x decimal(38, 18)) as try(cast(ceil(x) as decimal(38, 0)))",
    "ln": "(x) as case when x > 0 then ln(cast(x as double)) end",
    "sqrt": "(x) as case when x >= 0 then sqrt(cast(x as double)) end",
    "dayofweek": "(x) as dayofweek(x) + 1",
    "weekday": "(x) as isodow(x) - 1",
    "trunc": "(x, unit) as cast(date_trunc(unit, x) as date)",
    "date_add": "(x, days) as x + cast(days as int)",
    "date_sub": "(x, days) as x - cast(days as int)",
    "add_months": "(x, months) as cast(x + to_months(cast(months as int)) as date)",
    "datediff": "(later, earlier) as later - earlier",
    "months_between": "(later, earlier) as case when later is null or earlier is null then null "
        f"when day(later) = day(earlier) or {_BOTH_END} then cast({_MONTHS} as double) "
        f"else floor(({_MONTHS} + cast((day(later) - day(earlier)) * 86400 as double) / 2678400) "
        "* 1e8 + 0.5) / 1e8 end",
    "from_utc_timestamp": "(x, zone) as timezone(zone, x)",
    "to_utc_timestamp": "(x, zone) as timezone(zone, x)",
    "to_bigint": _to_whole("bigint"),
    "to_int": _to_whole("int"),
    "to_double": f"(x varchar) as {_TEXT_AS_DOUBLE}, (x double) as x",
    "to_decimal_18_0": _to_decimal("decimal(18, 0)"),
    "to_decimal_18_2": _to_decimal("decimal(18, 2)"),
    "to_decimal_18_6": _to_decimal("decimal(18, 6)"),
    "to_decimal_28_9": _to_decimal("decimal(28, 9)"),
    "to_string": "(x varchar) as x, (x bigint) as cast(x as varchar), "
                 f"(x double) as {_TEXT_OF_DOUBLE}, (x boolean) as cast(x as varchar), "
                 "(x date) as cast(x as varchar), "
                 "(x timestamptz) as regexp_replace(strftime(timezone('UTC', x), "
                 "'%Y-%m-%d %H:%M:%S.%f'), '\\.?0*$', ''), "
                 "(x decimal(18, 2)) as cast(x as varchar)",
    "to_date": f"(x varchar) as {_TEXT_AS_DAY}, (x date) as x, (x timestamp) as cast(x as date)",
    "to_boolean": f"(x varchar) as {_TEXT_AS_TRUTH}, (x boolean) as x",
    "to_timestamp": "(x timestamptz) as x",
}
CREATED = tuple(f"create macro {MACRO_PREFIX}{name}{body}" for name, body in MACROS.items())
