"""What is planted: persons in groups that do not overlap, and what follows for their values."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from examples.chance import Chance, Choice, Flags, Ints

from .persons import COMPANY, SECOND, People
from .plan import Plan

BACKLOG = 730  # days before the first night that its dumps reach back
NEVER = 2**31
SILENCE = 90  # days that a re-issued number was silent, at the least
PLACEHOLDERS = {
    "phone": "13800000000", "email": "noreply@qingyou.test", "national_id": "n/a",
    "device": "00000000-0000-0000-0000-000000000000",
}  # fmt: skip
MAILBOXES = ["noreply@qingyou.test", "kefu@qingyou.test"]  # one is on a list of those, one is not
STORE_PHONE = KIOSK = COMPANY


@dataclass(frozen=True)
class Owners:
    """Whose phone a person writes: slot `before` until the day `switch`, slot `after` from it."""

    before: Ints
    after: Ints
    switch: Ints

    def slot(self, person: Ints, day: Ints) -> Ints:
        return np.where(day < self.switch[person], self.before[person], self.after[person])


@dataclass(frozen=True)
class Planted:
    """Numbers of persons, a row for each planted thing; `*_night` the night that shows it.

    bridges: a, b. families: head, member (a row for each member but the head). recycled: a, who
    had the number, b, who has it. shared_devices: owner, guest. placeholders and typos: by kind of
    value. left_on and given_on: a's last day with a re-issued number, b's first.
    """

    bridges: Ints
    store_phone: Ints
    kiosk: Ints
    mailboxes: Ints
    families: Ints
    recycled: Ints
    recycled_night: Ints
    left_on: Ints
    given_on: Ints
    changed: Ints
    changed_night: Ints
    changed_on: Ints
    shared_devices: Ints
    placeholders: dict[str, Ints]
    typos: dict[str, Ints]

    @property
    def everybody(self) -> Ints:
        """Whoever is in a group, members of families as often as they are named."""
        groups = [self.bridges, self.store_phone, self.kiosk, self.mailboxes, self.families,
                  self.recycled, self.changed, self.shared_devices,
                  *self.placeholders.values(), *self.typos.values()]  # fmt: skip
        return np.concatenate([group.ravel() for group in groups])


def plant(plan: Plan, people: People, chance: Chance) -> Planted:
    """The groups, chosen by hash among the people of the backlog who can carry each value.

    ValueError where there are not enough of them.
    """
    choice = _Groups(chance, people.first_night == 1)
    start = (np.datetime64(plan.start) - np.datetime64("1970-01-01")).astype(np.int64)
    count = plan.bridges
    holders = choice.take("bridge a", people.has_card, count)
    bridges = np.column_stack([holders, choice.take("bridge b", people.has_account, count)])
    recycled = choice.take("recycled", people.has_profile, 2 * plan.recycled_phones).reshape(-1, 2)
    recycled_night, given_on = _days("recycled", recycled[:, 1], start, plan, chance)
    silent = SILENCE + 1 + chance.pick("silence", 120, recycled[:, 0])
    # Nobody says that a number was left: the last row with it is before the first night.
    left_on = np.minimum(given_on, start) - silent
    changed = choice.take("changed", people.has_profile, plan.changed_phones)
    changed_night, changed_on = _days("changed", changed, start, plan, chance)
    devices = choice.take("shared", people.in_app & people.has_account, 2 * plan.shared_devices)
    return Planted(
        bridges=bridges,
        store_phone=choice.take("store phone", people.has_card, plan.store_phone),
        kiosk=choice.take("kiosk", people.has_account, plan.kiosk),
        mailboxes=choice.take("mailbox", people.has_card, plan.mailboxes),
        families=_families(plan.families, choice, people, chance),
        recycled=recycled, recycled_night=recycled_night, left_on=left_on, given_on=given_on,
        changed=changed, changed_night=changed_night, changed_on=changed_on,
        shared_devices=devices.reshape(-1, 2),
        placeholders=choice.take_by_kind("placeholder", plan.placeholders, {
            "phone": people.has_card, "email": people.has_account,
            "national_id": people.has_card, "device": people.in_app,
        }),
        typos=choice.take_by_kind("typo", plan.typos, {
            "name": people.has_card, "phone": people.has_card, "email": people.has_account,
        }),
    )  # fmt: skip


class _Groups:
    """Chooses persons who were not chosen before, exactly as many as asked for."""

    def __init__(self, chance: Chance, may: Flags) -> None:
        self.may = may
        self.choice = Choice(chance, np.flatnonzero(may))

    def take(self, purpose: str, able: Flags, count: int) -> Ints:
        taken = self.choice.take_number(purpose, np.flatnonzero(self.may & able), count)
        if len(taken) < count:
            raise ValueError(f"{purpose}: {count} persons wanted, {len(taken)} left; plant less")
        return taken

    def take_by_kind(self, purpose: str, count: int, able: dict[str, Flags]) -> dict[str, Ints]:
        """The count in equal parts, one for each kind of value; the first ones get what is over."""
        return {
            kind: self.take(f"{purpose} {kind}", who, (count + len(able) - 1 - n) // len(able))
            for n, (kind, who) in enumerate(able.items())
        }


def _days(purpose: str, person: Ints, start: Ints, plan: Plan, chance: Chance) -> tuple[Ints, Ints]:
    """(night, day) of changes, spread evenly over the nights; those of the first lie before it."""
    night = 1 + np.arange(len(person)) % plan.nights
    before = start - 1 - chance.pick(f"{purpose} on", 200, person)
    return night, np.where(night == 1, before, start + night - 1)


def _families(count: int, choice: _Groups, people: People, chance: Chance) -> Ints:
    """(head, member): two to four persons a family, the head among them once only."""
    size = 2 + (chance.share("family size", np.arange(count))[:, None] > [0.6, 0.9]).sum(axis=1)
    taken = choice.take("family", people.has_profile, int(size.sum()))
    first = np.cumsum(size) - size
    rows = np.column_stack([np.repeat(taken[first], size), taken])
    return rows[rows[:, 0] != rows[:, 1]]


def with_families(people: People, planted: Planted) -> People:
    """The people, the members of each family in the household of its head."""
    household = people.household.copy()
    household[planted.families[:, 1]] = planted.families[:, 0]
    return replace(people, household=household)


def phone_owners(people: People, planted: Planted) -> Owners:
    """Everybody's phones by day: own ones, but for families, re-issued and changed numbers."""
    before = people.household.copy()
    after, switch = before.copy(), np.full(len(people), NEVER, dtype=np.int64)
    left, given = planted.recycled.T
    after[left], switch[left] = left + SECOND, planted.left_on + 1
    after[given], switch[given] = left, planted.given_on
    after[planted.changed] = planted.changed + SECOND
    switch[planted.changed] = planted.changed_on
    return Owners(before, after, switch)
