"""Checks as they are written: of a table, of a channel's dataset, of a tag; read once, frozen.

Problems name file and line.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from model.errors import NOWHERE, Location, Problems, did_you_mean
from model.names import check_name
from model.reading import read
from model.strict_yaml import YamlList, YamlMap
from quality.grammar import parse_check
from quality.rules import (
    Among,
    Between,
    Comparison,
    Filled,
    Matches,
    Rule,
    Share,
    Subject,
)
from quality.suites import SUITE_KEYS, Expectation, read_expectation

Severity = Literal["hold", "quarantine", "warn", "stale"]
STALE: Severity = "stale"  # of a tag's own checks: it keeps its last good values
_SEVERITIES: Mapping[str, Severity] = {"hold": "hold", "quarantine": "quarantine", "warn": "warn"}


@dataclass(frozen=True)
class Check:
    """One check; `code` names it for `--accept`, `mostly` the share that must pass."""

    code: str
    text: str
    severity: Severity
    rule: Rule
    mostly: Share | None = None

    @property
    def required(self) -> Share:
        """The share of judged rows that must pass."""
        if isinstance(self.rule, Filled):
            return self.rule.share
        return self.mostly or Share(Decimal(100))


@dataclass(frozen=True)
class TableChecks:
    """Everything that is asked of one slice: of a table (`zone.table`) or a dataset's records
    (`channel.dataset`).

    `watched` are the columns whose filled shares, and mixes where they are enums, are compared
    with the past without being asked, as the number of rows is; None: nothing is. `may_hold`:
    whether breaks with the past hold the night, or warn of it.
    """

    table_name: str
    checks: tuple[Check, ...] = ()
    expectations: tuple[Expectation, ...] = ()
    subject: Subject = field(default_factory=lambda: Subject({}))
    watched: tuple[str, ...] | None = None
    may_hold: bool = True

    @property
    def identifiers(self) -> tuple[str, ...]:
        """The watched fields that join people."""
        return tuple(name for name in self.watched or () if name in self.subject.identifiers)

    @property
    def stale_making(self) -> TableChecks:
        """Only those checks that make tags stale."""
        checks = tuple(check for check in self.checks if check.severity == STALE)
        return dataclasses.replace(self, checks=checks, expectations=(), watched=None)

    def without_hold(self) -> TableChecks:
        """The same checks, those that hold warning only."""
        return dataclasses.replace(self, may_hold=False, checks=tuple(
            dataclasses.replace(check, severity="warn") if check.severity == "hold" else check
            for check in self.checks
        ))  # fmt: skip


@dataclass(frozen=True)
class TagCheck:
    """One check of a tag's file: about one column of the wide table, whose type is a tag's."""

    text: str
    column: str
    type: str
    values: tuple[str, ...]
    location: Location


@dataclass(frozen=True)
class _WrittenCheck:
    check: str
    then: str = "warn"
    mostly: Share | None = None
    code: str | None = None
    location: Location = NOWHERE


def read_checks(
    nodes: Mapping[str, YamlMap], subjects: Mapping[str, Subject], problems: Problems
) -> tuple[TableChecks, ...]:
    """The checks of every file of conf/quality, sorted by table; what is wrong is noted.

    `nodes` are the files by name (`clean.orders.yml`), `subjects` the tables that can be checked.
    """
    found = []
    for name in sorted(nodes):
        node, table = nodes[name], name.removesuffix(".yml")
        if table not in subjects:
            hint = did_you_mean(table, list(subjects))
            problems.add(Location(node.location.file, 1), f"unknown table {table!r}{hint}")
            continue
        found.append(_table_checks(table, node, subjects[table], problems))
    return tuple(found)


def read_dataset_checks(
    dataset: str, node: YamlMap, subject: Subject, watched: tuple[str, ...] | None,
    problems: Problems,
) -> TableChecks:  # fmt: skip
    """The checks of a channel file's dataset (`channel.dataset`); theirs alone may quarantine."""
    reader = _Reader(dataset, subject, problems, may_quarantine=True)
    return TableChecks(dataset, reader.checks(node), (), subject, watched)


def with_tag_checks(
    tables: Sequence[TableChecks], table: str, subject: Subject, written: Iterable[TagCheck],
    problems: Problems,
) -> tuple[TableChecks, ...]:  # fmt: skip
    """The tables' checks, those of tags' files added to the wide table's; each makes its
    tag stale."""
    known = {each.table_name: each for each in tables}
    wide = known.get(table, TableChecks(table, subject=subject))
    codes = {one.code for one in wide.checks} | {one.code for one in wide.expectations}
    found = list(wide.checks)
    for each in written:
        own = Subject(
            {each.column: each.type}, {each.column: each.values} if each.values else {},
            private=subject.private, tags=(each.column,), value=each.column,
        )  # fmt: skip
        rule = parse_check(each.text, own, each.location, problems)
        code = f"{table}.{rule.code[:63]}" if rule else ""
        if rule and code in codes:
            problems.add(each.location, f"a check with the code {code} stands elsewhere already")
        elif rule:
            codes.add(code)
            text = f"{each.column}: {each.text}"
            found.append(Check(code, text, STALE, rule))
    if found:
        known[table] = dataclasses.replace(wide, checks=tuple(found))
    return tuple(known[name] for name in sorted(known))


