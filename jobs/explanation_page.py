"""The answer of `onefold explain link`, for people and for machines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from rich.console import Console
from rich.table import Column, Table

from identity.explain import Link, Step
from jobs.cut_words import Told
from jobs.link_ends import End

Names = Mapping[str, str]  # what is shown of the identifiers, by token


@dataclass(frozen=True)
class Explanation:
    """The answer about two ends: the path that joins them (None: they are apart), or the cuts."""

    ends: tuple[End, End]
    path: tuple[Step, ...] | None
    cuts: tuple[Told, ...] = ()

    @property
    def tokens(self) -> set[str]:
        """Every identifier that it names."""
        of_path = {token for step in self.path or () for token in _tokens_of(step)}
        return {
            *(end.token for end in self.ends if end.token), *of_path,
            *(told.cut.token for told in self.cuts),
        }  # fmt: skip


def _tokens_of(step: Step) -> list[str]:
    return [token for token in (step.link.token, step.link.other_token) if token]


def as_json(found: Explanation, names: Names) -> dict[str, Any]:
    """The explanation as one object; absent days and identifiers are null."""
    return {
        "is_one_person": found.path is not None,
        "ends": [
            {
                "kind": end.kind, "identifier": names.get(end.token or ""), "one_id": end.one_id,
                "node_id": end.node_id, "note": end.note,
            }
            for end in found.ends
        ],
        "path": [_step_as_json(step, names) for step in found.path or ()],
        "cuts": [_cut_as_json(told, names) for told in found.cuts],
    }  # fmt: skip


def _step_as_json(step: Step, names: Names) -> dict[str, Any]:
    link = step.link
    return {
        "start": step.start, "end": step.end,
        "sighting_id": None if link.other_token else link.one, "node_id": link.other,
        "kind": link.kind, "scope": link.scope, "identifier": names.get(link.token),
        "rule": link.rule, "rank": link.rank, "sources": link.sources,
        "first_date": _text(link.first_date), "last_date": _text(link.last_date),
        "weight": link.row_count, "is_bridge": step.is_bridge,
    }  # fmt: skip


def _cut_as_json(told: Told, names: Names) -> dict[str, Any]:
    cut = told.cut
    return {
        "rule": cut.rule, "why": told.why, "kind": cut.kind, "scope": cut.scope,
        "identifier": names.get(cut.token), "node_id": cut.node_id,
        "sighting_id": cut.sighting_id, "sources": cut.sources,
        "first_date": _text(cut.first_date), "last_date": _text(cut.last_date),
    }  # fmt: skip


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def show_page(console: Console, found: Explanation, names: Names) -> None:
    """Prints the explanation: the two, the verdict, and the path or the cuts as a table."""
    for end in found.ends:
        console.print(" · ".join(filter(None, [_end_name(end, names), end.note])))
    if found.path is None:
        console.print(f"[bold]不是同一人 apart[/]{'' if found.cuts else _nothing(found.ends)}")
        if found.cuts:
            console.print(_cut_table(found.cuts, names))
        return
    console.print("[bold]同一人 one person[/]")
    if found.path:
        console.print(_path_table(found.path, names))
    elif found.ends[0].node_id != found.ends[1].node_id:
        console.print("no link tells: rows of some days only make it theirs")


def _end_name(end: End, names: Names) -> str:
    if end.token is None:
        return f"OneID {end.one_id}"
    holder = "" if end.one_id is None else f" (OneID {end.one_id})"
    return f"{end.kind} {names.get(end.token)}{holder}"


def _nothing(ends: tuple[End, End]) -> str:
    """What is said of two between whom nothing was cut: the notes say it where nobody holds one."""
    is_held = all(end.place is not None and end.place.is_person for end in ends)
    return ": no link between them exists, and none was cut" if is_held else ""


def _path_table(path: Sequence[Step], names: Names) -> Table:
    start = _node_name(path[0].link, path[0].start, names)
    to = Column("to", overflow="fold")
    table = Table(to, "rule", "seen in", "days", "rows", "", title=f"from {start}")
    for step in path:
        link = step.link
        table.add_row(
            _node_name(link, step.end, names), link.rule, ", ".join(link.sources),
            _days(link.first_date, link.last_date), _text(link.row_count),
            "桥 bridge" if step.is_bridge else "",
        )  # fmt: skip
    return table


def _node_name(link: Link, node: int, names: Names) -> str:
    """What one of the two ends of a link is called: an identifier, or the rows of a sighting."""
    if node == link.other:
        return f"{link.kind} {names.get(link.token)}"
    return f"identifier {names.get(link.other_token)}" if link.other_token else f"rows {link.one}"


def _cut_table(cuts: Sequence[Told], names: Names) -> Table:
    table = Table("identifier", "rule", "seen in", "days")
    for told in cuts:
        cut = told.cut
        table.add_row(
            f"{cut.kind} {names.get(cut.token)}", f"{cut.rule}: {told.why}",
            ", ".join(cut.sources), _days(cut.first_date, cut.last_date),
        )  # fmt: skip
    return table


def _days(first: date | None, last: date | None) -> str:
    return " – ".join(dict.fromkeys(str(day) for day in (first, last) if day))
