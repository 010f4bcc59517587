"""Thirty nights of little worlds: rows come, are edited, go; persons merge, split, retire, return.

Twice rows come late for an earlier night: that one is run again, and all nights since.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from tests.identity.worlds import KINDS, World, night

NIGHTS, WORLDS, PEOPLE = 30, 4, 6
LATE = {9: 7, 22: 20}


@dataclass
class Years:
    """The world at the end of every run, with the number of its night; the last of each night."""

    world: World
    runs: list[tuple[int, World]] = field(default_factory=list)
    last: dict[int, World] = field(default_factory=dict)

    def run(self, number: int) -> None:
        self.world.run(number)
        kept = replace(self.world, rows=list(self.world.rows), tables=dict(self.world.tables))
        self.runs.append((number, kept))
        self.last[number] = kept


def thirty_nights(seed: int) -> Years:
    choice, years = random.Random(seed), Years(World())
    for one in range(WORLDS):
        for i in range(PEOPLE):
            more = choice.choice(["", f" phone:{one}-{i}", f" device:{one}-{i}"])
            years.world.see(f"account:{one}-{i} email:{one}-{i}{more}", day=night(-i))
    years.run(1)
    for number in range(2, NIGHTS + 1):
        years.world.rows += [*_arrivals(choice, number), *_removals(choice, years.world, number)]
        years.run(number)
        if number in LATE:
            years.world.rows += [
                row for _ in range(4) for row in _arrivals(choice, LATE[number])
            ]  # fmt: skip
            for again in range(LATE[number], number + 1):
                years.run(again)
    return years


def _arrivals(choice: random.Random, number: int) -> Iterator[dict[str, Any]]:
    """Rows that join two persons, and rows of any kinds."""
    new = World()
    for _ in range(choice.choice((0, 1, 2))):
        one = choice.randrange(WORLDS)
        pair = sorted(choice.sample(range(PEOPLE), 2))
        new.see(" ".join(f"email:{one}-{i}" for i in pair), on=number)
    for _ in range(choice.choice((0, 1, 2))):
        one, kinds = choice.randrange(WORLDS), choice.sample(KINDS, choice.choice((1, 2, 2)))
        words = sorted(f"{kind}:{one}-{choice.randrange(PEOPLE)}" for kind in kinds)
        new.see(" ".join(words), on=number)
    yield from new.rows


def _removals(choice: random.Random, world: World, number: int) -> Iterator[dict[str, Any]]:
    """All rows of some sightings."""
    left: dict[tuple[int, Any], int] = {}
    for row in world.rows:
        key = (row["sighting_id"], row["first_date"])
        left[key] = left.get(key, 0) + row["row_count"]
    there = {(row["sighting_id"], row["first_date"]): row for row in world.rows}
    there = {key: row for key, row in there.items() if left[key] > 0}
    for key in choice.sample(sorted(there), choice.choice((0, 1, 2, 3))):
        yield there[key] | {"business_date": night(number), "row_count": -left[key]}