def _table_checks(
    table: str, node: YamlMap, subject: Subject, problems: Problems
) -> TableChecks:
    known = ("checks", "expectations", *SUITE_KEYS)
    for key in node:
        if key not in known:
            problems.add(node.at(key), f"unknown key {key!r}{did_you_mean(key, known[:2])}")
    reader = _Reader(table, subject, problems)
    checks = reader.checks(node)
    expectations = reader.expectations(node)
    if not checks and not expectations and not problems.found:
        problems.add(node.location, "no checks; expected a list under 'checks' or 'expectations'")
    return TableChecks(table, checks, expectations, subject)


class _Reader:
    """Reads the checks of one slice; codes must differ, so that `--accept` means one check."""

    def __init__(
        self, table: str, subject: Subject, problems: Problems, may_quarantine: bool = False
    ) -> None:
        self.table = table
        self.subject = subject
        self.problems = problems
        self.may_quarantine = may_quarantine
        self.codes: dict[str, Location] = {}

    def checks(self, node: YamlMap) -> tuple[Check, ...]:
        return tuple(
            check
            for item in self._items(node, "checks")
            if (check := self._check(item)) and self._is_new(check.code, item.location)
        )

    def expectations(self, node: YamlMap) -> tuple[Expectation, ...]:
        found = []
        for item in self._items(node, "expectations"):
            read_one = read_expectation(item, self.table, self.subject.types, self.problems)
            if read_one and "code" in item:
                check_name(str(item["code"]), item.at("code"), self.problems)
            if read_one and self._is_new(read_one.code, item.location):
                found.append(read_one)
        return tuple(found)

    def _items(self, node: YamlMap, key: str) -> list[YamlMap]:
        items = node.get(key, YamlList(node.location.file, node.location.line))
        if not isinstance(items, YamlList):
            self.problems.add(node.at(key), f"{key}: expected a list")
            return []
        return [_mapping(item, items.at(i)) for i, item in enumerate(items)]

    def _check(self, node: YamlMap) -> Check | None:
        written = read(_WrittenCheck, node, self.problems)
        if written is None:
            return None
        rule = parse_check(written.check, self.subject, node.at("check"), self.problems)
        severity = self._severity(written.then, rule, node.at("then"))
        if rule is None or severity is None:
            return None
        if written.mostly and not isinstance(rule, Comparison | Between | Among | Matches):
            message = "mostly: only a check of single rows may pass mostly"
            self.problems.add(node.at("mostly"), message)
            return None
        if written.code is not None:
            check_name(written.code, node.at("code"), self.problems)
        code = f"{self.table}.{written.code or rule.code[:63]}"
        return Check(code, written.check, severity, rule, written.mostly)

    def _severity(self, then: str, rule: Rule | None, where: Location) -> Severity | None:
        severity = _SEVERITIES.get(then)
        if severity == "quarantine" and self.may_quarantine:
            if rule is None or is_of_single_rows(rule):
                return severity
            message = "quarantine is for single rows: 'amount >= 0', 'x in [a]' or 'x filled'"
            self.problems.add(where, f"then: {message}")
            return None
        if severity in ("hold", "warn"):
            return severity
        hint = "; quarantine is for single rows: write it in a channel's file"
        expected = "hold, quarantine or warn" if self.may_quarantine else "hold or warn"
        told = hint if then == "quarantine" else did_you_mean(then, list(_SEVERITIES))
        self.problems.add(where, f"then: expected {expected}; found {then!r}{told}")
        return None

    def _is_new(self, code: str, where: Location) -> bool:
        if code in self.codes:
            first = self.codes[code].line
            message = f"a check with the code {code} stands on line {first}; add 'code:'"
            self.problems.add(where, message)
            return False
        self.codes[code] = where
        return True


def is_of_single_rows(rule: Rule) -> bool:
    """Whether each row passes or fails by itself; a share of filled rows is not such a rule."""
    if isinstance(rule, Filled):
        return rule.share == Share(Decimal(100))
    return isinstance(rule, Comparison | Between | Among | Matches)


def _mapping(item: Any, where: Location) -> YamlMap:
    """A check may be its text alone; it then warns."""
    if isinstance(item, YamlMap):
        return item
    node = YamlMap(where.file, where.line)
    node["check"] = item
    return node
