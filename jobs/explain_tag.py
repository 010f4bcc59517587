"""`onefold explain tag`: why a tag is what it is for one person; no Spark session."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from rich.console import Console

from jobs.audit import record_command
from jobs.common_arguments import Common
from jobs.corrections import corrections_of
from jobs.identifier_lookup import PublishedIdentifiers
from jobs.link_ends import End, one_end
from jobs.night import key_of
from jobs.published_tags import PublishedTags, published_tags
from jobs.questions import published_or_refused
from jobs.tag_explanation import UNEQUAL, TagExplanation, explained
from jobs.tag_explanation_page import as_json, show_page
from model.errors import InputMissingError, OnefoldError, UsageError


def show(given: Common, words: Sequence[str], reveal: bool, form: str) -> None:
    """Prints why a tag of the published night is what it is for a person, and computes it again.

    UsageError (exit 2) where the words are not a person and a tag, InputMissingError (4) where
    nobody holds the value, the tag is newer than the night or no night is published; OnefoldError
    (1) where the value computed again is another one. What is revealed is audited.
    """
    person, tag = _person_and_tag(words)
    definitions = given.definitions()
    root = definitions.project.lake_root
    night = published_or_refused(root)
    with published_tags(definitions, night, key_of(definitions.project)) as known:
        end = _holder(known, person)
        found = explained(known, end.one_id or 0, tag, reveal)
    if reveal:
        record_command(root, ["explain tag --reveal"], None, found.revealed_count)
    if form == "json":
        sys.stdout.write(json.dumps(as_json(found) | {"note": end.note}, ensure_ascii=False) + "\n")
    else:
        console = Console()
        if end.note:
            console.print(end.note)
        show_page(console, found)
    _refuse_unequal(found)


def _person_and_tag(words: Sequence[str]) -> tuple[str, str]:
    """The two words, of which the person, or both, may come from standard input."""
    given = list(words)
    if len(given) < 2:  # noqa: PLR2004
        lines = [line.strip() for line in sys.stdin.read().splitlines() if line.strip()]
        given = [*lines, *given]
    match given:
        case [person, tag]:
            return person.strip(), tag.strip()
    raise UsageError(
        f"expected PERSON TAG, a person being kind:value or a OneID; found {len(given)}. What is "
        "not said in words is read from standard input, one a line, the person first"
    )


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


def _refuse_unequal(found: TagExplanation) -> None:
    if found.verdict == UNEQUAL:
        raise OnefoldError(
            f"re-derived: UNEQUAL: {', '.join(found.unequal)} of {found.business_date} cannot be "
            "made again from the lake's rows: a correction was made into that night since, or its "
            "files are not its own; run it again, and report it if it stays"
        )
