"""The tags of the published night, to be computed anew in this process: no Spark session is opened.

Everything is read as that night was published: rows, map, profiles, what stages remembered.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import pyarrow as pa

from identity.corrections import Correction
from jobs.compute_tags import NAME as COMPUTE_TAGS
from jobs.corrections import corrections_of, tag_corrections_at
from jobs.definitions import Definitions
from jobs.number_leads import leads_of
from jobs.plain_values import with_plain_columns_here
from jobs.set_values import values_set_here
from jobs.tag_profiles import profiles
from jobs.tag_rolls import computed_tables, side_by_side
from lake.ledger import stage_begun
from lake.published import published_days, published_slice, published_table
from lake.readers import by_person, persons_at
from lake.views import PublishedNight
from model.contracts import TableContract
from model.engines import Rows
from model.fixed_tables import (
    CUSTOMER_TAGS,
    ONE_ID_EVENTS,
    ONE_IDS,
    STAGE_STATES,
    TAG_CATALOG,
    TAG_METRICS,
    VAULT_PROFILES,
)
from model.local_engine import LocalEngine
from privacy.tokens import TokenKey
from tags.definitions import TagBook
from tags.kernel.prepared import Given
from tags.night import ONE_ID
from tags.night import Night as TagNight
from tags.plans import TagPlan
from tags.subjects import Subject
from tags.wide_tables import wide_contract


@dataclass(frozen=True)
class PublishedTags:
    """What the tags of a published night were made of and what they became."""

    engine: LocalEngine
    definitions: Definitions
    night: PublishedNight
    key: TokenKey
    _rows: dict[tuple[str, int | None], Rows] = field(default_factory=dict, repr=False)

    @property
    def book(self) -> TagBook:
        """The tags as today's files define them."""
        return self.definitions.tags

    @property
    def subject(self) -> Subject:
        """What the tags are about."""
        return self.book.subjects[self.book.object]

    @property
    def business_date(self) -> date:
        """The night."""
        return self.night.business_date

    @property
    def tag_night(self) -> TagNight:
        """The night as tags know it."""
        return TagNight(self.business_date, self.definitions.project.settings.project.time_zone)

    @cached_property
    def catalog(self) -> Mapping[str, Mapping[str, Any]]:
        """What the night's catalogue says of every tag column."""
        rows = self._records(TAG_CATALOG)
        return {row["column_name"]: row for row in rows}

    @cached_property
    def failures(self) -> Mapping[str, str]:
        """Why some columns could not be computed that night."""
        rows = self._records(TAG_METRICS)
        return {row["column_name"]: row["error"] for row in rows if row["error"] is not None}

    @cached_property
    def night_before(self) -> date:
        """The night whose memory the night had; the day before where there was none."""
        days = published_days(self._root, self.night, CUSTOMER_TAGS)
        earlier = [day for day in days if day < self.business_date]
        return max(earlier, default=self.business_date - timedelta(days=1))

    @cached_property
    def corrections(self) -> tuple[Correction, ...]:
        """The corrections of tags that held on the night when its tags were computed."""
        begun = stage_begun(self._root, self.business_date, COMPUTE_TAGS)
        known = tag_corrections_at(self._root, begun) if begun else self._standing
        return tuple(each for each in known if each.holds_on(self.business_date))

    @cached_property
    def corrections_since(self) -> tuple[Correction, ...]:
        """Those that were made or withdrawn since then, as they stand: the night would have other
        values by them if it were run again."""
        then = {each.correction_id for each in self.corrections}
        day = self.business_date
        return tuple(e for e in self._standing if e.holds_on(day) != (e.correction_id in then))

    @cached_property
    def _standing(self) -> list[Correction]:
        return corrections_of(self._root, tags=True)

    @cached_property
    def stored(self) -> Rows:
        """The wide table of the night."""
        return self.wide_of(self.business_date)

    def wide_of(self, day: date) -> Rows:
        """The tags of persons on one night, those of all their wide tables side by side."""
        subject = self.subject
        tables = computed_tables(self.catalog.values(), subject)
        slices = {
            name: published_slice(
                self.engine, self._root, self.night, wide_contract(subject, name), day
            )
            for name in tables
        }  # fmt: skip
        return side_by_side(self.engine, subject, slices, tables)

    @cached_property
    def persons(self) -> Rows:
        """Everyone the map of the night knows, once."""
        sql = persons_at("one_ids", self.business_date)
        return self.engine.kept(self.engine.rows("persons", sql, one_ids=self._table(ONE_IDS)))

    def given(self, plan: TagPlan, earlier: Rows, one_id: int | None = None) -> Given:
        """What a plan is computed from, for everybody or for one person; `earlier` has the columns
        that the plan does not compute."""
        engine, book = self.engine, self.book
        states = published_slice(
            engine, self._root, self.night, STAGE_STATES, self.night_before
        ) if plan.histories else None
        values = values_set_here(
            engine, self.corrections if plan.overrides else (), self._table(ONE_ID_EVENTS),
            self.business_date,
        )  # fmt: skip
        return Given(
            {name: self.person_rows(name, one_id) for name in plan.tables}, book.tables,
            self.of_one(self.persons, one_id), self._profiles(plan, one_id), book.golden,
            earlier, states, values,
        )  # fmt: skip

    def person_rows(self, name: str, one_id: int | None = None) -> Rows:
        """The rows of a canonical table by person, of everybody or of one person."""
        if (name, one_id) not in self._rows:
            table = self.definitions.project.model.tables[name]
            sql = by_person(table, "versions", "one_ids", self.business_date)
            rows = self.engine.rows(
                f"persons_of_{name}", sql, versions=self._table(table.contract),
                one_ids=self._table(ONE_IDS),
            )  # fmt: skip
            own = self.of_one(rows, one_id)
            self._rows[name, one_id] = rows if one_id is None else self.engine.kept(own)
        return self._rows[name, one_id]

    def golden(self, plain: tuple[str, ...] = (), one_id: int | None = None) -> Rows:
        """The golden profiles of everybody or of one person, some masked columns plain as well."""
        return self._plain(self._golden(one_id), {name: name for name in plain})

    def _profiles(self, plan: TagPlan, one_id: int | None) -> Rows:
        """The golden profiles as a plan reads them."""
        chosen = profiles(
            self.engine, self.definitions, self._golden(one_id),
            lambda table: self.person_rows(table.name, one_id), plan,
        )  # fmt: skip
        return self._plain(chosen, plan.plain_sources)

    def _golden(self, one_id: int | None) -> Rows:
        rows = published_slice(
            self.engine, self._root, self.night, self.definitions.golden, self.business_date
        )
        return self.of_one(rows, one_id)

    def _plain(self, rows: Rows, names: Mapping[str, str]) -> Rows:
        model, vault = self.definitions.project.model, self._table(VAULT_PROFILES)
        return with_plain_columns_here(self.engine, rows, names, model, vault, self.key)

    def stage_states(self, one_id: int) -> list[dict[str, Any]]:
        """What the night remembers of a person's stages, one entry per tag."""
        rows = published_slice(
            self.engine, self._root, self.night, STAGE_STATES, self.business_date
        )
        found: list[dict[str, Any]] = one_row(self, rows, one_id).to_pylist()
        return found

    def leads(self, one_ids: Collection[int]) -> Mapping[int, int | None]:
        """The persons whom numbers lead to on the night; None where nobody is left of one."""
        events = self._table(ONE_ID_EVENTS)
        return leads_of(self.engine, events, one_ids, self.business_date)

    def of_one(self, rows: Rows, one_id: int | None) -> Rows:
        """The rows of one person; of everybody where it is None."""
        if one_id is None:
            return rows
        sql = f"select * from these where {ONE_ID} = {one_id}"
        return self.engine.rows("of_one", sql, these=rows)

    def _records(self, contract: TableContract) -> list[dict[str, Any]]:
        rows = published_slice(self.engine, self._root, self.night, contract, self.business_date)
        found: list[dict[str, Any]] = self.engine.arrow(rows).to_pylist(maps_as_pydicts="strict")
        return found

    def _table(self, contract: TableContract) -> Rows:
        return published_table(self.engine, self._root, self.night, contract)

    @property
    def _root(self) -> str:
        return self.definitions.project.lake_root


def one_row(known: PublishedTags, rows: Rows, one_id: int) -> pa.Table:
    """The rows of one person in memory; one at most of rows that are unique by person."""
    return known.engine.arrow(known.of_one(rows, one_id))


@contextmanager
def published_tags(
    definitions: Definitions, night: PublishedNight, key: TokenKey
) -> Iterator[PublishedTags]:
    """The tags of a published night, to be asked for; closed at the end."""
    with LocalEngine() as engine:
        engine.learn()
        yield PublishedTags(engine, definitions, night, key)
