"""Values as check texts write them: numbers, texts in single quotes, days, true and false."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from quality.rules import Value, family_of

EXPECTED = {
    "number": "a number", "text": "a text in single quotes", "date": "a day such as 2017-03-01",
    "bool": "true or false", "other": "'filled': its values cannot be compared",
}  # fmt: skip


def typed(token: str, type_name: str, is_listed: bool) -> Value | None:
    """The value a token stands for, of the family of a type; None where it is none."""
    family = family_of(type_name)
    if family == "number" and re.fullmatch(r"-?\d+(\.\d+)?", token):
        return Decimal(token)
    if family == "text" and token.startswith("'"):
        return unquoted(token)
    if family == "text" and is_listed and token[0] not in "[],<>!=":
        return token
    if family == "date":
        return _day(token.strip("'"))
    return {"true": True, "false": False}.get(token) if family == "bool" else None


def unquoted(token: str) -> str:
    """The text between single quotes, in which a quote is doubled."""
    return token[1:-1].replace("''", "'")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
