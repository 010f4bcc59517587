"""What a night's tags are, whoever computed them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from model.engines import Output, Rows


@dataclass(frozen=True)
class NightTags:
    """The slices of a night's tables of tags, and why some columns could not be computed.

    `rows` are those of `wide`, for the engine of the night to ask. `states` None: no tag has
    stages.
    """

    wide: Output
    rows: Rows
    changes: Output
    states: Output | None
    metrics: Output
    failures: Mapping[str, str]
