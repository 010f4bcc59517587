"""The high-pii columns of a dataset, and everything of it that is protected inside tasks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from ingestion.batch_rules import RAW
from ingestion.channels import Dataset
from ingestion.protection import Step
from model.canonical import Part
from privacy.tokens import TokenKey, column_kind, masker, sealer, tokeniser

GLOBAL = "global"


@dataclass(frozen=True)
class HighColumn:
    """One high-pii column a dataset fills, under a number of its own.

    `field` is the bare field it is made of, if it is; `slots` numbers the dataset's identifier
    slots that field has: then its token and its seal are theirs. `part`: it is this part of what
    `sql` gives.
    """

    number: int
    name: str
    sql: str
    field: str | None
    mask: str
    slots: tuple[int, ...]
    part: Part | None = None

    @property
    def prefix(self) -> str:
        """What the names of its internal columns begin with."""
        return f"_high_{self.number}"


def high_columns(dataset: Dataset) -> tuple[HighColumn, ...]:
    """The different high-pii columns of all tables a dataset feeds."""
    slots: dict[str, tuple[int, ...]] = {}
    for number, slot in enumerate(dataset.slots):
        slots[slot.field] = (*slots.get(slot.field, ()), number)
    found: dict[tuple[str, str, Part | None], HighColumn] = {}
    for table in dataset.tables:
        for each in table.columns:
            if each.is_high and (each.name, each.sql, each.part) not in found:
                held = slots.get(each.field or "", ()) if each.part is None else ()
                found[each.name, each.sql, each.part] = HighColumn(
                    len(found), each.name, each.sql, each.field, each.column.mask, held, each.part
                )
    return tuple(found.values())


def protection(
    dataset: Dataset, high: Sequence[HighColumn], key: TokenKey, keep_raw: bool
) -> tuple[Step, ...]:
    """Every protected output of a dataset.

    `_id_<n>` (a normalised identifier) → `_token_<n>`, `_sealed_<n>`; `_high_<n>` (a value as
    text) → `…_mask` and, where it is no identifier, `…_sealed`, `…_token`; sealed raw fields →
    `_sealed_raw_<field>`; `_original` → `_sealed_line`.
    """

    steps = [_seal("_original", "_sealed_line", key)]
    for number, slot in enumerate(dataset.slots):
        source = f"_id_{number}"
        steps.append(_token(source, f"_token_{number}", key, slot.kind, slot.scope))
        steps.append(_seal(source, f"_sealed_{number}", key))
    for each in high:
        # Made with the rest of an identifier, where the value is just that.
        source = f"_id_{each.slots[0]}" if len(each.slots) == 1 else each.prefix
        steps.append(_mask(source, f"{each.prefix}_mask", each.mask))
        if not each.slots:
            kind = column_kind(each.name)
            steps.append(_seal(each.prefix, f"{each.prefix}_sealed", key))
            steps.append(_token(each.prefix, f"{each.prefix}_token", key, kind, GLOBAL))
    if keep_raw:
        steps += [
            _seal(f"{RAW}{field}", f"_sealed_raw_{field}", key)
            for field in dataset.entry.fields if field in dataset.sealed
        ]  # fmt: skip
    return tuple(steps)


def _seal(source: str, output: str, key: TokenKey) -> Step:
    return Step(source, output, "binary", partial(sealer, key))


def _token(source: str, output: str, key: TokenKey, kind: str, scope: str) -> Step:
    return Step(source, output, "string", partial(tokeniser, key, kind, scope))


def _mask(source: str, output: str, mask: str) -> Step:
    return Step(source, output, "string", partial(masker, mask))
