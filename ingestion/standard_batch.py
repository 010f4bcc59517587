"""A batch of a file's records made standard: tidied, identified, typed, judged and protected.

Runs inside tasks, and knows no channels: the rules it is given are the dataset's. Everything that
depends on one record alone is done here; what needs the expression language follows in Spark
(ingestion.standard).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from identity.normalise import judged, spellings
from ingestion.batch_rules import RAW, BatchRules, Columns, RawBatch
from ingestion.known_values import Function, KnownValues
from ingestion.protection import Step
from ingestion.sighting_numbers import sighting_column
from ingestion.tidy_text import changed_count, half_width_texts, trimmed_texts
from ingestion.typed_fields import fault, typed
from model.ddl_types import arrow_type
from model.identity_policy import IdentifierKind
from privacy.tokens import per_distinct

CLEAN = "_clean_"  # begins the names of columns of texts as they are read on
_TEXT = pa.string()


def standard_batch(batch: RawBatch, rules: BatchRules, known: KnownValues) -> Columns:
    """The batch's columns named in `rules.outputs`; `known` is what this task has met so far.

    `_reasons` are the record's faults so far, joined by commas (empty: none); `_refused` are codes
    `kind:reason` of fields that hold something but no identifier; `_original` is the text of a
    record that has a fault (of every record, where it is an output); a field with identifiers holds
    the one it is, in its one spelling.
    """
    columns = _tidied(batch)
    identified, places = _identified(columns, rules, known)
    columns |= identified
    columns |= _typed(columns, rules, known)
    columns["_reasons"] = _reasons(batch, columns, rules)
    columns["_original"] = _originals(batch, columns["_reasons"], rules)
    columns["_deleted"] = _deleted(columns, rules, len(batch.lines))
    columns |= _days(columns, rules, len(batch.lines))
    columns |= {name: columns[field].cast(_TEXT) for name, field in rules.high.items()}
    for source in dict.fromkeys(step.source for step in rules.steps):
        if not source.startswith("_id_"):  # what is made of identifiers is made with them
            columns |= _made_of(source, columns, rules, known)
    for name, shared in rules.shared.items():
        columns[name] = pc.coalesce(*(columns[part] for part in shared.parts))
    if "_sighting" in rules.outputs:
        columns["_sighting"] = sighting_column(columns, rules, places, known)
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


def _identified(
    columns: Columns, rules: BatchRules, known: KnownValues
) -> tuple[Columns, list[pa.Array]]:
    """Of every slot `_id_<n>` and what is made of it; the field's one identifier; `_refused`. And
    which records hold the same, by slot."""
    found: Columns = {}
    places = []
    first: dict[str, tuple[str, IdentifierKind]] = {}  # the kind that tells why none is held
    for number, (slot, kind) in enumerate(rules.slots):
        source = f"_id_{number}"
        steps = rules.steps_of(source)
        types = [_TEXT, *(arrow_type(step.type) for step in steps)]
        make = partial(_spelt_and_protected, kind, steps)
        made = known.of(source, make, columns[CLEAN + slot.field], types)
        names = [source, *(step.output for step in steps)]
        found |= dict(zip(names, made.results, strict=True))
        places.append(made.places)
        held, ids = found.get(slot.field), made.results[0]
        found[slot.field] = ids if held is None else pc.coalesce(held, ids)
        first.setdefault(slot.field, (slot.kind, kind))
    told = []
    for field, (name, kind) in first.items():
        lost = pc.if_else(found[field].is_null(), columns[CLEAN + field], _NOTHING)
        if lost.null_count < len(lost):
            told.append(per_distinct(_refused_as(name, kind), lost, _TEXT))
    return found | {"_refused": _joined(told, len(columns["_trims"]))}, places


def _made_of(source: str, columns: Columns, rules: BatchRules, known: KnownValues) -> Columns:
    """What the steps make of one column."""
    steps = rules.steps_of(source)
    values, before = _but_those_sealed(source, columns, rules)
    if before is not None and values.null_count == len(values):
        return {steps[0].output: before}
    if source == "_original":  # whole lines: long, and none comes again
        return {step.output: step.make()(values) for step in steps}
    make, types = partial(_protected, steps), [arrow_type(step.type) for step in steps]
    made = known.of(source, make, values, types).results
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


def _spelt_and_protected(kind: IdentifierKind, steps: Sequence[Step]) -> Function:
    """Texts → the identifiers they are, and what the steps make of those."""
    made = _protected(steps)

    def identify(texts: pa.Array) -> list[pa.Array]:
        spelt = spellings(texts, kind)
        return [spelt, *made(spelt)]

    return identify


def _protected(steps: Sequence[Step]) -> Function:
    functions = [step.make() for step in steps]
    return lambda values: [function(values) for function in functions]


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
    return pc.coalesce(batch.problems, own)


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
    for name, field in rules.days.items():
        times = pa.nulls(count, pa.date32()) if field is None else columns[field]
        if pa.types.is_timestamp(times.type):
            times = pc.local_timestamp(times.cast(pa.timestamp("us", rules.zone_of_days)))
        found[name] = times.cast(pa.date32())
    return found


def _joined(codes: Sequence[pa.Array], count: int) -> pa.Array:
    """Codes of each record joined by commas; empty where it has none."""
    if not codes:
        return pa.repeat(pa.scalar(""), count)
    # null_handling="skip" would drop the records that have no code at all.
    parts = [pc.fill_null(pc.binary_join_element_wise(",", each, ""), "") for each in codes]
    return pc.utf8_slice_codeunits(pc.binary_join_element_wise(*parts, ""), 1)


_NOTHING = pa.scalar(None, _TEXT)
