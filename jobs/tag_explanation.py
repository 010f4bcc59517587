"""Why a tag of the published night is what it is for one person, or one thing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from identity.corrections import Correction
from jobs.published_tags import PublishedTags, one_row
from jobs.rederived_tags import Rederivation, Rederived, differing, kept_tags
from jobs.tag_probes import Decided, decision, probed
from jobs.tag_rows import EnteredRows, entered_rows
from jobs.tag_words import TagAsked
from model.dates import Window
from model.errors import InputMissingError
from tags.body_words import words_of
from tags.definitions import COMPUTED, PERSON, Pick, Tag
from tags.lineage import reads_members
from tags.planning import needed_tags
from tags.rule_shapes import Stages

EQUAL, UNEQUAL, NOT_REDERIVED = "equal", "unequal", "not re-derived"


@dataclass(frozen=True)
class ColumnTold:
    """One column as the night stored it; `anew` is the value computed again (None where it was
    not, or is missing), `is_unequal` says that they differ."""

    name: str
    value: Any
    titles: Mapping[str, str]
    window: str | None
    first: date | None
    last: date | None
    rows: tuple[EnteredRows, ...] = ()
    anew: Any = None
    is_unequal: bool = False
    failure: str | None = None


@dataclass(frozen=True)
class Read:
    """A column that the tag reads: its value, and how its own tag makes it."""

    column: str
    value: Any
    words: str
    location: str


@dataclass(frozen=True)
class TagExplanation:
    """The answer about one tag of one person, or of one thing of an object: `key` its ids by name.

    `definition_hash` is the night's and `version` its number (None: that night counted none);
    `hash_today` is that of today's file (None: it has no such tag); where they differ, only what
    was stored is told. `computed_date` is the night whose values are shown. `verdict` is EQUAL,
    UNEQUAL or NOT_REDERIVED, `why_not` why nothing was computed again; `taken` are columns of
    others that were taken as they are stored, `read_of_all` tables of which everybody's rows were
    read. `corrections` are those by which the night was computed; those made or withdrawn `since`
    touch what the tag reads, and are not in the night yet. `revealed_count`: values told plainly
    that are masked elsewhere.
    """

    business_date: date
    object: str
    key: Mapping[str, Any]
    tag: str
    status: str
    shape: str
    title: str
    words: str
    location: str
    definition_hash: str
    version: int | None
    hash_today: str | None
    computed_date: date | None
    columns: tuple[ColumnTold, ...]
    corrections: tuple[Correction, ...]
    since: tuple[Correction, ...]
    verdict: str
    why_not: str = ""
    reads: tuple[Read, ...] = ()
    decided: tuple[str, ...] = ()
    origin: Mapping[str, Any] | None = None
    taken: tuple[str, ...] = ()
    read_of_all: tuple[str, ...] = ()
    revealed_count: int = 0

    @property
    def unequal(self) -> tuple[str, ...]:
        """The columns whose value computed again is another than the stored one."""
        return tuple(column.name for column in self.columns if column.is_unequal)


def explained(asked: TagAsked, reveal: bool = False) -> TagExplanation:
    """Why the tag asked for is what it is; what is masked is told plainly where it is to be
    revealed.

    InputMissingError where the person has no row.
    """
    known = asked.known
    stored = one_row(known, known.stored, asked.number)
    if not len(stored):
        raise InputMissingError(
            f"OneID {asked.number} has no row in the tags of {known.business_date}"
        )
    tag, why_not = known.book.tags.get(asked.name), _why_not(asked)
    plain = _plain(asked, tag) if reveal and tag else {}
    if tag is None or why_not:
        columns = tuple(_column(known, row, stored, None, plain) for row in asked.told)
        return _explanation(asked, tag, columns, why_not=why_not, revealed_count=len(plain))
    return _reasoned(asked, tag, stored, plain)


def _why_not(asked: TagAsked) -> str:
    """Why today's files cannot tell how the night's value came to be; empty where they can."""
    known, told = asked.known, asked.told[0]
    if told["status"] not in COMPUTED:
        return f"its status was {told['status']}, so it was not computed"
    tag = known.book.tags.get(asked.name)
    if tag is None:
        return "today's files have no such tag"
    types = {column.name: column.type_text for column in tag.columns}
    is_other = any(types.get(row["column_name"]) != row["type"] for row in asked.told)
    if is_other or not tag.is_computed or tag.object != known.book.object:
        return "today's file says something else; onefold plan tells what that would change"
    if tag.definition_hash != told["definition_hash"]:
        return (
            "the definition, or that of a tag or source it reads, has changed since that night; "
            "onefold plan tells what that would change"
        )
    return ""


def _reasoned(
    asked: TagAsked, tag: Tag, stored: pa.Table, plain: Mapping[str, Any]
) -> TagExplanation:
    """With the reasons that today's files give, which are the night's."""
    known, number = asked.known, asked.number
    kept = kept_tags(known)
    book, probes = probed(known.book, tag)
    found = Rederivation(known, book, number, kept).of((tag.name, *probes))
    cells = found.row.to_pylist(maps_as_pydicts="strict")[0] | plain
    reads = () if reads_members(tag) else tuple(_reads(known, tag, cells))
    hides = not plain and any(known.book.owners[name].is_masked for name in tag.reads)
    anew = _anew(asked, tag, found)
    columns = tuple(
        _column(known, row, stored, anew, plain, _rows(asked, tag, row["column_name"]))
        for row in asked.told
    )
    reasons = Decided(cells, found.places, hides, _others(known))
    decided = () if tag.name in kept else decision(tag, reasons)
    return _explanation(
        asked, tag, columns, reads=reads, decided=(*decided, *_stage_lines(asked, tag)),
        origin=_origin(asked, tag), taken=tuple(sorted(found.taken)),
        read_of_all=tuple(sorted(found.read_of_all)),
        why_not=_kept_because(known, tag), revealed_count=len(plain),
    )  # fmt: skip


def _reads(known: PublishedTags, tag: Tag, cells: Mapping[str, Any]) -> Iterator[Read]:
    """The columns that the tag reads of the same person or thing."""
    for name in sorted(tag.reads):
        owner = known.book.owners[name]
        yield Read(name, cells[name], words_of(owner.body), str(owner.location))


def _others(known: PublishedTags) -> str:
    """Those among whom a person or thing is ranked, in words."""
    subject = known.subject
    return "persons" if subject.name == PERSON else f"rows of {subject.wide_table}"


def _anew(asked: TagAsked, tag: Tag, found: Rederived) -> pa.Table | None:
    """The row as it should be; None where the night could not compute the tag."""
    known = asked.known
    if any(column.name in known.failures for column in tag.columns):
        return None
    shown = known.catalog[tag.columns[0].name]["computed_date"]
    if shown in (None, known.business_date):  # null: a lake of an earlier release
        return found.row
    before = known.wide_of(known.night_before)
    return one_row(known, before, asked.number)  # no row: nothing to carry


def _kept_because(known: PublishedTags, tag: Tag) -> str:
    errors = [known.failures[c.name] for c in tag.columns if c.name in known.failures]
    return f"it could not be computed that night: {errors[0]}" if errors else ""


def _column(
    known: PublishedTags, told: Mapping[str, Any], stored: pa.Table, anew: pa.Table | None,
    plain: Mapping[str, Any], rows: tuple[EnteredRows, ...] = (),
) -> ColumnTold:  # fmt: skip
    name, text = told["column_name"], told["window"]
    window = (Window.parse_newest(text) or Window.parse(text)) if text else None
    has_days = window is not None and not window.rows
    first, last = window.bounds(known.business_date) if window and has_days else (None, None)
    return ColumnTold(
        name, plain.get(name, _cell(stored, name)), told["value_titles"], text, first, last, rows,
        None if anew is None else plain.get(name, _cell(anew, name)),
        anew is not None and bool(differing(known, stored, anew, {name})),
        known.failures.get(name),
    )  # fmt: skip


def _cell(row: pa.Table, name: str) -> Any:
    if name not in row.column_names or not len(row):
        return None
    return row.select([name]).to_pylist(maps_as_pydicts="strict")[0][name]


def _rows(asked: TagAsked, tag: Tag, name: str) -> tuple[EnteredRows, ...]:
    """The rows that entered a column; those of a tag's further parts are the first one's."""
    column = next(each for each in tag.columns if each.name == name)
    return () if column.part else entered_rows(asked.known, asked.number, tag, column)


def _plain(asked: TagAsked, tag: Tag) -> dict[str, Any]:
    """The plain values behind the masks of a tag and of what it reads, by column."""
    known = asked.known
    read = (known.book.owners[name] for name in tag.reads)
    masked = {one.columns[0].name: one.body.column for one in (tag, *read)
              if one.is_masked and isinstance(one.body, Pick)}  # fmt: skip
    if not masked:
        return {}
    golden = known.golden(tuple(set(masked.values())), asked.number)
    row = one_row(known, golden, asked.number)
    return {name: _cell(row, column) for name, column in masked.items()}


def _origin(asked: TagAsked, tag: Tag) -> Mapping[str, Any] | None:
    """Channel, record, rule and time of the value that a picked column of the profile has."""
    if not isinstance(tag.body, Pick):
        return None
    row = one_row(asked.known, asked.known.golden(one_id=asked.number), asked.number)
    origin: Mapping[str, Any] | None = (_cell(row, "provenance") or {}).get(tag.body.column)
    return origin


def _stage_lines(asked: TagAsked, tag: Tag) -> Iterator[str]:
    """What the night remembers of a tag of stages."""
    if not isinstance(tag.body, Stages):
        return
    for state in asked.known.stage_states(asked.number):
        if state["tag"] == tag.name:
            before = f", before it {state['previous']}" if state["previous"] else ""
            yield f"in {state['stage']} since {state['since']}{before}"
            if state["pending"]:
                yield (
                    f"{state['pending']} is named since {state['pending_since']} and is taken when "
                    f"it has been for {tag.body.stay_days} days"
                )


def _said(
    asked: TagAsked, corrections: Iterable[Correction], names: Collection[str]
) -> tuple[Correction, ...]:
    """Those of the corrections that set these columns of the person."""
    said = [each for each in corrections if each.tag in names]
    if not said or asked.known.subject.name != PERSON:  # people set values of persons only
        return ()
    leads = asked.known.leads({each.one_id for each in said if each.one_id is not None})
    return tuple(each for each in said if leads.get(each.one_id or 0) == asked.number)


def _explanation(
    asked: TagAsked, tag: Tag | None, columns: tuple[ColumnTold, ...], why_not: str = "",
    **reasons: Any,
) -> TagExplanation:  # fmt: skip
    known, told = asked.known, asked.told[0]
    is_unequal = any(column.is_unequal for column in columns)
    needed = needed_tags(known.book, [tag.name]) if tag else ()
    through = {column.name for each in needed for column in each.columns}
    return TagExplanation(
        known.business_date, known.book.object, asked.key, asked.name, told["status"],
        told["shape"], tag.title if tag else told["title"],
        words_of(tag.body) if tag else "", str(tag.location) if tag else "",
        told["definition_hash"], told.get("version"), tag.definition_hash if tag else None,
        told["computed_date"], columns, corrections=_said(asked, known.corrections, asked.columns),
        since=_said(asked, known.corrections_since, through | {*asked.columns}),
        verdict=NOT_REDERIVED if why_not else UNEQUAL if is_unequal else EQUAL,
        why_not=why_not, **reasons,
    )  # fmt: skip
