"""The checks in tags' own files, judged on a night's wide rows before they are written."""

from __future__ import annotations

from jobs.gate import judge_tags
from jobs.night import Night
from model.engines import Engine, Rows
from model.fixed_tables import CUSTOMER_TAGS
from quality.gate import CheckResult
from tags.staleness import with_dependants


def stale_tags(night: Night, engine: Engine, wide: Rows) -> dict[str, str]:
    """Why tags are stale tonight, by tag: a check of theirs fails on `wide` and nobody accepted
    that, or they are computed from such a tag. The results are recorded."""
    named = {one.table_name: one.stale_making for one in night.definitions.checks}
    table = named.get(CUSTOMER_TAGS.full_name)
    if table is None or not table.checks:
        return {}
    owners = night.definitions.tags.owners
    tags = {check.code: owners[check.rule.columns[0]].name for check in table.checks}
    failing = {
        tags[one.code]: _told(one)
        for one in judge_tags(night, engine, wide, table)
        if not one.is_passed and one.accepted_because is None
    }
    return with_dependants(night.definitions.tags, failing)


def _told(result: CheckResult) -> str:
    return f"{result.check_text} ({result.observed}); --accept {result.code} takes tonight's"
