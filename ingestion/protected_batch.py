"""Judged records without any plain value of people: tokens, masks and seals stand in its place.

Runs inside tasks. Each value, and each set of identifiers, is protected once a task.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.batch_rules import BatchRules, Columns, RawBatch
from ingestion.known_sets import KnownSets, KnownSlot
from ingestion.known_values import Function, Known, KnownValues
from ingestion.protection import Step
from ingestion.standard_batch import judged_batch
from model.ddl_types import arrow_type

_NOTHING = pa.scalar(None, pa.string())


@dataclass(frozen=True)
class TaskMemory:
    """What a task has met so far: values, and sets of identifiers."""

    values: KnownValues = field(default_factory=KnownValues)
    sets: KnownSets = field(default_factory=KnownSets)


class ProtectedBatch(NamedTuple):
    """The columns named in `rules.outputs`, and the sets of identifiers that sound records show,
    each once a task (ingestion.known_sets; None where the dataset has none)."""

    columns: Columns
    new_sets: pa.RecordBatch | None


def standard_batch(batch: RawBatch, rules: BatchRules, memory: TaskMemory) -> Columns:
    """Raw records judged and protected at once: the columns named in `rules.outputs`."""
    return protected_batch(judged_batch(batch, rules, memory.values), rules, memory).columns


def protected_batch(judged: Columns, rules: BatchRules, memory: TaskMemory) -> ProtectedBatch:
    """What becomes of the columns that ingestion.standard_batch.judged_batch gives."""
    columns = dict(judged)
    slots = [_slot(number, columns, rules, memory.values) for number in range(len(rules.slots))]
    for source in dict.fromkeys(step.source for step in rules.steps):
        if not source.startswith("_id_"):  # what is made of identifiers is made with them
            columns |= _made_of(source, columns, rules, memory.values)
    for name, shared in rules.shared.items():
        columns[name] = pc.coalesce(*(columns[part] for part in shared.parts))
    new_sets = None
    if "_sighting" in rules.outputs:
        columns["_sighting"] = pa.nulls(len(columns["_line"]), pa.int64())
        if slots:
            is_sound = pc.equal(columns["_reasons"], "")
            columns["_sighting"], new_sets = memory.sets.of(slots, memory.values, is_sound)
    return ProtectedBatch({name: columns[name] for name in rules.outputs}, new_sets)


def _slot(number: int, columns: Columns, rules: BatchRules, values: KnownValues) -> KnownSlot:
    """What is known of a slot's identifiers; the columns made of them are put beside the others."""
    source = f"_id_{number}"
    steps = rules.steps_of(source)
    known = _known(source, steps, columns[source], values)
    outputs = [step.output for step in steps]
    for n, output in enumerate(outputs):
        if output in rules.made:
            columns[output] = known.result(n)
    token, sealed = (outputs.index(f"{name}_{number}") for name in ("_token", "_sealed"))
    return KnownSlot(rules.slots[number][0], known, token, sealed)


def _known(
    source: str, steps: Sequence[Step], values: pa.Array, known: KnownValues
) -> Known:
    types = [arrow_type(step.type) for step in steps]
    return known.of(source, partial(_protected, steps), values, types)


def _protected(steps: Sequence[Step]) -> Function:
    functions = [step.make() for step in steps]
    return lambda values: [function(values) for function in functions]


def _made_of(source: str, columns: Columns, rules: BatchRules, known: KnownValues) -> Columns:
    """What the steps make of one column."""
    steps = rules.steps_of(source)
    values, before = _but_those_sealed(source, columns, rules)
    if before is not None and values.null_count == len(values):
        return {steps[0].output: before}
    if source == "_original":  # whole lines: long, and none comes again
        return {step.output: step.make()(values) for step in steps}
    found = _known(source, steps, values, known)
    made = [found.result(n) for n in range(len(steps))]
    if before is not None:
        made = [pc.coalesce(before, made[0])]
    return dict(zip((step.output for step in steps), made, strict=True))


def _but_those_sealed(
    source: str, columns: Columns, rules: BatchRules
) -> tuple[pa.Array, pa.Array | None]:
    """The values of a column, without those that are sealed already, and the seals of these.

    Most raw values are spelt as what they were read as; and equal values have equal seals.
    """
    plain, sealed = rules.sealed_before.get(source, ("", ""))
    values = columns[source]
    if sealed not in columns:
        return values, None
    is_same = pc.fill_null(pc.equal(values, columns[plain]), False)
    before = pc.if_else(is_same, columns[sealed], pa.scalar(None, pa.binary()))
    return pc.if_else(is_same, _NOTHING, values), before
