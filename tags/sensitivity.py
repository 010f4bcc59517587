"""How a tag's sensitivity follows from what it is made of; plain values stay out of the table."""

from __future__ import annotations

import re
from collections.abc import Mapping

from model.contracts import Pii
from tags.definitions import Body, Calc, Measure, Pick, Rfm, Tag
from tags.drafts import Draft
from tags.lineage import reads_of

# Coarse enough to store: an age in years, days to a birthday (its mask shows month and day anyway).
_COARSE = r"(?:years_since|days_until_anniversary)\s*\(\s*`?{}`?\s*\)"


def pii_of(declared: Pii | None, body: Body) -> Pii:
    """The tag's class: as declared; else high for a masked column of the profile, else none."""
    if declared is not None:
        return declared
    return "high" if isinstance(body, Pick) and body.is_high else "none"


def check_pii(draft: Draft, body: Body, tags: Mapping[str, Tag]) -> None:
    """Notes a tag that would store what a high-pii tag it reads hides, or hides what it cannot.

    Bands and cases store only codes; an expression may take a masked tag through a coarse function.
    """
    if draft.keys.pii == "high" and not (isinstance(body, Pick) and body.is_high):
        message = "pii: only a pick of a column that is pii high in the model can be masked"
        draft.problems.add(draft.at("pii"), message)
    if not isinstance(body, Calc | Rfm | Measure):
        return
    for name in sorted(reads_of(body)):
        if name in tags and tags[name].is_masked and isinstance(body, Measure):
            message = f"{name!r} is pii high: of members only its mask is known"
            draft.problems.add(draft.at("measure"), message)
        elif name in tags and tags[name].is_masked and _shows(body, name):
            message = (
                f"{name!r} is pii high; a {draft.shape} may take it only inside years_since() or "
                "days_until_anniversary(); use bins or cases for the rest"
            )
            draft.problems.add(draft.at(draft.shape), message)


def _shows(body: Calc | Rfm | Measure, name: str) -> bool:
    if not isinstance(body, Calc):
        return True
    rest = re.sub(_COARSE.format(re.escape(name)), "", body.expression.text, flags=re.IGNORECASE)
    return re.search(rf"\b{re.escape(name)}\b", rest, flags=re.IGNORECASE) is not None
