"""A channel file as it is written: conf/channels/<channel>.yml, key by key.

What a key may hold stands in its annotation; what must agree with other keys, with the canonical
tables and with the identity policy is checked in ingestion.channels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from model.canonical import ColumnType
from model.errors import NOWHERE, Location, Problems
from model.reading import read
from model.strict_yaml import YamlMap

Format = Literal["csv", "tsv", "jsonl", "json", "parquet", "xlsx"]
Encoding = Literal["utf-8", "utf-8-sig", "utf-16", "gbk", "gb18030", "latin-1"]
Arrives = Literal["daily", "full", "sometimes"]
ChannelStatus = Literal["online", "shadow", "paused"]


@dataclass(frozen=True)
class IdentifierEntry:
    """A kind of identifier; `scope` empty: the scope of the kind."""

    kind: str
    scope: str = ""
    location: Location = NOWHERE


@dataclass(frozen=True)
class FieldEntry:
    """One field of the dumps; `source` empty: its header is the field's own name.

    `other` says what becomes of a value that `values` does not list.
    """

    source: str | tuple[str, ...] = field(default=(), metadata={"key": "from"})
    type: ColumnType = "text"
    required: bool = False
    identifier: str | IdentifierEntry | tuple[str | IdentifierEntry, ...] = ()
    formats: tuple[str, ...] = ()
    values: Mapping[str, str] | tuple[str, ...] = ()
    other: Literal["quarantine", "null", "keep"] = "quarantine"
    range: tuple[float, ...] = ()
    pattern: str = ""
    location: Location = NOWHERE

    @property
    def identifiers(self) -> tuple[IdentifierEntry, ...]:
        """The kinds it may be, in the file's order."""
        listed = self.identifier if isinstance(self.identifier, tuple) else (self.identifier,)
        return tuple(
            IdentifierEntry(each, location=self.location) if isinstance(each, str) else each
            for each in listed
        )

    def headers(self, name: str) -> tuple[str, ...]:
        """The headers it may stand under."""
        given = self.source if isinstance(self.source, tuple) else (self.source,)
        return given or (name,)

    @property
    def value_map(self) -> Mapping[str, str]:
        """Source value → canonical value; empty where any value goes."""
        if isinstance(self.values, Mapping):
            return self.values
        return {value: value for value in self.values}


@dataclass(frozen=True)
class DeletedEntry:
    """Rows whose `field` holds one of `values` withdraw their key."""

    field: str
    values: tuple[str, ...]
    location: Location = NOWHERE


@dataclass(frozen=True)
class IntoEntry:
    """How records become rows of one canonical table: column → expression or constant.

    `one_row_per` rolls records up; `where` is a condition on the fields.
    """

    columns: YamlMap
    one_row_per: tuple[str, ...] = ()
    where: Any = None
    location: Location = NOWHERE


@dataclass(frozen=True)
class DatasetEntry:
    """One dataset of a channel: where its files lie, how they are written, what becomes of them.

    `header`: true, the number of the line it stands on, or the names of files that have none.
    `doubtful` names the fields that could not be read: nothing more is said about their types.
    """

    path: str
    fields: Mapping[str, FieldEntry]
    into: Mapping[str, IntoEntry]
    format: Format = "csv"
    encoding: Encoding = "utf-8"
    delimiter: str = ""
    quote: str = '"'
    escape: str = ""
    multiline: bool = True
    header: bool | int | tuple[str, ...] = True
    sheet: str = ""
    time_zone: str = ""
    arrives: Arrives = "daily"
    required: bool = True
    ready: str = ""
    empty: Literal["refuse", "accept"] = "refuse"
    deleted: DeletedEntry | None = None
    checks: tuple[str, ...] = ()
    doubtful: frozenset[str] = frozenset()
    written: YamlMap = field(default_factory=lambda: YamlMap("", 0), repr=False, compare=False)
    location: Location = NOWHERE

    @property
    def separator(self) -> str:
        """The character between values: as given, else a tab in tsv and a comma in csv."""
        return self.delimiter or ("\t" if self.format == "tsv" else ",")

    @property
    def header_line(self) -> int:
        """The line the header stands on, counted from 1."""
        given = self.header
        return given if isinstance(given, int) and not isinstance(given, bool) else 1


@dataclass(frozen=True)
class ChannelEntry:
    """The whole file; `trust_rank` 1 is trusted most."""

    channel: str
    datasets: Mapping[str, DatasetEntry]
    title: str = ""
    title_en: str = ""
    owner: str = ""
    trust_rank: int = 9
    status: ChannelStatus = "online"
    location: Location = NOWHERE


def read_channel_entry(node: YamlMap, problems: Problems) -> ChannelEntry | None:
    """The file's entry; part by part, so that one wrong part hides no problem of the others."""
    datasets = {
        name: _dataset(dataset, problems)
        for name, dataset in _maps(node, "datasets", problems).items()
    }
    entry = read(ChannelEntry, node, problems, datasets=datasets)
    name = node.get("channel")
    if entry is None and isinstance(name, str):
        return ChannelEntry(name, datasets, location=node.location)
    return entry


def _dataset(node: YamlMap, problems: Problems) -> DatasetEntry:
    field_nodes = _maps(node, "fields", problems)
    read_fields = {name: read(FieldEntry, each, problems) for name, each in field_nodes.items()}
    into_nodes = _maps(node, "into", problems)
    into = {name: read(IntoEntry, each, problems) for name, each in into_nodes.items()}
    given: dict[str, Any] = {
        # What could not be read is named by now; defaults in its place let the rest be checked.
        "fields": {
            name: each or FieldEntry(location=field_nodes[name].location)
            for name, each in read_fields.items()
        },
        "into": {name: each for name, each in into.items() if each},
        "doubtful": frozenset(name for name, each in read_fields.items() if each is None),
        "written": node,
    }
    for key in {"doubtful", "written"} & set(node):
        problems.add(node.at(key), f"unknown key {key!r}")
    path = str(node.get("path", "{date}"))
    entry = read(DatasetEntry, node, problems, **given)
    return entry or DatasetEntry(path, location=node.location, **given)


def _maps(node: YamlMap, key: str, problems: Problems) -> dict[str, YamlMap]:
    section = node.get(key)
    if not isinstance(section, YamlMap):
        problems.add(node.at(key), f"{key}: expected a mapping of names")
        return {}
    for name, part in section.items():
        if not isinstance(part, YamlMap):
            problems.add(section.at(name), f"{name}: expected a mapping")
    return {name: part for name, part in section.items() if isinstance(part, YamlMap)}
