"""The words that `onefold explain tag` is asked with: of whom or of what, and which tag."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jobs.corrections import corrections_of
from jobs.identifier_lookup import PublishedIdentifiers
from jobs.link_ends import End, one_end
from jobs.published_objects import PublishedObjects
from jobs.published_tags import PublishedTags
from model.errors import InputMissingError, UsageError, did_you_mean
from tags.definitions import PERSON
from tags.night import ONE_ID
from tags.subjects import Subject

_USAGE = (
    "expected PERSON TAG, a person being kind:value or a OneID, or the ids of what the tag is "
    "about, and TAG: STORE TAG; found {} words. What is not said in words is read from standard "
    "input, one a line, TAG the last"
)
Told = Mapping[str, Any]  # a row of tags.tag_catalog


@dataclass(frozen=True)
class TagAsked:
    """One tag, or one of its columns, of one person or thing.

    `number` is the one_id by which `known` has it, `key` its ids by name, `told` what the night's
    catalogue says of the columns. `note` says which person a word led to.
    """

    known: PublishedTags
    number: int
    key: Mapping[str, Any]
    told: Sequence[Told]
    note: str = ""

    @property
    def name(self) -> str:
        """The tag's name."""
        return str(self.told[0]["tag"])

    @property
    def columns(self) -> list[str]:
        """The names of the columns asked for."""
        return [row["column_name"] for row in self.told]


def tag_asked(known: PublishedTags, words: Sequence[str]) -> TagAsked:
    """What the words mean; those that are not said come from standard input. `known` has the tags
    of persons.

    UsageError where the words are no ids and a tag, InputMissingError where nobody holds a value,
    nothing has such ids, or the tag is newer than the night.
    """
    given = list(words) or _from_input()
    most = max(len(subject.ids) for subject in known.book.subjects.values())
    if not 1 <= len(given) <= most + 1:
        raise UsageError(_USAGE.format(len(given)))
    told = _told_or_usage(known, given)
    about = told[0].get("object") or PERSON
    subject = known.book.subjects.get(about)
    if subject is None:
        raise UsageError(f"TAG: it is about {about}, an object that conf/model.yml no longer has")
    if len(given) <= len(subject.ids):
        given = [*_from_input(), *given]
    if len(given) != len(subject.ids) + 1:
        raise UsageError(_USAGE.format(len(given)))
    ids = dict(zip(subject.id_names, map(str.strip, given[:-1]), strict=True))
    if about == PERSON:
        return _of_person(known, ids[ONE_ID], told)
    return _of_thing(known, subject, ids, told)


def _told_or_usage(known: PublishedTags, given: Sequence[str]) -> list[Told]:
    try:
        return told_of(known, given[-1].strip())
    except UsageError as error:
        if len(given) <= 2:  # noqa: PLR2004
            raise
        raise UsageError(f"{error}; {_USAGE.format(len(given))}") from None


def told_of(known: PublishedTags, word: str) -> list[Told]:
    """What the night's catalogue says of a tag's columns, or of one column."""
    rows = known.catalog.values()
    found = [row for row in rows if row["tag"] == word] or [
        row for row in rows if row["column_name"] == word
    ]
    if found:
        return found
    if word in known.book.tags or word in known.book.owners:
        raise InputMissingError(
            f"TAG: {word} is new since the night of {known.business_date}; run a night, or see "
            "what it would be with: onefold plan"
        )
    names = sorted({name for row in rows for name in (row["tag"], row["column_name"])})
    raise UsageError(f"TAG: unknown tag or tag column{did_you_mean(word, names)}")


def _of_person(known: PublishedTags, word: str, told: Sequence[Told]) -> TagAsked:
    end = _holder(known, word)
    one_id = end.one_id or 0
    return TagAsked(known, one_id, {ONE_ID: one_id}, told, end.note)


def _of_thing(
    persons: PublishedTags, subject: Subject, ids: dict[str, str], told: Sequence[Told]
) -> TagAsked:
    note = ""
    if ONE_ID in ids:
        end = _holder(persons, ids[ONE_ID])
        ids[ONE_ID], note = str(end.one_id), end.note
    known = PublishedObjects(
        persons.engine, persons.definitions, persons.night, persons.key, about=subject.name
    )
    found = known.number_of(ids)
    if found is None:
        raise InputMissingError(
            f"no {subject.name} with this {' and '.join(ids)} has a row in the tags of "
            f"{known.business_date}"
        )
    return TagAsked(known, *found, told, note)


def _holder(known: PublishedTags, word: str) -> End:
    """The person whom a word names."""
    root = known.definitions.project.lake_root
    standing = corrections_of(root, tags=False)
    holding = [each for each in standing if each.holds_on(known.business_date)]
    identifiers = PublishedIdentifiers(known.engine, known.definitions, known.night, known.key)
    end = one_end(identifiers, word, holding)
    if end.place is None or not end.place.is_person:
        raise InputMissingError(f"PERSON: {end.note or 'nobody is left of this number'}")
    return end


def _from_input() -> list[str]:
    return [line.strip() for line in sys.stdin.read().splitlines() if line.strip()]
