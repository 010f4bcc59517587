"""Whom the tags of a night are about, and what the night before told of them, out of the lake."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, partial
from operator import itemgetter
from typing import Any

from jobs.definitions import Definitions
from jobs.night import Night
from lake.log_tables import read_rows
from lake.readers import persons_at
from model.contracts import TableContract
from model.engines import Engine, Rows
from model.fixed_tables import ONE_IDS, TAG_CATALOG
from model.sql_text import date_literal
from tags.definitions import PERSON, Measure, TagBook
from tags.night import BUSINESS_DATE, ONE_ID
from tags.plans import TagPlan
from tags.rolls import Roll, members_of, roll_of
from tags.schedule import Shown
from tags.subjects import MEMBERS, Members, Subject
from tags.wide_tables import columns_by_table, wide_contract


@dataclass(frozen=True)
class NightBefore:
    """The newest night before D and its catalogue; on the first night D−1, which has none.

    `catalog` has the columns whose wide table still has that night, `told` has every column.
    """

    day: date
    catalog: Sequence[Mapping[str, Any]]
    told: Sequence[Mapping[str, Any]]

    @cached_property
    def shown(self) -> dict[str, Shown]:
        """What it tells of its columns."""
        return {
            row["column_name"]: Shown(row["type"], row["definition_hash"], row.get("computed_date"))
            for row in self.catalog
        }

    def tables(self, subject: Subject) -> Mapping[str, Sequence[str]]:
        """The wide tables that it wrote about an object, with their tag columns; the object's own
        without any where it tells of none."""
        return computed_tables(self.catalog, subject)


def computed_tables(
    catalog: Iterable[Mapping[str, Any]], subject: Subject
) -> Mapping[str, Sequence[str]]:
    """The wide tables about an object of which a catalogue tells, and their computed columns; the
    object's own without any where it tells of none."""
    found: dict[str, list[str]] = {}
    for row in sorted(catalog, key=itemgetter("column_name")):
        if (row.get("object") or PERSON) == subject.name and row.get("computed_date"):
            found.setdefault(row["table_name"], []).append(row["column_name"])
    return found or {subject.wide_table: ()}


def night_before(night: Night) -> NightBefore:
    """The night whose tags D continues: the newest that the catalogue tells of, which is kept for
    longer than the wide tables. What stood in a slice that went is computed anew."""
    day = night.business_date
    earlier = [each for each in night.lake.days_of(TAG_CATALOG) if each < day]
    before = max(earlier, default=day - timedelta(days=1))
    rows = read_rows(night.lake.root, TAG_CATALOG, since=before)
    of_night = [row for row in rows if row["business_date"] == before]
    there = {
        name for name in {row["table_name"] for row in of_night}
        if before in night.lake.days_of(TableContract("tags", name, (), (), BUSINESS_DATE))
    }  # fmt: skip
    return NightBefore(before, [row for row in of_night if row["table_name"] in there], of_night)


def roll_for(
    night: Night, engine: Engine, book: TagBook, plan: TagPlan, before: NightBefore
) -> Roll:
    """Everybody, or everything, that the book's tags are about tonight."""
    subject = book.subjects[book.object]
    earlier = wide_rows(night, engine, subject, before.tables(subject), before.day)
    if subject.name == PERSON:
        tables = {name: _rows_of(night, engine, name) for name in plan.tables}
        return Roll(subject, _persons(night, engine), tables, earlier)
    asked = {name for tag in book.computed for name in tag.tables}
    sources = {name: _rows_of(night, engine, name) for name in sorted(asked)}
    of_members = any(isinstance(t.body, Measure) and t.body.of_members for t in book.computed)
    if subject.members and of_members:
        sources[MEMBERS] = _members(night, engine, book, subject, subject.members)
    return roll_of(engine, subject, sources, earlier)


