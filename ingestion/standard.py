"""Records of text become the standardised frame: typed, judged, and without any plain pii.

Nearly all of it happens where the records are read (ingestion.standard_batch); here follows what
the expression language decides. Internal columns begin with an underscore, which no field may.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ingestion.channels import Dataset
from ingestion.high_columns import HighColumn, high_columns, protection
from ingestion.mapping import FILE, LINE, IntoTable, MappedColumn
from ingestion.protection import Step, protected
from ingestion.standard_batch import RAW, BatchRules
from language.aggregates import Aggregate, render_aggregate
from language.binding import bind, quoted
from model.canonical import SPARK_TYPES
from model.identity_policy import IdentityPolicy
from model.slice_counts import NO_CHECKS, RecordChecks
from privacy.tokens import TokenKey

# Field types whose text is the same wherever it is made.
_TEXTUAL = ("text", "enum", "date")
_COUNTED = {"_trims": "int", "_widths": "int", "_deleted": "boolean", "_refused": "string"}


@dataclass(frozen=True)
class Standards:
    """What standardising a dataset's records needs; `time_zone` is the project's."""

    dataset: Dataset
    policy: IdentityPolicy
    key: TokenKey
    time_zone: str
    business_date: date
    keep_raw: bool
    checks: RecordChecks = NO_CHECKS

    def sql(self, text: str) -> Column:
        """Rendered SQL of the expression language as a column of this night."""
        return F.expr(bind(text, self.business_date, self.time_zone))

    @cached_property
    def high(self) -> tuple[HighColumn, ...]:
        """The dataset's high-pii columns, numbered."""
        return high_columns(self.dataset)

    @cached_property
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

    @cached_property
    def unsealed_raw(self) -> tuple[str, ...]:
        """Raw columns that are kept as the text they were."""
        if not self.keep_raw:
            return ()
        fields = self.dataset.entry.fields
        return tuple(RAW + name for name in fields if name not in self.dataset.sealed)

    @cached_property
    def early_high(self) -> dict[str, str]:
        """The high-pii columns that are a bare field, and that field: known where it is read."""
        fields = self.dataset.entry.fields
        return {
            high.prefix: high.field
            for high in self.high if high.field and fields[high.field].type in _TEXTUAL
        }  # fmt: skip

    @cached_property
    def steps(self) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
        """What is protected where records are read, and what waits for an expression."""
        late = {high.prefix for high in self.high} - set(self.early_high)
        if self.key_faults:
            late.add("_original")  # whether it is kept is known only then
        every = protection(self.dataset, self.high, self.key, self.keep_raw)
        return (
            tuple(step for step in every if step.source not in late),
            tuple(step for step in every if step.source in late),
        )

    def source(self, table: IntoTable, column: MappedColumn) -> str:
        """The column of the standardised frame that holds a mapped value, or an aggregate's
        argument, in the type of the table's column."""
        inner, wanted = column.over_record, SPARK_TYPES[column.column.type]
        for name, field in self.dataset.entry.fields.items():
            fits = isinstance(column.value, Aggregate) or SPARK_TYPES[field.type] == wanted
            if inner is not None and inner.sql == quoted(name) and fits:
                return quoted(name)
        return f"_made_{table.table.name}_{column.name}"

    def day(self, table: IntoTable) -> str:
        """The column with the business day of a table's time; null where it has none."""
        return f"_day_{table.table.name}"

    def prefix(self, column: MappedColumn) -> str:
        """What the names of a high-pii column's internal columns begin with."""
        wanted = (column.name, column.sql)
        return next(high.prefix for high in self.high if (high.name, high.sql) == wanted)

    def aggregate(self, table: IntoTable, column: MappedColumn, argument: str = "") -> str:
        """A roll-up's aggregate as SQL over the columns of the standardised frame; of another
        column where one is given."""
        value = column.value
        if not isinstance(value, Aggregate):
            raise TypeError(f"{column.name} is no aggregate")
        if value.argument is not None:
            sql = argument or self.source(table, column)
            value = replace(value, argument=replace(value.argument, sql=sql))
        return render_aggregate(value, "_order", "not _deleted", self.day(table))

    @cached_property
    def expressions(self) -> dict[str, str]:
        """The columns that the expression language adds to the records, as its SQL."""
        made: dict[str, str] = {}
        for table in self.dataset.tables:
            made[f"_takes_{table.table.name}"] = f"coalesce({table.where or 'true'}, false)"
            for column in table.columns:
                source, inner = self.source(table, column), column.over_record
                if inner is not None and not column.is_high and source.startswith("_made_"):
                    type_ = SPARK_TYPES[column.column.type]
                    is_whole = not isinstance(column.value, Aggregate)
                    made[source] = f"cast({inner.sql} as {type_})" if is_whole else inner.sql
        for name in self.checks.fields:
            if self.told_by(name) == _told_by_presence(name):
                made[f"_has_{name}"] = f"{quoted(name)} IS NOT NULL"
        return made

    def told_by(self, name: str) -> str:
        """SQL over the standardised frame that tells whether a field has a value and which are
        the same: the value itself, or for high pii its token, or at least that it is there."""
        if name in self.readable_fields:
            return quoted(name)
        slots = [n for n, slot in enumerate(self.dataset.slots) if slot.field == name]
        if slots:
            return f"coalesce({', '.join(f'_token_{n}' for n in slots)})"
        tokens = (f"{high.prefix}_token" for high in self.high if high.field == name)
        return next(tokens, _told_by_presence(name))

    @cached_property
    def key_faults(self) -> tuple[tuple[str, str], ...]:
        """(reason code, SQL): a record without its whole key is no row, nor is one that fails a
        check which says quarantine.

        Fields that say so themselves are left out.
        """
        entry = self.dataset.entry
        required = {name for name, field in entry.fields.items() if field.required}
        required |= set(self.dataset.accounts)
        faults = []
        for table in self.dataset.tables:
            for column in table.key:
                if not isinstance(column.value, Aggregate) and column.field not in required:
                    sql = f"({column.value.sql}) IS NULL AND ({table.where or 'true'})"
                    faults.append((f"{table.table.name}.{column.name}:missing", sql))
            faults += [
                (f"{field}:missing", f"{quoted(field)} IS NULL")
                for field in table.one_row_per if field not in required
            ]  # fmt: skip
        return (*faults, *self.checks.faults.values())


