"""What the body of a tag may refer to: source tables, the golden profile, other tags' columns."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from language.types import Columns, ValueType
from model.canonical import CanonicalModel
from model.errors import Location, Problems, did_you_mean
from tags.definitions import PERSON, Source, SourceTable
from tags.subjects import MEMBERS, OF_MEMBERS, PERSON_ID, Subject, subjects_of


@dataclass
class Scope:
    """Names known while bodies are read; `columns` grows as tags are typed in dependency order.

    `elsewhere` are sources there are, be it without the ids of `subject`.
    `golden_table`: the table golden profiles are made of; empty: none. `channels` None: unknown.
    """

    subject: Subject
    tables: Mapping[str, SourceTable]
    sources: Mapping[str, Source]
    golden: Columns
    high: frozenset[str]
    masks: Mapping[str, str]
    elsewhere: frozenset[str]
    golden_table: str = ""
    channels: Collection[str] | None = None
    columns: dict[str, ValueType] = field(default_factory=dict)

    def source_columns(self) -> Mapping[str, Columns]:
        """The columns of every source by its name, as behaviours of conditions need them."""
        return {name: self.tables[source.table].columns for name, source in self.sources.items()}

    def find_source(self, name: str, where: Location, problems: Problems) -> Source | None:
        """A source by name; a problem is noted where there is none."""
        if name in self.elsewhere and name not in self.sources:
            ids = " and ".join(self.subject.id_names)
            message = f"{name!r} does not tell {ids}, by which a {self.subject.name} is known"
            problems.add(where, message)
        elif name not in self.sources:
            problems.add(where, f"unknown source {name!r}{did_you_mean(name, list(self.sources))}")
        return self.sources.get(name)


def scopes_of(
    model: CanonicalModel, golden_columns: Columns, problems: Problems,
    channels: Collection[str] | None = None,
) -> dict[str, Scope]:  # fmt: skip
    """The scope of tags about each object before any tag is read: the tables whose rows name one,
    their named sources, and for persons the golden profile.

    `golden_columns` are the golden profile's columns with the types of their plain values.
    """
    golden = [(c, column) for t in model.golden_tables for c, column in t.columns.items()]
    high = frozenset(name for name, column in golden if column.pii == "high")
    masks = {name: column.mask for name, column in golden if column.pii == "high"}
    golden_table = next((table.name for table in model.golden_tables), "")
    known = frozenset({*model.tables, *model.sources})
    scopes = {
        name: Scope(subject, subject.tables, subject.sources, {}, frozenset(), {}, known)
        for name, subject in subjects_of(model, problems).items()
    }
    scopes[PERSON] = replace(
        scopes[PERSON], golden=golden_columns, high=high, masks=masks, golden_table=golden_table,
        channels=channels,
    )  # fmt: skip
    # Members are rows of what the wide table shows of persons, which grows while tags are read.
    columns = ChainMap(scopes[PERSON].columns, dict(OF_MEMBERS))
    for name, scope in scopes.items():
        if scope.subject.members:
            members = SourceTable(MEMBERS, columns, None, (PERSON_ID,))
            subject = replace(scope.subject, tables={**scope.tables, MEMBERS: members})
            scopes[name] = replace(scope, subject=subject, tables=subject.tables)
    return scopes
