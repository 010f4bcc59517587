"""What people may set by hand: for how long, on which columns, which values."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation

from model.dates import Duration
from tags.catalog import value_titles
from tags.definitions import Body, Pick, Tag, TagColumn
from tags.drafts import Draft
from tags.rule_shapes import Given

NEVER, FOREVER, UNTIL_SOURCE_CHANGES = "never", "forever", "until_source_changes"
LONGEST_TEXT = 500
_LARGEST_INTEGER = 2**63 - 1
_MONEY_DIGITS, _CENTS = 16, 2
_WORDS = {"true": "true", "false": "false"}


def override_of(draft: Draft, body: Body) -> str:
    """How long values of a tag that people set may hold; `given` ones without end where it is not
    said, others never. Notes what is no such word, and a mask that could be replaced."""
    word = draft.keys.override or (FOREVER if isinstance(body, Given) else NEVER)
    if word not in (NEVER, FOREVER, UNTIL_SOURCE_CHANGES) and longest(word) is None:
        draft.problems.add(
            draft.at("override"),
            f"override: {word!r} is none; expected never, forever, until_source_changes or days "
            "such as 180d",
        )
    if word != NEVER and isinstance(body, Pick) and body.is_high:
        message = "override: a masked tag cannot be set by hand; mend the profile in its channel, "
        message += "and write override: never here"
        draft.problems.add(draft.at("override"), message)
    if word == NEVER and isinstance(body, Given):
        draft.problems.add(draft.at("override"), "override: a given tag is what people set")
    return word


def longest(word: str) -> int | None:
    """The days that an override such as 180d lasts; None where it names none."""
    try:
        return Duration.parse(word).days
    except ValueError:
        return None


def can_be_set(tag: Tag, column: TagColumn) -> bool:
    """Whether people may set a column: its tag allows it, and a cell holds one value."""
    return tag.override != NEVER and column.container == "value" and column.type != "timestamp"


def codes_of(tag: Tag, column: TagColumn) -> tuple[str, ...]:
    """The only values a column may have; empty: any of its type."""
    if column.type != "enum":
        return ()
    return tuple(value_titles(tag)) or tuple(getattr(tag.body, "codes", ()))


def value_text(text: str, tag: Tag, column: TagColumn) -> str:
    """A value that people write, as the text of the column's type; ValueError where it is none,
    without the value in it."""
    plain = text.strip()
    codes = codes_of(tag, column)
    if codes:
        if plain not in codes:
            raise ValueError(f"expected one of {', '.join(codes)}")
        return plain
    if column.type == "bool":
        if plain not in _WORDS:
            raise ValueError("expected true or false")
        return plain
    if column.type == "date":
        try:
            return date.fromisoformat(plain).isoformat()
        except ValueError:
            raise ValueError("expected a date such as 2017-03-01") from None
    if column.type in ("integer", "number", "money", "percent"):
        return _number(plain, column.type)
    if not plain or len(plain) > LONGEST_TEXT:
        raise ValueError(f"expected a text of 1 to {LONGEST_TEXT} characters")
    return plain


def _number(text: str, kind: str) -> str:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError("expected a number") from None
    if not number.is_finite() or abs(number) > _LARGEST_INTEGER:
        raise ValueError("expected a number that fits")
    decimals = -int(number.normalize().as_tuple().exponent)
    if kind == "integer" and decimals > 0:
        raise ValueError("expected a whole number")
    if kind == "money" and (decimals > _CENTS or number.adjusted() >= _MONEY_DIGITS):
        raise ValueError("expected an amount with two decimals at most")
    return f"{number:f}"
