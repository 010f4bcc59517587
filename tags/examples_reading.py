"""Reads the `examples` of a tag: one person's rows and profile, and what the columns must hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from model.errors import Location, Problems, did_you_mean
from model.strict_yaml import YamlList, YamlMap
from tags.definitions import Source, Tag
from tags.drafts import Draft
from tags.examples import Example
from tags.lineage import ranks_people
from tags.overrides import NEVER
from tags.scope import Scope
from tags.subjects import MEMBERS

DAYS_AGO = "days_ago"
_KEYS = ("rows", "profile", "given", "gives")


def read_examples(
    draft: Draft, tag: Tag, tags: Mapping[str, Tag], scope: Scope
) -> tuple[Example, ...]:
    """The tag's examples; problems go to the draft.

    `rows` is a list for the tag's own source, or a mapping of sources (a group's `members` too) to
    lists; `given` are values people set, by column. `gives` names any tag column about the same
    object that does not depend on who else there is.
    """
    nodes = draft.node.get("examples", [])
    own = getattr(draft.keys, "from_", "")
    own_tags = [each for each in tags.values() if each.object == tag.object] if nodes else []
    known = {c.name: each for each in own_tags for c in each.columns}
    examples = []
    for i, node in enumerate(nodes):
        if isinstance(node, YamlMap) and isinstance(node.get("gives"), YamlMap):
            examples.append(_example(node, own, known, scope, draft.problems))
        else:
            draft.problems.add(nodes.at(i), "examples: expected {rows: [...], gives: {...}}")
    return tuple(examples)


def _example(
    node: YamlMap, own_source: str, known: Mapping[str, Tag], scope: Scope, problems: Problems
) -> Example:
    for key in node:
        if key not in _KEYS:
            problems.add(node.at(key), f"unknown key {key!r}{did_you_mean(key, _KEYS)}")
    _check_names("column", node["gives"], known, problems)
    for name in node["gives"]:
        if name in known and _depends_on_others(known[name], known):
            problems.add(node.at("gives"), f"{name!r} ranks people; one person is no example of it")
    profile = node.get("profile", YamlMap(node.location.file, node.location.line))
    if not isinstance(profile, YamlMap):
        problems.add(node.at("profile"), "profile: expected columns of the golden profile")
        profile = {}
    _check_names("profile column", profile, scope.golden, problems)
    given = node.get("given", YamlMap(node.location.file, node.location.line))
    if not isinstance(given, YamlMap):
        problems.add(node.at("given"), "given: expected columns of tags and the values set")
        given = {}
    _check_names("column", given, known, problems)
    for name in given:
        if name in known and known[name].override == NEVER:
            problems.add(node.at("given"), f"{name!r} is never set by hand; see its override")
    rows = _rows(node, own_source, scope, problems)
    return Example(rows, dict(profile), dict(node["gives"]), node.location, dict(given))


def _check_names(
    what: str, node: YamlMap, known: Mapping[str, Any], problems: Problems
) -> None:
    for name in node:
        if name not in known:
            problems.add(node.at(name), f"unknown {what} {name!r}{did_you_mean(name, list(known))}")


def _depends_on_others(tag: Tag, owners: Mapping[str, Tag]) -> bool:
    return ranks_people(tag) or any(
        _depends_on_others(owners[c], owners) for c in tag.reads if c in owners
    )


def _rows(
    node: YamlMap, own_source: str, scope: Scope, problems: Problems
) -> dict[str, tuple[Mapping[str, Any], ...]]:
    rows = node.get("rows", YamlMap(node.location.file, node.location.line))
    if not isinstance(rows, YamlMap) and not own_source:
        problems.add(node.at("rows"), "rows: name their source: {orders: [...]}")
        return {}
    by_source = rows if isinstance(rows, YamlMap) else {own_source: rows}
    tables: dict[str, tuple[Mapping[str, Any], ...]] = {}
    for name, listed in by_source.items():
        of_members = name == "members" and scope.subject.members is not None
        source = (Source(MEMBERS, MEMBERS) if of_members
                  else scope.find_source(name, node.at("rows"), problems))
        if not isinstance(listed, YamlList):
            problems.add(node.at("rows"), "rows: expected a list of rows")
        elif source is not None:
            known = {DAYS_AGO, *scope.tables[source.table].columns}
            sound = tuple(
                _row(row, listed.at(i), known, problems, 0 if of_members else None)
                for i, row in enumerate(listed)
            )
            tables[source.table] = tables.get(source.table, ()) + sound
    return tables


def _row(
    row: Any, where: Location, known: set[str], problems: Problems, usual: int | None
) -> Mapping[str, Any]:
    if not isinstance(row, YamlMap):
        problems.add(where, "rows: expected a mapping of columns, such as {days_ago: 3}")
        return {}
    _check_names("column", row, dict.fromkeys(known), problems)
    days = row.get(DAYS_AGO, usual)
    if not isinstance(days, int) or isinstance(days, bool) or days < 0:
        problems.add(where, f"rows: every row needs {DAYS_AGO}, 0 or more")
    return {**row, DAYS_AGO: days}
