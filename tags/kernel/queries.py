"""Sql tags in this process: each query runs alone, so that a failing one harms no other tag."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from language.binding import quoted
from language.local_sql import local_source, local_sql
from language.queries import ROWS_OF, VALUE, fill_query
from language.types import Columns
from model.engines import Rows
from model.errors import OnefoldError
from model.local_engine import LocalEngine
from model.sql_text import date_literal
from tags.night import DAY, ONE_ID, Night
from tags.rule_plans import PlannedQuery


@dataclass(frozen=True)
class AnswersHere:
    """What the queries of a plan gave: rows with one column per query that did not fail, each
    unique by one_id; of the others the reason, by column."""

    rows: tuple[Rows, ...]
    failures: Mapping[str, str]


def answer_queries_here(
    engine: LocalEngine, sources: Mapping[str, Rows], types: Mapping[str, Columns],
    queries: Sequence[PlannedQuery], night: Night,
) -> AnswersHere:  # fmt: skip
    """Runs every query over the rows of persons up to the business date.

    A query fails where DuckDB fails or where it gives a person more than one row: its tag is then
    missing for everybody. `types`: the columns of every table.
    """
    found: list[Rows] = []
    failures: dict[str, str] = {}
    for query in queries:
        try:
            answers, most = _answered(engine, sources, types, query, night)
        except (OnefoldError, ValueError) as error:  # which say no value
            failures[query.column.name] = str(error)
            continue
        if most > 1:
            failures[query.column.name] = (
                f"{most} rows for one person; expected one: group by one_id"
            )
        else:
            found.append(answers)
    return AnswersHere(tuple(found), failures)


def _answered(
    engine: LocalEngine, sources: Mapping[str, Rows], types: Mapping[str, Columns],
    query: PlannedQuery, night: Night,
) -> tuple[Rows, int]:  # fmt: skip
    """One row per person, and the most rows that a person had."""
    first, last = query.window.bounds(night.business_date)
    names = {table: f"{ROWS_OF}{table}".strip(":") for table in query.tables}
    values = {
        ":from": date_literal(first or date.min), ":to": date_literal(last),
        **{f":{name}": name for name in names.values()},
    }  # fmt: skip
    known = f"{ONE_ID} is not null and {DAY} <= {date_literal(night.business_date)}"
    frames = {
        name: engine.rows(
            name, f"select * from {local_source('these', types[table])} r where {known}",
            these=sources[table],
        )
        for table, name in names.items()
    }  # fmt: skip
    sql = local_sql(fill_query(night.bind(query.sql), values))
    value = local_sql(quoted(query.column.name))
    answers = engine.kept(engine.rows(query.column.name, f"""
        select {ONE_ID}, max({VALUE}) as {value}, count(*) as _rows
        from ({sql}) q where {ONE_ID} is not null group by {ONE_ID}
    """, **frames))  # fmt: skip
    told = engine.one_row("most", "select max(_rows) as most from these", these=answers)
    only = engine.rows("answers", f"select {ONE_ID}, {value} from these", these=answers)
    return only, int(told["most"] or 0)
