"""A batch of a file's records made standard: tidied, identified, typed, judged and protected.

Runs inside tasks, and knows no channels: the rules it is given are the dataset's. Everything that
depends on one record alone is done here; what needs the expression language follows in Spark
(ingestion.standard).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from identity.normalise import judged
from ingestion.entries import DeletedEntry, FieldEntry
from ingestion.protection import Step
from ingestion.slots import IdentifierSlot
from ingestion.tidy_text import changed_count, half_width_texts, trimmed_texts
from ingestion.typed_fields import fault, typed
from model.identity_policy import IdentifierKind
from model.node_ids import sighting_number
from privacy.tokens import per_distinct

RAW, CLEAN = "_raw_", "_clean_"
_TEXT = pa.string()
Columns = dict[str, pa.Array]


class RawBatch(NamedTuple):
    """Records as they were read: their lines, own texts, reason codes and values by field."""

    lines: Sequence[int]
    texts: Sequence[str]
    problems: Sequence[str | None]
    values: Mapping[str, pa.Array]


@dataclass(frozen=True)
class BatchRules:
    """What a task must know of a dataset; `outputs` are the columns it gives, with Spark's types.

    `accounts` are fields without which a record has no account; `high` maps an internal column to
    the field whose value, as text, it holds; `steps` make the protected columns.
    """

    fields: Mapping[str, FieldEntry]
    slots: Sequence[tuple[IdentifierSlot, IdentifierKind]]
    accounts: Sequence[str]
    time_zone: str
    deleted: DeletedEntry | None
    high: Mapping[str, str]
    steps: Sequence[Step]
    shared_tokens: Mapping[str, Sequence[int]]
    outputs: Mapping[str, str]

    @property
    def identified(self) -> frozenset[str]:
        """The fields that hold identifiers."""
        return frozenset(slot.field for slot, _ in self.slots)


def standard_batch(batch: RawBatch, rules: BatchRules) -> Columns:
    """The batch's columns named in `rules.outputs`.

    `_reasons` are the record's faults so far, joined by commas (empty: none); `_refused` are codes
    `kind:reason` of fields that hold something but no identifier; `_original` is the text of a
    record that has a fault (of every record, where it is an output); a field with identifiers holds
    the one it is, in its one spelling.
    """
    columns = _tidied(batch)
    columns |= _identified(columns, rules)
    columns |= _typed(columns, rules)
    columns["_reasons"] = _reasons(batch, columns, rules)
    columns["_original"] = _originals(batch, columns["_reasons"], rules)
    columns["_deleted"] = _deleted(columns, rules, len(batch.lines))
    columns |= {name: columns[field].cast(_TEXT) for name, field in rules.high.items()}
    for step in rules.steps:
        columns[step.output] = step.function(columns[step.source])
    columns |= _sightings(columns, rules, len(batch.lines))
    return {name: columns[name] for name in rules.outputs}


def _tidied(batch: RawBatch) -> Columns:
    """The fields as they were and as they are read on, and how many values of a record changed."""
    count = len(batch.lines)
    trimmed = {name: trimmed_texts(values) for name, values in batch.values.items()}
    clean = {name: half_width_texts(values) for name, values in trimmed.items()}
    return {
        "_trims": changed_count(count, [(batch.values[n], trimmed[n]) for n in trimmed]),
        "_widths": changed_count(count, [(trimmed[n], clean[n]) for n in trimmed]),
        **{f"{RAW}{name}": values for name, values in batch.values.items()},
        **{f"{CLEAN}{name}": values for name, values in clean.items()},
    }


def _identified(columns: Columns, rules: BatchRules) -> Columns:
    """`_id_<n>` of every slot, the field's one identifier, and `_refused`."""
    found: Columns = {}
    first: dict[str, tuple[str, IdentifierKind]] = {}  # the kind that tells why none is held
    for number, (slot, kind) in enumerate(rules.slots):
        ids = per_distinct(_spelt_as(kind), columns[CLEAN + slot.field], _TEXT)
        held = found.get(slot.field)
        found[f"_id_{number}"] = ids
        found[slot.field] = ids if held is None else pc.coalesce(held, ids)
        first.setdefault(slot.field, (slot.kind, kind))
    told = []
    for name, (kind_name, kind) in first.items():
        lost = pc.if_else(found[name].is_null(), columns[CLEAN + name], _NOTHING)
        told.append(per_distinct(_refused_as(kind_name, kind), lost, _TEXT))
    return found | {"_refused": _joined(told, len(columns["_trims"]))}


