"""Runs the examples written beside tags: each example is a person of its own, all in one job."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from language.types import SPARK_TYPES
from model.errors import Location
from tags.computing import Memory, compute_tags
from tags.definitions import Example, SourceTable, TagBook
from tags.examples_reading import DAYS_AGO
from tags.night import DAY, ONE_ID
from tags.planning import plan_tags
from tags.plans import TagPlan

# Any day would do: examples say how many days ago a row was. Late in a month of 30 days, so that
# an example may reach into this month and the one before.
EXAMPLE_DATE = date(2017, 9, 28)
MISSING = "missing"
_NOON = time(12, tzinfo=timezone.utc)


@dataclass(frozen=True)
class ExampleFailure:
    """A column that does not hold what its example says; the values are the example's own."""

    location: Location
    column: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.location}: {self.column}: expected {self.expected}; found {self.found}"


def run_examples(spark: SparkSession, book: TagBook) -> tuple[ExampleFailure, ...]:
    """What the examples of all tags of a book got wrong; empty: they all hold."""
    examples = dict(enumerate((e for tag in book.tags.values() for e in tag.examples), start=1))
    owners = book.owners
    named = {owners[column].name for e in examples.values() for column in e.gives}
    if not named:
        return ()
    plan = plan_tags(book, named)
    sources = {name: _rows(spark, book.tables[name], examples) for name in plan.tables}
    persons = spark.createDataFrame([(one_id,) for one_id in examples], f"{ONE_ID} bigint")
    golden = _golden(spark, book, plan, examples)
    memory = Memory(values=_values(spark, examples))
    wide = compute_tags(
        sources, persons, golden, plan, EXAMPLE_DATE, time_zone="UTC", memory=memory
    )
    wanted = sorted({column for e in examples.values() for column in e.gives})
    # Bounded by the examples people wrote: one row each, only the columns they name.
    found = {row[ONE_ID]: row for row in wide.select(ONE_ID, *wanted).collect()}
    return tuple(f for n, e in examples.items() for f in _failures(e, found[n].asDict()))


def _values(spark: SparkSession, examples: Mapping[int, Example]) -> DataFrame | None:
    """What the examples' `given` sets, as rows of `tags.set_values`."""
    rows = [
        (one_id, column, _text(value), None)
        for one_id, example in examples.items()
        for column, value in example.given.items()
    ]
    schema = f"{ONE_ID} bigint, tag string, value string, instead_of string"
    return spark.createDataFrame(rows, schema) if rows else None


def _failures(example: Example, found: Mapping[str, Any]) -> Iterator[ExampleFailure]:
    for column, expected in example.gives.items():
        if not is_same(expected, found[column]):
            yield ExampleFailure(example.location, column, _shown(expected), _shown(found[column]))


def is_same(expected: Any, found: Any) -> bool:
    """Whether a value of a YAML example equals a computed one; the word missing stands for null."""
    if found is None:
        return bool(expected == MISSING)
    if isinstance(found, Mapping):
        return isinstance(expected, Mapping) and expected.keys() == found.keys() and all(
            is_same(expected[key], found[key]) for key in expected
        )
    if isinstance(found, list):
        return isinstance(expected, list) and len(expected) == len(found) and all(
            map(is_same, expected, found)
        )
    return _is_same_value(expected, found)


def _is_same_value(expected: Any, found: Any) -> bool:
    if isinstance(expected, bool) or isinstance(found, bool):
        return expected is found
    if isinstance(expected, int | float) and isinstance(found, Decimal):
        return Decimal(repr(expected)) == found
    if isinstance(expected, int | float) and isinstance(found, int | float):
        return math.isclose(expected, found, rel_tol=1e-9, abs_tol=1e-12)
    return str(expected) == str(found)


def _shown(value: Any) -> str:
    return MISSING if value is None else str(value)


def _rows(spark: SparkSession, table: SourceTable, examples: Mapping[int, Example]) -> DataFrame:
    """The examples' rows of one table as by_person rows; columns an example leaves out are null."""
    names = [ONE_ID, *table.columns]
    texts = [
        [str(one_id), *(_text(value) for value in _row(row, number, table))]
        for one_id, example in examples.items()
        for number, row in enumerate(example.rows.get(table.name, ()))
    ]
    return _typed(spark, names, texts, {ONE_ID: "bigint", **_spark_types(table.columns)})


def _row(row: Mapping[str, Any], number: int, table: SourceTable) -> Sequence[Any]:
    day = EXAMPLE_DATE - timedelta(days=row[DAYS_AGO])
    given: dict[str, Any] = {name: number for name in table.key if name in table.columns}
    given |= {DAY: day, "arrived_date": day}
    if table.time:
        is_date = table.columns[table.time] == "date"
        given[table.time] = day if is_date else datetime.combine(day, _NOON)
    given |= row
    return [given.get(name) for name in table.columns]


def _golden(
    spark: SparkSession, book: TagBook, plan: TagPlan, examples: Mapping[int, Example]
) -> DataFrame:
    """The examples' golden profiles; a mask shows the value itself, which is invented anyway."""
    names = [name for name in plan.golden_columns if name in book.golden]
    masks = [name for name in plan.golden_columns if name not in book.golden]
    plain = {name: name.removesuffix("_mask") for name in masks} | {name: name for name in names}
    texts = [
        [str(one_id), *(_text(example.profile.get(plain[name])) for name in (*names, *masks))]
        for one_id, example in examples.items()
    ]
    types = {ONE_ID: "bigint", **_spark_types({name: book.golden[name] for name in names})}
    return _typed(spark, [ONE_ID, *names, *masks], texts, types)


def _spark_types(columns: Mapping[str, Any]) -> dict[str, str]:
    return {name: SPARK_TYPES[kind] for name, kind in columns.items()}


def _typed(
    spark: SparkSession, names: Sequence[str], texts: Sequence[Sequence[str | None]],
    types: Mapping[str, str],
) -> DataFrame:
    schema = ", ".join(f"`{name}` string" for name in names)
    frame = spark.createDataFrame([tuple(row) for row in texts], schema)
    return frame.select(*(F.col(name).cast(types.get(name, "string")) for name in names))


def _text(value: Any) -> str | None:
    if value is None or value == MISSING:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)
