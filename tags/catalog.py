"""The catalogue: what every column of the wide table means, who owns it, what it is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

from model.contracts import Column
from tags.definitions import Code, Pick, Rfm, Tag, TagBook, TagColumn
from tags.derived_sql import SEGMENTS
from tags.lineage import GOLDEN_PROFILES

_PART_TITLES: Mapping[str, tuple[str, str]] = {
    "recency": ("近度得分", "recency score"),
    "frequency": ("频度得分", "frequency score"),
    "monetary": ("金额得分", "monetary score"),
    "value": ("取值", "value"),
    "score": ("得分", "score"),
    "share": ("占比", "share"),
    "furthest": ("最远步骤", "furthest step"),
    "lost_after": ("流失步骤", "step lost after"),
    "hours_to_finish": ("完成小时数", "hours to finish"),
    "stage": ("阶段", "stage"),
    "since": ("开始日期", "since"),
    "previous": ("上一阶段", "previous stage"),
    "times_entered": ("进入次数", "times entered"),
}

# Parts whose values are the tag's own codes.
_CODED_PARTS = frozenset({"furthest", "lost_after", "stage", "previous"})


@dataclass(frozen=True)
class CatalogRow:
    """One column of a wide table; the fields are the contract's that a book alone can tell."""

    tag: str
    column_name: str
    table_name: str
    object: str
    category: str
    title: str
    description: str
    kind: str
    shape: str
    type: str
    window: str | None
    value_titles: Mapping[str, str]
    unit: str | None
    absent: str | None
    owner: str
    status: str
    sources: tuple[str, ...]
    pii: str
    definition_hash: str
    every: str
    replaces: str | None


def catalog_rows(book: TagBook) -> tuple[CatalogRow, ...]:
    """One row per column of every tag of the book, also of those that are not computed."""
    return tuple(
        _catalog_row(tag, column, book) for tag in book.listed for column in tag.columns
    )


def catalog_records(
    book: TagBook, business_date: date, carried: Mapping[str, date | None] = MappingProxyType({}),
    before: Iterable[Mapping[str, Any]] = (),
) -> list[tuple[object, ...]]:
    """The catalogue of one night as records of tags.tag_catalog.

    `carried`: the tags that show values of an earlier night, with that night. `before`: the
    catalogue of the night before.
    """
    versions = _versions(book, before)
    return [
        (business_date, *vars(row).values(), versions[row.tag],
         carried.get(row.tag, business_date) if book.tags[row.tag].is_computed else None)
        for row in catalog_rows(book)
    ]  # fmt: skip


def _versions(book: TagBook, before: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """How many definitions every tag has had, as far as the night before counted them."""
    told = {row["tag"]: row for row in before}
    versions = dict.fromkeys(book.tags, 1)
    for name in told.keys() & versions.keys():
        is_same = told[name]["definition_hash"] == book.tags[name].definition_hash
        # Nights from before versions were counted have none.
        versions[name] = (told[name].get("version") or 1) + (not is_same)
    return versions


def _catalog_row(tag: Tag, column: TagColumn, book: TagBook) -> CatalogRow:
    owners = book.owners
    sources = {owners[name].name for name in tag.reads} | tag.tables
    if isinstance(tag.body, Pick):
        sources |= {GOLDEN_PROFILES}
    is_part = bool(column.part)
    return CatalogRow(
        tag.name, column.name, tag.table, tag.object, tag.category, titled(tag, column).title,
        tag.description, tag.kind, tag.shape, column.type_text,
        str(column.window) if column.window else None,
        value_titles(tag) if not is_part or column.part in _CODED_PARTS else {}, tag.unit or None,
        None if is_part else _absent_text(tag.absent), tag.owner, tag.status,
        tuple(sorted(sources)), tag.pii, tag.definition_hash, tag.every,
        _replaced(tag, column, book),
    )


def _replaced(tag: Tag, column: TagColumn, book: TagBook) -> str | None:
    """The column of the replaced tag that this one continues: that of the same window and part."""
    old = book.tags.get(tag.replaces)
    alike = (c.name for c in old.columns if (c.window, c.part) == (column.window, column.part)
             ) if old else iter(())
    return next(alike, None)


def value_titles(tag: Tag) -> Mapping[str, str]:
    """Titles of the tag's codes in their order; the eight segments have theirs from the start."""
    if isinstance(tag.body, Rfm) and tag.body.segments:
        return {code: tag.values.get(code, title) for code, title in SEGMENTS.values()}
    return tag.values


def titled(tag: Tag, column: TagColumn) -> Column:
    """A column of a wide table with both titles: the tag's, its part's and its window's."""
    part = column.part
    title, title_en = _PART_TITLES.get(part, ("", ""))
    window = str(column.window) if column.window and column.name != tag.name else ""
    titles = [
        " ".join(filter(None, (own, suffix, window))) if own else ""
        for own, suffix in ((tag.title, title), (tag.title_en, title_en))
    ]
    return Column(column.name, column.spark_type, titles[0], titles[1], tag.pii)


def _absent_text(absent: Code | None) -> str | None:
    if absent is None:
        return None
    return str(absent).lower() if isinstance(absent, bool) else str(absent)
