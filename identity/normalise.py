"""Identifiers in one spelling each: text → text, or the reason why it is not well-formed.

Plain functions of one value, called once per distinct value of a batch inside tasks. The values on
`invalid` lists of conf/identity.yml stay well-formed here: which of them name nobody is identity's
decision, so that a changed list rewrites no facts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from model.identity_policy import IdentifierKind

# Blanks that people and systems leave at the ends: ASCII, no-break, ideographic, zero-width, BOM.
BLANKS = " \t\r\n\f\v\u00a0\u2002\u2003\u2009\u3000\u200b\ufeff"
FULL_WIDTH = "".join(map(chr, range(0xFF01, 0xFF5F))) + "\u3000\u00a0"
HALF_WIDTH = "".join(map(chr, range(0x21, 0x7F))) + "  "
LONGEST = 256
_NARROWED = str.maketrans(FULL_WIDTH, HALF_WIDTH)


@dataclass(frozen=True)
class Normaliser:
    """How one family of identifiers is spelt, and what must hold of the spelling.

    `rules` are pairs (reason code, condition on the spelling), each true of a well-formed value; a
    value is refused for the first one that fails.
    """

    spelt: Callable[[str, IdentifierKind], str]
    rules: tuple[tuple[str, Callable[[str], bool]], ...]


def half_width(text: str) -> str:
    """Full-width letters, digits and punctuation as their ASCII twins; other text unchanged."""
    return text if text.isascii() else text.translate(_NARROWED)


def tidy(text: str) -> str:
    """The text without blanks at its ends, half-width; empty where nothing is left."""
    return half_width(text.strip(BLANKS))


def judged(value: str, kind: IdentifierKind) -> tuple[str | None, str | None]:
    """(the identifier in its one spelling, None), or (None, reason code) where it is ill-formed.

    `value` is tidy (see `tidy`) and not empty.
    """
    normaliser = NORMALISERS[kind.normalise]
    spelling = normaliser.spelt(value, kind)
    for code, holds in normaliser.rules:
        if not holds(spelling):
            return None, code
    return spelling, None


def spellings(texts: pa.Array, kind: IdentifierKind) -> pa.Array:
    """The identifiers that tidy texts are, in their one spelling; null where one is ill-formed.

    Those of the usual form are read all at once, the others one by one, with the same result.
    """
    usual = _USUAL.get(kind.normalise, _none)(texts, kind)
    if usual.null_count == texts.null_count:
        return usual
    others = texts.filter(pc.and_(usual.is_null(), texts.is_valid()))
    read = pa.array((judged(text, kind)[0] for text in others.to_pylist()), pa.string())
    return pc.replace_with_mask(usual, pc.and_(usual.is_null(), texts.is_valid()), read)


def _none(texts: pa.Array, kind: IdentifierKind) -> pa.Array:
    return pa.nulls(len(texts), pa.string())


def _only(texts: pa.Array, pattern: str) -> pa.Array:
    return pc.if_else(pc.match_substring_regex(texts, pattern), texts, pa.scalar(None, pa.string()))


def _usual_texts(texts: pa.Array, kind: IdentifierKind) -> pa.Array:
    is_short = pc.less_equal(pc.binary_length(texts), LONGEST)
    nothing = pa.scalar(None, pa.string())
    shown = pc.if_else(is_short, texts, nothing) if is_short.false_count else texts
    return _only(shown, r"^[^\x00-\x1f\x7f]*\z")


def _usual_phones(texts: pa.Array, kind: IdentifierKind) -> pa.Array:
    """Chinese mobile numbers with nothing around them but their country code, blanks and dashes."""
    if kind.region != "CN":
        return _none(texts, kind)
    plain = pc.replace_substring_regex(_only(texts, r"^[0-9+ .()-]+\z"), r"[ .()-]", "")
    numbers = _only(plain, rf"^(?:\+860?|(?:00)?86)?{_MOBILE}\z")
    return pc.binary_join_element_wise("+86", pc.utf8_slice_codeunits(numbers, -11), "")


def _usual_emails(texts: pa.Array, kind: IdentifierKind) -> pa.Array:
    lower = pc.ascii_lower(_only(texts, r"^[\x21-\x7e]{1,64}@[\x21-\x7e]{1,190}\z"))
    return _only(lower, rf"^{_ADDRESS}\z")


def normalised(value: str, kind: IdentifierKind) -> str | None:
    """The identifier in its one spelling; None where it is empty or not well-formed."""
    text = tidy(value)
    return judged(text, kind)[0] if text else None


def _kept(value: str, kind: IdentifierKind) -> str:
    return value


def _phone(value: str, kind: IdentifierKind) -> str:
    """E.164. Chinese mobile numbers need no country code; numbers of other countries do.

    Extensions (x12, ext. 12, 转12, #12) are dropped: they belong to the call, not to the line.
    """
    called = _PUNCTUATION.sub("", _EXTENSION.sub("", value))
    number = "+" + called[2:] if called.startswith("00") else called
    if kind.region != "CN":
        return number
    chinese = _CHINESE.fullmatch(number)
    return f"+86{chinese[1]}" if chinese else number


def _email(value: str, kind: IdentifierKind) -> str:
    return _MAILTO.sub("", value).lower()


def _cn_id_card(value: str, kind: IdentifierKind) -> str:
    """GB 11643 in 18 characters; the 15 digits of before 1999 get their century and check digit."""
    card = _SEPARATORS.sub("", value)
    if re.fullmatch("[0-9]{15}", card):
        long = f"{card[:6]}19{card[6:]}"
        return long + _check_digit(long)
    return card.upper()


def _check_digit(card: str) -> str:
    """ISO 7064 MOD 11-2 over the first 17 digits."""
    total = sum(2 ** (17 - place) % 11 * int(card[place]) for place in range(17))
    return "10X98765432"[total % 11]


def _is_born(card: str) -> bool:
    year, month, day = int(card[6:10]), int(card[10:12]), int(card[12:14])
    try:
        return date(year, month, day) >= date(1850, 1, 1) and year < _NEXT_MILLENNIUM
    except ValueError:
        return False


def _device(value: str, kind: IdentifierKind) -> str:
    return value.replace("{", "").replace("}", "").lower()


def _is(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern, re.ASCII | re.DOTALL)
    return lambda value: compiled.fullmatch(value) is not None


_NEXT_MILLENNIUM = 3000
_EXTENSION = re.compile(
    r"\s*(?:;ext=|ext\.?|extension|分机|转|x|#)\s*[:.]?\s*\d{1,8}\Z", re.ASCII | re.IGNORECASE
)
_PUNCTUATION = re.compile(r"[\s().\-‐‑‒–—/]", re.ASCII)
_CHINESE = re.compile(r"(?:\+?86|\+860)?(1[0-9]{10})")
_MAILTO = re.compile("^mailto:", re.IGNORECASE)
_SEPARATORS = re.compile(r"[\s\-]", re.ASCII)
_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~\-]+"
_LABEL = r"[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?"
_ADDRESS = rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+[a-z][a-z0-9\-]*[a-z0-9]"
# Mainland mobile ranges of today, 11 digits; other countries by shape (8 to 15 digits) only.
_MOBILE = r"1(?:3\d|4[5-9]|5[0-35-9]|6[2567]|7[0-8]|8\d|9[0-35-9])\d{8}"
_PROVINCES = r"(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]|91)"
_HAS_CONTROLS = re.compile("[\x00-\x1f\x7f]")
_USUAL: Mapping[str, Callable[[pa.Array, IdentifierKind], pa.Array]] = {
    "text": _usual_texts, "phone": _usual_phones, "email": _usual_emails,
}  # fmt: skip
NORMALISERS: Mapping[str, Normaliser] = {
    "text": Normaliser(
        _kept,
        (
            ("control_characters", lambda value: not _HAS_CONTROLS.search(value)),
            ("too_long", lambda value: len(value) <= LONGEST),
        ),
    ),
    "phone": Normaliser(
        _phone,
        (
            ("bad_shape", _is(r"\+[1-9]\d{7,14}")),
            ("not_a_mobile", _is(rf"\+(?!86).*|\+86{_MOBILE}")),
        ),
    ),
    "email": Normaliser(
        _email, (("bad_shape", _is(_ADDRESS)), ("too_long", _is(".{1,64}@.{1,190}")))
    ),
    "cn_id_card": Normaliser(
        _cn_id_card,
        (
            ("bad_shape", _is(rf"{_PROVINCES}\d{{15}}[\dX]")),
            ("bad_date", _is_born),
            ("bad_check_digit", lambda value: value[17] == _check_digit(value)),
        ),
    ),
    "device": Normaliser(_device, (("bad_shape", _is(r"[0-9a-z][0-9a-z._:\-]{6,127}")),)),
}
