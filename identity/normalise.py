"""Identifiers in one spelling each: text → text, or the reason why it is not well-formed.

Plain functions of one value, called once per distinct value of a batch inside tasks. The values on
`invalid` lists of conf/identity.yml stay well-formed here: which of them name nobody is identity's
decision, so that a changed list rewrites no facts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from identity.device_ids import device, idfa, imei, oaid, platform_id
from identity.emails import email, usual_emails
from identity.id_cards import cn_id_card
from identity.phones import phone, usual_phones
from identity.reasons import Judgement, ill_formed, well_formed
from model.identity_policy import IdentifierKind, Normaliser

# Blanks that people and systems leave at the ends: ASCII, no-break, ideographic, zero-width, BOM.
BLANKS = " \t\r\n\f\v\u00a0\u2002\u2003\u2009\u3000\u200b\ufeff"
FULL_WIDTH = "".join(map(chr, range(0xFF01, 0xFF5F))) + "\u3000\u00a0"
HALF_WIDTH = "".join(map(chr, range(0x21, 0x7F))) + "  "
LONGEST = 256
_NARROWED = str.maketrans(FULL_WIDTH, HALF_WIDTH)
_HAS_CONTROLS = re.compile("[\x00-\x1f\x7f]")


def half_width(text: str) -> str:
    """Full-width letters, digits and punctuation as their ASCII twins; other text unchanged."""
    return text if text.isascii() else text.translate(_NARROWED)


def tidy(text: str) -> str:
    """The text without blanks at its ends, half-width; empty where nothing is left."""
    return half_width(text.strip(BLANKS))


def judged(value: str, kind: IdentifierKind) -> Judgement:
    """(the identifier in its one spelling, None), or (None, reason code) where it is ill-formed.

    `value` is tidy (see `tidy`) and not empty. A spelling is judged to be itself.
    """
    return NORMALISERS[kind.normalise](value, kind)


def spellings(texts: pa.Array, kind: IdentifierKind) -> pa.Array:
    """The identifiers that tidy texts are, in their one spelling; null where one is ill-formed.

    Those of the usual form are read all at once, each different one of the others by itself, with
    the same result.
    """
    usual = _USUAL.get(kind.normalise, _none)(texts, kind)
    if usual.null_count == texts.null_count:
        return usual
    is_other = pc.and_(usual.is_null(), texts.is_valid())
    others = texts.filter(is_other).dictionary_encode()
    found = (judged(text, kind)[0] for text in others.dictionary.to_pylist())
    read = pa.array(found, pa.string()).take(others.indices)
    return pc.replace_with_mask(usual, is_other, read)


def normalised(value: str, kind: IdentifierKind) -> str | None:
    """The identifier in its one spelling; None where it is empty or not well-formed."""
    text = tidy(value)
    return judged(text, kind)[0] if text else None


def _text(value: str, kind: IdentifierKind) -> Judgement:
    if _HAS_CONTROLS.search(value):
        return ill_formed("control_characters")
    return well_formed(value) if len(value) <= LONGEST else ill_formed("too_long")


def _usual_texts(texts: pa.Array, kind: IdentifierKind) -> pa.Array:
    is_short = pc.less_equal(pc.binary_length(texts), LONGEST)
    is_usual = pc.and_(is_short, pc.match_substring_regex(texts, r"^[^\x00-\x1f\x7f]*\z"))
    if is_usual.false_count == 0:
        return texts
    return pc.if_else(is_usual, texts, pa.scalar(None, pa.string()))


def _none(texts: pa.Array, kind: IdentifierKind) -> pa.Array:
    return pa.nulls(len(texts), pa.string())


_USUAL: Mapping[str, Callable[[pa.Array, IdentifierKind], pa.Array]] = {
    "text": _usual_texts, "phone": usual_phones, "email": usual_emails,
}  # fmt: skip
NORMALISERS: Mapping[Normaliser, Callable[[str, IdentifierKind], Judgement]] = {
    "text": _text,
    "phone": phone,
    "email": email,
    "cn_id_card": cn_id_card,
    "device": device,
    "idfa": idfa,
    "imei": imei,
    "oaid": oaid,
    "openid": platform_id,
    "unionid": platform_id,
}
