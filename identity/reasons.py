"""Why a text is no identifier: one code each, for every kind.

docs/reason-codes.md says what each means and what to do (a test holds the two equal).
"""

from __future__ import annotations

from typing import Literal, TypeAlias

IdentifierReason = Literal[
    "bad_shape", "too_long", "control_characters",
    "not_a_mobile", "unassigned", "service_number",
    "bad_date", "bad_check_digit",
    "zeroed",
]  # fmt: skip

# (the identifier in its one spelling, None), or (None, why the text is none).
Judgement: TypeAlias = tuple[str, None] | tuple[None, IdentifierReason]


def well_formed(spelling: str) -> Judgement:
    """The judgement of a text that is an identifier, spelt like this."""
    return spelling, None


def ill_formed(reason: IdentifierReason) -> Judgement:
    """The judgement of a text that is none."""
    return None, reason
