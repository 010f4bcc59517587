"""Conditions: a comparison text, lists of all / any / none that nest, and behaviours."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from language.expressions import Expression, checked, expression_of, shown
from language.syntax import Refused
from language.terms import truth
from language.types import Columns
from model.dates import Window
from model.errors import Location, Problems, did_you_mean
from model.strict_yaml import YamlList, YamlMap

DEEPEST_NESTING = 10
EVER = Window("ever")
_TIMES = re.compile(r"(>=|<=|<>|!=|>|<|=)?\s*([0-9]{1,9})")
_HOLDS: Mapping[str, Callable[[int, int], bool]] = {
    ">=": int.__ge__, "<=": int.__le__, ">": int.__gt__, "<": int.__lt__,
    "=": int.__eq__, "<>": int.__ne__,
}


@dataclass(frozen=True)
class Times:
    """How often something was done: a comparison with a whole number."""

    text: str = ">= 1"
    operator: str = ">="
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> Times:
        """`>= 2`, `< 3`, `= 0`, `2` (exactly two); else ValueError."""
        match = _TIMES.fullmatch(text.strip())
        if not match:
            raise ValueError(f"{text!r} is no number of times; expected '>= 2' or '= 0'")
        operator = {"!=": "<>", None: "="}.get(match[1], match[1])
        return cls(text, operator, int(match[2]))

    def holds(self, count: int) -> bool:
        """Whether a count satisfies it."""
        return _HOLDS[self.operator](count, self.count)

    def sql(self, count_sql: str) -> str:
        """Spark SQL that compares a count; no rows at all count as 0."""
        return f"coalesce({count_sql}, 0) {self.operator} {self.count}"


@dataclass(frozen=True)
class Comparison:
    """One comparison text; its expression is a bool that is never missing."""

    expression: Expression


@dataclass(frozen=True)
class AllOf:
    """True where every part is."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class AnyOf:
    """True where at least one part is."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class NoneOf:
    """True exactly where no part is: the complement of AnyOf."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Behaviour:
    """Counted rows of a table or named source in a window; `where` reads that source's columns."""

    did: str
    where: Condition | None = None
    over: Window = EVER
    times: Times = Times()


Condition = Comparison | AllOf | AnyOf | NoneOf | Behaviour
_LISTS: Mapping[str, Callable[[tuple[Condition, ...]], Condition]] = {
    "all": AllOf, "any": AnyOf, "none": NoneOf,
}
_BEHAVIOUR_KEYS = ("did", "where", "over", "times")


