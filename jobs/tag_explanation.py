"""Why a tag of the published night is what it is for one person."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from identity.corrections import Correction
from jobs.published_tags import PublishedTags, one_row
from jobs.rederived_tags import Rederivation, Rederived, differing, kept_tags
from jobs.tag_probes import Decided, decision, probed
from jobs.tag_rows import EnteredRows, entered_rows
from model.dates import Window
from model.errors import InputMissingError, UsageError, did_you_mean
from tags.body_words import words_of
from tags.definitions import COMPUTED, PERSON, Pick, Tag
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
    """The answer about one tag of one person.

    `definition_hash` is the night's, `hash_today` that of today's file (None: it has no such tag);
    where they differ, only what was stored is told. `computed_date` is the night whose values are
    shown. `verdict` is EQUAL, UNEQUAL or NOT_REDERIVED, `why_not` why nothing was computed again;
    `taken` are columns of everybody that were taken as they are stored. `revealed_count`: values
    told plainly that are masked elsewhere.
    """

    business_date: date
    one_id: int
    tag: str
    status: str
    shape: str
    title: str
    words: str
    location: str
    definition_hash: str
    hash_today: str | None
    computed_date: date | None
    columns: tuple[ColumnTold, ...]
    corrections: tuple[Correction, ...]
    verdict: str
    why_not: str = ""
    reads: tuple[Read, ...] = ()
    decided: tuple[str, ...] = ()
    origin: Mapping[str, Any] | None = None
    taken: tuple[str, ...] = ()
    revealed_count: int = 0

    @property
    def unequal(self) -> tuple[str, ...]:
        """The columns whose value computed again is another than the stored one."""
        return tuple(column.name for column in self.columns if column.is_unequal)


def explained(
    known: PublishedTags, one_id: int, word: str, reveal: bool = False
) -> TagExplanation:
    """Why a tag, or one of its columns, is what it is for a person of the night; what is masked is
    told plainly where it is to be revealed.

    UsageError where the night has no such tag, InputMissingError where it is new since then or the
    person has no row.
    """
    rows = _told_of(known, word)
    stored = one_row(known, known.stored, one_id)
    if not len(stored):
        raise InputMissingError(f"OneID {one_id} has no row in the tags of {known.business_date}")
    tag, why_not = known.book.tags.get(rows[0]["tag"]), _why_not(known, rows)
    plain = _plain(known, one_id, tag) if reveal and tag else {}
    if tag is None or why_not:
        columns = tuple(_column(known, row, stored, None, plain) for row in rows)
        return _explanation(
            known, one_id, rows, tag, columns, why_not=why_not, revealed_count=len(plain)
        )
    return _reasoned(known, one_id, rows, tag, stored, plain)


def _told_of(known: PublishedTags, word: str) -> list[Mapping[str, Any]]:
    """What the night's catalogue says of the columns asked for: those of a tag, or one."""
    rows = known.catalog.values()
    found = [row for row in rows if row["tag"] == word] or [
        row for row in rows if row["column_name"] == word
    ]
    if found and (about := found[0].get("object") or PERSON) != PERSON:
        raise UsageError(f"TAG: {word} is about {about}; of persons' tags alone it is told why")
    if found:
        return found
    if word in known.book.tags or word in known.book.owners:
        raise InputMissingError(
            f"TAG: {word} is new since the night of {known.business_date}; run a night, or see "
            "what it would be with: onefold plan"
        )
    names = sorted({name for row in rows for name in (row["tag"], row["column_name"])})
    raise UsageError(f"TAG: unknown tag or tag column{did_you_mean(word, names)}")


def _why_not(known: PublishedTags, rows: Sequence[Mapping[str, Any]]) -> str:
    """Why today's files cannot tell how the night's value came to be; empty where they can."""
    told = rows[0]
    if told["status"] not in COMPUTED:
        return f"its status was {told['status']}, so it was not computed"
    tag = known.book.tags.get(told["tag"])
    if tag is None:
        return "today's files have no such tag"
    types = {column.name: column.type_text for column in tag.columns}
    if any(types.get(row["column_name"]) != row["type"] for row in rows) or not tag.is_computed:
        return "today's file says something else; onefold plan tells what that would change"
    if tag.definition_hash != told["definition_hash"]:
        return (
            "the definition, or that of a tag or source it reads, has changed since that night; "
            "onefold plan tells what that would change"
        )
    return ""


