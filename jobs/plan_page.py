"""`onefold plan`: what a changed definition would change, before it is published."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from jobs.common_arguments import Common
from jobs.definition_effects import Effects, counted_here, effects_of
from jobs.effects_by_spark import counted_by_spark
from jobs.night import key_of
from jobs.published_tags import published_tags
from jobs.questions import published_or_refused
from lake.views import PublishedNight
from tags.definition_changes import KINDS, TagChange
from tags.definitions import PERSON
from tags.kernel.differences import ColumnDifference, Spread

MISSING = "missing"


def show(given: Common, no_count: bool, form: str) -> None:
    """Prints what the definitions on disk change against the last published night.

    DefinitionError (exit 2) where they are not sound, InputMissingError (4) where no night is
    published yet.
    """
    definitions = given.definitions()
    night = published_or_refused(definitions.project.lake_root)
    with published_tags(definitions, night, key_of(definitions.project)) as known:
        effects, corrections = effects_of(known), known.corrections
        if not no_count and effects.execution.is_here:
            effects = counted_here(known, effects)
    if not no_count and not effects.execution.is_here:
        effects = counted_by_spark(
            definitions, night.business_date, effects, corrections, given.progress()
        )
    if form == "json":
        sys.stdout.write(json.dumps(as_json(night, effects), ensure_ascii=False) + "\n")
    else:
        show_page(Console(), night, effects)


def as_json(night: PublishedNight, effects: Effects) -> dict[str, Any]:
    """The effects as one object; what was not counted is null."""
    found = effects.differences
    return {
        "business_date": str(night.business_date),
        "tags": [asdict(change) | _counts(change, effects) for change in effects.changes],
        "audiences": [],  # none are built yet
        "person_count": found and found.persons,
        "touched_count": found and found.touched,
        "execution": effects.execution.words,
        "is_here": effects.execution.is_here,
        "plan": list(effects.steps),
    }


def _counts(change: TagChange, effects: Effects) -> dict[str, Any]:
    """How many persons a change concerns, in all and by column; null where it is not about them."""
    found = effects.differences
    if found is None or change.object != PERSON:
        return {"person_count": None, "differences": []}
    return {
        "person_count": found.of_tags.get(change.tag, 0),
        "differences": [
            {
                "column": name, "changed": one.changed, "appeared": one.appeared, "gone": one.gone,
                "before": _spread(one.before), "after": _spread(one.after),
                "failure": (effects.failures or {}).get(name),
            }
            for name, one in found.of_columns.items() if effects.owners[name] == change.tag
        ],
    }  # fmt: skip


def _spread(spread: Spread | None) -> dict[str, int] | None:
    if spread is None:
        return None
    return {MISSING if code is None else code: count for code, count in spread.items()}


def show_page(console: Console, night: PublishedNight, effects: Effects) -> None:
    """Prints the changes, whom they concern, and how they would be computed."""
    if not effects.changes:
        console.print(f"nothing changes: the tags are those of the night of {night.business_date}")
        return
    console.print(_changes_table(night, effects))
    found = effects.differences
    if found is not None:
        if found.of_columns:
            console.print(_differences_table(effects))
        share = _share(found.touched, found.persons)
        console.print(f"people 人数: {found.touched:,} of {found.persons:,} ({share}) have "
                      "another value in some column")  # fmt: skip
        for line in _failure_lines(effects):
            console.print(f"[bold red]{escape(line)}[/]")
    console.print(f"computed by 执行: {effects.execution.words}", highlight=False)
    for line in effects.steps:
        console.print(f"  {escape(line)}", highlight=False)


def _changes_table(night: PublishedNight, effects: Effects) -> Table:
    table = Table("tag 标签", "what", "through", "status 状态", "people 人数", "where",
                  title=f"against the night of {night.business_date}")  # fmt: skip
    found = effects.differences
    for change in effects.changes:
        people = "" if found is None or change.tag not in found.of_tags else (
            f"{found.of_tags[change.tag]:,}"
        )
        name = change.tag if change.object == PERSON else f"{change.tag} ({change.object})"
        table.add_row(
            name, KINDS[change.kind], ", ".join(change.because), _statuses(change), people,
            change.location,
        )  # fmt: skip
    return table


def _statuses(change: TagChange) -> str:
    both = dict.fromkeys(filter(None, (change.status_before, change.status)))
    return " → ".join(both)


def _differences_table(effects: Effects) -> Table:
    table = Table("column", "changed 变", "appeared 增", "gone 失", "share", "before → after 分布")
    found = effects.differences
    for name, one in found.of_columns.items() if found else ():
        numbers = (f"{count:,}" for count in (one.changed, one.appeared, one.gone))
        share = _share(one.persons, found.persons if found else 0)
        table.add_row(name, *numbers, share, escape("\n".join(_spread_lines(one))))
    return table


def _spread_lines(one: ColumnDifference) -> Iterator[str]:
    """A line for each code of a column that has codes, where its number of persons differs."""
    before, after = one.before or {}, one.after or {}
    for code in dict.fromkeys([*before, *after]):
        old, new = before.get(code, 0), after.get(code, 0)
        if old != new:
            yield f"{MISSING if code is None else code}: {old:,} → {new:,}"


def _failure_lines(effects: Effects) -> Sequence[str]:
    return [f"{name} cannot be computed: {why}" for name, why in (effects.failures or {}).items()]


def _share(count: int, total: int) -> str:
    return f"{count * 100 / total:.1f} %" if total else "–"
