"""What may be said of tags about each object, and the wide tables they may stand in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from model.errors import did_you_mean
from model.fixed_tables import TAG_TABLES
from model.names import check_name
from tags.definitions import PERSON
from tags.drafts import Draft
from tags.overrides import NEVER
from tags.subjects import Subject, changes_name

# What rows of an object, or of its members, tell; the others are about persons.
_SHAPES = ("measure", "top", "calc", "bins", "cases", "rfm", "steps")


def check_known(draft: Draft, objects: Sequence[str]) -> None:
    """Notes an object that the model does not know."""
    name = draft.keys.object
    if name not in objects:
        hint = did_you_mean(name, list(objects))
        draft.problems.add(draft.at("object"), f"object: unknown object {name!r}{hint}")


def check_about(draft: Draft, subject: Subject, read: Mapping[str, Draft]) -> None:
    """Notes what a tag about an object cannot be, and columns about others that it `read`s: only
    measures per member read those of persons."""
    problems, name = draft.problems, subject.name
    if subject.flaw:
        problems.add(draft.at("object"), f"object: {subject.flaw}")
    if name != PERSON and draft.shape not in _SHAPES:
        message = f"{draft.shape}: is of persons; a tag of {name} takes {', '.join(_SHAPES)}"
        problems.add(draft.at(draft.shape), message)
    if name != PERSON and draft.keys.override not in ("", NEVER):
        message = f"override: people set values of persons; write override: never for a {name}"
        problems.add(draft.at("override"), message)
    for own in draft.columns:
        if own.name in subject.id_names:
            problems.add(draft.node.location, f"column {own.name!r} is the table's own")
    wanted = PERSON if getattr(draft.keys, "per", None) else name
    for column, other in sorted(read.items()):
        if other.keys.object != wanted:
            message = f"{column!r} is a tag of {other.keys.object}; expected tags of {wanted}"
            problems.add(draft.at(draft.shape), message)


class Tables:
    """The names of the wide tables: each holds tags about one object."""

    def __init__(self, drafts: Iterable[Draft], subjects: Iterable[Subject]) -> None:
        self._taken = {contract.name for contract in TAG_TABLES}
        self._own: Mapping[str, str] = {each.name: each.wide_table for each in subjects}
        self._taken |= {*self._own.values(), *map(changes_name, self._own)}
        self._firsts: dict[str, Draft] = {}
        for draft in sorted(drafts, key=lambda each: each.node.location):
            self._firsts.setdefault(draft.keys.table, draft)

    def check(self, draft: Draft) -> None:
        """Notes a table that cannot hold the tag."""
        name, where, problems = draft.keys.table, draft.at("table"), draft.problems
        if not name or name == self._own[draft.keys.object]:
            return
        first = self._firsts[name]
        if not check_name(name, where, problems):
            return
        if name in self._taken:
            problems.add(where, f"table: {name!r} is another table's name; choose one of your own")
        elif first.keys.object != draft.keys.object:
            message = (
                f"table: {name!r} holds tags of {first.keys.object} ({first.node.location}); "
                "a table holds tags of one object: choose another name"
            )
            problems.add(where, message)
