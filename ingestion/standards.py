"""What standardising a dataset's records needs: which columns there are, and what makes them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import NamedTuple

from pyspark.sql import Column
from pyspark.sql import functions as F

from ingestion.batch_rules import RAW, SharedColumn
from ingestion.channels import Dataset
from ingestion.high_columns import HighColumn, high_columns, protection
from ingestion.mapping import FILE, LINE, IntoTable, MappedColumn
from ingestion.protection import Step
from language.aggregates import Aggregate, render_aggregate
from language.binding import bind, quoted
from language.expressions import Expression
from model.canonical import SPARK_TYPES
from model.identity_policy import IdentityPolicy
from model.slice_counts import NO_CHECKS, RecordChecks
from privacy.tokens import TokenKey

# Field types whose text is the same wherever it is made.
_TEXTUAL = ("text", "enum", "date")
COUNTED = {"_trims": "int", "_widths": "int", "_deleted": "boolean", "_refused": "string"}


class _KeyPart(NamedTuple):
    """What a key is made of, and the reason code of a record that lacks it."""

    code: str
    sql: str
    field: str | None
    where: str | None


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
            if table.where is not None:
                made[self.takes(table)] = f"coalesce({table.where}, false)"
            for column in table.columns:
                source, inner = self.source(table, column), column.over_record
                if inner is not None and not column.is_high and source.startswith("_made_"):
                    type_ = SPARK_TYPES[column.column.type]
                    is_whole = not isinstance(column.value, Aggregate)
                    made[source] = f"cast({inner.sql} as {type_})" if is_whole else inner.sql
        return made

    @cached_property
    def _key_parts(self) -> tuple[_KeyPart, ...]:
        """All that makes keys and may be missing; fields that say so themselves are left out."""
        entry = self.dataset.entry
        required = {name for name, field in entry.fields.items() if field.required}
        required |= set(self.dataset.accounts)
        parts = []
        for table in self.dataset.tables:
            parts += [
                _KeyPart(f"{table.table.name}.{column.name}:missing", column.value.sql,
                         column.field, table.where)
                for column in table.key
                if not isinstance(column.value, Aggregate) and column.field not in required
            ]  # fmt: skip
            parts += [
                _KeyPart(f"{field}:missing", quoted(field), field, None)
                for field in table.one_row_per if field not in required
            ]  # fmt: skip
        return tuple(parts)

    @cached_property
    def early_key_faults(self) -> tuple[tuple[str, str], ...]:
        """(reason code, field): a record without its whole key is no row."""
        return tuple(
            (part.code, part.field) for part in self._key_parts if part.field and not part.where
        )

    @cached_property
    def key_faults(self) -> tuple[tuple[str, str], ...]:
        """(reason code, SQL): the same, where an expression decides; and a record that fails a
        check which says quarantine."""
        return (*(
            (part.code, f"({part.sql}) IS NULL AND ({part.where or 'true'})")
            for part in self._key_parts if part.where or not part.field
        ), *self.checks.faults.values())  # fmt: skip

    @cached_property
    def is_done_early(self) -> bool:
        """Whether records are standardised where they are read: no expression is left."""
        return not (self.expressions or self.late_days or self.key_faults or self.steps[1])

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
        left_out |= {f"{high.prefix}_mask" for high in self.high}
        return tuple(name for name in self.columns_without_sets if name not in left_out)

    def told_by(self, field: str) -> tuple[str, ...]:
        """The columns of which the first that is there tells a high-pii field's values apart; none
        where nothing does."""
        high = next((each for each in self.high if each.field == field), None)
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
            *self.unsealed_raw, *self.readable_fields, *(step.output for step in (*early, *late)),
            *self.shared,
        )  # fmt: skip
