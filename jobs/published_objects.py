"""The tags of the published night about something else than persons, each thing under a number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import pyarrow as pa

from jobs.published_tags import PublishedTags
from jobs.tag_rolls import groups_of
from language.binding import quoted
from model.engines import Rows
from tags.definitions import TagBook
from tags.kernel.prepared import Given
from tags.night import ONE_ID
from tags.plans import TagPlan
from tags.rolls import NUMBER, members_of, numbers_of, rows_by_number, tags_by_number
from tags.subjects import MEMBERS

_WORD = "_word_{}"  # no id bears _


@dataclass(frozen=True)
class PublishedObjects(PublishedTags):
    """The tags about the object `about`: a `one_id` is the number that each thing with a row of the
    night has for this answer, in the order of ids."""

    about: str = ""

    @cached_property
    def book(self) -> TagBook:
        """The tags as today's files define them."""
        return self.definitions.tags.about(self.about)

    @cached_property
    def numbers(self) -> Rows:
        """The number of each thing, with its ids."""
        return numbers_of(self.engine, self.subject, super().wide_of(self.business_date))

    @cached_property
    def persons(self) -> Rows:
        """Every number, once."""
        return self.engine.rows("people", f"select {NUMBER} as {ONE_ID} from n", n=self.numbers)

    def number_of(self, words: Mapping[str, str]) -> tuple[int, Mapping[str, Any]] | None:
        """The number of the thing that has these ids as text, and its ids; None: it has no row."""
        said = pa.table({_WORD.format(name): [word] for name, word in words.items()})
        same = " and ".join(
            f"cast(n.{quoted(name)} as string) = said.{_WORD.format(name)}" for name in words
        )
        sql = f"select n.* from n join said on {same}"
        found = self.engine.arrow(
            self.engine.rows("named", sql, n=self.numbers, said=self.engine.of(said))
        ).to_pylist()
        if not found:
            return None
        return found[0][NUMBER], {name: found[0][name] for name in words}

    def wide_of(self, day: date) -> Rows:
        """The tags of those things on one night, those of all their wide tables side by side."""
        return tags_by_number(self.engine, self.subject, super().wide_of(day), self.numbers)

    def given(self, plan: TagPlan, earlier: Rows, one_id: int | None = None) -> Given:
        """What a plan is computed from; nobody but persons has a profile, stages or set values."""
        people = self.of_one(self.persons, one_id)
        sources = {name: self.person_rows(name, one_id) for name in plan.tables}
        return Given(sources, self.book.tables, people, people, {}, earlier)

    def person_rows(self, name: str, one_id: int | None = None) -> Rows:
        """The rows of a table by number, of everything or of one thing."""
        if (name, one_id) not in self._rows:
            source = (
                self._members() if name == MEMBERS else self.of_persons.person_rows(name)
            )
            table = self.subject.tables[name]
            rows = rows_by_number(self.engine, self.subject, table, source, self.numbers)
            own = self.of_one(rows, one_id)
            self._rows[name, one_id] = rows if one_id is None else self.engine.kept(own)
        return self._rows[name, one_id]

    def _members(self) -> Rows:
        """The members of groups with their tags as the night stored them."""
        members, persons = self.subject.members, self.of_persons
        if members is None:
            raise ValueError(f"{self.about} has no members")
        groups = groups_of(
            self.engine, self.definitions, self.subject, members, persons.golden(),
            persons.person_rows,
        )  # fmt: skip
        return members_of(self.engine, self.subject, persons.stored, groups, self.business_date)

    @cached_property
    def of_persons(self) -> PublishedTags:
        """The tags of persons of the same night."""
        return PublishedTags(self.engine, self.definitions, self.night, self.key)
