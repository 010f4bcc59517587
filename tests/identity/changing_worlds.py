"""Worlds of which something changes every night: many little ones side by side, apart from each
other, so that one night tries hundreds of cases."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from identity.corrections import Correction
from model.dates import Duration
from model.identity_policy import DisagreeRule
from tests.identity.corrected_worlds import CorrectedWorld, correction
from tests.identity.worlds import KINDS, POLICY, Words, night, node, seen, sighting

LIMITS = {
    "phone": {"max_sightings": 5, "max_peers": 2}, "device": {"max_peers": 2},
    "email": {"window": Duration(150), "max_sightings": 4}, "cookie": {"window": Duration(60)},
}  # fmt: skip
CHANGING_POLICY = replace(
    POLICY, disagree=DisagreeRule(("card",), names=True),
    kinds={
        name: replace(kind, **LIMITS.get(name, {})) for name, kind in POLICY.kinds.items()
    },
)  # fmt: skip
# Far enough apart for phones to fall silent and windows to run out; one is run again.
NIGHTS = (1, 2, 40, 40, 130, 131, 300)
NAMES = ("王秀英", "李强", "王秀", "Anna Smith", "Smith, Anna", "Bob Jones")
_ONLY_SOMETIMES = 0.6


@dataclass
class ChangingWorld:
    """One little world: what its nights bring. Its words bear its seed."""

    seed: int

    def __post_init__(self) -> None:
        self.choice = random.Random(self.seed)
        self.kinds = self.choice.sample(KINDS, self.choice.randint(2, 5))
        if self.choice.random() < 0.5 and "phone" not in self.kinds:
            self.kinds.append("phone")
        self.size = self.choice.randint(1, 4)
        self.known: list[Words] = []
        self.told: dict[str, list[Any]] = {
            "facts": [], "joins": [], "pins": [], "refused": [], "names": [],
        }

    def happens(self, number: int) -> list[dict[str, Any]]:
        """The slices of a night; what rules say changes with it."""
        if number > 1 and self.choice.random() > _ONLY_SOMETIMES:
            return []
        for name, said in self.told.items():
            said[:] = [each for each in said if self.choice.random() < 0.7]
            if self.choice.random() < 0.25:
                said.append(getattr(self, f"_{name}")())
        history = self._handed_on() if number == 1 else []
        count = self.choice.choice((0, 1, 1, 2, 5)) + (5 if number == 1 else 0)
        return [*history, *(self._slice(number) for _ in range(count))]

    def corrections(self) -> list[Correction]:
        """Corrections that begin and end while the world lasts."""
        found = []
        for place in range(self.choice.choice((0, 0, 1, 2))):
            kind = self.choice.choice(("link", "unlink", "block", "pin"))
            words = [self.word() for _ in range(2 if kind in ("link", "unlink") else 1)]
            first = self.choice.choice(NIGHTS)
            last = self.choice.choice([*(n for n in NIGHTS if n >= first), None])
            one_id = self.choice.randint(1, 400) if kind == "pin" else None
            number = 10 * (self.seed % 1_000_000) + place + 1
            found.append(correction(number, kind, *words, one_id=one_id, first=first, last=last))
        return found

    def word(self) -> Words:
        return f"{self.choice.choice(self.kinds)}:{self.seed}-{self.choice.randrange(self.size)}"

    def _slice(self, number: int) -> dict[str, Any]:
        again = self.known and self.choice.random() < 0.4
        words = self.choice.choice(self.known) if again else self._set()
        self.known.append(words)
        # A day to come waits for it.
        first = number + self.choice.choice((0, 0, 0, 1, -1, -30, -100, -200))
        last = first + self.choice.choice((0, 0, 0, 20, 100))
        rows = self.choice.choice((1, 1, -1)) if again else 1
        return seen(words, on=number, day=night(first), last=night(last), rows=rows)

    def _handed_on(self) -> list[dict[str, Any]]:
        """Something that two owners had one after the other, seen alone all the time; perhaps."""
        thing, owner = self.choice.sample(("account", "card", "phone", "email"), 2)
        if self.choice.random() < 0.5:
            return []
        self.kinds += [each for each in (thing, owner) if each not in self.kinds]
        days = (self.choice.randint(-300, -160), self.choice.randint(-60, 0))
        found = [
            seen(f"{owner}:{self.seed}-{place} {thing}:{self.seed}-0", day=night(day))
            for place, day in enumerate(days)
        ]
        alone = f"{thing}:{self.seed}-0"
        self.known.append(alone)
        return [*found, seen(alone, day=night(days[0]), last=night(days[1]))]

    def _set(self) -> Words:
        kinds = self.choice.sample(self.kinds, min(len(self.kinds), self.choice.choice((1, 2, 3))))
        values = (f"{kind}:{self.seed}-{self.choice.randrange(self.size)}" for kind in kinds)
        return " ".join(sorted(values))

    def _node(self) -> int:
        is_sighting = self.known and self.choice.random() < 0.5
        return sighting(self.choice.choice(self.known)) if is_sighting else node(self.word())

    def _facts(self) -> tuple[int, str, str]:
        return self._node(), self.choice.choice(("birth", "apart")), self.choice.choice("ab")

    def _joins(self) -> tuple[int, int]:
        return self._node(), self._node()

    def _pins(self) -> tuple[int, int]:
        return self._node(), self.choice.randint(1, 400)

    def _refused(self) -> Words:
        return self.word()

    def _names(self) -> tuple[int, str]:
        words = self.choice.choice(self.known) if self.known else self._set()
        return sighting(words), self.choice.choice(NAMES)


def changing(seeds: Iterable[int]) -> list[CorrectedWorld]:
    """The worlds of several seeds as one, as it stands on each of NIGHTS."""
    parts = [ChangingWorld(seed) for seed in seeds]
    corrections = tuple(each for part in parts for each in part.corrections())
    world = CorrectedWorld(policy=CHANGING_POLICY, corrections=corrections)
    found = []
    for number in NIGHTS:
        rows = [row for part in parts for row in part.happens(number)]
        told = {
            name: tuple(dict.fromkeys(each for part in parts for each in part.told[name]))
            for name in parts[0].told
        }
        world = replace(world, rows=[*world.rows, *rows], **told)
        found.append(world)
    return found
