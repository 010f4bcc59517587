"""The functions that look at many rows, and those a later version will have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from language.types import ValueType

Need = Literal["nothing", "maybe a value", "a value", "a number", "a value with an order"]


@dataclass(frozen=True)
class AggregateFunction:
    """What stands in its parentheses, and the type it gives (None: that of its argument).

    `by_day`: it counts business days, so the rows need a column `day`.
    """

    needs: Need
    gives: ValueType | None
    by_day: bool = False


AGGREGATES: Mapping[str, AggregateFunction] = {
    "count": AggregateFunction("maybe a value", "integer"),
    "sum": AggregateFunction("a number", None),
    "avg": AggregateFunction("a number", "number"),
    "min": AggregateFunction("a value with an order", None),
    "max": AggregateFunction("a value with an order", None),
    "distinct": AggregateFunction("a value with an order", "integer"),
    "first": AggregateFunction("a value", None),
    "last": AggregateFunction("a value", None),
    "days": AggregateFunction("nothing", "integer", by_day=True),
    "days_since_last": AggregateFunction("nothing", "integer", by_day=True),
}
LATER = frozenset({"stddev", "gap_days", "percentile", "histogram", "list"})
AGGREGATE_NAMES = frozenset(AGGREGATES) | LATER
