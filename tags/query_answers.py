"""Sql tags, whichever engine answers: each query runs alone, so that a failing one harms no other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

from language.binding import quoted
from language.queries import ROWS_OF
from model.sql_text import date_literal
from tags.night import DAY, ONE_ID, Night
from tags.rule_plans import PlannedQuery

Of = TypeVar("Of")  # the rows of an engine


@dataclass(frozen=True)
class Answers(Generic[Of]):
    """What the queries of a plan gave: rows with one column per query that did not fail, each
    unique by one_id; of the others the reason, by column."""

    rows: tuple[Of, ...]
    failures: Mapping[str, str]


def answers_of(
    queries: Sequence[PlannedQuery], answered: Callable[[PlannedQuery], tuple[Of, int]],
    failed: Callable[[Exception], str], errors: tuple[type[Exception], ...],
) -> Answers[Of]:  # fmt: skip
    """The answers of all queries.

    `answered` gives one row per person, and the most rows that a person had. A query fails where
    the engine fails, with one of `errors` (`failed` says why, without a value of a customer), or
    where it gives a person more than one row: its tag is then missing for everybody.
    """
    found: list[Of] = []
    failures: dict[str, str] = {}
    for query in queries:
        try:
            rows, most = answered(query)
        except errors as error:
            failures[query.column.name] = failed(error)
            continue
        if most > 1:
            failures[query.column.name] = (
                f"{most} rows for one person; expected one: group by one_id"
            )
        else:
            found.append(rows)
    return Answers(tuple(found), failures)


def frames_of(query: PlannedQuery) -> dict[str, str]:
    """The name under which a query reads the rows of each of its tables."""
    return {table: f"{ROWS_OF}{table}".strip(":") for table in query.tables}


def values_of(query: PlannedQuery, night: Night, frames: Mapping[str, str]) -> dict[str, str]:
    """What stands in the query's places: the days of its window, the names of its `frames`."""
    first, last = query.window.bounds(night.business_date)
    days = {":from": date_literal(first or date.min), ":to": date_literal(last)}
    return days | {f":{name}": spelt for name, spelt in frames.items()}


def known_rows(night: Night) -> str:
    """SQL that holds for the rows a query reads: those of persons, up to the business date."""
    return (
        f"{quoted(ONE_ID)} IS NOT NULL AND {quoted(DAY)} <= {date_literal(night.business_date)}"
    )
