"""The canonical model of conf/model.yml: objects that can be tagged, tables, named sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeVar, get_args

from model.contracts import Column, Pii, TableContract, columns
from model.errors import NOWHERE, Location, Problems, did_you_mean
from model.names import check_name
from model.reading import read
from model.strict_yaml import YamlMap
from model.versions import Reading

T = TypeVar("T")
_PII = get_args(Pii)  # from what everybody sees to what nobody does
ColumnType = Literal["text", "integer", "number", "money", "date", "timestamp", "bool", "enum"]
Part = Literal["family_name", "given_name", "street", "postcode"]
SPARK_TYPES: Mapping[str, str] = {
    "text": "string",
    "enum": "string",
    "integer": "bigint",
    "number": "double",
    "money": "decimal(18,2)",
    "date": "date",
    "timestamp": "timestamp",
    "bool": "boolean",
}
# What every clean table carries beside its own columns; by_person views add one_id.
COMMON_COLUMNS = columns(
    "channel string | 渠道 | Channel",
    "dataset string | 数据集 | Dataset of the channel",
    "sighting_id bigint | 识别组 | Sighting: the row's set of identifiers; null where it has none",
    "day date | 业务日 | Business day of the row's own time; of its arrival where it has none",
    "arrived_date date | 到达日 | Business date of the night that took the row in",
    "generation int | 版次 | Generation of the file: 1, then +1 for each new content of one path; "
    "0: the dataset arrives whole",
    "source_file string | 来源文件 | File under the landing root",
    "source_line bigint | 行号 | Line in the file; null: its new bytes lack the key; "
    "0: the whole state does",
    "is_deleted boolean | 已删除 | This version withdraws its key",
)


@dataclass(frozen=True)
class ReadFrom:
    """The column of the same table whose value tells this one's, and as which part of it."""

    column: str
    part: Part = field(metadata={"key": "as"})
    location: Location = NOWHERE


@dataclass(frozen=True)
class CanonicalColumn:
    """One column of a canonical table; one of `pii: high` is stored as a token and a mask.

    `read_from`: where a channel does not map it, it is a part of another column's value, or null.
    """

    type: ColumnType
    title: str = ""
    title_en: str = ""
    pii: Pii = "none"
    mask: str = "hidden"
    values: tuple[str, ...] = ()
    read_from: ReadFrom | None = None
    location: Location = NOWHERE

    def stored_as(self, name: str) -> tuple[Column, ...]:
        """The columns a clean table holds for this one."""
        if self.pii == "high":
            zh, en = self.title, self.title_en
            return (
                Column(f"{name}_token", "string", f"{zh}令牌", f"{en}: token", "low"),
                Column(f"{name}_mask", "string", f"{zh}掩码", f"{en}: mask", "low"),
            )
        return (Column(name, SPARK_TYPES[self.type], self.title, self.title_en, self.pii),)


@dataclass(frozen=True)
class CanonicalTable:
    """One canonical table: rows about `object`, unique by `key`, dated by `time`.

    `time` None: only arrival dates a row. `golden`: its columns make the golden profile.
    `reading` is what the channel files say of its rows.
    """

    key: tuple[str, ...]
    columns: Mapping[str, CanonicalColumn]
    object: str = "person"
    time: str | None = None
    title: str = ""
    title_en: str = ""
    golden: bool = False
    location: Location = NOWHERE
    name: str = ""
    reading: Reading = field(default=Reading(), metadata={"key": None})

    @property
    def contract(self) -> TableContract:
        """The clean table's contract: common columns first, then its own in the file's order."""
        own = (c for name, column in self.columns.items() for c in column.stored_as(name))
        return TableContract(
            "clean", self.name, (*COMMON_COLUMNS, *own),
            (*self.key, "arrived_date", "source_file"), "arrived_date", self.title, self.title_en,
        )

    def newest_first(self, rows: str) -> str:
        """SQL of the order in which the versions of a key count, newest first."""
        return self.reading.newest_first(self.time, "channel" in self.key, rows)

    def same_key(self, rows: str, others: str) -> str:
        """SQL: a row has the key of another one; nulls are equal."""
        return " and ".join(
            f"{rows}.`{name}` is not distinct from {others}.`{name}`" for name in self.key
        )

    @property
    def high_pii(self) -> tuple[str, ...]:
        """Names of the columns whose values live sealed in the vault."""
        return tuple(name for name, column in self.columns.items() if column.pii == "high")


@dataclass(frozen=True)
class TaggedObject:
    """Something tags are about; `id` is the column (or columns) that names one."""

    id: str | tuple[str, ...]
    title: str = ""
    title_en: str = ""
    tags_table: str = ""
    members: Mapping[str, str] = field(default_factory=dict)
    location: Location = NOWHERE


@dataclass(frozen=True)
class NamedSource:
    """A filter of a canonical table under a name of its own; `where` is a condition."""

    of: str
    where: str
    location: Location = NOWHERE


