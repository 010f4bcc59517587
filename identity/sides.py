"""The sides of an identifier's silences: with which of them another owner begins."""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa

from model.ddl_types import arrow_schema

STARTS = "node_id bigint, starts_on date, sighting_id bigint"


@dataclass
class _Side:
    """What is known of the owners on one side of a silence: identifiers, and values by rule."""

    parts: set[int]
    things: set[int] = field(default_factory=set)
    values: dict[str, set[str]] = field(default_factory=dict)

    def add(self, other: _Side) -> None:
        """Takes in what is known of the same owner later on."""
        self.parts |= other.parts
        self.things |= other.things
        for rule, values in other.values.items():
            self.values[rule] = self.values.get(rule, set()) | values

    def contradicts(self, other: _Side, disputes: set[tuple[int, int]]) -> bool:
        """Whether no one person can stand on both sides."""
        if self.things & other.things:
            return False
        mine, theirs = self.values, other.values
        return any(
            len(mine[rule]) == len(theirs[rule]) == 1 and mine[rule] != theirs[rule]
            for rule in mine.keys() & theirs.keys()
        ) or self._is_disputed_by(other, disputes)

    def _is_disputed_by(self, other: _Side, disputes: set[tuple[int, int]]) -> bool:
        """Whether names differ between the two sides, and within neither of them."""
        across = [
            (a in self.parts) != (b in self.parts)
            for a, b in disputes if {a, b} <= self.parts | other.parts
        ]  # fmt: skip
        return bool(across) and all(across)


def starts_of(identifier: pa.Table) -> pa.Table:
    """The STARTS of one identifier: part after part, the owner goes on or another one begins."""
    rows = identifier.to_pylist()
    sides: dict[int, _Side] = {}
    for row in rows:
        side = sides.setdefault(row["part"], _Side({row["part"]}))
        if row["thing"] is not None:
            side.things.add(row["thing"])
        if row["rule"] is not None:
            side.values.setdefault(row["rule"], set()).add(row["value"])
    disputes = {(r["part"], r["other_part"]) for r in rows if r["other_part"] is not None}
    openings = {row["part"]: row for row in rows if row["starts_on"] is not None}
    found = [openings[part] for part in _handed_on(sides, disputes)]
    return pa.Table.from_pylist(found, schema=arrow_schema(STARTS))


def _handed_on(sides: dict[int, _Side], disputes: set[tuple[int, int]]) -> list[int]:
    """The parts with which another owner begins; none where one who was before comes back."""
    first, *later = sorted(sides)
    owners, begun = [sides[first]], []
    for part in later:
        side = sides[part]
        if any(side.things & owner.things for owner in owners[:-1]):
            return []
        if owners[-1].contradicts(side, disputes):
            owners.append(side)
            begun.append(part)
        else:
            owners[-1].add(side)
    return begun
