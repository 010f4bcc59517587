"""Slices of wide tables that nobody keeps any longer go when a night is written."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from jobs.night import Night
from lake.ledger import published_night
from model.keeping import longest, past_keeping
from tags.wide_tables import described_subjects, wide_tables


def remove_old_slices(night: Night, needed: Collection[date]) -> None:
    """Takes the slices past `keep` out of the newest version of every wide table; published nights
    name their own versions, which have them still.

    Those of D, of the days `needed` and of the night that readers see stay. Nights are counted from
    the newest there is: one that is rebuilt later leaves no slice behind those that went.
    """
    lake, usual = night.lake, night.project.settings.tags.keep
    published = published_night(lake.root)
    stay = {night.business_date, *needed, *([published.business_date] if published else [])}
    for about in described_subjects(night.definitions.tags):
        for table in wide_tables(about):
            keep = longest([wish.over(usual) for wish in table.wishes], usual)
            gone = past_keeping(lake.days_of(table.contract), keep, stay)
            if gone:
                lake.remove_slices(table.contract, gone)
                name, first, last = table.contract.full_name, gone[0], gone[-1]
                told = f"{len(gone)} slices past keep removed, {first} to {last}"
                night.progress.say(f"标签 {name}: {told}")