@dataclass(frozen=True)
class _Reader:
    """Reads one condition; every problem goes to `problems`, with its place."""

    columns: Columns
    sources: Mapping[str, Columns]
    problems: Problems
    allow_behaviours: bool
    depth: int = 0

    def read(self, node: Any, where: Location) -> Condition | None:
        if self.depth > DEEPEST_NESTING:
            return self.problem(where, f"nested too deeply; at most {DEEPEST_NESTING} levels")
        if isinstance(node, str):
            return self.comparison(node, where)
        if not isinstance(node, YamlMap) or not node:
            expected = "expected a comparison such as \"status = 'paid'\", or all: any: none:"
            return self.problem(where, f"{expected}; found {_found(node)}")
        return self.behaviour(node) if "did" in node else self.lists(node)

    def comparison(self, text: str, where: Location) -> Condition | None:
        if re.match(r"\s*(not\s+)?in\s+audience\b", text, re.IGNORECASE):
            return self.problem(where, f"{shown(text)}: 'in audience' is not available yet")
        term = checked(text, self.columns, where, self.problems)
        if term is None:
            return None
        try:
            return Comparison(expression_of(text, truth(term)))
        except Refused as refusal:
            return self.problem(where, f"{shown(text)}: {refusal}")

    def lists(self, node: YamlMap) -> Condition | None:
        parts = [self.list(key, node) for key in node]
        if any(part is None for part in parts):
            return None
        found = tuple(part for part in parts if part is not None)
        return found[0] if len(found) == 1 else AllOf(found)

    def list(self, key: str, node: YamlMap) -> Condition | None:
        if key not in _LISTS:
            known = [*_LISTS, *_BEHAVIOUR_KEYS]
            return self.problem(node.at(key), f"unknown key {key!r}{did_you_mean(key, known)}")
        items = node[key]
        if not isinstance(items, YamlList) or not items:
            return self.problem(node.at(key), f"{key}: expected a list of conditions")
        inner = self.deeper(self.columns, self.allow_behaviours)
        parts = [inner.read(item, items.at(index)) for index, item in enumerate(items)]
        if any(part is None for part in parts):
            return None
        return _LISTS[key](tuple(part for part in parts if part is not None))

    def behaviour(self, node: YamlMap) -> Condition | None:
        before = len(self.problems.found)
        for key in node:
            if key not in _BEHAVIOUR_KEYS:
                hint = did_you_mean(key, _BEHAVIOUR_KEYS)
                self.problem(node.at(key), f"unknown key {key!r} beside did{hint}")
        if not self.allow_behaviours:
            return self.problem(node.at("did"), "a behaviour (did:) cannot stand here")
        did = node["did"]
        if did not in self.sources:
            hint = did_you_mean(str(did), list(self.sources))
            return self.problem(node.at("did"), f"unknown table or source {did!r}{hint}")
        filtered = None
        if "where" in node:
            inner = self.deeper(self.sources[did], allow_behaviours=False)
            filtered = inner.read(node["where"], node.at("where"))
        over = self.parsed(Window, "over", node, EVER)
        times = self.parsed(Times, "times", node, Times())
        return Behaviour(did, filtered, over, times) if len(self.problems.found) == before else None

    def parsed(self, cls: Any, key: str, node: YamlMap, default: Any) -> Any:
        if key not in node:
            return default
        value = node[key]
        try:
            if isinstance(value, bool | float | YamlMap | YamlList):
                raise ValueError(f"expected one text; found {_found(value)}")
            return cls.parse(str(value))
        except ValueError as error:
            return self.problem(node.at(key), f"{key}: {error}")

    def deeper(self, columns: Columns, allow_behaviours: bool) -> _Reader:
        return _Reader(columns, self.sources, self.problems, allow_behaviours, self.depth + 1)

    def problem(self, where: Location, message: str) -> Condition | None:
        self.problems.add(where, message)
        return None


def read_condition(
    node: Any,
    where: Location,
    columns: Columns,
    sources: Mapping[str, Columns],
    problems: Problems,
    *,
    allow_behaviours: bool = False,
) -> Condition | None:
    """The condition of a YAML value; None when anything is wrong, each problem in `problems`.

    `sources` are the tables and named sources a behaviour may name, with their columns.
    """
    return _Reader(columns, sources, problems, allow_behaviours).read(node, where)


def columns_of(condition: Condition) -> frozenset[str]:
    """The columns a condition reads itself; what its behaviours read belongs to their sources."""
    leaves = (leaf for leaf in _leaves(condition) if isinstance(leaf, Comparison))
    return frozenset().union(*(leaf.expression.columns for leaf in leaves))


def behaviours_of(condition: Condition) -> tuple[Behaviour, ...]:
    """The different behaviours of a condition, in their order."""
    found = (leaf for leaf in _leaves(condition) if isinstance(leaf, Behaviour))
    return tuple(dict.fromkeys(found))


def render_condition(
    condition: Condition, behaviour_sql: Callable[[Behaviour], str] | None = None
) -> str:
    """Spark SQL of a condition; true or false, never null. `behaviour_sql` renders a behaviour."""
    if isinstance(condition, Comparison):
        return condition.expression.sql
    if isinstance(condition, Behaviour):
        if behaviour_sql is None:
            raise ValueError(f"no rendering for the behaviour on {condition.did!r}")
        return f"coalesce({behaviour_sql(condition)}, false)"
    parts = [render_condition(part, behaviour_sql) for part in condition.parts]
    word = " AND " if isinstance(condition, AllOf) else " OR "
    joined = f"({word.join(parts)})"
    return f"(NOT {joined})" if isinstance(condition, NoneOf) else joined


def _leaves(condition: Condition) -> Iterator[Comparison | Behaviour]:
    if isinstance(condition, Comparison | Behaviour):
        yield condition
        return
    for part in condition.parts:
        yield from _leaves(part)


def _found(node: Any) -> str:
    if isinstance(node, YamlMap):
        return "an empty mapping" if not node else "a mapping"
    return "a list" if isinstance(node, YamlList) else repr(node)
