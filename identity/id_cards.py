"""Chinese id cards (GB 11643) in 18 characters."""

from __future__ import annotations

import re
from datetime import date

from stdnum.iso7064 import mod_11_2

from identity.reasons import Judgement, ill_formed, well_formed
from model.identity_policy import IdentifierKind

_SEPARATORS = re.compile(r"[\s\-]", re.ASCII)
_PROVINCE = r"(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3])"
# Cards of foreign residents: 9, the province, three digits of their country.
_IS_CARD = re.compile(rf"(?:{_PROVINCE}\d|9{_PROVINCE})\d{{14}}[\dX]", re.ASCII)
_IS_OLD = re.compile(r"\d{15}", re.ASCII)
_FIRST_BIRTH, _NEXT_MILLENNIUM = date(1850, 1, 1), 3000


def cn_id_card(value: str, kind: IdentifierKind) -> Judgement:
    """The 15 digits of before 1999 get their century and check digit.

    Only the province is looked at, not the county: codes of counties that are no longer in force
    stay in the cards of those born there.
    """
    card = _SEPARATORS.sub("", value).upper()
    if _IS_OLD.fullmatch(card):
        body = f"{card[:6]}19{card[6:]}"
        card = body + mod_11_2.calc_check_digit(body)
    if not _IS_CARD.fullmatch(card):
        return ill_formed("bad_shape")
    if not _is_born(int(card[6:10]), int(card[10:12]), int(card[12:14])):
        return ill_formed("bad_date")
    if card[17] != mod_11_2.calc_check_digit(card[:17]):
        return ill_formed("bad_check_digit")
    return well_formed(card)


def _is_born(year: int, month: int, day: int) -> bool:
    try:
        return date(year, month, day) >= _FIRST_BIRTH and year < _NEXT_MILLENNIUM
    except ValueError:
        return False
