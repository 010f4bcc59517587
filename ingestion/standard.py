"""Records of text become the standardised frame: typed, judged, and without any plain pii.

Internal columns begin with an underscore, which no field may. `_order` grows in the order in which
versions win where their times tie: generation, file, line.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from identity.normalise import refusal, sound, spelt, stripped
from ingestion.channels import Dataset
from ingestion.high_columns import HighColumn, high_columns, protection
from ingestion.mapping import FILE, LINE, IntoTable
from ingestion.protection import protected
from ingestion.reader import CLEAN, RAW
from ingestion.typed_fields import fault, local_time, typed, utc_time
from language.aggregates import Aggregate
from language.binding import bind
from model.identity_policy import IdentityPolicy
from model.node_ids import sighting_id
from privacy.tokens import TokenKey

_LOCAL = "_local_"


@dataclass(frozen=True)
class Standards:
    """What standardising a dataset's records needs; `time_zone` is the project's."""

    dataset: Dataset
    policy: IdentityPolicy
    key: TokenKey
    time_zone: str
    business_date: date
    keep_raw: bool

    def sql(self, text: str) -> Column:
        """Rendered SQL of the expression language as a column of this night."""
        return F.expr(bind(text, self.business_date, self.time_zone))

    @property
    def high(self) -> tuple[HighColumn, ...]:
        """The dataset's high-pii columns, numbered."""
        return high_columns(self.dataset)

    @property
    def readable_fields(self) -> tuple[str, ...]:
        """Fields whose typed value may stand in a frame: all but the high-pii ones."""
        shown = {
            slot.field for slot in self.dataset.slots if self.policy.kinds[slot.kind].pii == "low"
        }
        hidden = {
            slot.field for slot in self.dataset.slots if self.policy.kinds[slot.kind].pii == "high"
        }
        sealed = self.dataset.sealed - (shown - hidden)
        sealed |= frozenset().union(*(table.high_fields for table in self.dataset.tables))
        return tuple(name for name in self.dataset.entry.fields if name not in sealed)


def standardise(records: DataFrame, standards: Standards) -> DataFrame:
    """One row per record of `ingestion.reader.read_records`, and its rows of counts, unchanged.

    Columns: `_number`, `_file`, `_line`, `_order`, `_counts`; `_reasons` (codes joined by commas;
    empty: accepted), `_deleted`, `_day` (null: the record tells none), `_takes_<table>`,
    `_trims` and `_widths` (changed values), `_refused` (`kind:reason`, joined by commas),
    `_sealed_line`, `_token_<n>`, `_sealed_<n>`, `_sighting`, the high-pii columns' token, mask and
    seal, raw fields as `_raw_<field>` or `_sealed_raw_<field>`, and the readable typed fields.
    """
    return (
        records.transform(_spelt, standards)
        .transform(_typed, standards)
        .transform(_judged, standards)
        .transform(_protected, standards)
    )


def _spelt(records: DataFrame, standards: Standards) -> DataFrame:
    """Adds `_spelt_<n>`, each identifier's spelling, and `_local_<field>`, times as written."""
    slots = list(enumerate(standards.dataset.slots))
    kinds = standards.policy.kinds
    bare = [stripped(F.col(CLEAN + s.field), kinds[s.kind]).alias(f"_bare_{n}") for n, s in slots]
    forms = [spelt(F.col(f"_bare_{n}"), kinds[s.kind]).alias(f"_spelt_{n}") for n, s in slots]
    local = [
        local_time(field, F.col(CLEAN + name)).alias(_LOCAL + name)
        for name, field in standards.dataset.entry.fields.items() if field.type == "timestamp"
    ]  # fmt: skip
    return records.select("*", *bare).select("*", *forms, *local)


def _typed(records: DataFrame, standards: Standards) -> DataFrame:
    entry, kinds = standards.dataset.entry, standards.policy.kinds
    zone = entry.time_zone or standards.time_zone
    ids = [
        sound(F.col(f"_spelt_{number}"), kinds[slot.kind]).alias(f"_id_{number}")
        for number, slot in enumerate(standards.dataset.slots)
    ]
    held = {slot.field for slot in standards.dataset.slots}
    values = [
        (utc_time(field, F.col(CLEAN + name), F.col(_LOCAL + name), zone)
         if field.type == "timestamp" else typed(field, F.col(CLEAN + name))).alias(name)
        for name, field in entry.fields.items() if name not in held
    ]  # fmt: skip
    records = records.select("*", *ids, *values)
    # A field with identifiers holds the one it is: in its one spelling, or nothing.
    return records.select("*", *(_identifier(standards, name).alias(name) for name in sorted(held)))


def _identifier(standards: Standards, field: str) -> Column:
    slots = enumerate(standards.dataset.slots)
    return F.coalesce(*(F.col(f"_id_{n}") for n, slot in slots if slot.field == field))


def _judged(records: DataFrame, standards: Standards) -> DataFrame:
    dataset = standards.dataset
    faults = _faults(standards)
    own = [F.concat(F.lit(f"{name}:"), code) for name, code in faults.items()]
    codes = F.concat_ws(",", *own, *_key_faults(standards))
    reasons = F.when(F.col("_problem").isNotNull(), F.col("_problem")).otherwise(codes)
    is_bad = F.col("_reasons") != ""
    text = F.regexp_replace("_original", r"\r?\n$|\r$", "")
    # Only what is quarantined needs its line; nulls cost nothing on the way to the sealing.
    records = records.select("*", reasons.alias("_reasons")).withColumn(
        "_original", F.when(is_bad, text)
    )
    takes = [_takes(each, standards).alias(f"_takes_{each.table.name}") for each in dataset.tables]
    plain = [standards.sql(each.sql).cast("string").alias(each.prefix) for each in standards.high]
    return records.select(
        "*", _deleted(dataset).alias("_deleted"), _day(standards).alias("_day"), *takes, *plain,
        _refused(standards).alias("_refused"),
        F.shiftleft(F.col("_number").cast("bigint"), 40).bitwiseOR(F.col(LINE)).alias("_order"),
    )  # fmt: skip


