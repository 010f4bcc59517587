"""The grammar of checks: one line of text, parsed and typed against a table's columns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from model.errors import Location, Problems, did_you_mean
from quality.literals import EXPECTED, typed, unquoted
from quality.rules import (
    OPERATORS,
    SAME_WEEKDAY,
    Among,
    Between,
    Comparison,
    Coverage,
    Filled,
    Matches,
    OtherColumn,
    Past,
    Psi,
    RowCount,
    Rule,
    Share,
    Subject,
    Unique,
    Value,
    Within,
    family_of,
)

FORMS = (
    "'amount >= 0', 'x between 1 and 9', 'x in [a, b]', \"x matches 'regex'\", "
    "'x filled >= 60%', '[x, y] unique', 'rows >= 1', 'rows within 40% of same weekday', "
    "'x filled within 10% of last 7 runs', 'distinct of x within 20% of same weekday' "
    "or 'x psi < 0.25'"
)
MOST_RUNS = 60  # of `last N runs`; the past is kept longer than that
_ANY_TEXT = pa.array([""])  # a pattern must be one of RE2, which one engine is built on
_TOKEN = re.compile(
    r"\s*('(?:[^']|'')*'|\d{4}-\d{2}-\d{2}|-?\d+(?:\.\d+)?%?|[^\W\d]\w*|>=|<=|!=|>|<|=|[\[\],])"
)


def parse_check(
    text: str, subject: Subject, where: Location, problems: Problems
) -> Rule | None:
    """The rule a check text states, its columns known and its values of their types.

    None where something is wrong: then the reason is in `problems`.
    """
    before = len(problems.found)
    rule: Rule | None = None
    try:
        rule = _Reader(_tokens(text), subject).rule()
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

    def __init__(self, tokens: list[str], subject: Subject) -> None:
        self.tokens = tokens
        self.subject = subject
        self.columns: Mapping[str, str] = subject.types

    def rule(self) -> Rule:
        first = "" if self.tokens[:1] and self.tokens[0] in self.columns else self._peek()
        if first == "rows":
            rule: Rule = self._rows()
        elif first == "coverage":
            rule = self._coverage()
        elif first == "distinct":
            rule = self._distinct()
        elif first == "[" or ("," in self.tokens and self.tokens[-1] == "unique"):
            rule = self._unique()
        else:
            rule = self._about_a_column()
        if self.tokens:
            raise ValueError(f"nothing may follow; found {' '.join(self.tokens)!r}")
        return rule

    def _peek(self) -> str:
        return self.tokens[0] if self.tokens else ""

    def _next(self, *expected: str) -> str:
        if not self.tokens:
            raise ValueError(f"ends too early; expected {' or '.join(expected) or 'a value'}")
        token = self.tokens.pop(0)
        if expected and token not in expected:
            raise ValueError(f"found {token!r}; expected {' or '.join(expected)}")
        return token

    def _column(self) -> str:
        name = self._next()
        if name == "value" and name not in self.columns and self.subject.value:
            return self.subject.value
        if name not in self.columns:
            raise ValueError(f"unknown column {name!r}{did_you_mean(name, list(self.columns))}")
        return name

    def _about_a_column(self) -> Rule:
        if not self.tokens:
            raise ValueError(f"is empty; expected {FORMS}")
        column = self._subject_column()
        word = self._next("filled", "unique", "in", "matches", "between", "psi", *OPERATORS)
        if word == "filled":
            return self._filled(column)
        if word == "unique":
            return Unique((self._told_apart(column),))
        if column in self.subject.hidden:
            raise ValueError(
                f"{column!r} is high pii, its values are not there to compare; "
                "expected filled, unique or distinct of it"
            )
        return self._about_values(column, word)

    def _about_values(self, column: str, word: str) -> Rule:
        if word == "psi":
            return self._psi(column)
        if word == "matches":
            return Matches(column, self._pattern(column))
        if word == "in":
            return Among(column, self._list(column))
        if word == "between":
            low, _, high = self._value(column), self._next("and"), self._value(column)
            return Between(column, low, high)
        return Comparison(column, word, self._right_side(column, word))

    def _subject_column(self) -> str:
        """The column a check begins with; a tag's check may leave it out."""
        is_left_out = self.subject.value and self._peek() in ("filled", "unique", "psi")
        if is_left_out and self._peek() not in self.columns:
            return self.subject.value
        return self._column()

    def _filled(self, column: str) -> Filled | Within:
        if self._peek() == "within":
            return Within("filled", column, *self._near_the_past())
        return Filled(column, self._share())

    def _rows(self) -> RowCount | Within:
        self._next()
        if self._peek() == "within":
            return Within("rows", "", *self._near_the_past())
        return self._row_count()

    def _distinct(self) -> Within:
        self._next()
        self._next("of")
        return Within("distinct", self._told_apart(self._column()), *self._near_the_past())

    def _told_apart(self, column: str) -> str:
        if column in self.subject.untold:
            raise ValueError(f"{column!r} is high pii without a token of its own; expected filled")
        return column

    def _coverage(self) -> Coverage:
        self._next()
        if not self.subject.tags:
            raise ValueError("coverage is asked of tags; expected 'x filled within …' of a column")
        return Coverage(self.subject.tags, *self._near_the_past())

    def _near_the_past(self) -> tuple[Decimal, Past]:
        self._next("within")
        token = self._next()
        number = token.removesuffix("%")
        if number == token or not re.fullmatch(r"\d+(\.\d+)?", number) or not Decimal(number):
            raise ValueError(f"found {token!r}; expected a percentage such as 40%")
        self._next("of")
        return Decimal(number), self._past()

    def _past(self) -> Past:
        if self._next("same", "last") == "same":
            self._next("weekday")
            return SAME_WEEKDAY
        token = self._next()
        if not token.isdigit() or not 2 <= int(token) <= MOST_RUNS:  # noqa: PLR2004
            raise ValueError(f"found {token!r}; expected a number of runs, 2 to {MOST_RUNS}")
        self._next("runs")
        return Past(int(token))

    def _psi(self, column: str) -> Psi:
        if family_of(self.columns[column]) != "text":
            raise ValueError(f"{column!r} is {self.columns[column]}; psi is for enums and texts")
        if column in self.subject.private:
            raise ValueError(f"{column!r} is personal; its values are not kept, so psi is unknown")
        operator, token = self._next("<", "<="), self._next()
        if not re.fullmatch(r"\d+(\.\d+)?", token):
            raise ValueError(f"found {token!r}; expected a number such as 0.25")
        past = SAME_WEEKDAY
        if self._peek() == "of":
            self._next()
            past = self._past()
        return Psi(column, Decimal(token), operator == "<", past)

    def _row_count(self) -> RowCount:
        operator = self._next("within", "between", *(o for o in OPERATORS if o != "!="))
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
        names = [self._told_apart(self._column())]
        while self.tokens[:1] == [","]:
            self._next()
            names.append(self._told_apart(self._column()))
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
        pattern = unquoted(token)
        try:
            re.compile(pattern)
            pc.match_substring_regex(_ANY_TEXT, pattern)
        except (re.error, pa.ArrowInvalid) as error:
            reason = str(error).partition(": ")[2] or str(error)
            message = f"not a regular expression that every engine reads: {reason}"
            raise ValueError(message) from None
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
        if other in self.subject.hidden:
            raise ValueError(f"{other!r} is high pii, its values are not there to compare")
        if family_of(self.columns[other]) != family_of(self.columns[column]):
            types = f"{self.columns[column]} and {self.columns[other]}"
            raise ValueError(f"{column!r} and {other!r} do not compare: {types}")
        return OtherColumn(other)

    def _value(self, column: str, is_listed: bool = False) -> Value:
        type_name = self.columns[column]
        token = self._next()
        value = typed(token, type_name, is_listed)
        if value is None:
            hint = did_you_mean(token, list(self.columns)) if token.isidentifier() else ""
            raise ValueError(
                f"found {token!r}; expected {EXPECTED[family_of(type_name)]}, "
                f"since {column!r} is {type_name}{hint if 'mean' in hint else ''}"
            )
        return value
