"""conf/quality/<zone>.<table>.yml, read once into frozen checks; problems name file and line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from model.errors import Location, Problems, did_you_mean
from model.names import check_name
from model.reading import read
from model.strict_yaml import YamlList, YamlMap
from quality.grammar import parse_check
from quality.rules import Among, Between, Comparison, Matches, Rule, Share

Severity = Literal["hold", "warn"]
_NOWHERE = Location("", 0)


@dataclass(frozen=True)
class Check:
    """One check of a table; `code` names it for `--accept`, `mostly` the share that must pass."""

    code: str
    text: str
    severity: Severity
    rule: Rule
    mostly: Share | None = None


@dataclass(frozen=True)
class Expectation:
    """One rule in great-expectations' own format, as written; critical holds, the others warn."""

    code: str
    type: str
    kwargs: Mapping[str, Any]
    severity: Severity
    location: Location

    @property
    def text(self) -> str:
        """The expectation in one line: its type, then what it is about."""
        named = (f"{key}={_one_line(self.kwargs[key])}" for key in sorted(self.kwargs))
        return f"{self.type}({', '.join(named)})"


@dataclass(frozen=True)
class TableChecks:
    """Everything one file asks of one table (`zone.table`)."""

    table_name: str
    checks: tuple[Check, ...] = ()
    expectations: tuple[Expectation, ...] = ()


@dataclass(frozen=True)
class _WrittenCheck:
    check: str
    then: str = "warn"
    mostly: Share | None = None
    code: str | None = None
    location: Location = _NOWHERE


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
    location: Location = _NOWHERE


# What a suite of great-expectations carries around its expectations; it means nothing here.
_SUITE_KEYS = ("name", "id", "meta", "notes", "suite_parameters")


def read_checks(
    nodes: Mapping[str, YamlMap],
    table_columns: Mapping[str, Mapping[str, str]],
    problems: Problems,
) -> tuple[TableChecks, ...]:
    """The checks of every file, sorted by table; what is wrong is noted and left out.

    `nodes` are the files by name (`clean.orders.yml`), `table_columns` maps each checkable table to
    its columns' model or Spark types.
    """
    found = []
    for name in sorted(nodes):
        node, table = nodes[name], name.removesuffix(".yml")
        if table not in table_columns:
            hint = did_you_mean(table, list(table_columns))
            problems.add(Location(node.location.file, 1), f"unknown table {table!r}{hint}")
            continue
        found.append(_table_checks(table, node, table_columns[table], problems))
    return tuple(found)


def _table_checks(
    table: str, node: YamlMap, columns: Mapping[str, str], problems: Problems
) -> TableChecks:
    known = ("checks", "expectations", *_SUITE_KEYS)
    for key in node:
        if key not in known:
            problems.add(node.at(key), f"unknown key {key!r}{did_you_mean(key, known[:2])}")
    codes: dict[str, Location] = {}
    checks = tuple(
        check
        for item in _items(node, "checks", problems)
        if (check := _check(item, table, columns, problems))
        and _is_new(check.code, item.location, codes, problems)
    )
    expectations = tuple(
        expectation
        for item in _items(node, "expectations", problems)
        if (expectation := _expectation(item, table, columns, problems))
        and _is_new(expectation.code, item.location, codes, problems)
    )
    if not checks and not expectations and not problems.found:
        problems.add(node.location, "no checks; expected a list under 'checks' or 'expectations'")
    return TableChecks(table, checks, expectations)


def _items(node: YamlMap, key: str, problems: Problems) -> list[YamlMap]:
    items = node.get(key, YamlList(node.location.file, node.location.line))
    if not isinstance(items, YamlList):
        problems.add(node.at(key), f"{key}: expected a list")
        return []
    return [_mapping(item, items.at(i)) for i, item in enumerate(items)]


def _mapping(item: Any, where: Location) -> YamlMap:
    """A check may be its text alone; it then warns."""
    if isinstance(item, YamlMap):
        return item
    node = YamlMap(where.file, where.line)
    node["check"] = item
    return node


def _check(
    node: YamlMap, table: str, columns: Mapping[str, str], problems: Problems
) -> Check | None:
    written = read(_WrittenCheck, node, problems)
    if written is None:
        return None
    rule = parse_check(written.check, columns, node.at("check"), problems)
    severity = _severity(written.then, node.at("then"), problems)
    if rule is None or severity is None:
        return None
    if written.mostly and not isinstance(rule, Comparison | Between | Among | Matches):
        problems.add(node.at("mostly"), "mostly: only a check of single rows may pass mostly")
        return None
    code = _code(table, written.code or rule.code[:63], written.code, node, problems)
    return Check(code, written.check, severity, rule, written.mostly)


_SEVERITIES: Mapping[str, Severity] = {"hold": "hold", "warn": "warn"}


def _severity(then: str, where: Location, problems: Problems) -> Severity | None:
    if then in _SEVERITIES:
        return _SEVERITIES[then]
    hint = "; quarantine is for single rows: write it in a channel's file" * (then == "quarantine")
    problems.add(where, f"then: expected hold or warn; found {then!r}{hint}")
    return None


def _expectation(
    node: YamlMap, table: str, columns: Mapping[str, str], problems: Problems
) -> Expectation | None:
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
    code = _code(table, "_".join(parts)[:63], written.code, node, problems)
    severity: Severity = "hold" if written.severity == "critical" else "warn"
    return Expectation(code, written.type, kwargs, severity, node.location)


def _code(
    table: str, own: str, given: str | None, node: YamlMap, problems: Problems
) -> str:
    if given is not None:
        check_name(given, node.at("code"), problems)
    return f"{table}.{given or own}"


def _is_new(
    code: str, where: Location, codes: dict[str, Location], problems: Problems
) -> bool:
    if code in codes:
        first = codes[code].line
        problems.add(where, f"a check with the code {code} stands on line {first}; add 'code:'")
        return False
    codes[code] = where
    return True


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