def _told_by_presence(name: str) -> str:
    return f"case when _has_{name} then 'there' end"


def batch_rules(standards: Standards) -> BatchRules:
    """What the tasks that read the files do with every batch."""
    dataset, (early, _) = standards.dataset, standards.steps
    fields = dataset.entry.fields
    shown = dict.fromkeys((*standards.readable_fields, *_fields_of_expressions(standards)))
    late_text = {"_original": "string"} if standards.key_faults else {}
    shared = {f"{high.prefix}_token": high.slots for high in standards.high if high.slots}
    return BatchRules(
        fields=fields,
        slots=[(slot, standards.policy.kinds[slot.kind]) for slot in dataset.slots],
        accounts=dataset.accounts,
        time_zone=dataset.entry.time_zone or standards.time_zone,
        deleted=dataset.entry.deleted,
        high=standards.early_high,
        steps=early,
        shared_tokens=shared,
        outputs={
            "_reasons": "string", **_COUNTED, "_sighting": "bigint", **late_text,
            **dict.fromkeys(standards.unsealed_raw, "string"),
            **{name: SPARK_TYPES[fields[name].type] for name in shown},
            **{step.output: step.type for step in early}, **dict.fromkeys(shared, "string"),
        },
    )  # fmt: skip


def standardise(records: DataFrame, standards: Standards) -> DataFrame:
    """One row per record of `ingestion.reader.read_records`, and its rows of counts, unchanged.

    Columns: `_number`, `_file`, `_line`, `_order`, `_counts`; `_reasons` (codes joined by commas;
    empty: accepted), `_deleted`, `_day_<table>` (null: the record tells none), `_takes_<table>`,
    `_made_<table>_<column>` (values that are no bare field),
    `_trims` and `_widths` (changed values), `_refused` (`kind:reason`, joined by commas),
    `_sealed_line`, `_token_<n>`, `_sealed_<n>`, `_sighting`, the high-pii columns' token, mask and
    seal, raw fields as `_raw_<field>` or `_sealed_raw_<field>`, and the readable typed fields.
    """
    early, late = standards.steps
    made = [standards.sql(sql).alias(name) for name, sql in standards.expressions.items()]
    days = {standards.day(table): _day(table, standards) for table in standards.dataset.tables}
    records = records.transform(_judged, standards).select(
        "*", *(column.alias(name) for name, column in days.items()), *made
    )
    if late:
        records = records.transform(_protected, late, standards)
    return records.select(
        "_number", FILE, LINE, "_order", "_counts", "_reasons", *_COUNTED, "_sighting",
        *days, *standards.expressions, *standards.unsealed_raw, *standards.readable_fields,
        *(step.output for step in (*early, *late)),
        *(f"{high.prefix}_token" for high in standards.high if high.slots),
    )  # fmt: skip


def _fields_of_expressions(standards: Standards) -> list[str]:
    """High-pii fields that an expression of the dataset reads; they leave the frame right after."""
    late = [high.sql for high in standards.high if high.prefix not in standards.early_high]
    faults = [sql for _, sql in standards.key_faults]
    text = " ".join([*late, *faults, *standards.expressions.values()])
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
    high = [high for high in standards.high if high.prefix not in standards.early_high]
    values = {each.prefix: standards.sql(each.sql).cast("string") for each in high}
    if standards.key_faults:
        values["_original"] = F.when(F.col("_reasons") != "", F.col("_original"))
    whole = records.withColumns(values).withColumn("_late", protected(late))
    outputs = [F.col(f"_late.`{step.output}`").alias(step.output) for step in late]
    return whole.select("*", *outputs)


def _day(table: IntoTable, standards: Standards) -> Column:
    """The business day of a table's time: of a date, or of a UTC timestamp in the project's time
    zone; null where the table has none that may be shown."""
    given = table.given(table.table.time)
    inner = given.over_record if given and not given.is_high else None
    if inner is None:
        return F.lit(None).cast("date")
    time = standards.sql(inner.sql)
    is_instant = inner.type == "timestamp"
    return (F.from_utc_timestamp(time, standards.time_zone) if is_instant else time).cast("date")
