"""What tags can be about: persons, and the things, groups and relations of conf/model.yml."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from language.conditions import read_condition
from language.types import Columns, ValueType
from model.canonical import CanonicalModel, CanonicalTable, TaggedObject
from model.contracts import Column, columns
from model.errors import Problems, did_you_mean
from model.fixed_tables import CUSTOMER_TAG_CHANGES, CUSTOMER_TAGS, TAG_TABLES
from tags.definitions import PERSON, Source, SourceTable
from tags.night import ONE_ID

PERSON_ID = "person_id"  # whose a row is, where tags are about something else; missing: nobody's
MEMBERS = "_members"  # the columns of a group's members, as a table; no canonical one bears _
OF_MEMBERS: Columns = {PERSON_ID: "integer", "day": "date", "arrived_date": "date"}
# Of the columns every clean table has, the ones that mean something to a marketer.
_COMMON: Mapping[str, ValueType] = {
    "channel": "text", "dataset": "text", "day": "date", "arrived_date": "date",
}
_ONE_ID = columns(f"{ONE_ID} bigint | 客户号 | The person")


@dataclass(frozen=True)
class Members:
    """How a group's members are known: by a column of a table about persons."""

    table: str
    column: str


@dataclass(frozen=True)
class Subject:
    """Something tags are about. `ids` name one, in the wide table `wide_table`.

    `tables` are those whose rows name one by all its ids, `sources` these and their named filters.
    `flaw`: what is wrong with it in the model, told where a tag is about it; empty: nothing.
    """

    name: str
    ids: tuple[Column, ...]
    wide_table: str
    tables: Mapping[str, SourceTable]
    sources: Mapping[str, Source]
    members: Members | None = None
    title: str = ""
    title_en: str = ""
    flaw: str = ""

    @property
    def id_names(self) -> tuple[str, ...]:
        """The names of the columns that name one."""
        return tuple(column.name for column in self.ids)


@dataclass
class _Sources:
    """Reads the named sources of a model; a problem of a condition is noted once."""

    model: CanonicalModel
    problems: Problems
    _noted: set[str] = field(default_factory=set)

    def of(self, tables: Mapping[str, SourceTable]) -> dict[str, Source]:
        sources = {name: Source(name, name) for name in tables}
        for name, named in self.model.sources.items():
            if named.of in tables:
                own = Problems() if name in self._noted else self.problems
                self._noted.add(name)
                known = tables[named.of].columns
                condition = read_condition(named.where, named.location, known, {}, own)
                sources[name] = Source(name, named.of, condition)
        return sources


def subjects_of(model: CanonicalModel, problems: Problems) -> dict[str, Subject]:
    """Everything tags can be about, by name, persons first; the model's broken conditions of named
    sources go to `problems`."""
    sources = _Sources(model, problems)
    persons = {
        name: SourceTable(name, columns_of(table), table.time, table.key)
        for name, table in model.tables.items()
        if table.object == PERSON
    }
    found = {
        PERSON: Subject(PERSON, _ONE_ID, CUSTOMER_TAGS.name, persons, sources.of(persons))
    }
    taken = dict.fromkeys((table.name for table in TAG_TABLES), "onefold")
    for name, thing in model.objects.items():
        if name != PERSON:
            found[name] = _subject(name, thing, model, sources)
            for table in (found[name].wide_table, changes_name(name)):
                if taken.setdefault(table, name) != name:
                    flaw = f"{name!r} needs the table tags.{table}, which is {taken[table]}'s"
                    found[name] = replace(found[name], flaw=flaw)
    return found


def changes_name(name: str) -> str:
    """The table of what changed in the tags about an object."""
    return CUSTOMER_TAG_CHANGES.name if name == PERSON else f"{name}_tag_changes"


def _subject(name: str, thing: TaggedObject, model: CanonicalModel, sources: _Sources) -> Subject:
    ids = (thing.id,) if isinstance(thing.id, str) else thing.id
    tables = {
        table.name: SourceTable(table.name, _columns_for(table), table.time, table.key)
        for table in model.tables.values() if all(_names(table, column) for column in ids)
    }  # fmt: skip
    columns = tuple(_id_column(column, thing, tables, model) for column in ids)
    members = Members(thing.members.get("table", ""), thing.members.get("column", ""))
    flaws = [*_flaws(name, ids, tables, model),
             *(_flaws_of_members(name, members, len(ids), model) if thing.members else ())]
    return Subject(
        name, columns, thing.tags_table or f"{name}_tags", tables, sources.of(tables),
        members if thing.members else None, thing.title, thing.title_en, next(iter(flaws), ""),
    )  # fmt: skip


def columns_of(table: CanonicalTable) -> Columns:
    """Columns a tag may read: a high-pii one only as its token and its mask."""
    own: dict[str, ValueType] = {}
    for name, column in table.columns.items():
        if column.pii == "high":
            own |= {f"{name}_token": "text", f"{name}_mask": "text"}
        else:
            own[name] = column.type
    return {**_COMMON, **own}


def _columns_for(table: CanonicalTable) -> Columns:
    """The same for tags about something else: they may also ask whose a row is."""
    whose: Columns = {PERSON_ID: "integer"} if table.object == PERSON else {}
    return {**whose, **columns_of(table)}


def _names(table: CanonicalTable, column: str) -> bool:
    """Whether rows of a table tell an id."""
    if column == ONE_ID:
        return table.object == PERSON
    return column in table.columns and table.columns[column].pii != "high"


def _id_column(
    name: str, thing: TaggedObject, tables: Mapping[str, SourceTable], model: CanonicalModel
) -> Column:
    """The id in the wide table: as the first table with it has it, or members' column."""
    if name == ONE_ID:
        return _ONE_ID[0]
    for table in tables:
        (stored,) = model.tables[table].columns[name].stored_as(name)
        return stored
    of_members = model.tables.get(thing.members.get("table", ""))
    column = of_members.columns.get(thing.members.get("column", "")) if of_members else None
    kind = column.stored_as(name)[0].type if column else "string"
    return Column(name, kind, thing.title, thing.title_en)


def _flaws(
    name: str, ids: tuple[str, ...], tables: Mapping[str, SourceTable], model: CanonicalModel
) -> Iterator[str]:
    """What is wrong with the ids of an object."""
    for column in ids:
        kinds = {
            model.tables[table].columns[column].type: table for table in tables if column != ONE_ID
        }
        if len(kinds) > 1:
            told = " and ".join(f"{kind} in {table}" for kind, table in sorted(kinds.items()))
            yield f"{name!r} is named by {column!r}, which is {told}; give it one type"
        if column in ("business_date", "tag", "old_value", "new_value"):
            yield f"{name!r} is named by {column!r}, a column of the tables of tags; rename it"


def _flaws_of_members(
    name: str, members: Members, ids: int, model: CanonicalModel
) -> Iterator[str]:
    """What is wrong with how the members of a group are known."""
    table = model.tables.get(members.table)
    if ids > 1:
        yield f"{name!r} has members and {ids} ids; expected one id"
    elif table is None or table.object != PERSON:
        tables = [each.name for each in model.tables.values() if each.object == PERSON]
        hint = did_you_mean(members.table, tables)
        yield f"{name!r} has members of {members.table!r}, no table about persons{hint}"
    elif members.column not in table.columns:
        hint = did_you_mean(members.column, list(table.columns))
        yield f"{name!r} has members by {members.column!r}, no column of {table.name}{hint}"
    elif table.columns[members.column].pii == "high":
        yield f"{name!r} has members by {members.column!r}, which is sealed; name a readable one"
