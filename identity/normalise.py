"""Identifiers in one spelling each: Column → Column, null where a value is not well-formed.

The values on `invalid` lists of conf/identity.yml stay well-formed here: which of them name nobody
is identity's decision, so that a changed list rewrites no facts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pyspark.sql import Column
from pyspark.sql import functions as F

from model.identity_policy import IdentifierKind

# Blanks that people and systems leave at the ends: ASCII, no-break, ideographic, zero-width, BOM.
BLANKS = " \t\r\n\f\v\u00a0\u2002\u2003\u2009\u3000\u200b\ufeff"
FULL_WIDTH = "".join(map(chr, range(0xFF01, 0xFF5F))) + "\u3000\u00a0"
HALF_WIDTH = "".join(map(chr, range(0x21, 0x7F))) + "  "
LONGEST = 256


@dataclass(frozen=True)
class Normaliser:
    """How one family of identifiers is spelt: two steps to a normal form, and what must hold of it.

    `rules` are pairs (reason code, condition on the normal form), each true of a well-formed value;
    a value is refused for the first one that fails.
    """

    stripped: Callable[[Column], Column]
    spelt: Callable[[Column, IdentifierKind], Column]
    rules: tuple[tuple[str, Callable[[Column], Column]], ...]


def trimmed(value: Column) -> Column:
    """The text without blanks at its ends; null where nothing is left."""
    blank_at_an_end = value.rlike(f"^[{BLANKS}]|[{BLANKS}]$")
    # Every ASCII blank sorts up to the space.
    has_plain_ends = (F.substring(value, 1, 1) > " ") & (F.substring(value, -1, 1) > " ")
    return F.nullif(
        F.when(_is_ascii(value) & has_plain_ends, value)
        .when(_is_ascii(value), F.trim(value, F.lit(" \t\r\n\f\v")))
        .when(blank_at_an_end, F.trim(value, F.lit(BLANKS)))
        .otherwise(value),
        F.lit(""),
    )


def half_width(value: Column) -> Column:
    """Full-width letters, digits and punctuation as their ASCII twins; other text unchanged."""
    has_any = ~_is_ascii(value) & value.rlike("[\u00a0\u3000\uff01-\uff5e]")
    return F.when(has_any, F.translate(value, FULL_WIDTH, HALF_WIDTH)).otherwise(value)


def normalised(value: Column, kind: IdentifierKind) -> Column:
    """The identifier in its one spelling; null where the value is empty or not well-formed.

    For a few values, such as one that somebody looks up; frames of records take the four steps
    (half_width(trimmed), stripped, spelt, sound) as columns of their own, which compiles better.
    """
    plain = _let(_let(value, trimmed), half_width)
    bare = _let(plain, lambda text: stripped(text, kind))
    return _let(_let(bare, lambda text: spelt(text, kind)), lambda text: sound(text, kind))


def stripped(value: Column, kind: IdentifierKind) -> Column:
    """Step one, of a trimmed half-width value: without the signs that only help the eye."""
    return NORMALISERS[kind.normalise].stripped(value)


def spelt(value: Column, kind: IdentifierKind) -> Column:
    """Step two, of a stripped value: the one spelling, whether or not it is well-formed."""
    return NORMALISERS[kind.normalise].spelt(value, kind)


def sound(value: Column, kind: IdentifierKind) -> Column:
    """Step three, of a spelt value: the value where it is well-formed, else null."""
    holds = F.lit(True)
    for _, rule in NORMALISERS[kind.normalise].rules:
        holds = holds & rule(value)
    return F.when(holds, value)


def refusal(value: Column, kind: IdentifierKind) -> Column:
    """The reason code of a spelt value that is not well-formed; null where it is, or is null."""
    rules = NORMALISERS[kind.normalise].rules
    reasons = [F.when(~F.coalesce(rule(value), F.lit(False)), code) for code, rule in rules]
    return F.when(value.isNotNull(), F.coalesce(*reasons))


def _let(value: Column, function: Callable[[Column], Column]) -> Column:
    # Each step names its input several times; bound once, the expression stays small.
    return F.transform(F.array(value), function)[0]


def _is_ascii(value: Column) -> Column:
    # translate() and trim() with a list take their time; nearly every value needs neither.
    return F.octet_length(value) == F.char_length(value)


def _as_it_is(value: Column) -> Column:
    return value


def _without(pattern: str) -> Callable[[Column], Column]:
    return lambda value: F.regexp_replace(value, pattern, "")


def _kept(value: Column, kind: IdentifierKind) -> Column:
    return value


def _lower(value: Column, kind: IdentifierKind) -> Column:
    return F.lower(value)


def _dialled(value: Column) -> Column:
    """Digits as dialled, with + for an international prefix.

    Extensions (x12, ext. 12, 转12, #12) are dropped: they belong to the call, not to the line.
    """
    called = F.regexp_replace(value, _EXTENSION, "")
    return F.regexp_replace(F.regexp_replace(called, r"[\s().\-‐‑‒–—/]", ""), "^00", "+")


def _e164(value: Column, kind: IdentifierKind) -> Column:
    """Chinese mobile numbers need no country code; numbers of other countries do."""
    if kind.region != "CN":
        return value
    return (
        F.when(value.rlike(r"^1\d{10}$"), F.concat(F.lit("+86"), value))
        .when(value.rlike(r"^861\d{10}$"), F.concat(F.lit("+"), value))
        .otherwise(F.regexp_replace(value, r"^\+860(?=1\d{10}$)", "+86"))
    )


def _cn_id_card(value: Column, kind: IdentifierKind) -> Column:
    """GB 11643 in 18 characters; the 15 digits of before 1999 get their century and check digit."""
    long = F.concat(F.substring(value, 1, 6), F.lit("19"), F.substring(value, 7, 9))
    full = F.concat(long, _check_digit(long))
    return F.when(value.rlike(r"^\d{15}$"), full).otherwise(F.upper(value))


def _check_digit(card: Column) -> Column:
    """ISO 7064 MOD 11-2 over the first 17 digits; null where they are no digits."""
    weights = [2 ** (17 - i) % 11 for i in range(17)]
    total: Column = F.lit(0)
    for i, weight in enumerate(weights):
        total = total + F.substring(card, i + 1, 1).try_cast("int") * weight
    return F.substring(F.lit("10X98765432"), total % 11 + 1, F.lit(1))


def _born(card: Column) -> Column:
    born = F.substring(card, 7, 8)
    return F.try_to_date(born, "yyyyMMdd").isNotNull() & born.between("18500101", "29991231")


def _matches(pattern: str) -> Callable[[Column], Column]:
    return lambda value: value.rlike(pattern)


_EXTENSION = r"(?i)\s*(?:;ext=|ext\.?|extension|分机|转|x|#)\s*[:.]?\s*\d{1,8}$"
_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~\-]+"
_LABEL = r"[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?"
_ADDRESS = rf"^{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+[a-z][a-z0-9\-]*[a-z0-9]$"
# Mainland mobile ranges of today, 11 digits; other countries by shape (8 to 15 digits) only.
_MOBILE = r"1(?:3\d|4[5-9]|5[0-35-9]|6[2567]|7[0-8]|8\d|9[0-35-9])\d{8}"
_PROVINCES = r"(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]|91)"
_SHORT = ("too_long", lambda value: F.char_length(value) <= LONGEST)
NORMALISERS: Mapping[str, Normaliser] = {
    "text": Normaliser(
        _as_it_is, _kept, (("control_characters", lambda value: ~value.rlike(r"\p{Cntrl}")), _SHORT)
    ),
    "phone": Normaliser(
        _dialled,
        _e164,
        (
            ("bad_shape", _matches(r"^\+[1-9]\d{7,14}$")),
            ("not_a_mobile", _matches(rf"^\+(?!86)|^\+86{_MOBILE}$")),
        ),
    ),
    "email": Normaliser(
        _without("(?i)^mailto:"),
        _lower,
        (
            ("bad_shape", _matches(_ADDRESS)),
            ("too_long", _matches(r"^.{1,64}@.{1,190}$")),
        ),
    ),
    "cn_id_card": Normaliser(
        _without(r"[\s\-]"),
        _cn_id_card,
        (
            ("bad_shape", _matches(rf"^{_PROVINCES}\d{{15}}[\dX]$")),
            ("bad_date", _born),
            ("bad_check_digit", lambda value: F.substring(value, 18, 1) == _check_digit(value)),
        ),
    ),
    "device": Normaliser(
        _without(r"[{}]"),
        _lower,
        (("bad_shape", _matches(r"^[0-9a-z][0-9a-z._:\-]{6,127}$")),),
    ),
}
