"""What the body of a tag may refer to: source tables, the golden profile, other tags' columns."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from language.conditions import read_condition
from language.types import Columns, ValueType
from model.canonical import CanonicalModel, CanonicalTable
from model.errors import Location, Problems, did_you_mean
from tags.definitions import Source, SourceTable

# Of the columns every clean table has, the ones that mean something to a marketer.
_COMMON: Mapping[str, ValueType] = {
    "channel": "text", "dataset": "text", "day": "date", "arrived_date": "date",
}


@dataclass
class Scope:
    """Names known while bodies are read; `columns` grows as tags are typed in dependency order.

    `golden_table`: the table golden profiles are made of; empty: none. `channels` None: unknown.
    """

    tables: Mapping[str, SourceTable]
    sources: Mapping[str, Source]
    golden: Columns
    high: frozenset[str]
    masks: Mapping[str, str]
    golden_table: str = ""
    channels: Collection[str] | None = None
    columns: dict[str, ValueType] = field(default_factory=dict)

    def source_columns(self) -> Mapping[str, Columns]:
        """The columns of every source by its name, as behaviours of conditions need them."""
        return {name: self.tables[source.table].columns for name, source in self.sources.items()}

    def find_source(self, name: str, where: Location, problems: Problems) -> Source | None:
        """A source by name; a problem is noted where there is none."""
        if name not in self.sources:
            problems.add(where, f"unknown source {name!r}{did_you_mean(name, list(self.sources))}")
        return self.sources.get(name)


def scope_of(
    model: CanonicalModel, golden_columns: Columns, problems: Problems,
    channels: Collection[str] | None = None,
) -> Scope:  # fmt: skip
    """The scope before any tag is read: the model's tables about persons and its named sources.

    `golden_columns` are the golden profile's columns with the types of their plain values.
    """
    tables = {
        name: SourceTable(name, _columns_of(table), table.time, table.key)
        for name, table in model.tables.items()
        if table.object == "person"
    }
    sources = {name: Source(name, name) for name in tables}
    for name, named in model.sources.items():
        if named.of in tables:
            columns = tables[named.of].columns
            condition = read_condition(named.where, named.location, columns, {}, problems)
            sources[name] = Source(name, named.of, condition)
    golden = [(c, column) for t in model.golden_tables for c, column in t.columns.items()]
    high = frozenset(name for name, column in golden if column.pii == "high")
    masks = {name: column.mask for name, column in golden if column.pii == "high"}
    golden_table = next((table.name for table in model.golden_tables), "")
    return Scope(tables, sources, golden_columns, high, masks, golden_table, channels)


def _columns_of(table: CanonicalTable) -> Columns:
    """Columns a tag may read: a high-pii one only as its token and its mask."""
    own: dict[str, ValueType] = {}
    for name, column in table.columns.items():
        if column.pii == "high":
            own |= {f"{name}_token": "text", f"{name}_mask": "text"}
        else:
            own[name] = column.type
    return {**_COMMON, **own}
