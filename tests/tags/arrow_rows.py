"""Random rows for the kernel, without Spark: by_person tables, golden profiles, wide tables."""

import random
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import pyarrow as pa

from language.types import SPARK_TYPES, ValueType
from model.ddl_types import arrow_type
from model.local_engine import LocalEngine
from tags.definitions import SourceTable, TagBook
from tags.kernel.computing import compute_tags_here
from tags.kernel.prepared import Given
from tags.plans import TagPlan

D = date(2017, 9, 28)
ROWS = 300
WORDS = ["", "a", "paid", "refunded", "pos", "shop", "page_view", "add_to_cart", "m", "f"]
POOLS: Mapping[ValueType, list[Any]] = {
    "text": WORDS, "enum": WORDS, "integer": [0, 1, 2, 7], "bool": [True, False],
    "money": [Decimal(cents) / 100 for cents in (0, 1, 250, 1250, 99999)],
    "number": [0.0, 0.1, 1.5, -2.25], "percent": [0.0, 0.25, 1.0],
    "date": [D, D - timedelta(days=12000), date(1985, 2, 28), date(1999, 2, 28)],
    "timestamp": [datetime(2017, 9, 28, 16, 30), datetime(2017, 9, 27, 1)],
}  # fmt: skip


@cache
def rows_of_table(table: SourceTable, people: int) -> pa.Table:
    """By_person rows of some people and of nobody, with gaps, some days old."""
    chance = random.Random(table.name)
    rows = []
    for number in range(ROWS):
        day = D - timedelta(days=min(int(chance.expovariate(1 / 50)), 900))
        row = {"one_id": chance.choice([None, *range(1, people + 1)]), "day": day}
        row |= {n: chance.choice([None, *POOLS[kind]]) for n, kind in table.columns.items()
                if n not in row}  # fmt: skip
        row |= {name: f"{number:05d}" for name in table.key if name in table.columns}
        rows.append(row | {"arrived_date": day, table.time: datetime(*day.timetuple()[:3], 12)})
    return _typed({"one_id": "integer", **table.columns}, rows)


def golden_of(types: Mapping[str, ValueType], people: int) -> pa.Table:
    """Profiles of most people, with gaps; masks are texts."""
    chance = random.Random(people)
    own: dict[str, ValueType] = {**types, **{f"{name}_mask": "text" for name in types}}
    rows = [
        {"one_id": one, **{n: chance.choice([None, *POOLS[kind]]) for n, kind in own.items()}}
        for one in range(1, people + 1) if one % 5
    ]  # fmt: skip
    return _typed({"one_id": "integer", **own}, rows)


def _typed(types: Mapping[str, ValueType], rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    schema = pa.schema([(name, arrow_type(SPARK_TYPES[kind])) for name, kind in types.items()])
    return pa.Table.from_pylist(list(rows), schema)


def wide_of(
    engine: LocalEngine, book: TagBook, plan: TagPlan, people: int,
    earlier: pa.Table | None = None,
) -> pa.Table:  # fmt: skip
    """A plan computed over the random rows, which are the same each time."""
    given = Given(
        {name: engine.of(rows_of_table(book.tables[name], people)) for name in plan.tables},
        book.tables, engine.of(pa.table({"one_id": list(range(1, people + 1))})),
        engine.of(golden_of(book.golden, people)), book.golden,
        None if earlier is None else engine.of(earlier),
    )  # fmt: skip
    return compute_tags_here(engine, given, plan, D, time_zone="Asia/Shanghai", rows_at_once=200)
