"""Turns located YAML into frozen dataclasses, once, at load: types are the annotations.

Understood annotations: str, int, float, bool, Literal, X | None, tuple[X, ...], Mapping[str, X],
dataclasses, unions of these, and any class whose class method `parse(text)` raises ValueError.
A field named `location` receives the place of its mapping; `metadata={"key": "from"}` renames one,
and `{"key": None}` keeps one out of the file.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from model.errors import Location, Problems, did_you_mean
from model.strict_yaml import YamlList, YamlMap

T = TypeVar("T")
_WRONG = object()
_WORDS: dict[Any, str] = {
    str: "text", int: "an integer", float: "a number", bool: "true or false",
    dict: "a mapping", list: "a list",
}


def read(cls: type[T], node: YamlMap, problems: Problems, **given: Any) -> T | None:
    """One dataclass from one mapping; `given` fills fields that do not come from the file.

    None when anything was wrong: every problem found is in `problems`.
    """
    before = len(problems.found)
    values = dict(given)
    fields = _fields(cls)  # type: ignore[arg-type]  # a class is hashable
    for key in node:
        if key not in fields:
            problems.add(node.at(key), f"unknown key {key!r}{did_you_mean(key, list(fields))}")
    for key, (field, hint) in fields.items():
        if field.name in given:
            continue
        if field.name == "location":
            values[field.name] = node.location
        elif key in node:
            values[field.name] = convert(hint, node[key], node.at(key), key, problems)
        elif not _has_default(field):
            problems.add(node.location, f"{key!r} is missing")
    return cls(**values) if len(problems.found) == before else None


@cache
def _fields(cls: type[Any]) -> dict[str, tuple[dataclasses.Field[Any], Any]]:
    hints = get_type_hints(cls)
    return {
        field.metadata.get("key", field.name): (field, hints[field.name])
        for field in dataclasses.fields(cls)
        if field.init and field.metadata.get("key", field.name) is not None
    }


def _has_default(field: dataclasses.Field[Any]) -> bool:
    missing = dataclasses.MISSING
    return field.default is not missing or field.default_factory is not missing


def convert(hint: Any, value: Any, where: Location, what: str, problems: Problems) -> Any:
    """`value` as the annotation `hint` asks; a problem is noted where it does not fit."""
    result = _converted(hint, value, where, what, problems)
    if result is _WRONG:
        problems.add(where, f"{what}: expected {_expected(hint)}; found {_found(value)}")
        return None
    return result


def _converted(hint: Any, value: Any, where: Location, what: str, problems: Problems) -> Any:
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _first_fitting(parts, value, where, what, problems)
    if origin is Literal:
        return value if value in parts else _WRONG
    if origin is tuple:
        return _tuple(parts[0], value, what, problems)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping(parts[1], value, problems)
    if dataclasses.is_dataclass(hint) and not hasattr(hint, "parse"):
        return read(hint, value, problems) if isinstance(value, YamlMap) else _WRONG  # type: ignore[arg-type]
    return _scalar(hint, value, where, what, problems)


def _first_fitting(parts: Any, value: Any, where: Location, what: str, problems: Problems) -> Any:
    for part in parts:
        if part is not type(None):
            result = _converted(part, value, where, what, problems)
            if result is not _WRONG:
                return result
    return _WRONG


def _tuple(item: Any, value: Any, what: str, problems: Problems) -> Any:
    if not isinstance(value, YamlList):
        return _WRONG
    return tuple(
        convert(item, element, value.at(i), f"{what}[{i}]", problems)
        for i, element in enumerate(value)
    )


def _mapping(item: Any, value: Any, problems: Problems) -> Any:
    if not isinstance(value, YamlMap):
        return _WRONG
    return {key: convert(item, value[key], value.at(key), key, problems) for key in value}


def _scalar(hint: Any, value: Any, where: Location, what: str, problems: Problems) -> Any:
    if hint is Any or hint is object:
        return value
    if hasattr(hint, "parse"):
        return _parsed(hint, value, where, what, problems)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    fits = isinstance(value, hint) and (hint is bool or not isinstance(value, bool))
    return value if fits else _WRONG


def _parsed(hint: Any, value: Any, where: Location, what: str, problems: Problems) -> Any:
    if isinstance(value, YamlMap | YamlList):
        return _WRONG
    try:
        return hint.parse(str(value))
    except ValueError as error:
        problems.add(where, f"{what}: {error}")
        return None


def _expected(hint: Any) -> str:
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Literal:
        return " or ".join(map(str, parts))
    if origin in (Union, types.UnionType):
        return " or ".join(_expected(part) for part in parts if part is not type(None))
    if origin is tuple:
        return "a list"
    if origin is not None or dataclasses.is_dataclass(hint):
        return "a mapping"
    return _WORDS.get(hint, getattr(hint, "__name__", str(hint)))


def _found(value: Any) -> str:
    if isinstance(value, YamlMap):
        return "a mapping"
    return "a list" if isinstance(value, YamlList) else repr(value)
