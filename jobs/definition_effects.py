"""What changed definitions would change: tags, those that follow, and for how many persons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from jobs.night import Execution, execution_of
from jobs.published_tags import PublishedTags
from language.binding import quoted
from language.local_sql import local_sql
from tags.definition_changes import TagChange, definition_changes, recomputed
from tags.definitions import PERSON, TagBook
from tags.kernel.computing import ROWS_AT_ONCE, for_all_persons
from tags.kernel.differences import Differences, differences_of, united
from tags.kernel.prepared import Group, Prepared
from tags.kernel.wide import Wide
from tags.night import ONE_ID
from tags.planning import plan_over
from tags.plans import TagPlan


@dataclass(frozen=True)
class Effects:
    """What today's definitions change against the published night.

    `plan`: what a night would compute of that, other columns being as they are. `differences` is
    None where persons were not counted. `failures`: columns that could not be computed, and why.
    """

    changes: tuple[TagChange, ...]
    execution: Execution
    plan: TagPlan
    differences: Differences | None = None
    failures: Mapping[str, str] | None = None

    @property
    def owners(self) -> dict[str, str]:
        """The columns about persons whose values may differ, with their tags: those computed anew,
        and those that are gone."""
        changes = [change for change in self.changes if change.object == PERSON]
        gone = {column: change.tag for change in changes for column in change.gone}
        anew = (change for change in changes if change.is_computed)
        return gone | {column: change.tag for change in anew for column in change.columns}

    @property
    def steps(self) -> tuple[str, ...]:
        """How a night would compute what changes, a line each."""
        lines = replace(self.plan, carried=()).described()
        taken = len(self.plan.carried)
        return (*lines, f"{taken} columns as the night stored them") if taken else lines

    def coded(self, book: TagBook) -> frozenset[str]:
        """Of these columns those whose cells hold one code."""
        return frozenset(
            name for name, tag in self.owners.items() if tag in book.tags
            for column in book.tags[tag].columns
            if column.name == name and (column.type, column.container) == ("enum", "value")
        )  # fmt: skip


def effects_of(known: PublishedTags) -> Effects:
    """The effects of today's definitions, without a look at any row."""
    changes = definition_changes(known.book, list(known.catalog.values()))
    anew, stored = recomputed(known.book, changes)
    plan = plan_over(known.book, anew, stored)
    execution = execution_of(
        known.definitions.project.lake_root, known.definitions.tables, known.business_date
    )
    return Effects(changes, execution, plan)


def counted_here(known: PublishedTags, effects: Effects) -> Effects:
    """The same with the number of persons they concern, computed over the rows and the map of the
    published night: only the tags that change, what they read being taken as it is stored."""
    engine, day, owners, plan = known.engine, known.business_date, effects.owners, effects.plan
    stored = known.stored
    has = [name for name in owners if name in stored.columns]
    coded = effects.coded(known.book)
    prepared = Prepared.of(engine, known.given(plan, stored), plan, known.tag_night)

    def compared(group: Group, wide: Wide) -> Differences:
        listed = ", ".join([ONE_ID, *(local_sql(quoted(name)) for name in has)])
        old = engine.rows("old", f"select {listed} from s where {group.condition}", s=stored)
        made = wide.stored()
        new = made.select([ONE_ID, *(name for name in owners if name in made.column_names)])
        return differences_of(engine, engine.arrow(old), new, owners, coded, day)

    found = for_all_persons(prepared, compared, ROWS_AT_ONCE)
    return replace(effects, differences=united(found), failures=prepared.failures)
