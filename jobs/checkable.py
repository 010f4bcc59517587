"""What checks may name: the tables of the lake, the datasets of the channels, the tags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ingestion.channels import Channel, Dataset
from ingestion.check_counts import hidden_fields, untold_fields
from model.canonical import CanonicalModel, CanonicalTable
from model.contracts import Column
from model.errors import Problems
from model.fixed_tables import FIXED_TABLES
from model.identity_policy import IdentityPolicy
from model.settings import QualitySettings
from model.strict_yaml import YamlMap
from quality.checks import (
    TableChecks,
    TagCheck,
    read_checks,
    read_dataset_checks,
    with_tag_checks,
)
from quality.rules import Subject
from tags.definitions import Tag, TagBook
from tags.wide_tables import WideTable, described_subjects, more_tables, wide_tables

_ZONES = frozenset({contract.zone for contract in FIXED_TABLES} | {"raw", "clean", "audiences"})


def all_table_checks(
    nodes: Mapping[str, YamlMap], model: CanonicalModel, book: TagBook, problems: Problems
) -> tuple[TableChecks, ...]:
    """The checks of conf/quality, and those of the tags' own files beside them."""
    subjects = {each.full_name: _subject(each.columns) for each in FIXED_TABLES}
    subjects |= {each.contract.full_name: _of_clean(each) for each in model.tables.values()}
    subjects |= {each.full_name: _subject(each.columns) for each in more_tables(book)}
    wide = {t.contract.full_name: t for b in described_subjects(book) for t in wide_tables(b)}
    of_tags = {name: _of_wide(book, table) for name, table in wide.items()}
    found = read_checks(nodes, subjects | of_tags, problems)
    for name, subject in of_tags.items():
        found = with_tag_checks(found, name, subject, _tag_checks(book, subject), problems)
    return found


def all_dataset_checks(
    channels: Sequence[Channel], policy: IdentityPolicy, quality: QualitySettings,
    problems: Problems,
) -> tuple[TableChecks, ...]:  # fmt: skip
    """The checks of every dataset, and what is watched in it for drift and breaks. A shadow
    channel's only warn: it feeds nothing that could be held."""
    for channel in channels:
        if channel.name in _ZONES:
            message = f"channel {channel.name!r} bears the name of a zone of the lake; rename it"
            problems.add(channel.location, message)
    found = [
        (channel, _dataset_checks(dataset, policy, quality, problems))
        for channel in channels
        for dataset in channel.datasets
    ]
    return tuple(
        checks.without_hold() if channel.status == "shadow" else checks for channel, checks in found
    )


def _dataset_checks(
    dataset: Dataset, policy: IdentityPolicy, quality: QualitySettings, problems: Problems
) -> TableChecks:
    entry = dataset.entry
    untold = untold_fields(dataset, policy)
    identifiers = tuple(dict.fromkeys(slot.field for slot in dataset.slots))
    subject = Subject(
        types={name: field.type for name, field in entry.fields.items()},
        values={
            name: tuple(dict.fromkeys(field.value_map.values()))
            for name, field in entry.fields.items() if field.type == "enum" and field.values
        },
        hidden=hidden_fields(dataset, policy),
        untold=untold,
        private=dataset.sealed | hidden_fields(dataset, policy),
        identifiers=identifiers,
    )  # fmt: skip
    told = tuple(name for name in entry.fields if name not in untold)
    watched = told if quality.drift else identifiers if quality.breaks else None
    own = Problems()
    checks = read_dataset_checks(dataset.full_name, entry.written, subject, watched, own)
    for problem in own.found:
        # A field that could not be read has a problem of its own, and no type to judge by.
        if not any(repr(name) in problem.message for name in entry.doubtful):
            problems.add(problem.location, problem.message)
    return checks


def _subject(columns: Iterable[Column]) -> Subject:
    known = tuple(columns)
    return Subject(
        types={column.name: column.type for column in known},
        private=frozenset(column.name for column in known if column.pii != "none"),
    )


def _of_clean(table: CanonicalTable) -> Subject:
    found = _subject(table.contract.columns)
    values = {n: column.values for n, column in table.columns.items() if column.type == "enum"}
    return Subject(found.types, values, private=found.private)


def _of_wide(book: TagBook, table: WideTable) -> Subject:
    found = _subject(table.contract.columns)
    codes = {name: codes for name, codes in _codes(book).items() if name in table.tag_columns}
    return Subject(found.types, codes, private=found.private, tags=table.tag_columns)


def _codes(book: TagBook) -> dict[str, tuple[str, ...]]:
    """The codes of every tag column that holds one of them."""
    return {
        column.name: tuple(tag.values)
        for tag in book.tags.values() if tag.is_computed and tag.values
        for column in tag.columns if not column.part
    }  # fmt: skip


def _tag_checks(book: TagBook, wide: Subject) -> list[TagCheck]:
    return [
        TagCheck(
            text, column, wide.types[column], tuple(wide.values.get(column, ())), tag.location
        )
        for tag in book.tags.values() if tag.is_computed
        for column in _columns(tag) if column in wide.tags
        for text in tag.checks
    ]


def _columns(tag: Tag) -> list[str]:
    """The columns that hold the tag's value; where it has only parts, those."""
    whole = [column.name for column in tag.columns if not column.part]
    return whole or [column.name for column in tag.columns]
