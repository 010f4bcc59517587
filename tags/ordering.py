"""Puts drafts into dependency order; duplicate names and circles are problems of the drafts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from model.errors import Location
from tags.column_names import RESERVED
from tags.drafts import Draft


def without_duplicates(drafts: Iterable[Draft]) -> list[Draft]:
    """The drafts whose name and columns no earlier draft has; the others get a problem each."""
    kept: list[Draft] = []
    names: dict[str, Draft] = {}
    columns: dict[str, Draft] = {}
    for draft in drafts:
        same = names.get(draft.name)
        if same is not None:
            message = f"tag {draft.name!r} is defined twice; first at {same.node.location}"
            draft.problems.add(draft.node.location, message)
            continue
        names[draft.name] = draft
        if _has_free_columns(draft, columns):
            columns |= {column.name: draft for column in draft.columns}
            kept.append(draft)
    return kept


def _has_free_columns(draft: Draft, taken: Mapping[str, Draft]) -> bool:
    before = len(draft.problems.found)
    for column in draft.columns:
        if column.name in RESERVED:
            draft.problems.add(draft.node.location, f"column {column.name!r} is the table's own")
        elif column.name in taken:
            other = taken[column.name]
            message = (
                f"column {column.name!r} is also made by tag {other.name!r} "
                f"({other.node.location}); rename one"
            )
            draft.problems.add(draft.node.location, message)
    return len(draft.problems.found) == before


def owners_of(drafts: Iterable[Draft]) -> dict[str, Draft]:
    """Every column's draft."""
    return {column.name: draft for draft in drafts for column in draft.columns}


def in_dependency_order(drafts: Sequence[Draft]) -> tuple[list[Draft], set[str]]:
    """The drafts, each after those it mentions, and the names of those that stand in a circle.

    Tags that mention none come first, so that a misspelt column is compared with all of theirs.
    """
    owners = owners_of(drafts)
    by_name = {draft.name: draft for draft in drafts}
    graph = {
        draft.name: sorted({owners[word].name for word in draft.mentions if word in owners})
        for draft in sorted(drafts, key=lambda draft: bool(draft.mentions))
    }
    circular: set[str] = set()
    while True:
        try:
            order = list(TopologicalSorter(graph).static_order())
        except CycleError as error:
            # Each is needed by the next; read backwards, each needs the next.
            circle = list(reversed(error.args[1][1:]))
            _note_circle(circle, by_name)
            circular |= set(circle)
            graph = {
                name: [other for other in needed if other not in circular]
                for name, needed in graph.items()
                if name not in circular
            }
        else:
            return [by_name[name] for name in order if name not in circular], circular


def _note_circle(circle: list[str], by_name: Mapping[str, Draft]) -> None:
    # The first by place that is no draft: the problem must not end as a mere warning.
    start = circle.index(min(circle, key=lambda name: _place(by_name[name])))
    path = [*circle[start:], *circle[:start], circle[start]]
    first = by_name[path[0]]
    message = f"{' → '.join(path)}: tags that need each other; break the circle"
    first.problems.add(first.node.location, message)


def _place(draft: Draft) -> tuple[bool, Location]:
    return draft.keys.status == "draft", draft.node.location
