"""The number of every record's set of identifiers, a batch at a time."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.batch_rules import BatchRules, Columns
from ingestion.known_values import KnownValues
from model.node_ids import sighting_number


def sighting_column(
    columns: Columns, rules: BatchRules, count: int, known: KnownValues
) -> Columns:
    """`_sighting`: the number of the record's set of identifiers; null where it has none."""
    places = [(slot.kind, slot.scope) for slot, _ in rules.slots]
    coded = [columns[f"_token_{n}"].dictionary_encode() for n in range(len(places))]
    if not coded:
        return {"_sighting": pa.nulls(count, pa.int64())}
    if len(places) == 1:
        number = partial(_number_of_one, *places[0])
        made = known.of("_sighting", lambda: number, columns["_token_0"], [pa.int64()])
        return {"_sighting": made[0]}
    # Each different set once: records of a batch show few.
    codes = [pc.fill_null(each.indices, -1).to_numpy() for each in coded]
    sets, first = _distinct_sets(codes)
    tokens = [each.dictionary.to_pylist() for each in coded]
    numbers = [
        sighting_number([
            (*place, tokens[n][code])
            for n, (place, code) in enumerate(zip(places, found, strict=True)) if code >= 0
        ])
        for found in zip(*(each[first].tolist() for each in codes), strict=True)
    ]  # fmt: skip
    return {"_sighting": pa.array(numbers, pa.int64()).take(sets)}


def _number_of_one(kind: str, scope: str, token: str) -> Sequence[int | None]:
    return [sighting_number([(kind, scope, token)])]


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
