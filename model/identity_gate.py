"""How much of the map a night may change before it is held: `gate` of conf/identity.yml."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PERCENTAGE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,4})?)%")
_SIGHTINGS = re.compile(r"([1-9][0-9]{0,9}) sightings?")
_PERSONS = re.compile(r"(0|[1-9][0-9]{0,9}) persons?")
_COUNT = re.compile(r"0|[1-9][0-9]{0,9}")


@dataclass(frozen=True, order=True)
class Percentage:
    """A share as people write it: 0.5% is Percentage(0.5)."""

    percent: float

    @classmethod
    def parse(cls, text: str) -> Percentage:
        """5% or 0.5%; ValueError otherwise."""
        match = _PERCENTAGE.fullmatch(text)
        if not match:
            raise ValueError(f"{text!r} is no percentage; expected one such as 5% or 0.5%")
        return cls(float(match[1]))

    def __str__(self) -> str:
        return f"{self.percent:g}%"


@dataclass(frozen=True, order=True)
class SightingCount:
    """The size of a person, in sightings."""

    sightings: int

    @classmethod
    def parse(cls, text: str) -> SightingCount:
        """50 sightings; ValueError otherwise."""
        match = _SIGHTINGS.fullmatch(text)
        if not match:
            raise ValueError(f"{text!r} is no size of a person; expected one such as 50 sightings")
        return cls(int(match[1]))

    def __str__(self) -> str:
        return f"{self.sightings} sightings"


@dataclass(frozen=True, order=True)
class PersonCount:
    """So many persons, or none."""

    persons: int

    @classmethod
    def parse(cls, text: str) -> PersonCount:
        """20 persons; ValueError otherwise."""
        match = _PERSONS.fullmatch(text)
        if not match:
            raise ValueError(f"{text!r} is no number of persons; expected one such as 20 persons")
        return cls(int(match[1]))

    def __str__(self) -> str:
        return f"{self.persons} persons"


@dataclass(frozen=True, order=True)
class Count:
    """So many, or none."""

    number: int

    @classmethod
    def parse(cls, text: str) -> Count:
        """100 or 0; ValueError otherwise."""
        if not _COUNT.fullmatch(text):
            raise ValueError(f"{text!r} is no count; expected a whole number such as 100, or 0")
        return cls(int(text))

    def __str__(self) -> str:
        return str(self.number)


@dataclass(frozen=True)
class IdentityGate:
    """The last value of each measure that a night may reach; None: any.

    `largest_person`: sightings of the largest person. `people_change`, `merges`, `splits`: persons
    more or fewer, merged and split, of those of the night before. `new_hubs`: identifiers that
    become hubs. `floor`: up to so many persons a percentage holds nobody, since of a handful any
    change is a large share.
    """

    largest_person: SightingCount | None = None
    people_change: Percentage | None = None
    merges: Percentage | None = None
    splits: Percentage | None = None
    new_hubs: Count | None = None
    floor: PersonCount = PersonCount(20)
