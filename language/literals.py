"""Texts and numbers written out, and casts between types: bounded, and never an error in Spark."""

from __future__ import annotations

import re
from decimal import Decimal

from language.binding import text_literal
from language.syntax import Refused
from language.terms import Term, as_day, made_of, named
from language.types import SPARK_TYPES, TYPE_WORDS

LONGEST_LITERAL = 500
MOST_DIGITS = 18
_NUMBER = re.compile(r"([0-9]+)(?:\.([0-9]*))?([eE][+-]?[0-9]{1,3})?")


def converted(term: Term, word: str) -> Term:
    """A term cast to the type a word names; what does not fit becomes missing."""
    target = TYPE_WORDS[word]
    if term.type == target:
        return term
    if term.type == "timestamp" and target == "date":
        return as_day(term)
    allowed = {
        "text": ("text", "integer", "number", "money", "date", "bool"),
        "number": ("text", "integer", "number", "money"),
        "time": ("text",) if term.type == "date" else (),
        "bool": ("text", "integer"),
    }
    if target not in allowed.get(term.family, ()):
        raise Refused(f"cast: {named(term)} does not become {target}")
    return made_of([term], f"try_cast({term.sql} AS {SPARK_TYPES[target]})", target)


def text_term(value: str) -> Term:
    """A text written out."""
    if len(value) > LONGEST_LITERAL:
        raise Refused(f"a text of {len(value)} characters; at most {LONGEST_LITERAL}")
    if any(ord(character) < ord(" ") and character not in "\t\n\r" for character in value):
        raise Refused("control characters are not allowed in a text")
    return Term(text_literal(value), "text", never_missing=True, literal=value)


def number_term(text: str) -> Term:
    """A number written out; with a point it is exact, with an exponent a floating one."""
    match = _NUMBER.fullmatch(text)
    if not match or len(match[1] + (match[2] or "")) > MOST_DIGITS:
        raise Refused(f"{text[:40]!r} is no number it holds; at most {MOST_DIGITS} digits")
    value = Decimal(text)
    if match[3]:
        if not Decimal("1e-300") <= value <= Decimal("1e300") and value:
            raise Refused(f"{text} is out of range")
        return Term(f"{float(text)!r}D", "number", never_missing=True)
    if match[2] is None:
        return Term(str(int(text)), "integer", never_missing=True, literal=value)
    return Term(f"{value:f}", "number", never_missing=True, literal=value)
