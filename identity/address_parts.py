"""A written address parted into street and postcode, as far as it tells them surely."""

from __future__ import annotations

import re
from typing import NamedTuple

from identity.chinese_addresses import chinese_postcode, chinese_street
from identity.chinese_names import HAN
from identity.western_addresses import western_parts

_HAS_HAN = re.compile(f"[{HAN}]")
_OF_NEITHER = re.compile(r"[\u3040-\u30ff\u1100-\u11ff\uac00-\ud7af〒]")  # Japanese, Korean
_LONGEST = 300  # characters of an address


class AddressParts(NamedTuple):
    """The parts of an address; None where they are not told."""

    street: str | None
    postcode: str | None


def address_parts(text: str) -> AddressParts:
    """The street, with house and flat, and the postcode of a written address."""
    if len(text) > _LONGEST or _OF_NEITHER.search(text):
        return AddressParts(None, None)
    if not _HAS_HAN.search(text):
        return AddressParts(*western_parts(text))
    postcode, rest = chinese_postcode(text)
    return AddressParts(chinese_street(rest), postcode)
