"""What tasks that read files are told of a dataset, whose channel they do not know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import pyarrow as pa

from ingestion.entries import DeletedEntry, FieldEntry
from ingestion.protection import Step
from ingestion.slots import IdentifierSlot
from model.canonical import Part
from model.identity_policy import IdentifierKind

RAW = "_raw_"  # begins the names of columns of values as they were read
Columns = dict[str, pa.Array]


class RawBatch(NamedTuple):
    """Records as they were read: their lines, own texts (ends of lines included), reason codes of
    those that have no values, and values by field."""

    lines: pa.Array
    texts: pa.Array
    problems: pa.Array
    values: Mapping[str, pa.Array]


class SharedColumn(NamedTuple):
    """A column that holds what others do: of each record the first that is there."""

    parts: tuple[str, ...]
    type: str


class PartOf(NamedTuple):
    """A column that is a part of a field's values."""

    field: str
    part: Part


@dataclass(frozen=True)
class BatchRules:
    """What a task must know of a dataset; `outputs` are the columns it gives, with Spark's types.

    `accounts` are fields without which a record has no account; `key_faults` are reason codes of
    fields that may not be missing; `days` maps a column to the field that tells its day (None:
    nothing does) in `zone_of_days`; `high` maps an internal column to the field whose value, as
    text, it holds; `parts` maps one to the part of a field's values that it is; `steps` make the
    protected columns, and `shared` ones are the first that is there of some of these; `presence`
    maps a column to the field of which it tells whether it has a value.
    """

    fields: Mapping[str, FieldEntry]
    slots: Sequence[tuple[IdentifierSlot, IdentifierKind]]
    accounts: Sequence[str]
    key_faults: Sequence[tuple[str, str]]
    time_zone: str
    days: Mapping[str, str | None]
    zone_of_days: str
    deleted: DeletedEntry | None
    high: Mapping[str, str]
    steps: Sequence[Step]
    shared: Mapping[str, SharedColumn]
    presence: Mapping[str, str]
    outputs: Mapping[str, str]
    parts: Mapping[str, PartOf] = field(default_factory=dict)

    def steps_of(self, source: str) -> list[Step]:
        """The steps that make something of a column."""
        return [step for step in self.steps if step.source == source]

    @cached_property
    def judged(self) -> tuple[str, ...]:
        """The columns that follow from one record's values alone: those that are given as they are,
        and those that others are made of."""
        made = {*self.shared, "_sighting", *(step.output for step in self.steps)}
        ids = (f"_id_{number}" for number in range(len(self.slots)) if self.steps)
        sources = (*ids, *(step.source for step in self.steps))
        given = (name for name in self.outputs if name not in made)
        return tuple(dict.fromkeys(("_line", *given, *sources)))

    @cached_property
    def made(self) -> frozenset[str]:
        """The protected columns that are wanted of every record, not of its set alone."""
        wanted = {*self.outputs}
        for name, shared in self.shared.items():
            wanted |= {*shared.parts} if name in self.outputs else set()
        for step in self.steps:
            if step.output in self.outputs:
                wanted.add(self.sealed_before.get(step.source, ("", ""))[1])
        return frozenset(wanted)

    @cached_property
    def sealed_before(self) -> dict[str, tuple[str, str]]:
        """Raw column → the column of what it was read as, and that of its seals."""
        found = {f"{RAW}{field}": (name, f"{name}_sealed") for name, field in self.high.items()}
        for number, (slot, _) in enumerate(self.slots):
            found[f"{RAW}{slot.field}"] = (f"_id_{number}", f"_sealed_{number}")
        return found

    @property
    def identified(self) -> frozenset[str]:
        """The fields that hold identifiers."""
        return frozenset(slot.field for slot, _ in self.slots)
