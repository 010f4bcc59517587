"""The columns of a dataset that are parts of names and addresses: each of what, and where read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ingestion.batch_rules import PartOf
from ingestion.channels import Dataset
from ingestion.high_columns import HighColumn
from model.canonical import Part

# Field types whose text is the same wherever it is made.
TEXTUAL = ("text", "enum", "date")


@dataclass(frozen=True)
class PartColumns:
    """`early` ones are parts of fields, known where these are read; `late` ones wait for an
    expression (its SQL, and which part of its values); everybody may see those in `shown`."""

    early: Mapping[str, PartOf]
    late: Mapping[str, tuple[str, Part]]
    shown: tuple[str, ...]


def part_columns(dataset: Dataset, high: Sequence[HighColumn]) -> PartColumns:
    """All parts a dataset's tables read, by internal column; `high` are its high-pii columns."""
    hidden = {each.prefix: (each.field, each.sql, each.part) for each in high if each.part}
    shown = {
        made_name(table.table.name, column.name): (column.field, column.sql, column.part)
        for table in dataset.tables
        for column in table.columns if column.part and not column.is_high
    }  # fmt: skip
    early: dict[str, PartOf] = {}
    late: dict[str, tuple[str, Part]] = {}
    for name, (field, sql, part) in (hidden | shown).items():
        if field and dataset.entry.fields[field].type in TEXTUAL:
            early[name] = PartOf(field, part)
        else:
            late[name] = (sql, part)
    return PartColumns(early, late, tuple(shown))


def made_name(table: str, column: str) -> str:
    """The internal column of a table's value that is no bare field."""
    return f"_made_{table}_{column}"
