"""Worlds whose nights take corrections."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from identity.corrections import Correction, CorrectionKind, End, with_corrections
from identity.rulings import Rulings
from model.engines import Engine
from tests.identity.worlds import Words, World, kind_of, night, node, scope_of, token

MADE_AT = datetime(2017, 9, 27, 8, 30, tzinfo=timezone.utc)


def correction(
    number: int, kind: CorrectionKind, *words: Words, one_id: int | None = None, first: int = 1,
    last: int | None = None,
) -> Correction:  # fmt: skip
    ends = tuple(End(kind_of(word), scope_of(word), token(word)) for word in words)
    until = None if last is None else night(last)
    return Correction(number, kind, ends, one_id, "Lin", "a call", night(first), until, MADE_AT)


@dataclass
class CorrectedWorld(World):
    """A world whose nights take the corrections that hold on them."""

    corrections: tuple[Correction, ...] = ()
    number: int = 1

    def run(self, number: int, *how: Any, **more: Any) -> World:
        self.number = number
        return super().run(number, *how, **more)

    def rulings(self, engine: Engine) -> Rulings:
        return with_corrections(
            engine, super().rulings(engine), self.corrections, night(self.number)
        )

    def are_one(self, *words: Words, number: int | None = None) -> bool:
        found = [self.map_on(number).get(node(word)) for word in words]
        return None not in found and len(set(found)) == 1
