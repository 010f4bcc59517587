"""Corrections: what people know better than the rules, as rows that begin and end by business date.

A night takes those that hold on it and turns them into rulings; the clock has no say, so that a
night run again, a backfill and a rebuild come to the same persons.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal

import pyarrow as pa

from identity.rulings import CANNOT_LINK, Rulings
from model.ddl_types import arrow_schema
from model.engines import Engine, Rows

CorrectionKind = Literal["link", "unlink", "block", "pin", "tag"]
BLOCKED = "blocked"
_ENDS = (
    "correction_id bigint, correction string, one_id bigint, place string, kind string, "
    "scope string, token string, name bigint, named_on date"
)


@dataclass(frozen=True, order=True)
class End:
    """An identifier that a correction is about, by its token."""

    kind: str
    scope: str
    token: str


@dataclass(frozen=True)
class Correction:
    """One row of ops.corrections: it holds from `from_date` to `until_date`, both included; None:
    without end. `ends` are two identifiers (link, unlink) or one (block, pin); `one_id` is the
    number of a pin, or of the person for whom a tag column is set to `value`: `instead_of` is the
    one computed then (None: missing)."""

    correction_id: int
    kind: CorrectionKind
    ends: tuple[End, ...]
    one_id: int | None
    author: str
    reason: str
    from_date: date
    until_date: date | None
    made_at: datetime
    withdrawn_at: datetime | None = None
    tag: str | None = None
    value: str | None = None
    instead_of: str | None = None

    def holds_on(self, business_date: date) -> bool:
        """Whether it is in force on a night."""
        return self.from_date <= business_date <= self.last_date

    @property
    def last_date(self) -> date:
        """The last night it holds."""
        return date.max if self.until_date is None else self.until_date

    def withdrawn(self, first_without: date, now: datetime) -> Correction:
        """The correction as it holds on nights before `first_without` only: those it has served
        stay as they are, run again or not. `now` is told, and decides nothing."""
        last = min(self.last_date, first_without - timedelta(days=1))
        return replace(self, until_date=last, withdrawn_at=now)

    def meets(self, other: Correction) -> bool:
        """Whether both hold on some night."""
        first, last = max(self.from_date, other.from_date), min(self.last_date, other.last_date)
        return first <= last

    def says_already(self, other: Correction) -> bool:
        """Whether it says what the other says, on all nights of the other."""
        is_same = self._says == other._says
        covers = self.from_date <= other.from_date and other.last_date <= self.last_date
        return is_same and covers

    @property
    def _says(self) -> tuple[object, ...]:
        return self.kind, self.one_id, self.tag, self.value, frozenset(self.ends)


def with_corrections(
    engine: Engine, rulings: Rulings, corrections: Iterable[Correction], business_date: date
) -> Rulings:
    """The night's rulings, and those of the corrections that hold on it.

    A link is a join of its two identifiers, an unlink gives each a fact of rule `cannot_link <id>`,
    a blocked identifier is refused for reason `blocked` (and for no other), a pin is a pin. What a
    correction says of an identifier that no sighting holds has no effect; of one that was re-issued
    it speaks of who held it on the correction's first night.
    """
    holding = [each for each in corrections if each.holds_on(business_date)]
    if not holding:
        return rulings
    ends = engine.of(_ends(holding))
    return replace(
        rulings,
        refused=_refused_or_blocked(engine, rulings.refused, ends),
        facts=_and(
            engine, "facts_or_unlinks", rulings.facts, ends,
            f"select name as node_id, concat('{CANNOT_LINK}', cast(correction_id as string)), '', "
            "place from ends where correction = 'unlink'",
        ),
        joins=_and(
            engine, "joins_or_links", rulings.joins, ends,
            "select min(name) as node_id, max(name) as other_node_id "
            "from ends where correction = 'link' group by correction_id",
        ),
        pins=_and(
            engine, "pins_of_all", rulings.pins, ends,
            "select name as node_id, one_id from ends where correction = 'pin'",
        ),
        named=engine.rows("named", "select name, token, named_on from ends", ends=ends),
    )  # fmt: skip


def _refused_or_blocked(engine: Engine, refused: Rows, ends: Rows) -> Rows:
    """One row per token, so that what is on a list and blocked is counted once."""
    return engine.rows(
        "refused_or_blocked",
        f"""
        with blocked as (
            select distinct kind, scope, token from ends where correction = 'block'
        )
        select kind, scope, token, '{BLOCKED}' as reason from blocked
        union all
        select r.kind, r.scope, r.token, r.reason from refused r
        anti join blocked b on b.kind = r.kind and b.scope = r.scope and b.token = r.token
        """,
        ends=ends, refused=refused,
    )  # fmt: skip


def contradicted(new: Correction, standing: Iterable[Correction]) -> tuple[Correction, ...]:
    """The standing corrections that cannot be true together with a new one, on some night; none
    where it goes with all of them.

    A link contradicts an unlink of identifiers that links would then make one person's, be it over
    several; whatever is blocked can be neither linked, kept apart nor pinned; an identifier is
    pinned to one number, and a number to one identifier.
    """
    others = sorted(
        (each for each in standing if each.meets(new)), key=lambda each: each.correction_id
    )
    return tuple(each for each in others if _is_opposed(new, each)) or _opposed_links(new, others)


def _is_opposed(new: Correction, other: Correction) -> bool:
    """Whether the two alone contradict each other."""
    shared = set(new.ends) & set(other.ends)
    match (other.kind, new.kind):
        case ("block", "link" | "unlink" | "pin") | ("link" | "pin", "block"):
            return bool(shared)
        case ("pin", "pin"):
            return bool(shared) != (new.one_id == other.one_id)
    return False


def _opposed_links(new: Correction, others: list[Correction]) -> tuple[Correction, ...]:
    """Unlinks that a new link would overrule, or the links that overrule a new unlink.

    Links count that hold on some night of the new correction, though not all need hold on one: who
    means that says until when.
    """
    links = [each for each in others if each.kind == "link"]
    if new.kind == "link":
        names = _joined([*links, new])
        return tuple(
            each for each in others if each.kind == "unlink" and _are_one(each.ends, names)
        )
    names = _joined(links)
    if new.kind == "unlink" and _are_one(new.ends, names):
        return tuple(each for each in links if _are_one((*each.ends, *new.ends), names))
    return ()


def _are_one(ends: Sequence[End], names: Mapping[End, End]) -> bool:
    return len({names.get(end, end) for end in ends}) == 1


def _joined(links: Iterable[Correction]) -> dict[End, End]:
    """Every identifier of links, and one that stands for all that links make one with it."""
    above: dict[End, End] = {}

    def top(end: End) -> End:
        while (higher := above.setdefault(end, end)) != end:
            above[end] = above[higher]
            end = higher
        return end

    for link in links:
        one, other = link.ends
        above[top(one)] = top(other)
    return {end: top(end) for end in list(above)}


def _ends(corrections: Iterable[Correction]) -> pa.Table:
    rows = [
        {
            "correction_id": each.correction_id, "correction": each.kind, "one_id": each.one_id,
            "place": str(place), "kind": end.kind, "scope": end.scope, "token": end.token,
            "name": -(2 * each.correction_id + place), "named_on": each.from_date,
        }
        for each in corrections for place, end in enumerate(each.ends)
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=arrow_schema(_ENDS))


def _and(engine: Engine, step: str, given: Rows, ends: Rows, more: str) -> Rows:
    """The rows given, and those that a query makes of the ends of corrections."""
    return engine.rows(step, f"select * from given union all {more}", given=given, ends=ends)
