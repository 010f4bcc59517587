"""All that the channels' dumps are made of: who, what they did, what is planted, which dates."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from examples.chance import Chance

from .journey import Journey, read_journey
from .landing import Calendar
from .people import people_of, read_names
from .planted import Planted, plant, with_family_phones


@dataclass(frozen=True)
class Demo:
    """One demo's people (people.py), FEBRL's records, baskets, planted groups, chance and dates."""

    people: pd.DataFrame
    originals: pd.DataFrame
    copies: pd.DataFrame
    journey: Journey
    planted: Planted
    chance: Chance
    calendar: Calendar


def demo_of(households: int, calendar: Calendar, chance: Chance) -> Demo:
    """The first households' demo; the same for the same arguments."""
    originals, copies = read_names()
    people = people_of(households, originals, chance)
    planted = plant(people, chance)
    return Demo(
        people=with_family_phones(people, planted),
        originals=originals,
        copies=copies,
        journey=read_journey(households),
        planted=planted,
        chance=chance,
        calendar=calendar,
    )
