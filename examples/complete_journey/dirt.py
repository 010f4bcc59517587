"""How people's identifiers get written down: the same value in many shapes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from examples.chance import Chance, Ints
from examples.spelling import PHONE_STYLES, typed_emails, typed_phones

Texts = npt.NDArray[Any]

CLEAN_PHONES = 0.5


def written_phones(phones: pd.Series, purpose: str, keys: Ints, chance: Chance) -> Texts:
    """The E.164 phones as somebody typed them; half of them plainly, null stays null."""
    clean = chance.share(purpose + " clean", keys) < CLEAN_PHONES
    style = np.where(clean, 0, 1 + chance.pick(purpose + " style", len(PHONE_STYLES) - 1, keys))
    return objects(typed_phones(texts(phones), style))


def written_emails(emails: pd.Series, purpose: str, keys: Ints, chance: Chance) -> Texts:
    """The e-mails as typed: some in capitals, some with a space behind; null stays null."""
    return objects(typed_emails(texts(emails), chance.share(purpose + " shape", keys)))


def texts(column: pd.Series) -> pa.Array:
    return pa.array(column, pa.string(), from_pandas=True)


def objects(column: pa.Array) -> Texts:
    return column.to_numpy(zero_copy_only=False)
