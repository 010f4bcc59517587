"""What a night is told beside the rows of persons: stages as they were, values that people set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import pyarrow as pa

from language.binding import quoted, text_literal
from language.local_sql import local_sql
from model.ddl_types import arrow_schema
from model.engines import Rows
from model.fixed_tables import STAGE_STATES
from model.local_engine import LocalEngine
from model.sql_text import date_literal
from tags.definitions import TagColumn
from tags.kernel.values import whole
from tags.night import BUSINESS_DATE, ONE_ID
from tags.plans import TagPlan
from tags.rule_plans import STAGE_STATE, Override, StageHistory
from tags.stage_sql import known_stage_sql

SET = pa.schema([
    (ONE_ID, pa.int64()), ("tag", pa.string()), ("value", pa.string()),
    ("instead_of", pa.string()),
])  # fmt: skip


def known_stages_here(
    engine: LocalEngine, states: Rows, histories: Sequence[StageHistory]
) -> Rows:
    """One row per person with a state of the night before, its parts as hidden columns; unique by
    one_id. A stage that its definition no longer has is forgotten: the person begins anew."""
    columns = []
    for history in histories:
        known = local_sql(known_stage_sql(history.codes, "stage"))
        holds = f"tag = {local_sql(text_literal(history.tag))} and {known}"
        # (one_id, tag) is the key of the states: any is the only one.
        columns += [
            f"any_value({part}) filter (where {holds}) as {local_sql(quoted(history.was[part]))}"
            for part in STAGE_STATE
        ]
    listed = ", ".join(columns)
    return engine.rows(
        "stages", f"select {ONE_ID}, {listed} from these group by {ONE_ID}", these=states
    )


def stage_states_here(wide: Mapping[str, pa.Array], plan: TagPlan, day: date) -> pa.Table:
    """The rows of tags.stage_states that some persons' columns leave; key (one_id, tag)."""
    schema = arrow_schema(STAGE_STATES.schema)
    parts = []
    for history in plan.histories:
        count = len(wide[ONE_ID])
        columns = {
            BUSINESS_DATE: pa.array([day] * count, pa.date32()), ONE_ID: wide[ONE_ID],
            "tag": pa.array([history.tag] * count, pa.string()),
            **{part: wide[history.own[part]] for part in STAGE_STATE},
        }  # fmt: skip
        parts.append(pa.table(columns).select(schema.names).cast(schema))
    return pa.concat_tables(parts)


def handed_on_here(
    engine: LocalEngine, states: Rows, tags: Sequence[str], ids: pa.Array, day: date
) -> pa.Table:
    """The states of tags that are not computed tonight, as the night before left them, of some
    persons; key (one_id, tag)."""
    listed = ", ".join(text_literal(tag) for tag in tags)
    rows = engine.rows(
        "handed_on",
        f"""
        select {date_literal(day)} as {BUSINESS_DATE}, s.* exclude ({BUSINESS_DATE}) from states s
        semi join ids i on i.{ONE_ID} = s.{ONE_ID} where s.tag in ({listed})
        """,
        states=states, ids=engine.of(pa.table({ONE_ID: ids})),
    )  # fmt: skip
    schema = arrow_schema(STAGE_STATES.schema)
    return engine.arrow(rows).select(schema.names).cast(schema)


class SetValues:
    """The values that people set for persons, by column: SET rows, unique by (one_id, tag)."""

    def __init__(self, rows: pa.Table, overrides: Sequence[Override]) -> None:
        self._overrides = {one.column: one for one in overrides}
        self._rows: dict[str, dict[int, tuple[str | None, str | None]]] = {}
        for row in rows.to_pylist():  # as many as people wrote
            override = self._overrides.get(row["tag"])
            if override and (not override.codes or row["value"] in override.codes):
                of_column = self._rows.setdefault(row["tag"], {})
                of_column[row[ONE_ID]] = row["value"], row["instead_of"]

    def decided(
        self, engine: LocalEngine, column: TagColumn, ids: pa.Array, values: pa.Array
    ) -> pa.Array:
        """The value set where one is and still holds, else the computed one."""
        found = self._rows.get(column.name, {})
        told = [found.get(one_id, (None, None)) for one_id in ids.to_pylist()] if found else []
        if not any(value is not None for value, _ in told):
            return values
        by_hand, stood_in_for = (
            local_sql(f"try_cast({name} AS {column.spark_type})") for name in ("`value`", "`was`")
        )
        holds = f"{by_hand} is not null"
        if self._overrides[column.name].while_source:
            holds += f" and computed is not distinct from {stood_in_for}"
        rows = pa.table({
            "computed": values,
            "value": pa.array([value for value, _ in told], pa.string()),
            "was": pa.array([instead for _, instead in told], pa.string()),
        })
        sql = f"select case when {holds} then {by_hand} else computed end as decided from these"
        decided = whole(engine.over("decided", sql, rows)["decided"])
        return decided.cast(values.type)