@dataclass(frozen=True)
class CanonicalModel:
    """conf/model.yml as a whole."""

    objects: Mapping[str, TaggedObject]
    tables: Mapping[str, CanonicalTable]
    sources: Mapping[str, NamedSource]

    @property
    def golden_tables(self) -> tuple[CanonicalTable, ...]:
        """The tables golden profiles are made of."""
        return tuple(table for table in self.tables.values() if table.golden)


def read_model(node: YamlMap, problems: Problems) -> CanonicalModel:
    """The canonical model without its broken parts; what is wrong with them goes to `problems`."""
    objects = _section(TaggedObject, node, "objects", problems)
    tables = {
        name: table
        for name, table in _section(CanonicalTable, node, "tables", problems, named=True).items()
        if _is_sound(table, objects, problems)
    }
    sources = {
        name: source
        for name, source in _section(NamedSource, node, "sources", problems).items()
        if _reads_a_table(name, source, tables, problems)
    }
    for key in node:
        if key not in ("objects", "tables", "sources"):
            problems.add(node.at(key), f"unknown key {key!r}; expected objects, tables or sources")
    if not tables and not problems.found:
        problems.add(node.location, "no tables; expected at least one under 'tables'")
    return CanonicalModel(objects, tables, sources)


def _section(
    cls: type[T], node: YamlMap, key: str, problems: Problems, named: bool = False
) -> dict[str, T]:
    section = node.get(key, YamlMap(node.location.file, node.location.line))
    if not isinstance(section, YamlMap):
        problems.add(node.at(key), f"{key}: expected a mapping of names")
        return {}
    found: dict[str, T] = {}
    for name, value in section.items():
        check_name(name, section.at(name), problems)
        if not isinstance(value, YamlMap):
            problems.add(section.at(name), f"{name}: expected a mapping")
            continue
        item = read(cls, value, problems, **({"name": name} if named else {}))
        if item is not None:
            found[name] = item
    return found


def _is_sound(
    table: CanonicalTable, objects: Mapping[str, TaggedObject], problems: Problems
) -> bool:
    before = len(problems.found)
    common = {column.name for column in COMMON_COLUMNS}
    known = [*table.columns, "channel"]
    for key in table.key:
        if key not in known:
            problems.add(table.location, f"unknown key column {key!r}{did_you_mean(key, known)}")
        elif key in table.high_pii:
            problems.add(table.location, f"key column {key!r} is pii high; a key must be readable")
    if table.time is not None and table.time not in table.columns:
        message = f"unknown time column {table.time!r}{did_you_mean(table.time, known)}"
        problems.add(table.location, message)
    elif table.time is not None and table.columns[table.time].type not in ("timestamp", "date"):
        problems.add(table.location, f"time column {table.time!r} must be a timestamp or a date")
    if objects and table.object not in objects:
        message = f"unknown object {table.object!r}{did_you_mean(table.object, list(objects))}"
        problems.add(table.location, message)
    for name, column in table.columns.items():
        check_name(name, column.location, problems)
        if name in common:
            problems.add(column.location, f"{name!r} is a column every clean table has already")
        if column.read_from:
            _check_part(name, column, column.read_from, table, problems)
    return len(problems.found) == before


def _check_part(
    name: str, column: CanonicalColumn, given: ReadFrom, table: CanonicalTable, problems: Problems
) -> None:
    """Adds what is wrong with a column that is a part of another one."""
    source = table.columns.get(given.column)
    if source is None:
        hint = did_you_mean(given.column, [each for each in table.columns if each != name])
        problems.add(given.location, f"{name}: read_from: unknown column {given.column!r}{hint}")
        return
    if source.read_from:
        message = f"{name}: read_from: {given.column!r} is a part itself; name what it is read from"
        problems.add(given.location, message)
    for each, its in ((name, column), (given.column, source)):
        if its.type != "text":
            message = f"{name}: read_from: {each!r} is {its.type}; expected text"
            problems.add(given.location, message)
    # A postcode alone names an area: the model may say that everybody sees it.
    is_open = given.part == "postcode" and column.pii == "low"
    if _PII.index(column.pii) < _PII.index(source.pii) and not is_open:
        wanted = f"pii: {source.pii}{' or low' if given.part == 'postcode' else ''}"
        message = f"{name}: part of {given.column!r}, which is pii {source.pii}; expected {wanted}"
        problems.add(given.location, message)


def _reads_a_table(
    name: str, source: NamedSource, tables: Mapping[str, CanonicalTable], problems: Problems
) -> bool:
    if name in tables:
        problems.add(source.location, f"source {name!r} bears the name of a table")
    elif source.of not in tables:
        hint = did_you_mean(source.of, list(tables))
        problems.add(source.location, f"unknown table {source.of!r}{hint}")
    return source.of in tables and name not in tables
