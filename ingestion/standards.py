"""What standardising a dataset's records needs: which columns there are, and what makes them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from pyspark.sql import Column
from pyspark.sql import functions as F

from ingestion.batch_rules import RAW, SharedColumn
from ingestion.channels import Dataset
from ingestion.high_columns import HighColumn, high_columns, protection
from ingestion.key_parts import key_parts
from ingestion.mapping import FILE, LINE, IntoTable, MappedColumn
from ingestion.part_columns import TEXTUAL, PartColumns, made_name, part_columns
from ingestion.protection import Step
from language.aggregates import Aggregate, render_aggregate
from language.binding import bind, quoted
from language.expressions import Expression
from model.canonical import SPARK_TYPES
from model.identity_policy import IdentityPolicy
from model.slice_counts import NO_CHECKS, RecordChecks
from privacy.tokens import TokenKey

COUNTED = {"_trims": "int", "_widths": "int", "_deleted": "boolean", "_refused": "string"}


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
    def raw(self) -> dict[str, str]:
        """The columns that hold the raw fields, and these; none where they are not kept."""
        if not self.keep_raw:
            return {}
        sealed = self.dataset.sealed
        return {
            f"_sealed_raw_{name}" if name in sealed else f"{RAW}{name}": name
            for name in self.dataset.entry.fields
        }

    @cached_property
    def early_high(self) -> dict[str, str]:
        """The high-pii columns that are a bare field, and that field: known where it is read."""
        fields, bare = self.dataset.entry.fields, [high for high in self.high if not high.part]
        return {
            high.prefix: high.field
            for high in bare if high.field and fields[high.field].type in TEXTUAL
        }  # fmt: skip

    @cached_property
    def parts(self) -> PartColumns:
        """The columns that are parts of a value."""
        return part_columns(self.dataset, self.high)

    @cached_property
    def late_high(self) -> dict[str, str]:
        """The high-pii columns that wait for an expression, and its SQL."""
        early = {*self.early_high, *self.parts.early}
        return {high.prefix: high.sql for high in self.high if high.prefix not in early}

    @cached_property
    def steps(self) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
        """What is protected where records are read, and what waits for an expression."""
        late = {*self.late_high}
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
        made = made_name(table.table.name, column.name)
        if column.part:
            return made
        for name, field in self.dataset.entry.fields.items():
            fits = isinstance(column.value, Aggregate) or SPARK_TYPES[field.type] == wanted
            if inner is not None and inner.sql == quoted(name) and fits:
                return quoted(name)
        return made

    def day(self, table: IntoTable) -> str:
        """The column with the business day of a table's time; null where it has none."""
        return f"_day_{table.table.name}"

    def takes(self, table: IntoTable) -> str:
        """Whether a table takes a record, as SQL over the standardised rows."""
        return "true" if table.where is None else f"_takes_{table.table.name}"

    @cached_property
    def early_days(self) -> dict[str, str | None]:
        """The days that are told by a field (None: by nothing, so they are null), by column."""
        found: dict[str, str | None] = {}
        for table in self.dataset.tables:
            inner = self._time(table)
            field = self._bare_field(inner)
            if inner is None or field:
                found[self.day(table)] = field
        return found

    @cached_property
    def late_days(self) -> dict[str, Expression]:
        """The days that wait for an expression, by column."""
        times = {self.day(table): self._time(table) for table in self.dataset.tables}
        return {
            day: time for day, time in times.items() if time and day not in self.early_days
        }

    def _time(self, table: IntoTable) -> Expression | None:
        """What tells a table's time of one record; None where nothing does that may be shown."""
        given = table.given(table.table.time)
        return given.over_record if given and not given.is_high else None

    def _bare_field(self, value: Expression | None) -> str | None:
        fields = self.dataset.entry.fields
        return next((name for name in fields if value and value.sql == quoted(name)), None)

    def prefix(self, column: MappedColumn) -> str:
        """What the names of a high-pii column's internal columns begin with."""
        wanted = (column.name, column.sql, column.part)
        return next(
            high.prefix for high in self.high if (high.name, high.sql, high.part) == wanted
        )

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
            if table.where is not None:
                made[self.takes(table)] = f"coalesce({table.where}, false)"
            for column in table.columns:
                source, inner = self.source(table, column), column.over_record
                is_made = source.startswith("_made_") and not (column.is_high or column.part)
                if inner is not None and is_made:
                    type_ = SPARK_TYPES[column.column.type]
                    is_whole = not isinstance(column.value, Aggregate)
                    made[source] = f"cast({inner.sql} as {type_})" if is_whole else inner.sql
        return made

    @cached_property
    def early_key_faults(self) -> tuple[tuple[str, str], ...]:
        """(reason code, field): a record without its whole key is no row."""
        parts = key_parts(self.dataset)
        return tuple((part.code, part.field) for part in parts if part.field and not part.where)

    @cached_property
    def key_faults(self) -> tuple[tuple[str, str], ...]:
        """(reason code, SQL): the same, where an expression decides; and a record that fails a
        check which says quarantine."""
        return (*(
            (part.code, f"({part.sql}) IS NULL AND ({part.where or 'true'})")
            for part in key_parts(self.dataset) if part.where or not part.field
        ), *self.checks.faults.values())  # fmt: skip

    @cached_property
    def is_done_early(self) -> bool:
        """Whether records are standardised where they are read: no expression is left."""
        late = (self.expressions, self.late_days, self.parts.late, self.key_faults, self.steps[1])
        return not any(late)

    @cached_property
    def shared(self) -> dict[str, SharedColumn]:
        """The tokens and seals of high-pii columns that are those of their identifiers."""
        found = {}
        for high in self.high:
            if high.slots:
                tokens = tuple(f"_token_{n}" for n in high.slots)
                seals = tuple(f"_sealed_{n}" for n in high.slots)
                found[f"{high.prefix}_token"] = SharedColumn(tokens, "string")
                found[f"{high.prefix}_sealed"] = SharedColumn(seals, "binary")
        return found

    @cached_property
    def set_columns(self) -> tuple[str, ...]:
        """The tokens and seals that follow from a record's set of identifiers."""
        numbers = range(len(self.dataset.slots))
        return tuple(f"{name}_{n}" for n in numbers for name in ("_token", "_sealed"))

    @cached_property
    def columns_without_sets(self) -> tuple[str, ...]:
        """The columns of the standardised rows where the sets are told elsewhere: without theirs,
        but for the tokens by which the gate tells values apart."""
        asked = {*self.checks.fields} - {*self.checks.untold}
        told = {token for name in asked for token in self.told_by(name)}
        return tuple(
            name for name in self.columns if name not in self.set_columns or name in told
        )

    @cached_property
    def columns_without_rows(self) -> tuple[str, ...]:
        """The same where all tables' rows are written elsewhere too: what tells which record
        stands, what the gate asks, and the values of people."""
        tables, fields = self.dataset.tables, self.dataset.entry.fields
        told: set[str | None] = {*self.checks.fields}
        told -= {*self.checks.untold}
        for table in tables:
            times = (table.given(table.table.time),) if table.given(table.table.time) else ()
            told |= {column.field for column in (*table.key, *times)}
        left_out = {name for name in fields if name not in told} | {FILE}
        left_out |= {f"{high.prefix}_mask" for high in self.high} | {*self.parts.shown}
        return tuple(name for name in self.columns_without_sets if name not in left_out)

    def told_by(self, field: str) -> tuple[str, ...]:
        """The columns of which the first that is there tells a high-pii field's values apart; none
        where nothing does."""
        wholes = (each for each in self.high if each.field == field and not each.part)
        high = next(wholes, None)
        slots = enumerate(self.dataset.slots)
        tokens = tuple(f"_token_{n}" for n, slot in slots if slot.field == field)
        return (f"{high.prefix}_token",) if high else tokens

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The columns of the standardised rows (see `standardise`)."""
        early, late = self.steps
        return (
            "_number", FILE, LINE, "_order", "_counts", "_reasons", *COUNTED, "_sighting",
            *map(self.day, self.dataset.tables), *self.checks.presence, *self.expressions,
            *self.parts.shown, *self.unsealed_raw, *self.readable_fields,
            *(step.output for step in (*early, *late)), *self.shared,
        )  # fmt: skip
