"""The grammar of checks: one line of text, parsed and typed against a table's columns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from model.errors import Location, Problems, did_you_mean
from quality.rules import (
    OPERATORS,
    Among,
    Between,
    Comparison,
    Filled,
    Matches,
    OtherColumn,
    RowCount,
    Rule,
    Share,
    Unique,
    Value,
    family_of,
)

FORMS = (
    "'amount >= 0', 'x between 1 and 9', 'x in [a, b]', \"x matches 'regex'\", "
    "'x filled >= 60%', '[x, y] unique' or 'rows >= 1'"
)
_TOKEN = re.compile(
    r"\s*('(?:[^']|'')*'|\d{4}-\d{2}-\d{2}|-?\d+(?:\.\d+)?%?|[^\W\d]\w*|>=|<=|!=|>|<|=|[\[\],])"
)
_LATER = re.compile(r"\bpsi\b|\bcoverage\b|\bwithin\b|\bsame weekday\b|\blast \d+ runs\b")


def parse_check(
    text: str, columns: Mapping[str, str], where: Location, problems: Problems
) -> Rule | None:
    """The rule a check text states, its columns known and its values of their types.

    `columns` maps a table's columns to model or Spark types. None where something is wrong: then
    every reason found is in `problems`.
    """
    before = len(problems.found)
    rule: Rule | None = None
    try:
        if _LATER.search(text):
            raise ValueError("comparisons with earlier nights are not available yet")
        rule = _Reader(_tokens(text), columns).rule()
    except ValueError as error:
        problems.add(where, f"check {text!r}: {error}")
    return rule if len(problems.found) == before else None


def _tokens(text: str) -> list[str]:
    tokens, position = [], 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if match is None:
            raise ValueError(f"cannot read {text[position:].strip()!r}; expected {FORMS}")
        tokens.append(match[1])
        position = match.end()
    return tokens


class _Reader:
    """Reads one check from its tokens; what does not fit raises ValueError with the reason."""

    def __init__(self, tokens: list[str], columns: Mapping[str, str]) -> None:
        self.tokens = tokens
        self.columns = columns

    def rule(self) -> Rule:
        if self.tokens[:1] == ["rows"] and "rows" not in self.columns:
            rule: Rule = self._row_count()
        elif self.tokens[:1] == ["["] or ("," in self.tokens and self.tokens[-1] == "unique"):
            rule = self._unique()
        else:
            rule = self._about_a_column()
        if self.tokens:
            raise ValueError(f"nothing may follow; found {' '.join(self.tokens)!r}")
        return rule

    def _next(self, *expected: str) -> str:
        if not self.tokens:
            raise ValueError(f"ends too early; expected {' or '.join(expected) or 'a value'}")
        token = self.tokens.pop(0)
        if expected and token not in expected:
            raise ValueError(f"found {token!r}; expected {' or '.join(expected)}")
        return token

    def _column(self) -> str:
        name = self._next()
        if name not in self.columns:
            raise ValueError(f"unknown column {name!r}{did_you_mean(name, list(self.columns))}")
        return name

    def _about_a_column(self) -> Rule:
        if not self.tokens:
            raise ValueError(f"is empty; expected {FORMS}")
        column = self._column()
        word = self._next("filled", "unique", "in", "matches", "between", *OPERATORS)
        if word == "filled":
            return Filled(column, self._share())
        if word == "unique":
            return Unique((column,))
        if word == "matches":
            return Matches(column, self._pattern(column))
        if word == "in":
            return Among(column, self._list(column))
        if word == "between":
            low, _, high = self._value(column), self._next("and"), self._value(column)
            return Between(column, low, high)
        return Comparison(column, word, self._right_side(column, word))

    def _row_count(self) -> RowCount:
        self._next()
        operator = self._next("between", *(o for o in OPERATORS if o != "!="))
        count = self._count()
        if operator == "between":
            self._next("and")
            return RowCount(count, self._count())
        low = {">=": count, ">": count + 1, "=": count}.get(operator)
        high = {"<=": count, "<": count - 1, "=": count}.get(operator)
        return RowCount(low, high)

    def _count(self) -> int:
        token = self._next()
        if not token.isdigit():
            raise ValueError(f"found {token!r}; expected a number of rows")
        return int(token)

    def _unique(self) -> Unique:
        opening = self.tokens[0] == "["
        if opening:
            self._next()
        names = [self._column()]
        while self.tokens[:1] == [","]:
            self._next()
            names.append(self._column())
        if opening:
            self._next("]")
        self._next("unique")
        return Unique(tuple(names))

    def _share(self) -> Share:
        if not self.tokens:
            return Share(Decimal(100))
        self._next(">=")
        token = self._next()
        if not token.endswith("%"):
            raise ValueError(f"found {token!r}; expected a percentage such as 60%")
        return Share.parse(token)

    def _pattern(self, column: str) -> str:
        if family_of(self.columns[column]) != "text":
            raise ValueError(f"{column!r} is {self.columns[column]}; only a text matches a pattern")
        token = self._next()
        if not token.startswith("'"):
            raise ValueError(f"found {token!r}; expected a pattern in single quotes")
        pattern = _unquoted(token)
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
        return pattern

    def _list(self, column: str) -> tuple[Value, ...]:
        self._next("[")
        values = [self._value(column, is_listed=True)]
        while self._next(",", "]") == ",":
            values.append(self._value(column, is_listed=True))
        return tuple(values)

    def _right_side(self, column: str, operator: str) -> Value | OtherColumn:
        if family_of(self.columns[column]) == "bool" and operator not in ("=", "!="):
            raise ValueError(f"{column!r} is a bool; expected = or !=")
        if not self.tokens or self.tokens[0] not in self.columns:
            return self._value(column)
        other = self._next()
        if family_of(self.columns[other]) != family_of(self.columns[column]):
            types = f"{self.columns[column]} and {self.columns[other]}"
            raise ValueError(f"{column!r} and {other!r} do not compare: {types}")
        return OtherColumn(other)

    def _value(self, column: str, is_listed: bool = False) -> Value:
        type_name = self.columns[column]
        token = self._next()
        value = _typed(token, type_name, is_listed)
        if value is None:
            hint = did_you_mean(token, list(self.columns)) if token.isidentifier() else ""
            raise ValueError(
                f"found {token!r}; expected {_EXPECTED[family_of(type_name)]}, "
                f"since {column!r} is {type_name}{hint if 'mean' in hint else ''}"
            )
        return value


_EXPECTED = {
    "number": "a number", "text": "a text in single quotes", "date": "a day such as 2017-03-01",
    "bool": "true or false", "other": "'filled': its values cannot be compared",
}  # fmt: skip


def _typed(token: str, type_name: str, is_listed: bool) -> Value | None:
    family = family_of(type_name)
    if family == "number" and re.fullmatch(r"-?\d+(\.\d+)?", token):
        return Decimal(token)
    if family == "text" and token.startswith("'"):
        return _unquoted(token)
    if family == "text" and is_listed and token[0] not in "[],<>!=":
        return token
    if family == "date":
        return _day(token.strip("'"))
    return {"true": True, "false": False}.get(token) if family == "bool" else None


def _unquoted(token: str) -> str:
    return token[1:-1].replace("''", "'")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
