"""Tags of one person of the published night, computed anew from the lake's rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from jobs.published_tags import PublishedTags, one_row
from language.binding import quoted
from language.local_sql import local_sql
from model.engines import Rows
from tags.definitions import Tag, TagBook
from tags.kernel.changes import tag_changes_here
from tags.kernel.computing import compute_tags_here, for_all_persons, places
from tags.kernel.prepared import Given, Group, Prepared, Ranks, places_of
from tags.kernel.wide import Wide
from tags.lineage import ranks_people, reads_members
from tags.night import ONE_ID
from tags.planning import needed_tags, plan_over
from tags.plans import TagPlan

# How many stand above a person (None: who has no value), and of how many.
Place = tuple[int | None, int]


@dataclass(frozen=True)
class Rederived:
    """One person's tags, computed anew: `row` holds the tags asked for and all that they read, one
    value each; `taken` are the columns of others that were taken from the night as it is stored,
    `read_of_all` the tables of which everybody's rows were read.

    `places`: where the person stands, by the column whose value depends on it.
    """

    row: pa.Table
    places: Mapping[str, Place]
    taken: frozenset[str]
    read_of_all: frozenset[str]


@dataclass(frozen=True)
class Rederivation:
    """What is computed anew of one person: all but the tags `kept`, which stay as the night stored
    them. `book` may hold tags beside those of the night."""

    known: PublishedTags
    book: TagBook
    one_id: int
    kept: frozenset[str] = frozenset()
    _places: dict[str, Place] = field(default_factory=dict, repr=False)

    def of(self, names: Collection[str]) -> Rederived:
        """The tags `names`. Only the person's rows are read; where a value depends on everybody,
        everybody's columns that it reads are taken from the night, or their rows are read."""
        row = one_row(self.known, self.known.stored, self.one_id)
        done, taken, of_all = set(self.kept), frozenset[str](), frozenset[str]()
        for tag in needed_tags(self.book, names, self.kept):
            if tag.name in done:
                continue
            if ranks_people(tag):
                row = self._with(row, {self.book.owners[name].name for name in tag.reads}, done)
                row = self._ranked(row, tag)
                of_all |= tag.tables
                done.add(tag.name)
            if ranks_people(tag) or reads_members(tag):
                taken |= tag.reads
        return Rederived(self._with(row, names, done), self._places, taken, of_all)

    def _with(self, row: pa.Table, names: Collection[str], done: Collection[str]) -> pa.Table:
        """The row with tags that the person's own rows decide; those done are in the row."""
        if not set(names) - set(done):
            return row
        plan = plan_over(self.book, names, done)
        given = self.known.given(plan, self.known.engine.of(row), self.one_id)
        return _merged(row, self._computed(given, plan))

    def _computed(self, given: Given, plan: TagPlan) -> pa.Table:
        night = self.known.tag_night
        return compute_tags_here(
            self.known.engine, given, plan, night.business_date, time_zone=night.time_zone
        )

    def _ranked(self, row: pa.Table, tag: Tag) -> pa.Table:
        """The row with a tag that depends on everybody."""
        engine = self.known.engine
        owners = (self.book.owners[name] for name in sorted(tag.reads))
        inputs = dict.fromkeys(one.name for one in owners if not one.is_masked)
        plan = plan_over(self.book, [tag.name], tuple(inputs))
        given = self.known.given(plan, self._of_everybody(row, plan))
        prepared = Prepared.of(engine, given, plan, self.known.tag_night)
        ranks = {d.column.name: rank for level in plan.levels for d in level for rank in d.ranks}

        def finish(_: Group, wide: Wide) -> tuple[pa.Table, Ranks]:
            own = wide.stored().filter(pc.field(ONE_ID) == self.one_id)
            return own, wide.ranked(list(ranks.values())) if ranks else {}

        found = for_all_persons(prepared, finish)
        if ranks:
            of_all = places(engine, list(ranks.values()), [values for _, values in found])
            at = prepared.ids.index(self.one_id).as_py()
            for column, rank in ranks.items():
                above, count = (of_all[name][at].as_py() for name in places_of(rank))
                self._places[column] = above, count
        return _merged(row, pa.concat_tables(own for own, _ in found))

    def _of_everybody(self, row: pa.Table, plan: TagPlan) -> Rows:
        """The columns that a plan does not compute: the night's, this person's as in the row."""
        listed = ", ".join([ONE_ID, *(local_sql(quoted(c.name)) for c in plan.carried)])
        sql = (
            f"select {listed} from stored where {ONE_ID} <> {self.one_id} "
            f"union all select {listed} from own"
        )
        engine = self.known.engine
        return engine.rows("everybody", sql, stored=self.known.stored, own=engine.of(row))


def rederived(known: PublishedTags, one_id: int, names: Collection[str]) -> Rederived:
    """The tags `names` of one person, computed anew from the lake's rows by today's definitions."""
    return Rederivation(known, known.book, one_id, kept_tags(known)).of(names)


def differing(
    known: PublishedTags, stored: pa.Table, anew: pa.Table, names: Collection[str]
) -> set[str]:
    """The columns among `names` in which a person's stored row and another are not equal."""
    old, new = (
        table.select([n for n in table.column_names if n == ONE_ID or n in names])
        for table in (stored, anew)
    )
    changes = tag_changes_here(known.engine, old, new, known.business_date)
    return set(changes["tag"].to_pylist())


def kept_tags(known: PublishedTags) -> frozenset[str]:
    """The tags that no rows of the night decide: they show an earlier night's values, or could not
    be computed."""
    return frozenset(
        row["tag"] for row in known.catalog.values()
        if row["column_name"] in known.failures
        or row["computed_date"] not in (None, known.business_date)
    )  # fmt: skip


def _merged(row: pa.Table, found: pa.Table) -> pa.Table:
    """A row with the columns that were found of the same person, in the place of its own."""
    columns = {name: row[name] for name in row.column_names}
    return pa.table(columns | {name: found[name] for name in found.column_names})
