"""`onefold correct tag`: a value that people know better, for one person and one tag column."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from identity.corrections import Correction
from jobs.correction_words import NAMES, entries, one_id_of
from jobs.definitions import Definitions
from jobs.identifier_lookup import FoundIdentifier, PublishedIdentifiers, Wanted, nobody_has, wanted
from jobs.number_leads import leads_of
from model.errors import InputMissingError, OnefoldError, UsageError, did_you_mean
from model.fixed_tables import ONE_ID_EVENTS
from tags.definitions import PERSON, Tag
from tags.overrides import NEVER, can_be_set, longest, value_text
from tags.wide_tables import columns_by_table, wide_contract

_UNMADE = datetime.min.replace(tzinfo=timezone.utc)


@dataclass(frozen=True)
class TagDraft:
    """A value as it was asked for; `person` is a OneID or an identifier, `column` one of `tag`."""

    place: str
    person: int | Wanted
    tag: Tag
    column: str
    value: str


@dataclass(frozen=True)
class JudgedTag:
    """A correction that can be made, or (not `is_new`) one that stands already."""

    correction: Correction
    is_new: bool
    notes: tuple[str, ...] = ()

    def told(self, _: Mapping[str, str]) -> str:
        """The correction in words."""
        one = self.correction
        until = "" if one.until_date is None else f" until {one.until_date}"
        begin = f"correction {one.correction_id}{'' if self.is_new else ' says so already'}"
        told = f"{begin}: tag {one.tag} of OneID {one.one_id} is {one.value}"
        notes = (f"note: {note}" for note in self.notes)
        return "\n".join([f"{told}, from {one.from_date}{until}", *notes])


def tag_drafts(
    words: Sequence[str], file: str | None, definitions: Definitions
) -> Sequence[TagDraft]:
    """All that was asked for; UsageError names every word that is wrong, by place and name."""
    problems: list[str] = []
    found = []
    for place, (person, column, value) in entries(NAMES["tag"], words, file):
        try:
            tag = _tag(column, definitions)
            of = next(each for each in tag.columns if each.name == column)
            found.append(
                TagDraft(place, _person(person, definitions), tag, column, _value(value, tag, of))
            )
        except UsageError as error:
            problems.append(f"{place}{error}")
    if problems:
        raise UsageError("\n".join(problems))
    return found


def _tag(column: str, definitions: Definitions) -> Tag:
    """The tag of a column that people may set."""
    owners = {name: tag for name, tag in definitions.tags.owners.items() if tag.is_computed}
    if column not in owners:
        raise UsageError(f"TAG: unknown tag column{did_you_mean(column, list(owners))}")
    tag = owners[column]
    of = next(each for each in tag.columns if each.name == column)
    if tag.override == NEVER:
        raise UsageError(
            f"TAG: {column} is never set by hand; its definition ({tag.location}) may allow it: "
            "override: forever, 180d or until_source_changes"
        )
    if not can_be_set(tag, of):
        raise UsageError(f"TAG: {column} holds a {of.value_type}, which cannot be set by hand")
    return tag


def _value(text: str, tag: Tag, column: Any) -> str:
    try:
        return value_text(text, tag, column)
    except ValueError as error:
        raise UsageError(f"VALUE: {error}") from None


def _person(word: str, definitions: Definitions) -> int | Wanted:
    try:
        return one_id_of(word) if word.strip().isdigit() else wanted(word, definitions.policy)
    except UsageError as error:
        raise UsageError(f"PERSON: {error}; or a OneID, a number such as 12") from None


def judged_tags(
    known: PublishedIdentifiers, standing: Sequence[Correction], asked: Sequence[TagDraft],
    first: date, last: date | None,
) -> Sequence[JudgedTag]:  # fmt: skip
    """The corrections asked for, for the nights from `first` to `last`, or as long as a tag allows.

    Problems of all of them are told at once: UsageError, or InputMissingError where the only ones
    are identifiers that nobody was ever seen with.
    """
    persons = _persons(known, asked)
    before = [each for each in standing if each.kind == "tag" and each.one_id is not None]
    numbers = {one for one in persons if isinstance(one, int)}
    numbers |= {each.one_id for each in before if each.one_id}
    events = known.holding(ONE_ID_EVENTS)
    leads = leads_of(known.engine, events, numbers, known.night.business_date)
    values = _published(known, {lead for lead in leads.values() if lead}, asked)
    living = _living(asked, persons, leads)
    number = max((each.correction_id for each in standing), default=0)
    known_of = [replace(each, one_id=leads.get(each.one_id or 0)) for each in before]
    judged: list[JudgedTag] = []
    for draft, one_id in zip(asked, living, strict=True):
        new = Correction(
            number + 1, "tag", (), one_id, "", "", first, _last(draft.tag, first, last), _UNMADE,
            tag=draft.column, value=draft.value, instead_of=values.get((one_id, draft.column)),
        )  # fmt: skip
        judged.append(_against(new, known_of, known.night.business_date))
        if judged[-1].is_new:
            number += 1
            known_of.append(judged[-1].correction)
    return judged


def _last(tag: Tag, first: date, last: date | None) -> date | None:
    """The last night: as asked for, and within the days the tag allows."""
    days = longest(tag.override)
    if days is None:
        return last
    farthest = first + timedelta(days=days - 1)
    return farthest if last is None else min(last, farthest)


def _against(new: Correction, standing: Sequence[Correction], published: date) -> JudgedTag:
    """The correction beside those of the same person and column, of which the newest counts."""
    same = [each for each in standing if (each.one_id, each.tag) == (new.one_id, new.tag)]
    meeting = [each for each in same if each.meets(new)]
    if meeting and meeting[-1].says_already(new):
        return JudgedTag(meeting[-1], is_new=False)
    serving = [each for each in same if each.holds_on(published)]
    if serving:  # what was published may be what it set
        new = replace(new, instead_of=serving[-1].instead_of)
    notes = (f"it stands above correction {e.correction_id} ({e.value})" for e in meeting[-1:])
    return JudgedTag(new, True, tuple(notes))


def _persons(
    known: PublishedIdentifiers, asked: Sequence[TagDraft]
) -> Sequence[int | OnefoldError]:
    """The number of every person asked for, or what is wrong with the word for them."""
    found = known.find({each.person for each in asked if isinstance(each.person, Wanted)})
    return [
        each.person if isinstance(each.person, int) else _holder(found[each.person])
        for each in asked
    ]


def _holder(identifiers: Sequence[FoundIdentifier]) -> int | OnefoldError:
    """The one person who holds what a word names."""
    one_ids = sorted({one_id for each in identifiers for one_id in each.one_ids})
    if not one_ids:
        return InputMissingError(nobody_has(identifiers))
    if len(one_ids) > 1:
        several = ", ".join(map(str, one_ids))
        return UsageError(f"several hold it: name one of the OneIDs {several}")
    return one_ids[0]


def _living(
    asked: Sequence[TagDraft], persons: Sequence[int | OnefoldError],
    leads: Mapping[int, int | None],
) -> Sequence[int]:  # fmt: skip
    """The numbers that lead to somebody; all that is wrong with any is told at once."""
    living: list[int] = []
    problems: list[tuple[str, OnefoldError]] = []
    for draft, person in zip(asked, persons, strict=True):
        if isinstance(person, OnefoldError):
            problems.append((draft.place, person))
        elif person not in leads:
            problems.append((draft.place, UsageError(f"nobody ever had the number {person}")))
        elif (lead := leads[person]) is None:
            error = UsageError(f"nobody is left of the number {person}")
            problems.append((draft.place, error))
        else:
            living.append(lead)
    if problems:
        is_missing = all(isinstance(error, InputMissingError) for _, error in problems)
        told = "\n".join(f"{place}PERSON: {error}" for place, error in problems)
        raise (InputMissingError if is_missing else UsageError)(told)
    return living


def _published(
    known: PublishedIdentifiers, one_ids: Collection[int], asked: Sequence[TagDraft]
) -> Mapping[tuple[int, str], str | None]:
    """The published values of the columns asked for, as text, by person and column."""
    book = known.definitions.tags
    found: dict[tuple[int, str], str | None] = {}
    wanted = {draft.column for draft in asked} if one_ids else set()
    for table, own in columns_by_table(book).items():
        if wanted.isdisjoint(own):
            continue
        wide = known.holding(wide_contract(book.subjects[PERSON], table))
        columns = sorted(wanted & set(own) & set(wide.columns))
        names = "".join(f', "{column}"' for column in columns)
        listed = ", ".join(map(str, sorted(one_ids)))
        sql = f"select one_id{names} from wide where one_id in ({listed})"
        rows = known.engine.arrow(known.engine.rows("values_published", sql, wide=wide)).to_pylist()
        found |= {(row["one_id"], name): _text(row[name]) for row in rows for name in columns}
    return found


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
