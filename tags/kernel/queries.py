"""Sql tags in this process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from language.binding import quoted
from language.local_sql import local_source, local_sql
from language.queries import VALUE, fill_query
from language.types import Columns
from model.engines import Rows
from model.errors import OnefoldError
from model.local_engine import LocalEngine
from tags.night import ONE_ID, Night
from tags.query_answers import Answers, answers_of, frames_of, known_rows, values_of
from tags.rule_plans import PlannedQuery


def answer_queries_here(
    engine: LocalEngine, sources: Mapping[str, Rows], types: Mapping[str, Columns],
    queries: Sequence[PlannedQuery], night: Night,
) -> Answers[Rows]:  # fmt: skip
    """Runs every query over the rows of persons up to the business date. `types`: the columns of
    every table."""
    errors = (OnefoldError, ValueError)  # which say no value
    return answers_of(queries, partial(_answered, engine, sources, types, night), str, errors)


def _answered(
    engine: LocalEngine, sources: Mapping[str, Rows], types: Mapping[str, Columns], night: Night,
    query: PlannedQuery,
) -> tuple[Rows, int]:  # fmt: skip
    known = local_sql(known_rows(night))
    frames = {
        name: engine.rows(
            name, f"select * from {local_source('these', types[table])} r where {known}",
            these=sources[table],
        )
        for table, name in frames_of(query).items()
    }  # fmt: skip
    values = values_of(query, night, {name: name for name in frames})
    sql = local_sql(fill_query(night.bind(query.sql), values))
    value = local_sql(quoted(query.column.name))
    answers = engine.kept(engine.rows(query.column.name, f"""
        select {ONE_ID}, max({VALUE}) as {value}, count(*) as _rows
        from ({sql}) q where {ONE_ID} is not null group by {ONE_ID}
    """, **frames))  # fmt: skip
    told = engine.one_row("most", "select max(_rows) as most from these", these=answers)
    only = engine.rows("answers", f"select {ONE_ID}, {value} from these", these=answers)
    return only, int(told["most"] or 0)
