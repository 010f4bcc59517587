"""Values that people set, in the place of computed ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from language.binding import text_literal
from model.engines import Engine, Rows
from tags.definitions import TagColumn
from tags.night import ONE_ID
from tags.rule_plans import Override

# Rows of tag corrections that hold on a night; `instead_of` is the value they stood in for.
CORRECTION_ROWS = (
    "correction_id bigint, one_id bigint, tag string, value string, instead_of string"
)


def set_values(engine: Engine, corrections: Rows, leads: Rows) -> Rows:
    """The values set for the persons of a night: one row per one_id and tag column.

    `corrections`: CORRECTION_ROWS. `leads`: where every number leads on the night, unique by
    one_id, current_one_id being null where nobody is left of it. Of several, as after a merge, the
    one made last counts.
    """
    return engine.rows("values_set", """
        select current_one_id as one_id, tag, value, instead_of from (
            select l.current_one_id, c.tag, c.value, c.instead_of, row_number() over (
                partition by l.current_one_id, c.tag order by c.correction_id desc
            ) as place
            from corrections c inner join leads l on l.one_id = c.one_id
            where l.current_one_id is not null
        ) placed where place = 1
    """, corrections=corrections, leads=leads)  # fmt: skip


def set_by_person(values: DataFrame, overrides: Sequence[Override]) -> DataFrame:
    """One row per person for whom something is set, a hidden column per column that may be;
    unique by one_id."""
    entry = F.struct("value", "instead_of")
    return values.groupBy(ONE_ID).agg(
        # (one_id, tag) is the key of the values: the first is the only one.
        *(F.first(F.when(_holds(one), entry), ignorenulls=True).alias(_hidden(one.column))
          for one in overrides)
    )  # fmt: skip


def decided(value: Column, column: TagColumn, overrides: Mapping[str, Override]) -> Column:
    """The value set where one is and still holds, else the computed one."""
    override = overrides.get(column.name)
    if override is None:
        return value
    entry = F.col(_hidden(column.name))
    by_hand = entry.getField("value").try_cast(column.spark_type)
    holds = by_hand.isNotNull()
    if override.while_source:
        stood_in_for = entry.getField("instead_of").try_cast(column.spark_type)
        holds &= value.eqNullSafe(stood_in_for)
    return F.when(holds, by_hand).otherwise(value)


def _holds(override: Override) -> Column:
    holds = F.col("tag") == override.column
    if override.codes:  # a code the definition no longer has is not set
        codes = ", ".join(map(text_literal, override.codes))
        holds &= F.expr(f"value IN ({codes})")
    return holds


def _hidden(column: str) -> str:
    return f"_set_{column}"
