"""`onefold explain tag`: why a tag is what it is for one person or thing; no Spark session."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from rich.console import Console

from jobs.audit import record_command
from jobs.common_arguments import Common
from jobs.night import key_of
from jobs.published_tags import published_tags
from jobs.questions import published_or_refused
from jobs.tag_explanation import UNEQUAL, TagExplanation, explained
from jobs.tag_explanation_page import as_json, show_page
from jobs.tag_words import tag_asked
from model.errors import OnefoldError


def show(given: Common, words: Sequence[str], reveal: bool, form: str) -> None:
    """Prints why a tag of the published night is what it is for a person or a thing, and computes
    it again.

    UsageError (exit 2) where the words are not its ids and a tag, InputMissingError (4) where
    nobody holds the value, nothing has the ids, the tag is newer than the night or no night is
    published; OnefoldError (1) where the value computed again is another one. What is revealed is
    audited.
    """
    definitions = given.definitions()
    root = definitions.project.lake_root
    night = published_or_refused(root)
    with published_tags(definitions, night, key_of(definitions.project)) as known:
        asked = tag_asked(known, words)
        found = explained(asked, reveal)
    if reveal:
        record_command(root, ["explain tag --reveal"], None, found.revealed_count)
    if form == "json":
        told = as_json(found) | {"note": asked.note}
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    else:
        console = Console()
        if asked.note:
            console.print(asked.note)
        show_page(console, found)
    _refuse_unequal(found)


def _refuse_unequal(found: TagExplanation) -> None:
    if found.verdict == UNEQUAL:
        raise OnefoldError(
            f"re-derived: UNEQUAL: {', '.join(found.unequal)} of {found.business_date} cannot be "
            "made again from the lake's rows: its files are not its own, or were changed since; "
            "run it again, and report it if it stays"
        )
