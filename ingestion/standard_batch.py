"""A batch of a file's records judged: tidied, identified, typed, and told what is wrong with them.

Runs inside tasks, and knows no channels: the rules it is given are the dataset's. Everything that
depends on one record alone is done here; what is made of people's values follows in
ingestion.protected_batch, what needs the expression language in Spark (ingestion.standard).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from identity.normalise import judged, spellings
from ingestion.batch_rules import RAW, BatchRules, Columns, RawBatch
from ingestion.known_values import KnownValues
from ingestion.read_parts import read_parts
from ingestion.tidy_text import changed_count, half_width_texts, trimmed_texts
from ingestion.typed_fields import fault, typed
from model.identity_policy import IdentifierKind
from privacy.tokens import per_distinct

CLEAN = "_clean_"  # begins the names of columns of texts as they are read on
_TEXT = pa.string()


def judged_batch(batch: RawBatch, rules: BatchRules, known: KnownValues) -> Columns:
    """The batch's columns named in `rules.judged`, people's plain values among them: they stay in
    the task. `known` is what this task has met so far.

    `_reasons` are the record's faults so far, joined by commas (empty: none); `_refused` are codes
    `kind:reason` of fields that hold something but no identifier; `_original` is the text of a
    record that has a fault (of every record, where it is an output); a field with identifiers holds
    the one it is, in its one spelling.
    """
    count = len(batch.lines)
    columns = _tidied(batch)
    columns |= _identified(columns, rules)
    columns |= _typed(columns, rules, known)
    columns["_line"] = batch.lines
    columns["_reasons"] = _reasons(batch, columns, rules)
    columns["_original"] = _originals(batch, columns["_reasons"], rules)
    columns["_deleted"] = _deleted(columns, rules, count)
    columns |= _days(columns, rules, count)
    columns |= {
        name: columns[field].cast(_TEXT) for name, field in rules.high.items()
        if name in rules.judged
    }  # fmt: skip
    columns |= read_parts(columns, rules.parts, known)
    columns |= {name: columns[field].is_valid() for name, field in rules.presence.items()}
    return {name: columns[name] for name in rules.judged}


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
    """The identifiers of every slot, `_id_<n>`; the field's one identifier; `_refused`."""
    found: Columns = {}
    first: dict[str, tuple[str, IdentifierKind]] = {}  # the kind that tells why none is held
    for number, (slot, kind) in enumerate(rules.slots):
        ids = spellings(columns[CLEAN + slot.field], kind)
        held = found.get(slot.field)
        found[f"_id_{number}"] = ids
        found[slot.field] = ids if held is None else pc.coalesce(held, ids)
        first.setdefault(slot.field, (slot.kind, kind))
    told = []
    for field, (name, kind) in first.items():
        texts = columns[CLEAN + field]
        if found[field].null_count > texts.null_count:
            lost = pc.if_else(found[field].is_null(), texts, _NOTHING)
            told.append(per_distinct(_refused_as(name, kind), lost, _TEXT))
    return found | {"_refused": _joined(told, len(columns["_trims"]))}


def _refused_as(name: str, kind: IdentifierKind) -> Callable[[str], str]:
    return lambda text: f"{name}:{judged(text, kind)[1] or 'bad_shape'}"


def _typed(columns: Columns, rules: BatchRules, known: KnownValues) -> Columns:
    return {
        name: typed(field, columns[CLEAN + name], rules.time_zone, known)
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
    for code, name in rules.key_faults:
        if (lost := columns[name].is_null()).true_count:
            codes.append(pc.if_else(lost, pa.scalar(code), _NOTHING))
    own = _joined(codes, len(batch.lines))
    return own if batch.problems.null_count == len(own) else pc.coalesce(batch.problems, own)


def _originals(batch: RawBatch, reasons: pa.Array, rules: BatchRules) -> pa.Array:
    """The texts, without the line's end, of the records that have a fault, or may have one yet."""
    if "_original" in rules.outputs:
        return _without_ends(batch.texts)
    has_fault = pc.not_equal(reasons, "")
    nothing = pa.nulls(len(reasons), _TEXT)
    if not pc.any(has_fault).as_py():
        return nothing
    return pc.replace_with_mask(nothing, has_fault, _without_ends(batch.texts.filter(has_fault)))


def _without_ends(texts: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(texts, r"(?:\r\n|\r|\n)\z", "")


def _deleted(columns: Columns, rules: BatchRules, count: int) -> pa.Array:
    if rules.deleted is None:
        return pa.repeat(pa.scalar(False), count)
    values = pa.array(rules.deleted.values, _TEXT)
    return pc.is_in(columns[CLEAN + rules.deleted.field], value_set=values)


def _days(columns: Columns, rules: BatchRules, count: int) -> Columns:
    """The business days that fields tell; null where there is none."""
    found = {}
    for name in rules.days.keys() & rules.judged:
        field = rules.days[name]
        times = pa.nulls(count, pa.date32()) if field is None else columns[field]
        if pa.types.is_timestamp(times.type):
            times = pc.local_timestamp(times.cast(pa.timestamp("us", rules.zone_of_days)))
        found[name] = times.cast(pa.date32())
    return found


def _joined(codes: Sequence[pa.Array], count: int) -> pa.Array:
    """Codes of each record joined by commas; empty where it has none."""
    none = pa.repeat(pa.scalar(""), count)
    if not codes:
        return none
    # Few records have any: only those are joined.
    has_one = np.logical_or.reduce([code.is_valid().to_numpy(False) for code in codes])
    told = [code.filter(pa.array(has_one)) for code in codes]
    joined = pc.binary_join_element_wise(*told, ",", null_handling="skip")
    return pc.replace_with_mask(none, pa.array(has_one), joined)


_NOTHING = pa.scalar(None, _TEXT)
