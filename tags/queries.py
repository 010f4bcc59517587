"""Sql tags: each query runs alone, so that a failing one harms no other tag."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from language.binding import quoted
from language.queries import ROWS_OF, VALUE, fill_query
from tags.night import DAY, ONE_ID, Night
from tags.rule_plans import PlannedQuery

_ROWS = "_rows"


@dataclass(frozen=True)
class Answers:
    """What the queries of a plan gave: a frame of one column per query that did not fail, each
    unique by one_id; of the others the reason, by column."""

    frames: tuple[DataFrame, ...]
    failures: Mapping[str, str]


def answer_queries(
    sources: Mapping[str, DataFrame], queries: Sequence[PlannedQuery], night: Night
) -> Answers:
    """Runs every query over the rows of persons up to the business date.

    A query fails where Spark fails or where it gives a person more than one row: its tag is then
    missing for everybody. Cost: a job per query, whose rows are kept as a local checkpoint.
    """
    frames, failures = [], {}
    for query in queries:
        try:
            answers, most = _answered(sources, query, night)
        except (PySparkException, Py4JJavaError) as error:
            failures[query.column.name] = _reason(error)
            continue
        if most > 1:
            failures[query.column.name] = (
                f"{most} rows for one person; expected one: group by one_id"
            )
        else:
            frames.append(answers.drop(_ROWS))
    return Answers(tuple(frames), failures)


def _answered(
    sources: Mapping[str, DataFrame], query: PlannedQuery, night: Night
) -> tuple[DataFrame, int]:
    """One row per person, and the most rows that a person had."""
    first, last = query.window.bounds(night.business_date)
    names = {table: f"{ROWS_OF}{table}".strip(":") for table in query.tables}
    values = {
        ":from": f"DATE '{first or date.min}'",
        ":to": f"DATE '{last}'",
        **{f":{name}": f"{{{name}}}" for name in names.values()},
    }
    known = f"{quoted(ONE_ID)} IS NOT NULL AND {quoted(DAY)} <= DATE '{night.business_date}'"
    frames: dict[str, Any] = {name: sources[table].where(known) for table, name in names.items()}
    # Braces inside texts are doubled: the names of frames stand in single ones.
    plain = night.bind(query.sql).replace("{", "{{").replace("}", "}}")
    spark = next(iter(frames.values())).sparkSession
    rows = spark.sql(fill_query(plain, values), **frames).where(f"{quoted(ONE_ID)} IS NOT NULL")
    value = F.max(VALUE).alias(query.column.name)
    answers = rows.groupBy(ONE_ID).agg(value, F.count(F.lit(1)).alias(_ROWS)).localCheckpoint()
    most = answers.agg(F.max(_ROWS)).first()
    return answers, (most and most[0]) or 0


def _reason(error: PySparkException | Py4JJavaError) -> str:
    """The class of a failure: Spark's own words would show values of customers."""
    condition = error.getCondition() if isinstance(error, PySparkException) else None
    return f"Spark failed: {condition or type(error).__name__}"
