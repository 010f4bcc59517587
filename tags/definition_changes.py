"""What today's tags change against a night's catalogue: which tags, by what, and who follows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from tags.catalog import CatalogRow, catalog_rows
from tags.definitions import COMPUTED, PERSON, Tag, TagBook
from tags.hashing import definition_hash

Kind = Literal["new", "removed", "changed", "follows", "status", "words", "continues"]
KINDS: Mapping[Kind, str] = {
    "new": "新增 new",
    "removed": "删除 removed",
    "changed": "改动 changed",
    "follows": "随之 follows what it reads",
    "status": "状态 status only",
    "words": "文字 told otherwise, the same values",
    "continues": "接续 continues a tag that changes",
}


@dataclass(frozen=True)
class TagChange:
    """What becomes of one tag.

    `because` are the tags through which it changes: of `follows` those it reads, of `continues`
    the one it replaces. `status` and `status_before` are None where there is no such tag. `columns`
    are today's, `gone` those of the night that are no longer computed; `is_computed`: the columns'
    values are computed anew. `object`: what the tag is about.
    """

    tag: str
    kind: Kind
    because: tuple[str, ...]
    status_before: str | None
    status: str | None
    columns: tuple[str, ...]
    gone: tuple[str, ...]
    is_computed: bool
    location: str
    object: str = PERSON


Told = Mapping[str, Any]  # one row of a catalogue


def definition_changes(book: TagBook, rows: Sequence[Told]) -> tuple[TagChange, ...]:
    """Every tag that is not what the rows of a catalogue (tags.tag_catalog) say, in the order of
    the files, those that are gone at the end; and every tag that changes through others."""
    before: dict[str, list[Told]] = {}
    for row in rows:
        before.setdefault(row["tag"], []).append(row)
    words: dict[str, list[CatalogRow]] = {}
    for own in catalog_rows(book):
        words.setdefault(own.tag, []).append(own)
    found = {
        tag.name: _change(tag, book, before, words[tag.name]) for tag in book.tags.values()
    }
    known = {name: change for name, change in found.items() if change is not None}
    known |= _continuing(book, known)
    listed = [known[tag.name] for tag in book.listed if tag.name in known]
    gone = [_removed(name, told) for name, told in before.items() if name not in book.tags]
    return (*listed, *gone)


def _change(
    tag: Tag, book: TagBook, before: Mapping[str, Sequence[Told]], words: Sequence[CatalogRow]
) -> TagChange | None:
    """What is other about a tag; None where nothing is."""
    told = before.get(tag.name, ())
    kind, because = _kind(tag, book, before, words)
    if kind is None:
        return None
    status = str(told[0]["status"]) if told else None
    columns = tuple(column.name for column in tag.columns)
    own = set(columns) if tag.is_computed else set()
    was_computed = status in COMPUTED
    gone = tuple(r["column_name"] for r in told if was_computed and r["column_name"] not in own)
    is_anew = tag.is_computed and (kind in ("new", "changed", "follows") or not was_computed)
    return TagChange(
        tag.name, kind, because, status, tag.status, columns, gone, is_anew, str(tag.location),
        tag.object,
    )  # fmt: skip


def _kind(
    tag: Tag, book: TagBook, before: Mapping[str, Sequence[Told]], words: Sequence[CatalogRow]
) -> tuple[Kind | None, tuple[str, ...]]:
    """The first kind of change that a tag has, and through which tags."""
    told = before.get(tag.name)
    if told is None:
        return "new", ()
    if told[0]["definition_hash"] != tag.definition_hash:
        hashes = {name: rows[0]["definition_hash"] for name, rows in before.items()}
        needs = sorted({book.owners[column].name for column in tag.reads})
        if _is_own_the_same(tag, needs, hashes):
            follows = (n for n in needs if hashes[n] != book.tags[n].definition_hash)
            return "follows", tuple(follows)
        return "changed", ()
    types = {row["column_name"]: row["type"] for row in told}
    if types != {column.name: column.type_text for column in tag.columns}:
        return "changed", ()  # by the model, whose column has another type
    if told[0]["status"] != tag.status:
        return "status", ()
    return ("words" if _words_of(told) != _words_of([asdict(w) for w in words]) else None), ()


def _is_own_the_same(tag: Tag, needs: Sequence[str], hashes: Mapping[str, str]) -> bool:
    """Whether the tag's own definition gives the night's hash beside the night's others."""
    if not all(name in hashes for name in needs):
        return False
    old = definition_hash(tag.own_definition, {name: hashes[name] for name in needs})
    return old == hashes[tag.name]


def _words_of(told: Sequence[Told]) -> list[dict[str, Any]]:
    """A catalogue's rows, be they a night's or today's, to be compared."""
    names = CatalogRow.__dataclass_fields__
    rows = ({n: tuple(v) if isinstance(v, list) else v for n, v in row.items() if n in names}
            for row in told)  # fmt: skip
    return sorted(rows, key=lambda row: str(row["column_name"]))


def _continuing(book: TagBook, known: Mapping[str, TagChange]) -> dict[str, TagChange]:
    """The tags that replace one which changes, and those that replace them, if they do not change
    otherwise."""
    found: dict[str, TagChange] = {}
    touched = {name for name, change in known.items() if change.kind != "words"}
    heirs = {tag.replaces: tag for tag in book.tags.values() if tag.replaces}
    waiting = sorted(touched & heirs.keys())
    while waiting:
        old = waiting.pop()
        tag = heirs[old]
        if tag.name not in touched | found.keys():
            columns = tuple(column.name for column in tag.columns)
            found[tag.name] = TagChange(
                tag.name, "continues", (old,), tag.status, tag.status, columns, (), False,
                str(tag.location), tag.object,
            )  # fmt: skip
            waiting += [tag.name] if tag.name in heirs else []
    return found


def _removed(name: str, told: Sequence[Told]) -> TagChange:
    status = str(told[0]["status"])
    gone = tuple(row["column_name"] for row in told if status in COMPUTED)
    about = told[0].get("object") or PERSON
    return TagChange(name, "removed", (), status, None, (), gone, False, "", about)


def recomputed(
    book: TagBook, changes: Sequence[TagChange]
) -> tuple[frozenset[str], frozenset[str]]:
    """The tags about persons that changes compute anew, and those that they read as a night stored
    them: all but masked ones, of which no table has the plain values."""
    anew = frozenset(
        change.tag for change in changes if change.is_computed and change.object == PERSON
    )
    return anew, frozenset(_stored_inputs(book, anew))


def _stored_inputs(book: TagBook, anew: frozenset[str]) -> Iterator[str]:
    owners = book.owners
    for name in anew:
        for column in book.tags[name].reads:
            owner = owners[column]
            if owner.name not in anew and not owner.is_masked:
                yield owner.name
