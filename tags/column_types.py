"""Types of a tag's columns: inferred from its body, reconciled with the type its file declares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from language.aggregate_functions import Container
from language.types import ValueType
from model.errors import Location, Problems
from tags.bodies import NUMERIC
from tags.definitions import (
    Bins,
    Body,
    Calc,
    Cases,
    Code,
    Measure,
    Pick,
    Rfm,
    TagColumn,
    Top,
)
from tags.keys import CommonKeys
from tags.rule_shapes import STAGE_TYPES, STEP_TYPES, Given, Sql, Stages, Steps

# absent is 0 for these where nothing else is given: no rows means none of them.
_ZERO_WHEN_ABSENT = frozenset({"count", "distinct", "days"})
# What a declared type may stand for: conversions lose a money column's third decimal at most.
_FITS: Mapping[str, frozenset[str]] = {
    "number": NUMERIC,
    "integer": frozenset({"integer"}),
    "money": NUMERIC,
    "percent": NUMERIC,
    "text": frozenset({"text", "enum"}),
    "enum": frozenset({"text", "enum"}),
    "bool": frozenset({"bool"}),
    "date": frozenset({"date"}),
    "time": frozenset({"timestamp"}),
}
_PYTHON: Mapping[str, tuple[type, ...]] = {
    "integer": (int,), "number": (int, float), "money": (int, float), "percent": (int, float),
    "text": (str,), "enum": (str,), "bool": (bool,),
}


def typed_columns(
    columns: tuple[TagColumn, ...], body: Body, keys: CommonKeys, where: Location,
    problems: Problems,
) -> tuple[TagColumn, ...]:
    """The columns with their types; a problem is noted where the declared type cannot hold them."""
    typed = tuple(replace(c, type=_part_type(body, c.part), container=_container(body))
                  for c in columns)
    if keys.type in ("list", "map"):
        if typed[0].container != keys.type:
            problems.add(where, f"type: {keys.type} does not fit a {typed[0].container}")
        return typed
    if keys.type is None:
        return tuple(_as_enum(c, keys) for c in typed)
    # The day of a profile's time is taken in the project's zone; a measure can say day itself.
    is_day_of_time = isinstance(body, Pick) and (body.type, keys.type) == ("timestamp", "date")
    if typed[0].type not in _FITS[keys.type] and not is_day_of_time:
        problems.add(where, f"type: {keys.type} cannot hold {typed[0].type}")
    declared: ValueType = "timestamp" if keys.type == "time" else keys.type
    return tuple(replace(c, type=declared) if not c.part else c for c in typed)


def default_absent(body: Body, given: Code | None) -> Code | None:
    """The value where nothing matches: as given, 0 for counts, else missing."""
    if given is None and isinstance(body, Measure) and body.by is None:
        return 0 if body.aggregate.function in _ZERO_WHEN_ABSENT else None
    return given


def check_absent(
    columns: tuple[TagColumn, ...], keys: CommonKeys, where: Location, problems: Problems
) -> None:
    """Notes an `absent` that its column cannot hold."""
    column, absent = columns[0], keys.absent
    if absent is None:
        return
    if column.container != "value":
        problems.add(where, f"absent: a {column.container} has none; leave it out")
    elif not _holds(column.type, absent):
        problems.add(where, f"absent: {absent!r} does not fit type {column.type}")
    elif keys.values and str(absent) not in keys.values:
        problems.add(where, f"absent: {absent!r} is not in values")


def _holds(value_type: ValueType, value: Code) -> bool:
    if isinstance(value, bool):
        return value_type == "bool"
    return isinstance(value, _PYTHON.get(value_type, ()))


def _as_enum(column: TagColumn, keys: CommonKeys) -> TagColumn:
    is_coded = keys.values and column.type == "text" and not column.part
    return replace(column, type="enum") if is_coded else column


def _part_type(body: Body, part: str) -> ValueType:
    if isinstance(body, Rfm):
        return "integer" if part else "enum" if body.segments else "text"
    if isinstance(body, Steps):
        return STEP_TYPES[part or body.give[0]]
    if isinstance(body, Stages):
        return STAGE_TYPES[part or body.give[0]]
    if isinstance(body, Top):
        give = part or body.give[0]
        return {"value": body.sources[0].value.type, "score": "number", "share": "percent"}[give]
    return _value_type(body)


def _value_type(body: Body) -> ValueType:
    if isinstance(body, Pick | Given):
        return body.type
    if isinstance(body, Sql):
        return body.query.type
    if isinstance(body, Calc):
        return body.expression.type
    if isinstance(body, Measure):
        return body.aggregate.type
    if isinstance(body, Cases):
        return _code_type(tuple(case.value for case in body.cases))
    return "enum" if isinstance(body, Bins) else "text"


def _code_type(codes: tuple[Code, ...]) -> ValueType:
    kinds = {type(code) for code in codes}
    if kinds == {bool}:
        return "bool"
    if kinds == {int}:
        return "integer"
    return "number" if kinds and kinds <= {int, float} else "text"


def _container(body: Body) -> Container:
    if isinstance(body, Top) and body.best is not None:
        return "list"
    if isinstance(body, Measure):
        return "map" if body.by is not None else body.aggregate.container
    return "value"
