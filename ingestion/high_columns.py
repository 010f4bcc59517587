"""The high-pii columns of a dataset, and everything of it that is protected inside tasks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from ingestion.channels import Dataset
from ingestion.protection import Step
from ingestion.standard_batch import RAW
from privacy.tokens import TokenKey, column_kind, masked, per_distinct, seals_of, tokens_of

GLOBAL = "global"


@dataclass(frozen=True)
class HighColumn:
    """One high-pii column a dataset fills, under a number of its own.

    `field` is the bare field it is made of, if it is; `slots` numbers the dataset's identifier
    slots that field has: then its token is theirs.
    """

    number: int
    name: str
    sql: str
    field: str | None
    mask: str
    slots: tuple[int, ...]

    @property
    def prefix(self) -> str:
        """What the names of its internal columns begin with."""
        return f"_high_{self.number}"


def high_columns(dataset: Dataset) -> tuple[HighColumn, ...]:
    """The different high-pii columns of all tables a dataset feeds."""
    slots: dict[str, tuple[int, ...]] = {}
    for number, slot in enumerate(dataset.slots):
        slots[slot.field] = (*slots.get(slot.field, ()), number)
    found: dict[tuple[str, str], HighColumn] = {}
    for table in dataset.tables:
        for each in table.columns:
            if each.is_high and (each.name, each.sql) not in found:
                held = slots.get(each.field or "", ())
                found[each.name, each.sql] = HighColumn(
                    len(found), each.name, each.sql, each.field, each.column.mask, held
                )
    return tuple(found.values())


def protection(
    dataset: Dataset, high: Sequence[HighColumn], key: TokenKey, keep_raw: bool
) -> tuple[Step, ...]:
    """Every protected output of a dataset.

    `_id_<n>` (a normalised identifier) → `_token_<n>`, `_sealed_<n>`; `_high_<n>` (a value as
    text) → `…_mask`, `…_sealed` and, where it is no identifier, `…_token`; sealed raw fields →
    `_sealed_raw_<field>`; `_original` → `_sealed_line`.
    """

    def seal(values: pa.Array) -> pa.Array:
        return seals_of(key, values)

    steps = [Step("_original", "_sealed_line", "binary", seal)]
    for number, slot in enumerate(dataset.slots):
        source = f"_id_{number}"
        steps += [
            Step(source, f"_token_{number}", "string", _tokens(key, slot.kind, slot.scope)),
            Step(source, f"_sealed_{number}", "binary", seal),
        ]
    for each in high:
        steps += [
            Step(each.prefix, f"{each.prefix}_mask", "string", _masks(each.mask)),
            Step(each.prefix, f"{each.prefix}_sealed", "binary", seal),
        ]
        if not each.slots:
            tokens = _tokens(key, column_kind(each.name), GLOBAL)
            steps.append(Step(each.prefix, f"{each.prefix}_token", "string", tokens))
    if keep_raw:
        steps += [
            Step(f"{RAW}{field}", f"_sealed_raw_{field}", "binary", seal)
            for field in dataset.entry.fields if field in dataset.sealed
        ]  # fmt: skip
    return tuple(steps)


def _tokens(key: TokenKey, kind: str, scope: str) -> Callable[[pa.Array], pa.Array]:
    return lambda values: tokens_of(key, kind, scope, values)


def _masks(mask: str) -> Callable[[pa.Array], pa.Array]:
    return lambda values: per_distinct(lambda value: masked(mask, value), values, pa.string())
