"""Which tags a night computes anew, and which show the values of an earlier night."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from tags.definitions import Body, Every, Pick, Tag, TagBook, TagColumn
from tags.drafts import Draft
from tags.overrides import NEVER
from tags.rule_shapes import Stages


@dataclass(frozen=True)
class Shown:
    """What an earlier night's catalogue tells of a column: its definition, and which night's values
    it shows (None: it was not computed)."""

    type: str
    definition_hash: str
    computed_date: date | None


def check_every(draft: Draft, body: Body, override: str) -> None:
    """Notes tags that cannot show an earlier night's values: what is masked is kept by no table,
    stages look at every night, and what people set may begin and end on any."""
    if draft.keys.every == "day":
        return
    reason = ""
    if isinstance(body, Pick) and body.is_high:
        reason = f"{draft.name!r} is masked, so it is picked every night"
    elif isinstance(body, Stages):
        reason = "stages look at every night"
    elif override != NEVER:
        reason = "people may set the tag, from any night on"
    if reason:
        draft.problems.add(draft.at("every"), f"every: {reason}; leave it out")


def last_due(every: Every, day: date) -> date:
    """The last day of a week (Sunday) or of a month that is not after `day`."""
    if every == "day":
        return day
    if every == "week":
        return day - timedelta(days=day.isoweekday() % 7)
    tomorrow = day + timedelta(days=1)
    return tomorrow.replace(day=1) - timedelta(days=1)


def carried_over(book: TagBook, before: Mapping[str, Shown], day: date) -> dict[str, date]:
    """The computed tags that show earlier values on night `day`, each with the night they are of.

    `before`: the columns of the night before. A tag is computed anew on the last day of its week or
    month, or on the first night after it if there was none that day; and whenever its definition,
    its type, or whether it is computed at all has changed.
    """
    found = {}
    for tag in book.computed:
        shown = _still_shown(tag, before)
        if shown is not None and tag.every != "day" and shown >= last_due(tag.every, day):
            found[tag.name] = shown
    return found


def shown_since(tag: Tag, before: Mapping[str, Shown]) -> date | None:
    """The night whose values a tag shows that is not computed, whatever it is defined as now: the
    oldest of its columns'; None where one was never computed."""
    dates = [shown.computed_date if (shown := before.get(c.name)) else None for c in tag.columns]
    return None if None in dates else min(filter(None, dates))


def _still_shown(tag: Tag, before: Mapping[str, Shown]) -> date | None:
    """The night whose values all of the tag's columns show; None where they are of another tag."""
    dates = {_date_of(column, tag.definition_hash, before) for column in tag.columns}
    return next(iter(dates)) if len(dates) == 1 else None


def _date_of(column: TagColumn, definition_hash: str, before: Mapping[str, Shown]) -> date | None:
    shown = before.get(column.name)
    is_same = shown and (shown.type, shown.definition_hash) == (column.type_text, definition_hash)
    return shown.computed_date if shown and is_same else None