def _spelt_as(kind: IdentifierKind) -> Callable[[str], str | None]:
    return lambda text: judged(text, kind)[0]


def _refused_as(name: str, kind: IdentifierKind) -> Callable[[str], str]:
    return lambda text: f"{name}:{judged(text, kind)[1] or 'bad_shape'}"


def _typed(columns: Columns, rules: BatchRules) -> Columns:
    return {
        name: typed(field, columns[CLEAN + name], rules.time_zone)
        for name, field in rules.fields.items() if name not in rules.identified
    }  # fmt: skip


def _reasons(batch: RawBatch, columns: Columns, rules: BatchRules) -> pa.Array:
    """The codes of all faults, or the one problem for which the record has no values."""
    codes = []
    for name, field in rules.fields.items():
        texts, values = columns[CLEAN + name], columns[name]
        code = fault(field, texts, values)
        if name in rules.identified and (field.required or name in rules.accounts):
            code = pc.if_else(values.is_null(), "ill_formed", code)
            code = pc.if_else(texts.is_null(), "missing", code)
        if code.null_count < len(code):
            codes.append(pc.binary_join_element_wise(f"{name}:", code, ""))
    own = _joined(codes, len(batch.lines))
    problems = pa.array(batch.problems, _TEXT)
    return pc.if_else(problems.is_valid(), problems, own)


def _originals(batch: RawBatch, reasons: pa.Array, rules: BatchRules) -> pa.Array:
    """The texts, without the line's end, of the records that have a fault, or may have one yet."""
    if "_original" in rules.outputs:
        return pa.array(map(_without_end, batch.texts), _TEXT)
    if not pc.any(pc.not_equal(reasons, "")).as_py():
        return pa.nulls(len(reasons), _TEXT)
    told = zip(batch.texts, reasons.to_pylist(), strict=True)
    return pa.array([_without_end(text) if why else None for text, why in told], _TEXT)


def _without_end(text: str) -> str:
    return text.removesuffix("\n").removesuffix("\r")


def _deleted(columns: Columns, rules: BatchRules, count: int) -> pa.Array:
    if rules.deleted is None:
        return pa.repeat(pa.scalar(False), count)
    values = pa.array(rules.deleted.values, _TEXT)
    return pc.is_in(columns[CLEAN + rules.deleted.field], value_set=values)


def _sightings(columns: Columns, rules: BatchRules, count: int) -> Columns:
    """`_sighting`: the number of the record's set of identifiers; null where it has none."""
    shared = {
        name: pc.coalesce(*(columns[f"_token_{n}"] for n in numbers))
        for name, numbers in rules.shared_tokens.items()
    }
    places = [(slot.kind, slot.scope) for slot, _ in rules.slots]
    coded = [columns[f"_token_{n}"].dictionary_encode() for n in range(len(places))]
    tokens = [each.dictionary.to_pylist() for each in coded]
    known: dict[tuple[int | None, ...], int | None] = {}
    numbers: list[int | None] = []
    for codes in zip(*(each.indices.to_pylist() for each in coded), strict=True):
        if codes not in known:
            known[codes] = sighting_number([
                (kind, scope, tokens[n][code])
                for n, ((kind, scope), code) in enumerate(zip(places, codes, strict=True))
                if code is not None
            ])
        numbers.append(known[codes])
    return shared | {"_sighting": pa.array(numbers or [None] * count, pa.int64())}


def _joined(codes: Sequence[pa.Array], count: int) -> pa.Array:
    """Codes of each record joined by commas; empty where it has none."""
    if not codes:
        return pa.repeat(pa.scalar(""), count)
    # null_handling="skip" would drop the records that have no code at all.
    parts = [pc.fill_null(pc.binary_join_element_wise(",", each, ""), "") for each in codes]
    return pc.utf8_slice_codeunits(pc.binary_join_element_wise(*parts, ""), 1)


_NOTHING = pa.scalar(None, _TEXT)
