"""`onefold correct`: what people know better, noted for the nights to come; listed; withdrawn."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone

from identity.corrections import Correction, CorrectionKind
from jobs.audit import record_command, user_name
from jobs.common_arguments import Common
from jobs.correction_checks import Judge, Judged
from jobs.correction_words import Draft, drafts
from jobs.corrections import (
    add_corrections,
    all_corrections,
    rewrite_corrections,
)
from jobs.definitions import Definitions
from jobs.identifier_lookup import PublishedIdentifiers, published_identifiers
from jobs.night import key_of, new_run_id
from jobs.questions import published_or_refused, show_rows
from jobs.tag_corrections import JudgedTag, TagDraft, judged_tags, tag_drafts
from lake.lease import Lease
from lake.views import PublishedNight
from model.dates import parse_business_date
from model.errors import UsageError

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Terms:
    """What goes with every correction of a command: who, why, and on which nights."""

    author: str
    reason: str
    from_date: date
    until_date: date | None


def make(
    given: Common, kind: CorrectionKind, words: Sequence[str], file: str | None, author: str | None,
    reason: str, from_text: str | None, until_text: str | None,
) -> None:  # fmt: skip
    """Notes corrections of one kind, all or none; the nights from `from` on apply them.

    UsageError (exit 2) where one is wrong or contradicts another, InputMissingError (4) where
    nobody was ever seen with an identifier or no night is published, LakeBusyError (5) while a
    night is under way.
    """
    if not reason.strip():
        raise UsageError('--reason "…" is missing: why the rules are overruled is recorded')
    definitions = given.definitions()
    asked = _drafts(kind, words, file, definitions)
    with _held(definitions) as night, _identifiers(definitions, night) as known:
        terms = _terms(night, author, reason, from_text, until_text)
        standing = all_corrections(definitions.project.lake_root)
        judged = _judged(known, standing, kind, asked, terms)
        new = [_made(each, terms) for each in judged if each.is_new]
        if new:
            _record(definitions, kind, new, terms)
        shown = known.shown({end.token for each in judged for end in each.correction.ends})
    for each in judged:
        _tell(each.told(shown))
    if new:
        _tell_when(terms.from_date, night)


def show(given: Common, form: str, is_all: bool) -> None:
    """The corrections that stand, with all those that ended or were withdrawn where `is_all`;
    identifiers are masked as their kinds ask for."""
    definitions = given.definitions()
    night = published_or_refused(definitions.project.lake_root)
    corrections = all_corrections(definitions.project.lake_root)
    next_night = night.business_date + ONE_DAY
    chosen = [each for each in corrections if is_all or each.last_date >= next_night]
    with _identifiers(definitions, night) as known:
        shown = known.shown({end.token for each in chosen for end in each.ends})
    names = ("id", "kind", "identifiers", "one_id", "tag", "value",
             "from", "until", "state", "author", "reason")
    rows = [
        (each.correction_id, each.kind,
         " · ".join(f"{end.kind}@{end.scope}:{shown.get(end.token, '?')}" for end in each.ends),
         each.one_id, each.tag, each.value, each.from_date, each.until_date,
         _state(each, night.business_date),
         each.author, each.reason)
        for each in chosen
    ]  # fmt: skip
    show_rows(names, rows, form)


def withdraw(given: Common, correction_id: int, reason: str, from_text: str | None) -> None:
    """Ends a correction: nights from `from` on are without it, those before stay as they are."""
    if not reason.strip():
        raise UsageError('--reason "…" is missing: why it is withdrawn is recorded')
    definitions = given.definitions()
    root = definitions.project.lake_root
    with _held(definitions) as night:
        corrections = all_corrections(root)
        old = next((one for one in corrections if one.correction_id == correction_id), None)
        if old is None:
            raise UsageError(
                f"there is no correction {correction_id}; see: onefold correct list --all"
            )
        first_without = _day(from_text, "--from") or night.business_date + ONE_DAY
        if old.last_date < first_without:
            _tell(f"correction {correction_id} has ended on {old.until_date}: nothing to do")
            return
        new = old.withdrawn(first_without, datetime.now(timezone.utc))
        rewrite_corrections(root, [new if each is old else each for each in corrections])
        record_command(root, [f"correct withdraw {correction_id}"], reason, 1)
    _tell(f"correction {correction_id} is withdrawn, from {first_without} on")
    _tell_when(max(first_without, old.from_date), night)


def _drafts(
    kind: CorrectionKind, words: Sequence[str], file: str | None, definitions: Definitions
) -> Sequence[Draft] | Sequence[TagDraft]:
    if kind == "tag":
        return tag_drafts(words, file, definitions)
    return drafts(kind, words, file, definitions.policy)


def _judged(
    known: PublishedIdentifiers, standing: list[Correction], kind: CorrectionKind,
    asked: Sequence[Draft] | Sequence[TagDraft], terms: Terms,
) -> Sequence[Judged] | Sequence[JudgedTag]:  # fmt: skip
    nights = terms.from_date, terms.until_date
    tags = [each for each in asked if isinstance(each, TagDraft)]
    if tags:
        return judged_tags(known, standing, tags, *nights)
    of_persons = [each for each in asked if isinstance(each, Draft)]
    return Judge(known, standing).all_of(kind, of_persons, *nights)


@contextmanager
def _held(definitions: Definitions) -> Iterator[PublishedNight]:
    """The published night, while no other run holds the lake."""
    root = definitions.project.lake_root
    night = published_or_refused(root)
    seconds = definitions.project.settings.lease.seconds
    with Lease(root, new_run_id(night.business_date), seconds):
        yield published_or_refused(root)  # another run may have published in between


def _identifiers(
    definitions: Definitions, night: PublishedNight
) -> AbstractContextManager[PublishedIdentifiers]:
    return published_identifiers(definitions, night, key_of(definitions.project))


def _terms(
    night: PublishedNight, author: str | None, reason: str, from_text: str | None,
    until_text: str | None,
) -> Terms:  # fmt: skip
    first = _day(from_text, "--from") or night.business_date + ONE_DAY
    last = _day(until_text, "--until")
    if last is not None and last < first:
        raise UsageError(f"--until {last} lies before the first night, {first}")
    return Terms((author or "").strip() or user_name(), reason.strip(), first, last)


def _day(text: str | None, option: str) -> date | None:
    return parse_business_date(text, option=option) if text else None


def _made(judged: Judged | JudgedTag, terms: Terms) -> Correction:
    now = datetime.now(timezone.utc)
    return replace(judged.correction, author=terms.author, reason=terms.reason, made_at=now)


def _record(
    definitions: Definitions, kind: CorrectionKind, new: Sequence[Correction], terms: Terms
) -> None:
    root = definitions.project.lake_root
    add_corrections(root, new)
    commands = [f"correct {kind}: correction {each.correction_id}" for each in new]
    record_command(root, commands, terms.reason, 1)


def _state(correction: Correction, last_night: date) -> str:
    if correction.withdrawn_at is not None and correction.last_date <= last_night:
        return "withdrawn"
    if correction.last_date <= last_night:
        return "ended"
    return "in force" if correction.holds_on(last_night) else "waits for its night"


def _tell_when(first: date, night: PublishedNight) -> None:
    if first > night.business_date:
        _tell(f"the night of {first} is the first of it: onefold run --date {first}")
    else:
        _tell(
            "published nights change when they are run again: "
            f"onefold backfill --from {first} --to {night.business_date}"
        )


def _tell(text: str) -> None:
    sys.stdout.write(text + "\n")
