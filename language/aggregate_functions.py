"""The functions that look at many rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from language.types import ValueType

Need = Literal[
    "nothing", "maybe a value", "a value", "a number", "a value with an order", "a value to count"
]
# What stands behind the value: a share of the rows, or a number of values.
Parameter = Literal["nothing", "a share", "a number of values"]
Container = Literal["value", "list", "map"]


@dataclass(frozen=True)
class AggregateFunction:
    """What stands in its parentheses, and the type it gives (None: that of its argument).

    `by_day`: it counts business days, so the rows need a column `day`. `is_statistic`: only tags
    have it; how it is computed exactly is theirs to say.
    """

    needs: Need
    gives: ValueType | None
    by_day: bool = False
    parameter: Parameter = "nothing"
    container: Container = "value"
    is_statistic: bool = False


AGGREGATES: Mapping[str, AggregateFunction] = {
    "count": AggregateFunction("maybe a value", "integer"),
    "sum": AggregateFunction("a number", None),
    "avg": AggregateFunction("a number", "number"),
    "min": AggregateFunction("a value with an order", None),
    "max": AggregateFunction("a value with an order", None),
    "stddev": AggregateFunction("a number", "number", is_statistic=True),
    "distinct": AggregateFunction("a value with an order", "integer"),
    "first": AggregateFunction("a value", None),
    "last": AggregateFunction("a value", None),
    "days": AggregateFunction("nothing", "integer", by_day=True),
    "days_since_last": AggregateFunction("nothing", "integer", by_day=True),
    "gap_days": AggregateFunction("nothing", "number", by_day=True, is_statistic=True),
    "percentile": AggregateFunction("a number", "number", parameter="a share", is_statistic=True),
    "histogram": AggregateFunction(
        "a value to count", "integer", container="map", is_statistic=True
    ),
    "list": AggregateFunction(
        "a value", None, parameter="a number of values", container="list", is_statistic=True
    ),
}
AGGREGATE_NAMES = frozenset(AGGREGATES)
ROLL_UPS = tuple(name for name, function in AGGREGATES.items() if not function.is_statistic)
