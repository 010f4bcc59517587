"""The table ops.corrections: read whole, grown by rows; only commands write it, nights only read.

Whoever writes holds the lake's lease, so that no night is under way and no two take one number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from identity.corrections import Correction, End
from lake.log_tables import append_records, overwrite_records, read_rows, read_rows_at
from model.ops_tables import CORRECTIONS


def all_corrections(lake_root: str) -> list[Correction]:
    """Every correction ever made, in their order; those withdrawn among them."""
    return _corrections(read_rows(lake_root, CORRECTIONS))


def tag_corrections_at(lake_root: str, moment: datetime) -> list[Correction]:
    """Those that set tags as they stood at a moment: without later ones, and as long as they were
    to hold before they were withdrawn later."""
    found = corrections_of(lake_root, tags=True)
    if any(max(each.made_at, each.withdrawn_at or each.made_at) > moment for each in found):
        found = _corrections(read_rows_at(lake_root, CORRECTIONS, moment))
    return [each for each in found if each.kind == "tag"]


def corrections_of(lake_root: str, *, tags: bool) -> list[Correction]:
    """Those that set tags, or all others: what they say of persons."""
    return [each for each in all_corrections(lake_root) if (each.kind == "tag") is tags]


def _corrections(rows: Iterable[Mapping[str, Any]]) -> list[Correction]:
    found = [
        Correction(**{**row, "ends": tuple(End(**end) for end in row["ends"])}) for row in rows
    ]
    return sorted(found, key=lambda each: each.correction_id)


def add_corrections(lake_root: str, corrections: Sequence[Correction]) -> None:
    """Adds corrections in one commit."""
    append_records(lake_root, CORRECTIONS, [_values(each) for each in corrections], {})


def rewrite_corrections(lake_root: str, corrections: Sequence[Correction]) -> None:
    """Makes these the whole table, in one commit."""
    overwrite_records(lake_root, CORRECTIONS, [_values(each) for each in corrections], {})


def _values(correction: Correction) -> tuple[object, ...]:
    values = asdict(correction)
    return tuple(values[name] for name in CORRECTIONS.column_names)
