"""Runs the examples written beside tags: each example is a person of its own, all at once."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import pyarrow as pa

from language.binding import quoted
from language.local_sql import local_sql
from language.types import SPARK_TYPES, Columns, ValueType
from model.engines import Rows
from model.errors import Location
from model.local_engine import LocalEngine
from tags.definitions import SourceTable, TagBook
from tags.examples import Example
from tags.examples_reading import DAYS_AGO
from tags.kernel.computing import compute_tags_here
from tags.kernel.memory import SET
from tags.kernel.prepared import Given
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


def run_examples(book: TagBook) -> tuple[ExampleFailure, ...]:
    """What the examples of all tags of a book got wrong; empty: they all hold."""
    return tuple(one for name in book.subjects for one in _run_examples(book.about(name)))


def _run_examples(book: TagBook) -> tuple[ExampleFailure, ...]:
    """The same of the tags about one object: each example is one such object."""
    own = [tag for tag in book.tags.values() if tag.object == book.object]
    examples = dict(enumerate((e for tag in own for e in tag.examples), start=1))
    owners = book.owners
    named = {owners[column].name for e in examples.values() for column in e.gives}
    if not named:
        return ()
    plan = plan_tags(book, named)
    with LocalEngine() as engine:
        engine.learn()
        given = Given(
            {name: _rows(engine, book.tables[name], examples) for name in plan.tables}, book.tables,
            engine.of(pa.table({ONE_ID: list(examples)})), _golden(engine, book, plan, examples),
            book.golden, values=_values(examples),
        )  # fmt: skip
        wide = compute_tags_here(engine, given, plan, EXAMPLE_DATE, time_zone="UTC")
    wanted = sorted({column for e in examples.values() for column in e.gives})
    rows = wide.select([ONE_ID, *wanted]).to_pylist(maps_as_pydicts="strict")
    found = {row[ONE_ID]: row for row in rows}
    return tuple(f for n, e in examples.items() for f in _failures(e, found[n]))


def _values(examples: Mapping[int, Example]) -> pa.Table:
    """What the examples' `given` sets."""
    rows = [
        {ONE_ID: one_id, "tag": column, "value": _text(value), "instead_of": None}
        for one_id, example in examples.items()
        for column, value in example.given.items()
    ]
    return pa.Table.from_pylist(rows, SET)


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


def _rows(engine: LocalEngine, table: SourceTable, examples: Mapping[int, Example]) -> Rows:
    """The examples' rows of one table as by_person rows; columns an example leaves out are null."""
    texts = [
        [str(one_id), *(_text(value) for value in _row(row, number, table))]
        for one_id, example in examples.items()
        for number, row in enumerate(example.rows.get(table.name, ()))
    ]
    return _typed(engine, {ONE_ID: "integer", **table.columns}, texts)


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
    engine: LocalEngine, book: TagBook, plan: TagPlan, examples: Mapping[int, Example]
) -> Rows:
    """The examples' golden profiles, which all channels tell alike; a mask shows the value itself,
    which is invented anyway."""
    own = {pick.golden: pick.source for pick in plan.picks}
    names = plan.golden_columns
    types: dict[str, ValueType] = {n: book.golden[own[n]] if n in own else "text" for n in names}
    plain = {n: own[n] if n in own else own[n.removesuffix("_mask")] for n in names}
    texts = [
        [str(one_id), *(_text(example.profile.get(plain[name])) for name in types)]
        for one_id, example in examples.items()
    ]
    return _typed(engine, {ONE_ID: "integer", **types}, texts)


def _typed(
    engine: LocalEngine, types: Columns, texts: Sequence[Sequence[str | None]]
) -> Rows:
    """Rows written as texts, in the types of their columns."""
    columns = list(zip(*texts, strict=True)) or [()] * len(types)
    table = pa.table({
        name: pa.array(column, pa.string())
        for name, column in zip(types, columns, strict=True)
    })
    listed = ", ".join(_typed_sql(name, kind) for name, kind in types.items())
    return engine.rows("examples", f"select {listed} from these", these=engine.of(table))


def _typed_sql(name: str, kind: ValueType) -> str:
    column = local_sql(quoted(name))
    if kind in ("text", "enum", "list", "map"):
        return column
    if kind == "timestamp":
        return f"try_cast({column} as timestamp) as {column}"
    return f"{local_sql(f'try_cast({quoted(name)} AS {SPARK_TYPES[kind]})')} as {column}"


def _text(value: Any) -> str | None:
    if value is None or value == MISSING:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)
