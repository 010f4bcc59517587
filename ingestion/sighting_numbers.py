"""The number of every record's set of identifiers, a batch at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.batch_rules import BatchRules, Columns
from ingestion.known_values import MOST, KnownValues
from model.node_ids import number_of_texts

_NEW = -1  # no number of a set: these have 63 bits


def sighting_column(
    columns: Columns, rules: BatchRules, places: Sequence[pa.Array], known: KnownValues
) -> pa.Array:
    """The number of every record's set of identifiers; null where it has none.

    `places` tell for every slot which records hold the same value. Each different set is numbered
    once: records show few.
    """
    if not places:
        return pa.nulls(len(columns["_trims"]), pa.int64())
    codes = [pc.fill_null(each, -1).to_numpy() for each in places]
    sets, first = _distinct_sets(codes)
    keys = list(zip(*(each[first].tolist() for each in codes), strict=True))
    if len(known.sets) > MOST:
        known.sets.clear()
    numbers = [known.sets.get(key, _NEW) for key in keys]
    new = [n for n, number in enumerate(numbers) if number == _NEW]
    if new:
        for n, number in zip(new, _numbers(columns, rules, first[new]), strict=True):
            numbers[n] = known.sets[keys[n]] = number
    return pa.array(numbers, pa.int64()).take(sets)


def _numbers(columns: Columns, rules: BatchRules, at: npt.NDArray[Any]) -> list[int | None]:
    """The numbers of the sets that the records at some places show."""
    slots = [f"{slot.kind}|{slot.scope}|" for slot, _ in rules.slots]
    tokens = [columns[f"_token_{n}"].take(pa.array(at)).to_pylist() for n in range(len(slots))]
    return [
        number_of_texts({
            slot + token for slot, token in zip(slots, found, strict=True) if token is not None
        })
        for found in zip(*tokens, strict=True)
    ]  # fmt: skip


def _distinct_sets(codes: Sequence[npt.NDArray[Any]]) -> tuple[pa.Array, npt.NDArray[Any]]:
    """For each record the number of its set of codes, and where each set is met first."""
    sets = pa.array(codes[0], pa.int64()).dictionary_encode()
    for each in codes[1:]:
        size = int(each.max(initial=-1)) + 2
        both = sets.indices.to_numpy().astype(np.int64) * size + each + 1
        sets = pa.array(both).dictionary_encode()
    places = sets.indices.to_numpy()
    first = np.empty(len(sets.dictionary), np.int64)
    first[places[::-1]] = np.arange(len(places))[::-1]  # what is written last stands
    return sets.indices, first
