"""What a table is: its columns, key and slicing. One contract per table, in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Pii = Literal["none", "low", "high"]
IDENTIFIER_TYPE = "struct<kind: string, scope: string, token: string>"


@dataclass(frozen=True)
class Column:
    """One column; `type` is a Spark DDL type, `title` Chinese, `title_en` English."""

    name: str
    type: str
    title: str = ""
    title_en: str = ""
    pii: Pii = "none"

    @property
    def comment(self) -> str:
        """Both titles, as the table's column comment."""
        return " · ".join(filter(None, (self.title, self.title_en)))


@dataclass(frozen=True)
class TableContract:
    """One table of the lake at `<zone>/<name>`.

    `key` is unique within a slice. `sliced_by` is the date column whose slice a night replaces;
    None for a history with validity, which is written whole, and for the ledger's logs. An
    `is_open` table may have more columns than the contract names (tags). Readers of night D see
    the slice D of an `is_snapshot` table, and the slices up to D of the others.
    """

    zone: str
    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    sliced_by: str | None
    title: str = ""
    title_en: str = ""
    is_open: bool = False
    is_snapshot: bool = False

    @property
    def path(self) -> str:
        """Where the table lies under the lake's root."""
        return f"{self.zone}/{self.name}"

    @property
    def full_name(self) -> str:
        """`zone.name`, as messages and views call it."""
        return f"{self.zone}.{self.name}"

    @property
    def column_names(self) -> tuple[str, ...]:
        """The columns in their order."""
        return tuple(column.name for column in self.columns)

    @property
    def schema(self) -> str:
        """The columns as a Spark DDL schema."""
        return ", ".join(f"`{column.name}` {column.type}" for column in self.columns)

    @property
    def comment(self) -> str:
        """Both titles, as the table's comment."""
        return " · ".join(filter(None, (self.title, self.title_en)))


def columns(*lines: str, pii: Pii = "none") -> tuple[Column, ...]:
    """Columns from lines `name type | 中文 | English`, so that a contract reads as a table."""
    return tuple(_column(line, pii) for line in lines)


def _column(line: str, pii: Pii) -> Column:
    head, title, title_en = (part.strip() for part in line.split("|"))
    name, kind = head.split(None, 1)
    return Column(name, kind, title, title_en, pii)
