"""The checks in tags' own files, judged on a night's wide rows before they are written."""

from __future__ import annotations

from collections.abc import Mapping

from jobs.gate import judge_tags
from jobs.night import Night
from model.engines import Engine, Rows
from quality.gate import CheckResult
from tags.definitions import TagBook
from tags.staleness import with_dependants


def stale_tags(
    night: Night, engine: Engine, book: TagBook, wide: Mapping[str, Rows], stale: Mapping[str, str]
) -> dict[str, str]:
    """Why tags about the book's object are stale tonight, by tag: a check of theirs fails on the
    `wide` rows of its table and nobody accepted that, or they are computed from a stale tag, of
    those of other objects that are `stale` already among them. The results are recorded."""
    owners = book.owners
    failing: dict[str, str] = {}
    for table in night.definitions.checks:
        checks = table.stale_making
        if table.table_name in wide and checks.checks:
            tags = {check.code: owners[check.rule.columns[0]].name for check in checks.checks}
            for one in judge_tags(night, engine, wide[table.table_name], checks):
                if not one.is_passed and one.accepted_because is None:
                    failing.setdefault(tags[one.code], _told(one))
    return with_dependants(book, {**stale, **failing})


def _told(result: CheckResult) -> str:
    return f"{result.check_text} ({result.observed}); --accept {result.code} takes tonight's"
