"""How people's identifiers get written down: the same value in many shapes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .chance import Chance, Ints

Texts = npt.NDArray[Any]

CLEAN_PHONES = 0.5
UPPER_EMAILS, SPACED_EMAILS = 0.10, 0.03
FULL_WIDTH = str.maketrans("0123456789", "".join(chr(0xFF10 + digit) for digit in range(10)))
STYLES: list[Callable[[str], str]] = [
    lambda digits: digits,
    lambda digits: f"+86{digits}",
    lambda digits: f"+86 {digits[:3]} {digits[3:7]} {digits[7:]}",
    lambda digits: f"0086{digits}",
    lambda digits: f"{digits[:3]}-{digits[3:7]}-{digits[7:]}",
    lambda digits: f" {digits[:3]} {digits[3:7]} {digits[7:]}",
    lambda digits: digits.translate(FULL_WIDTH),
]


def written_phones(phones: pd.Series, purpose: str, keys: Ints, chance: Chance) -> Texts:
    """The E.164 phones as somebody typed them; half of them plainly, null stays null."""
    clean = chance.share(purpose + " clean", keys) < CLEAN_PHONES
    style = np.where(clean, 0, 1 + chance.pick(purpose + " style", len(STYLES) - 1, keys))
    codes, values = pd.factorize(phones)
    shapes = np.array([phone_shapes(value) for value in values] or [[None] * len(STYLES)], object)
    return np.where(codes >= 0, shapes[codes, style], None)


def phone_shapes(phone: str) -> list[str]:
    """The phone in each style; what is no Chinese number stays as it is."""
    if not phone.startswith("+86"):
        return [phone] * len(STYLES)
    return [style(phone.removeprefix("+86")) for style in STYLES]


def written_emails(emails: pd.Series, purpose: str, keys: Ints, chance: Chance) -> Texts:
    """The e-mails as typed: some in capitals, some with a space behind; null stays null."""
    shape = chance.share(purpose + " shape", keys)
    text = emails.astype("string")
    text = text.mask(shape < UPPER_EMAILS, text.str.upper())
    text = text.mask(shape > 1 - SPACED_EMAILS, text + " ")
    return text.astype(object).where(text.notna(), None).to_numpy()
