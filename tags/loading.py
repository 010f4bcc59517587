"""Loads every tag file into one checked, typed book, without Spark; all problems come at once."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from language.types import Columns
from model.canonical import CanonicalModel
from model.errors import Problem, Problems
from model.strict_yaml import YamlMap
from tags.bodies import read_body
from tags.column_types import check_absent, default_absent, typed_columns
from tags.definitions import PERSON, Body, Tag, TagBook, TagColumn
from tags.drafts import Draft, Unread, read_drafts
from tags.examples_reading import read_examples
from tags.hashing import definition_hash, own_definition
from tags.lineage import reads_of, sources_of
from tags.object_checks import Tables, check_about, check_known
from tags.ordering import in_dependency_order, owners_of, without_duplicates
from tags.overrides import override_of
from tags.schedule import check_every
from tags.scope import Scope, scopes_of
from tags.sensitivity import check_pii, pii_of
from tags.statuses import check_reads, check_replaced

_CODE = re.compile(r"[A-Za-z0-9_.-]+")


def load_tags(
    files: Mapping[str, YamlMap], model: CanonicalModel, golden_columns: Columns,
    problems: Problems, channels: Collection[str] | None = None,
) -> TagBook:  # fmt: skip
    """Every sound tag of the files, in dependency order.

    `files` by path below tag_definitions/; `golden_columns` are the golden profile's columns with
    the types of their plain values; `channels` those a pick may name (None: any). Problems of a tag
    whose status is draft become warnings of the book: an unfinished tag holds up nobody.
    """
    scopes = scopes_of(model, golden_columns, problems, channels)
    drafts, unread = read_drafts(files, problems)
    tags = _Resolver(scopes, without_duplicates(drafts), unread).resolve()
    warned = Problems()
    for draft in drafts:
        target = warned if draft.keys.status == "draft" else problems
        target.found += draft.problems.found
    for one in unread:
        (warned if one.is_draft else problems).found.extend(one.problems.found)
    warnings = tuple(sorted({*warned.found, *_undescribed(tags.values())}))
    subjects = {name: scope.subject for name, scope in scopes.items()}
    own = scopes[PERSON]
    return TagBook(tags, own.tables, own.sources, own.golden, own.high, warnings, subjects)


class _Resolver:
    """Turns drafts into tags in dependency order, so that every column read is typed already."""

    def __init__(
        self, scopes: Mapping[str, Scope], drafts: list[Draft], unread: Iterable[Unread]
    ) -> None:
        self.scopes = scopes
        self.drafts = drafts
        self.unread = {one.name: one.is_draft for one in unread}
        self.statuses = {draft.name: draft.keys.status for draft in drafts}
        self.owners = owners_of(drafts)
        self.tables = Tables(drafts, [scope.subject for scope in scopes.values()])
        self.tags: dict[str, Tag] = {}

    def resolve(self) -> dict[str, Tag]:
        """The sound tags by name; what is wrong with the others is in their drafts."""
        check_replaced(self.drafts, self.unread)
        order, _ = in_dependency_order(self.drafts)
        for draft in order:
            tag = self._tag(draft)
            if tag is not None and not draft.problems.found:
                self.tags[tag.name] = tag
                columns = self.scopes[tag.object].columns
                columns |= {c.name: c.value_type for c in tag.columns}
        return {d.name: self._with_examples(d) for d in order if d.name in self.tags}

    def _tag(self, draft: Draft) -> Tag | None:
        needed = {self.owners[word].name for word in draft.mentions if word in self.owners}
        check_reads(draft, needed, self.statuses)
        unsound = (needed - set(self.tags)) | self._unread(draft)
        if unsound:
            self._note_unsound_drafts(draft, unsound)
            return None
        scope = self.scopes.get(draft.keys.object)
        if scope is None:
            check_known(draft, list(self.scopes))
            return None
        read = {word: self.owners[word] for word in draft.mentions if word in self.owners}
        check_about(draft, scope.subject, read)
        body = read_body(draft, scope)
        if body is None:
            return None
        self.tables.check(draft)
        keys, problems = draft.keys, draft.problems
        columns = typed_columns(draft.columns, body, keys, draft.at("type"), problems)
        check_absent(columns, keys, draft.at("absent"), problems)
        check_pii(draft, body, self.tags)
        override = override_of(draft, body)
        check_every(draft, body, override)
        self._check_words(draft)
        for misfit in keys.keep.misfits():
            problems.add(draft.at("keep"), f"keep: {misfit}")
        return self._assembled(draft, body, columns, override, scope)

    def _assembled(
        self, draft: Draft, body: Body, columns: tuple[TagColumn, ...], override: str, scope: Scope
    ) -> Tag:
        keys, reads = draft.keys, reads_of(body)
        sources = [scope.sources[name] for name in sorted(sources_of(body))]
        needs = {self.owners[column].name for column in reads}
        own = own_definition(draft, sources)
        return Tag(
            draft.name, draft.category, draft.shape, keys.title, keys.status, body, columns,
            definition_hash(own, {name: self.tags[name].definition_hash for name in needs}),
            draft.node.location, own_definition=own,
            title_en=keys.title_en, description=keys.description, owner=keys.owner,
            values=keys.values, absent=default_absent(body, keys.absent), unit=keys.unit,
            pii=pii_of(keys.pii, body), override=override, reads=reads,
            tables=frozenset(source.table for source in sources), every=keys.every,
            replaces=keys.replaces, object=keys.object,
            table=keys.table or scope.subject.wide_table, keep=keys.keep,
            checks=keys.checks,
        )

    def _check_words(self, draft: Draft) -> None:
        for code in draft.keys.values:
            if not _CODE.fullmatch(code):
                message = f"values: {code!r} is no code; expected letters, digits, _, . and -"
                draft.problems.add(draft.at("values"), message)

    def _unread(self, draft: Draft) -> set[str]:
        """Names of tags that could not be read and that the draft may mean."""
        return {
            name
            for word in draft.mentions
            for name in self.unread
            if word == name or word.startswith(f"{name}_")
        }

    def _note_unsound_drafts(self, draft: Draft, unsound: set[str]) -> None:
        """Problems of what a tag reads are noted there; those of drafts are only warnings there."""
        for name in sorted(unsound):
            if self.unread.get(name, self.statuses.get(name) == "draft"):
                message = f"reads {name!r}, a draft with problems of its own"
                draft.problems.add(draft.at(draft.shape), message)

    def _with_examples(self, draft: Draft) -> Tag:
        tag = self.tags[draft.name]
        scope = self.scopes[tag.object]
        return replace(tag, examples=read_examples(draft, tag, self.tags, scope))


def _undescribed(tags: Iterable[Tag]) -> Iterator[Problem]:
    for tag in tags:
        if tag.status == "online" and not tag.description:
            yield Problem(tag.location, f"{tag.name}: an online tag should have a description")
