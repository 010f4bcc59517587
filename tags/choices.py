"""Which accounts of a person tell an attribute, and which of them is believed first."""

from __future__ import annotations

from dataclasses import dataclass

from model.identity_policy import Prefer


@dataclass(frozen=True)
class Choice:
    """Where a pick differs from the golden profile: only accounts of `channels` (empty: all) tell
    it, first by `prefer` (None: by the column's own rule). `table` is theirs."""

    table: str
    channels: tuple[str, ...] = ()
    prefer: Prefer | None = None
