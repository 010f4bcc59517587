"""All that the dumps are made of: the plan, who there is, what is planted, whose rows show it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from examples.chance import Chance, Flags, Ints
from examples.spelling import picked

from .persons import Identifiers, People, people_of
from .plan import Plan
from .planted import MAILBOXES, Owners, Planted, phone_owners, plant, with_families

DAY = 86_400


@dataclass(frozen=True)
class World:
    """One plan's people; everything about them is the same on every machine."""

    plan: Plan
    chance: Chance
    people: People
    planted: Planted
    owners: Owners
    values: Identifiers

    def night_day(self, night: int) -> int:
        """The business date of night 1, 2, …, in days since 1970."""
        first = np.datetime64(self.plan.start) - np.datetime64("1970-01-01")
        return int(first.astype(np.int64)) + night - 1

    def among(self, group: Ints) -> Flags:
        """By person, whether they are in the group."""
        flags = np.zeros(len(self.people), dtype=bool)
        flags[group.ravel()] = True
        return flags

    @cached_property
    def is_planted(self) -> Flags:
        return self.among(self.planted.everybody)

    @cached_property
    def shows_contacts(self) -> Flags:
        """Whose profiles always hold phone and e-mail: those in whose they are the point."""
        planted = self.planted
        groups = [planted.bridges, planted.families, planted.recycled, planted.changed,
                  *planted.typos.values()]  # fmt: skip
        return self.among(np.concatenate([group.ravel() for group in groups]))

    @cached_property
    def shows_national_id(self) -> Flags:
        return self.among(self.planted.bridges)

    @cached_property
    def hides_national_id(self) -> Flags:
        """Of re-issued numbers only time tells the two owners apart."""
        return self.among(self.planted.recycled)

    @cached_property
    def bridged_phone(self) -> Ints:
        """By person, the person whose phone stands in their account; -1 mostly."""
        return self._bridged(self.planted.bridges[::2])

    @cached_property
    def bridged_email(self) -> Ints:
        return self._bridged(self.planted.bridges[1::2])

    def company_mailboxes(self, person: Ints) -> pa.Array:
        """The company's mailbox that stands in their row, if one does."""
        place = self.chance.pick("which mailbox", len(MAILBOXES), person)
        return picked(MAILBOXES, place)

    def _bridged(self, pairs: Ints) -> Ints:
        others = np.full(len(self.people), -1, dtype=np.int64)
        others[pairs[:, 1]] = pairs[:, 0]
        return others


def world_of(plan: Plan) -> World:
    """The world of a plan. ValueError where it asks for more than its people can carry."""
    chance = Chance(plan.seed)
    people = people_of(plan, chance)
    planted = plant(plan, people, chance)
    people = with_families(people, planted)
    return World(plan, chance, people, planted, phone_owners(people, planted), Identifiers(chance))
