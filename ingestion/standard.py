"""Records of text become the standardised rows: typed, judged, and without any plain pii.

Nearly all of it, and often all, happens where the records are read (ingestion.standard_batch,
ingestion.protected_batch); here follows what the expression language decides. Internal columns
begin with an underscore, which no field may.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ingestion.batch_rules import BatchRules
from ingestion.protection import Step, protected
from ingestion.read_parts import part_column
from ingestion.standards import COUNTED, Standards
from language.binding import quoted
from language.expressions import Expression
from model.canonical import SPARK_TYPES


def batch_rules(standards: Standards) -> BatchRules:
    """What the tasks that read the files do with every batch."""
    dataset, (early, _) = standards.dataset, standards.steps
    fields = dataset.entry.fields
    read_later = [] if standards.is_done_early else _fields_of_expressions(standards)
    shown = dict.fromkeys((*standards.readable_fields, *read_later))
    late_text = {"_original": "string"} if standards.key_faults else {}
    return BatchRules(
        fields=fields,
        slots=[(slot, standards.policy.kinds[slot.kind]) for slot in dataset.slots],
        accounts=dataset.accounts,
        key_faults=standards.early_key_faults,
        time_zone=dataset.entry.time_zone or standards.time_zone,
        days=standards.early_days,
        zone_of_days=standards.time_zone,
        deleted=dataset.entry.deleted,
        high=standards.early_high,
        parts=standards.parts.early,
        steps=early,
        shared=standards.shared,
        presence=standards.checks.presence,
        outputs={
            "_reasons": "string", **COUNTED, "_sighting": "bigint", **late_text,
            **dict.fromkeys(standards.early_days, "date"),
            **dict.fromkeys(standards.checks.presence, "boolean"),
            **dict.fromkeys(standards.unsealed_raw, "string"),
            **{name: "string" for name in standards.parts.shown if name in standards.parts.early},
            **{name: SPARK_TYPES[fields[name].type] for name in shown},
            **{step.output: step.type for step in early},
            **{name: parts.type for name, parts in standards.shared.items()},
        },
    )  # fmt: skip


def standardise(records: DataFrame, standards: Standards) -> DataFrame:
    """One row per record of `ingestion.reader.read_records`, and its rows of counts, unchanged.

    Columns: `_number`, `_file`, `_line`, `_order`, `_counts`; `_reasons` (codes joined by commas;
    empty: accepted), `_deleted`, `_day_<table>` (null: the record tells none), `_takes_<table>`,
    `_made_<table>_<column>` (values that are no bare field, parts of values),
    `_trims` and `_widths` (changed values), `_refused` (`kind:reason`, joined by commas),
    `_has_<field>` (the gate asks whether it has a value), `_sealed_line`, `_token_<n>`,
    `_sealed_<n>`, `_sighting`, the high-pii columns' token, mask and seal, raw fields as
    `_raw_<field>` or `_sealed_raw_<field>`, and the readable typed fields.
    """
    made = {name: standards.sql(sql) for name, sql in standards.expressions.items()}
    made |= {name: _day(time, standards) for name, time in standards.late_days.items()}
    made |= {
        name: part_column(standards.sql(sql).cast("string"), part)
        for name, (sql, part) in standards.parts.late.items() if name in standards.parts.shown
    }
    records = records.transform(_judged, standards).withColumns(made)
    if late := standards.steps[1]:
        records = records.transform(_protected, late, standards)
    return records.select(*standards.columns)


def _fields_of_expressions(standards: Standards) -> list[str]:
    """High-pii fields that an expression of the dataset reads; they leave the frame right after."""
    late = [*standards.late_high.values(), *(sql for sql, _ in standards.parts.late.values())]
    faults = [sql for _, sql in standards.key_faults]
    days = [time.sql for time in standards.late_days.values()]
    text = " ".join([*late, *faults, *days, *standards.expressions.values()])
    return [name for name in standards.dataset.entry.fields if quoted(name) in text]


def _judged(records: DataFrame, standards: Standards) -> DataFrame:
    if not standards.key_faults:
        return records
    codes = [F.when(standards.sql(sql), code) for code, sql in standards.key_faults]
    own = F.when(F.col("_reasons") != "", F.col("_reasons"))
    # A record that was not read has one problem, which has no colon, and no key to be missed.
    unread = ~F.contains("_reasons", F.lit(":")) & (F.col("_reasons") != "")
    reasons = F.when(unread, F.col("_reasons")).otherwise(F.concat_ws(",", own, *codes))
    return records.withColumns({"_reasons": reasons})


def _protected(records: DataFrame, late: tuple[Step, ...], standards: Standards) -> DataFrame:
    """Adds what `late` steps make of expressions, and of the lines that turned out to be bad."""
    values = {
        prefix: standards.sql(sql).cast("string") for prefix, sql in standards.late_high.items()
    }
    values |= {
        prefix: part_column(values[prefix], part)
        for prefix, (_, part) in standards.parts.late.items() if prefix in values
    }
    if standards.key_faults:
        values["_original"] = F.when(F.col("_reasons") != "", F.col("_original"))
    whole = records.withColumns(values).withColumn("_late", protected(late))
    outputs = [F.col(f"_late.`{step.output}`").alias(step.output) for step in late]
    return whole.select("*", *outputs)


def _day(time: Expression, standards: Standards) -> Column:
    """The business day of a date, or of a UTC timestamp in the project's time zone."""
    value = standards.sql(time.sql)
    is_instant = time.type == "timestamp"
    return (F.from_utc_timestamp(value, standards.time_zone) if is_instant else value).cast("date")