def _reasoned(
    known: PublishedTags, one_id: int, rows: Sequence[Mapping[str, Any]], tag: Tag,
    stored: pa.Table, plain: Mapping[str, Any],
) -> TagExplanation:  # fmt: skip
    """With the reasons that today's files give, which are the night's."""
    kept = kept_tags(known)
    book, probes = probed(known.book, tag)
    found = Rederivation(known, book, one_id, kept).of((tag.name, *probes))
    cells = found.row.to_pylist(maps_as_pydicts="strict")[0] | plain
    owners = [known.book.owners[name] for name in sorted(tag.reads)]
    hides = not plain and any(owner.is_masked for owner in owners)
    anew = _anew(known, one_id, tag, found)
    columns = tuple(
        _column(known, row, stored, anew, plain, _rows(known, one_id, tag, row["column_name"]))
        for row in rows
    )
    reads = tuple(
        Read(name, cells[name], words_of(owner.body), str(owner.location))
        for name, owner in zip(sorted(tag.reads), owners, strict=True)
    )
    decided = () if tag.name in kept else decision(tag, Decided(cells, found.places, hides))
    return _explanation(
        known, one_id, rows, tag, columns, reads=reads,
        decided=(*decided, *_stage_lines(known, one_id, tag)),
        origin=_origin(known, one_id, tag), taken=tuple(sorted(found.taken)),
        why_not=_kept_because(known, tag), revealed_count=len(plain),
    )  # fmt: skip


def _anew(
    known: PublishedTags, one_id: int, tag: Tag, found: Rederived
) -> pa.Table | None:
    """The person's row as it should be; None where the night could not compute the tag."""
    if any(column.name in known.failures for column in tag.columns):
        return None
    shown = known.catalog[tag.columns[0].name]["computed_date"]
    if shown in (None, known.business_date):  # null: a lake of an earlier release
        return found.row
    return one_row(known, known.wide_of(known.night_before), one_id)  # no row: nothing to carry


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


def _rows(
    known: PublishedTags, one_id: int, tag: Tag, name: str
) -> tuple[EnteredRows, ...]:
    """The rows that entered a column; those of a tag's further parts are the first one's."""
    column = next(each for each in tag.columns if each.name == name)
    return () if column.part else entered_rows(known, one_id, tag, column)


def _plain(known: PublishedTags, one_id: int, tag: Tag) -> dict[str, Any]:
    """The plain values behind the masks of a tag and of what it reads, by column."""
    read = (known.book.owners[name] for name in tag.reads)
    masked = {one.columns[0].name: one.body.column for one in (tag, *read)
              if one.is_masked and isinstance(one.body, Pick)}  # fmt: skip
    row = one_row(known, known.golden(tuple(set(masked.values())), one_id), one_id)
    return {name: _cell(row, golden) for name, golden in masked.items()}


def _origin(known: PublishedTags, one_id: int, tag: Tag) -> Mapping[str, Any] | None:
    """Channel, record, rule and time of the value that a picked column of the profile has."""
    if not isinstance(tag.body, Pick):
        return None
    told = _cell(one_row(known, known.golden(one_id=one_id), one_id), "provenance") or {}
    origin: Mapping[str, Any] | None = told.get(tag.body.column)
    return origin


def _stage_lines(known: PublishedTags, one_id: int, tag: Tag) -> Iterator[str]:
    """What the night remembers of a tag of stages."""
    for state in known.stage_states(one_id):
        if state["tag"] == tag.name and isinstance(tag.body, Stages):
            before = f", before it {state['previous']}" if state["previous"] else ""
            yield f"in {state['stage']} since {state['since']}{before}"
            if state["pending"]:
                yield (
                    f"{state['pending']} is named since {state['pending_since']} and is taken when "
                    f"it has been for {tag.body.stay_days} days"
                )


def _corrections(
    known: PublishedTags, one_id: int, names: Collection[str]
) -> tuple[Correction, ...]:
    """What people set for the person in these columns, for this night; the last counts."""
    said = [each for each in known.corrections if each.tag in names]
    leads = known.leads({each.one_id for each in said if each.one_id is not None})
    return tuple(each for each in said if leads.get(each.one_id or 0) == one_id)


def _explanation(
    known: PublishedTags, one_id: int, rows: Sequence[Mapping[str, Any]], tag: Tag | None,
    columns: tuple[ColumnTold, ...], why_not: str = "", **reasons: Any,
) -> TagExplanation:  # fmt: skip
    told = rows[0]
    is_unequal = any(column.is_unequal for column in columns)
    return TagExplanation(
        known.business_date, one_id, told["tag"], told["status"], told["shape"],
        tag.title if tag else told["title"],
        words_of(tag.body) if tag else "", str(tag.location) if tag else "",
        told["definition_hash"], tag.definition_hash if tag else None, told["computed_date"],
        columns, corrections=_corrections(known, one_id, {row["column_name"] for row in rows}),
        verdict=NOT_REDERIVED if why_not else UNEQUAL if is_unequal else EQUAL,
        why_not=why_not, **reasons,
    )  # fmt: skip
