"""Literals and lists of SQL that Spark and DuckDB read alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

# A quote is doubled in one dialect and escaped in the other, where a backslash escapes too, and
# `${name}` becomes a setting even within a literal.
_SPELT_OUT = {"'": 39, "\\": 92, "$": 36}


def text_literal(word: str) -> str:
    """A text as an SQL expression, whatever letters it holds."""
    pieces = [""]
    for letter in word:
        if letter in _SPELT_OUT:
            pieces += [f"chr({_SPELT_OUT[letter]})", ""]
        else:
            pieces[-1] += letter
    texts = [piece if n % 2 else f"'{piece}'" for n, piece in enumerate(pieces)]
    return texts[0] if len(texts) == 1 else f"({' || '.join(texts)})"


def date_literal(day: date) -> str:
    """A day as an SQL expression."""
    return f"date '{day.isoformat()}'"


def is_one_of(column: str, words: Iterable[str]) -> str:
    """Whether a column's text is one of the words; of none where there are none."""
    listed = ", ".join(map(text_literal, words))
    return f"({column} in ({listed}))" if listed else "false"


def number_of(column: str, numbers: Mapping[str, int]) -> str:
    """The number that stands for a column's text; null for any other text."""
    cases = " ".join(f"when {text_literal(word)} then {n}" for word, n in numbers.items())
    return f"(case {column} {cases} end)" if cases else "cast(null as int)"
