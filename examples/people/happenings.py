"""Five channels of what people do: who, when, and in which of them; no text yet.

Days before the first night are its backlog. A later night holds its own day, and some rows that
come late, of days before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from examples.chance import Flags, Ints

from .persons import People
from .planted import BACKLOG, KIOSK
from .world import DAY, World

LATE, LATEST = 0.05, 20  # of a later night's rows; days late at the most
PLANTED = 1_000_000  # numbers of planted rows begin here
REFUNDED = 0.05  # of the orders of the night before


@dataclass(frozen=True)
class Habit:
    """How often the able use a channel: rows of the backlog, of which one is picked, and the share
    of them on a night at the usual change."""

    able: Flags
    backlog: tuple[int, ...]
    nightly: float


@dataclass(frozen=True)
class Happenings:
    """Rows of a channel: a person's how-manieth, when, and whether one of the planted ones.

    slot: whose device it was; the person's own mostly.
    """

    person: Ints
    number: Ints
    day: Ints
    second: Ints
    slot: Ints
    is_planted: Flags
    is_late: Flags

    def taken(self, places: Ints | Flags) -> Happenings:
        """Some of the rows, in the order of `places`."""
        return Happenings(*(getattr(self, name)[places] for name in self.__dataclass_fields__))


def habits(channel: str, people: People) -> list[Habit]:
    """Who uses the channel, and how often."""
    everybody = np.ones(len(people), dtype=bool)
    return {
        "pos": [
            Habit(people.has_card, (1, 1, 1, 2, 3), 0.012),
            Habit(~people.has_card, (0, 0, 0, 1), 0.003),
        ],
        "shop": [Habit(people.has_account, (0, 1, 1, 2, 2), 0.013)],
        "wechat": [Habit(people.in_wechat, (1, 1, 2, 2), 0.014)],
        "app": [Habit(people.in_app, (1, 2, 2, 3), 0.030)],
        "service": [Habit(everybody, (0, 0, 1), 0.004)],
    }[channel]


def happenings(world: World, channel: str, night: int, is_gone: Flags) -> Happenings:
    """A night's rows of a channel, in the order of time; who is gone does nothing more."""
    usual = _backlog(world, channel) if night == 1 else _nightly(world, channel, night, is_gone)
    parts = [usual, *_planted(world, channel, night)]
    names = Happenings.__dataclass_fields__
    rows = Happenings(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
    return rows.taken(np.lexsort((rows.number, rows.person, rows.second, rows.day)))


def _backlog(world: World, channel: str) -> Happenings:
    chance, first = world.chance, np.flatnonzero(world.people.first_night == 1)
    counts = np.zeros(len(first), dtype=np.int64)
    for n, habit in enumerate(habits(channel, world.people)):
        often = np.array(habit.backlog)[chance.pick(f"{channel} {n}", len(habit.backlog), first)]
        counts += np.where(habit.able[first], often, 0)
    person = np.repeat(first, counts)
    number = np.arange(len(person)) - np.repeat(np.cumsum(counts) - counts, counts)
    day = world.night_day(1) - chance.pick(f"{channel} day", BACKLOG, person, number)
    return _rows(world, channel, person, number, day)


def _nightly(world: World, channel: str, night: int, is_gone: Flags) -> Happenings:
    chance, people = world.chance, world.people
    here = np.flatnonzero((people.first_night <= night) & ~is_gone)
    share = np.zeros(len(here))
    for habit in habits(channel, people):
        share += np.where(habit.able[here], habit.nightly * world.plan.change / 0.01, 0)
    person = here[chance.share(f"{channel} night", here, night) < share]
    number = np.full(len(person), 1_000 + night)
    is_late = chance.share(f"{channel} late", person, night) < LATE
    late = 1 + chance.pick(f"{channel} days late", LATEST, person, night)
    day = world.night_day(night) - np.where(is_late, late, 0)
    return _rows(world, channel, person, number, day, is_late=is_late)


def _rows(
    world: World, channel: str, person: Ints, number: Ints, day: Ints,
    slot: Ints | None = None, is_late: Flags | None = None,
) -> Happenings:  # fmt: skip
    is_planted = number >= PLANTED
    return Happenings(
        person, number, day, world.chance.pick(f"{channel} second", DAY, person, number),
        person if slot is None else slot, is_planted,
        np.zeros(len(person), bool) if is_late is None else is_late,
    )  # fmt: skip


def _planted(world: World, channel: str, night: int) -> Iterator[Happenings]:
    """The rows that show what is planted: log-ins on shared devices, calls about phones."""
    if channel == "app" and night == 1:
        kiosk, (owner, guest) = world.planted.kiosk, world.planted.shared_devices.T
        yield _log_ins(world, kiosk, np.full(len(kiosk), KIOSK))
        yield _log_ins(world, owner, owner)
        yield _log_ins(world, guest, owner)
    if channel == "service":
        planted = world.planted
        (left, given), now = planted.recycled.T, planted.recycled_night == night
        if night == 1:
            yield _calls(world, left, planted.left_on, 0)
        yield _calls(world, given[now], planted.given_on[now], 1)
        now = planted.changed_night == night
        if night == 1:  # all of them called with the old number before
            yield _calls(world, planted.changed, _before(world, planted.changed_on), 0)
        yield _calls(world, planted.changed[now], planted.changed_on[now], 1)


def _before(world: World, day: Ints) -> Ints:
    """A day before a number changed, that the backlog holds."""
    return np.minimum(day - 1, world.night_day(1) - 1)


def _log_ins(world: World, person: Ints, slot: Ints) -> Happenings:
    number = np.full(len(person), PLANTED)
    day = world.night_day(1) - world.chance.pick("log-in day", BACKLOG, person, slot)
    return _rows(world, "app", person, number, day, slot)


def _calls(world: World, person: Ints, day: Ints, number: int) -> Happenings:
    return _rows(world, "service", person, np.full(len(person), PLANTED + number), day)