def wide_rows(
    night: Night, engine: Engine, subject: Subject, tables: Mapping[str, Sequence[str]], day: date
) -> Rows:
    """A night's tag columns of the wide tables about an object, side by side."""
    slices = {name: _slice(night, engine, wide_contract(subject, name), day) for name in tables}
    return side_by_side(engine, subject, slices, tables)


def side_by_side(
    engine: Engine, subject: Subject, of_tables: Mapping[str, Rows],
    tables: Mapping[str, Sequence[str]],
) -> Rows:  # fmt: skip
    """The tag columns of slices of the wide tables about an object; unique by its ids.

    Only the columns named: a table keeps those of tags that have gone, or moved to another.
    """
    ids = [f"`{name}`" for name in subject.id_names]
    slices = {f"t{n}": of_tables[name] for n, name in enumerate(tables)}
    every = " union ".join(f"select {', '.join(ids)} from {name}" for name in slices)
    joins = " ".join(
        f"left join {name} on {' and '.join(f'i.{each} = {name}.{each}' for each in ids)}"
        for name in slices
    )
    listed = [f"i.{each}" for each in ids]
    listed += [
        f"{name}.`{column}`"
        for name, columns in zip(slices, tables.values(), strict=True) for column in columns
    ]  # fmt: skip
    if len(slices) == 1:
        every, joins = "select * from t0", ""
        listed = [each.replace("t0.", "i.", 1) for each in listed]
    sql = f"select {', '.join(listed)} from ({every}) i {joins}"
    return engine.rows("wide", sql, **slices)


def _slice(night: Night, engine: Engine, contract: TableContract, day: date) -> Rows:
    return engine.rows(
        "slice", f"select * from these where {BUSINESS_DATE} = {date_literal(day)}",
        these=night.lake.rows(engine, contract, until=day),
    )  # fmt: skip


def _rows_of(night: Night, engine: Engine, name: str) -> Rows:
    return night.person_rows(engine, night.project.model.tables[name])


def _persons(night: Night, engine: Engine) -> Rows:
    """Everyone the map of D knows, once."""
    sql = persons_at("one_ids", night.business_date)
    return engine.rows("persons", sql, one_ids=night.lake.rows(engine, ONE_IDS))


def _members(
    night: Night, engine: Engine, book: TagBook, subject: Subject, members: Members
) -> Rows:
    """The members of groups with the tags that they have since tonight."""
    persons = book.subjects[PERSON]
    tables = columns_by_table(book.about(PERSON))
    wide = wide_rows(night, engine, persons, tables, night.business_date)
    golden = _slice(night, engine, night.definitions.golden, night.business_date)
    groups = groups_of(
        engine, night.definitions, subject, members, golden, partial(_rows_of, night, engine)
    )
    return members_of(engine, subject, wide, groups, night.business_date)


def groups_of(
    engine: Engine, definitions: Definitions, subject: Subject, members: Members, golden: Rows,
    person_rows: Callable[[str], Rows],
) -> Rows:  # fmt: skip
    """The group of everybody who is in one, unique by one_id: as the golden profile tells it, or,
    in a table it is not made of, the newest row that tells one. `person_rows` gives the rows of a
    canonical table by person."""
    (name,), own = subject.id_names, f"`{members.column}`"
    if members.table in {table.name for table in definitions.project.model.golden_tables}:
        sql = f"select {ONE_ID}, {own} as `{name}` from golden where {own} is not null"
        return engine.rows("groups", sql, golden=golden)
    persons = definitions.tags.subjects[PERSON]
    newest = ", ".join(f"`{each}` desc" for each in persons.tables[members.table].order)
    return engine.rows("groups", f"""
        select {ONE_ID}, `{name}` from (
            select {ONE_ID}, {own} as `{name}`,
                row_number() over (partition by {ONE_ID} order by {newest}) as place
            from rows_told where {ONE_ID} is not null and {own} is not null
        ) r where place = 1
    """, rows_told=person_rows(members.table))  # fmt: skip
