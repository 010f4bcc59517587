"""Rules in great-expectations' own format, taken as they are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from model.errors import NOWHERE, Location, Problems, did_you_mean
from model.reading import read
from model.strict_yaml import YamlList, YamlMap

# What a suite of great-expectations carries around its expectations; it means nothing here.
SUITE_KEYS = ("name", "id", "meta", "notes", "suite_parameters")


@dataclass(frozen=True)
class Expectation:
    """One rule in great-expectations' own format, as written; critical holds, the others warn."""

    code: str
    type: str
    kwargs: Mapping[str, Any]
    severity: Literal["hold", "warn"]
    location: Location

    @property
    def text(self) -> str:
        """The expectation in one line: its type, then what it is about."""
        named = (f"{key}={_one_line(self.kwargs[key])}" for key in sorted(self.kwargs))
        return f"{self.type}({', '.join(named)})"


@dataclass(frozen=True)
class _WrittenExpectation:
    type: str
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    severity: Literal["critical", "warning", "info"] = "critical"
    code: str | None = None
    meta: Any = None
    notes: Any = None
    id: Any = None
    description: Any = None
    location: Location = NOWHERE


def read_expectation(
    node: YamlMap, table: str, columns: Mapping[str, str], problems: Problems
) -> Expectation | None:
    """The expectation a mapping states; what is wrong is noted. Its code names type and columns."""
    written = read(_WrittenExpectation, node, problems)
    if written is None:
        return None
    kwargs = {key: _plain(value) for key, value in written.kwargs.items()}
    for name in _named_columns(kwargs):
        if name not in columns:
            hint = did_you_mean(name, list(columns))
            problems.add(node.at("kwargs"), f"{written.type}: unknown column {name!r}{hint}")
            return None
    parts = [written.type.removeprefix("expect_"), *_named_columns(kwargs)]
    code = f"{table}.{written.code or '_'.join(parts)[:63]}"
    severity: Literal["hold", "warn"] = "hold" if written.severity == "critical" else "warn"
    return Expectation(code, written.type, kwargs, severity, node.location)


def _named_columns(kwargs: Mapping[str, Any]) -> list[str]:
    """The columns an expectation is about, by the names great-expectations gives to them."""
    single = [kwargs[key] for key in ("column", "column_A", "column_B") if key in kwargs]
    listed = kwargs.get("column_list", [])
    return [str(name) for name in [*single, *(listed if isinstance(listed, list) else [])]]


def _plain(value: Any) -> Any:
    if isinstance(value, YamlMap):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, YamlList) else value


def _one_line(value: Any) -> str:
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list) else str(value)