def _faults(standards: Standards) -> dict[str, Column]:
    dataset = standards.dataset
    held = {slot.field for slot in dataset.slots}
    found = {}
    for name, field in dataset.entry.fields.items():
        text = F.col(CLEAN + name)
        if name not in held:
            found[name] = fault(field, text, F.col(name))
        elif field.required or name in dataset.accounts:
            missing = F.when(text.isNull(), "missing").when(F.col(name).isNull(), "ill_formed")
            found[name] = F.coalesce(missing, fault(field, text, F.col(name)))
        else:
            found[name] = fault(field, text, F.col(name))
    return found


def _key_faults(standards: Standards) -> list[Column]:
    """A record without its whole key is no row; fields that say so themselves are left out."""
    required = {name for name, field in standards.dataset.entry.fields.items() if field.required}
    required |= set(standards.dataset.accounts)
    faults = []
    for table in standards.dataset.tables:
        for column in table.key:
            if isinstance(column.value, Aggregate) or column.field in required:
                continue
            is_missing = standards.sql(column.value.sql).isNull() & _takes(table, standards)
            faults.append(F.when(is_missing, f"{table.table.name}.{column.name}:missing"))
        for field in table.one_row_per:
            if field not in required:
                faults.append(F.when(F.col(field).isNull(), f"{field}:missing"))
    return faults


def _takes(table: IntoTable, standards: Standards) -> Column:
    return standards.sql(table.where) if table.where else F.lit(True)


def _deleted(dataset: Dataset) -> Column:
    rule = dataset.entry.deleted
    if rule is None:
        return F.lit(False)
    return F.coalesce(F.col(CLEAN + rule.field).isin(*rule.values), F.lit(False))


def _day(standards: Standards) -> Column:
    """The business day of the record's own time: that of the first table it feeds."""
    table = standards.dataset.tables[0]
    given = table.given(table.table.time)
    value = given.value if given else None
    inner = value.argument if isinstance(value, Aggregate) else value
    return business_day(standards.sql(inner.sql), inner.type, standards) if inner else _no_day()


def _no_day() -> Column:
    return F.lit(None).cast("date")


def business_day(value: Column, type_: str, standards: Standards) -> Column:
    """The business day of a date or of a UTC timestamp, in the project's time zone."""
    if type_ == "timestamp":
        return F.from_utc_timestamp(value, standards.time_zone).cast("date")
    return value.cast("date")


def _refused(standards: Standards) -> Column:
    """Codes of the fields that hold something, but none of the identifiers they may be."""
    first: dict[str, int] = {}
    for number, slot in enumerate(standards.dataset.slots):
        first.setdefault(slot.field, number)
    codes = []
    for field, number in first.items():
        kind = standards.dataset.slots[number].kind
        reason = refusal(F.col(f"_spelt_{number}"), standards.policy.kinds[kind])
        told = F.concat(F.lit(f"{kind}:"), F.coalesce(reason, F.lit("bad_shape")))
        codes.append(F.when(F.col(CLEAN + field).isNotNull() & F.col(field).isNull(), told))
    return F.concat_ws(",", *codes) if codes else F.lit("")


def _protected(records: DataFrame, standards: Standards) -> DataFrame:
    dataset, high = standards.dataset, standards.high
    steps = protection(dataset, high, standards.key, standards.keep_raw)
    whole = records.select("*", protected(steps).alias("_protected"))
    outputs = [F.col(f"_protected.`{step.output}`").alias(step.output) for step in steps]
    raw = [RAW + name for name in dataset.entry.fields if name not in dataset.sealed]
    kept = [
        "_number", FILE, LINE, "_order", "_counts", "_reasons", "_deleted", "_day", "_trims",
        "_widths", "_refused", *(f"_takes_{table.table.name}" for table in dataset.tables),
        *(raw if standards.keep_raw else []), *standards.readable_fields,
    ]  # fmt: skip
    return whole.select(*kept, *outputs).transform(_with_sightings, standards)


def _with_sightings(records: DataFrame, standards: Standards) -> DataFrame:
    shared = [
        F.coalesce(*(F.col(f"_token_{n}") for n in each.slots)).alias(f"{each.prefix}_token")
        for each in standards.high if each.slots
    ]  # fmt: skip
    return records.select(
        "*", *shared, sighting_id(identifiers_of(standards.dataset)).alias("_sighting")
    )


def identifiers_of(dataset: Dataset) -> Column:
    """The record's identifiers from its token columns: distinct, sorted structs, maybe none."""
    held = [
        F.when(
            F.col(f"_token_{number}").isNotNull(),
            F.struct(
                F.lit(slot.kind).alias("kind"), F.lit(slot.scope).alias("scope"),
                F.col(f"_token_{number}").alias("token"),
            ),
        )
        for number, slot in enumerate(dataset.slots)
    ]  # fmt: skip
    if not held:
        return F.array().cast("array<struct<kind: string, scope: string, token: string>>")
    return F.sort_array(F.array_distinct(F.array_compact(F.array(*held))))
