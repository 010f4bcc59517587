"""The wide tables: what each holds, about what; and the tables of what changed in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from model.contracts import TableContract, columns
from model.fixed_tables import CUSTOMER_TAG_CHANGES, CUSTOMER_TAGS
from model.keeping import KeepWish
from tags.catalog import titled
from tags.definitions import PERSON, TagBook
from tags.subjects import Subject, changes_name

_NIGHT = columns("business_date date | 业务日 | Night")


@dataclass(frozen=True)
class WideTable:
    """A wide table of tonight: its contract with the tags' columns, their names, and what its tags
    ask to keep of it."""

    contract: TableContract
    tag_columns: tuple[str, ...]
    wishes: tuple[KeepWish, ...]


def wide_tables(book: TagBook) -> tuple[WideTable, ...]:
    """The tables of the computed tags about the book's object, its own first, the others by name.

    Persons have their own always; one row per person and night, be there a tag or none.
    """
    own = book.subjects[book.object]
    always = {own.wide_table} if own.name == PERSON else set()
    names = always | {tag.table for tag in book.computed}
    order = sorted(names, key=lambda name: (name != own.wide_table, name))
    return tuple(_wide_table(book, own, name) for name in order)


def columns_by_table(book: TagBook) -> dict[str, tuple[str, ...]]:
    """The tag columns of those tables, by their names."""
    return {each.contract.name: each.tag_columns for each in wide_tables(book)}


def _wide_table(book: TagBook, subject: Subject, name: str) -> WideTable:
    base = wide_contract(subject, name)
    tags = [
        tag for tag in book.listed
        if tag.is_computed and (tag.object, tag.table) == (subject.name, name)
    ]  # fmt: skip
    found = [titled(tag, column) for tag in tags for column in tag.columns]
    return WideTable(
        replace(base, columns=(*base.columns, *found)), tuple(column.name for column in found),
        tuple(tag.keep for tag in tags),
    )  # fmt: skip


def wide_contract(subject: Subject, name: str) -> TableContract:
    """The contract of one of a subject's wide tables without its tags, which come and go."""
    if name == CUSTOMER_TAGS.name:
        return CUSTOMER_TAGS
    zh, en = subject.title or "客户", subject.title_en or subject.name
    return TableContract(
        "tags", name, (*_NIGHT, *subject.ids), subject.id_names, "business_date", f"{zh}标签宽表",
        f"One row per {en.lower()} and night, one column per tag", is_open=True, is_snapshot=True,
    )  # fmt: skip


def changes_contract(subject: Subject) -> TableContract:
    """The contract of the table of what changed in a subject's tags."""
    if subject.name == PERSON:
        return CUSTOMER_TAG_CHANGES
    others = CUSTOMER_TAG_CHANGES.columns[2:]
    zh = subject.title or subject.name
    return replace(
        CUSTOMER_TAG_CHANGES, name=changes_name(subject.name), title=f"{zh}标签变化",
        columns=(*_NIGHT, *subject.ids, *others), key=(*subject.id_names, "tag"),
    )  # fmt: skip


def described_subjects(book: TagBook) -> Iterator[TagBook]:
    """The book about each object that computed tags are about, persons first, who always are."""
    for name in book.subjects:
        about = book.about(name)
        if name == PERSON or about.computed:
            yield about


def more_tables(book: TagBook) -> tuple[TableContract, ...]:
    """The tables that a project's tags need beside the fixed ones, without their tags."""
    found = []
    for about in described_subjects(book):
        subject = book.subjects[about.object]
        found += [wide_contract(subject, each.contract.name) for each in wide_tables(about)]
        found.append(changes_contract(subject))
    return tuple(each for each in found if each not in (CUSTOMER_TAGS, CUSTOMER_TAG_CHANGES))
