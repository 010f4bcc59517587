"""Sql tags by Spark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from language.binding import quoted
from language.queries import VALUE, fill_query
from tags.night import ONE_ID, Night
from tags.query_answers import Answers, answers_of, frames_of, known_rows, values_of
from tags.rule_plans import PlannedQuery

_ROWS = "_rows"


def answer_queries(
    sources: Mapping[str, DataFrame], queries: Sequence[PlannedQuery], night: Night
) -> Answers[DataFrame]:
    """Runs every query over the rows of persons up to the business date. Cost: a job per query,
    whose rows are kept as a local checkpoint."""
    errors = (PySparkException, Py4JJavaError)
    return answers_of(queries, partial(_answered, sources, night), _reason, errors)


def _answered(
    sources: Mapping[str, DataFrame], night: Night, query: PlannedQuery
) -> tuple[DataFrame, int]:
    names = frames_of(query)
    known = known_rows(night)
    frames: dict[str, Any] = {name: sources[table].where(known) for table, name in names.items()}
    values = values_of(query, night, {name: f"{{{name}}}" for name in frames})
    # Braces inside texts are doubled: the names of frames stand in single ones.
    plain = night.bind(query.sql).replace("{", "{{").replace("}", "}}")
    spark = next(iter(frames.values())).sparkSession
    rows = spark.sql(fill_query(plain, values), **frames).where(f"{quoted(ONE_ID)} IS NOT NULL")
    value = F.max(VALUE).alias(query.column.name)
    answers = rows.groupBy(ONE_ID).agg(value, F.count(F.lit(1)).alias(_ROWS)).localCheckpoint()
    most = answers.agg(F.max(_ROWS)).first()
    return answers.drop(_ROWS), (most and most[0]) or 0


def _reason(error: Exception) -> str:
    """The class of a failure: Spark's own words would show values of customers."""
    condition = error.getCondition() if isinstance(error, PySparkException) else None
    return f"Spark failed: {condition or type(error).__name__}"
