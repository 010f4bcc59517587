"""What a tag's body reads: other tags' columns, tables, columns of the golden profile."""

from __future__ import annotations

from collections.abc import Collection

from language.conditions import behaviours_of, columns_of
from tags.definitions import Bins, Body, Calc, Cases, Measure, Pick, Rfm, Tag, TagBook, Top
from tags.rule_shapes import Sql, Stages, Steps

GOLDEN_PROFILES = "golden_profiles"


def reads_of(body: Body) -> frozenset[str]:
    """The tag columns the body reads."""
    if isinstance(body, Calc | Bins):
        return body.expression.columns
    if isinstance(body, Measure):
        return _read_of_members(body) if body.of_members else frozenset()
    if isinstance(body, Stages):
        return reads_of(body.branches)
    if isinstance(body, Cases):
        return frozenset().union(*(columns_of(case.when) for case in body.cases))
    return frozenset(body.inputs) if isinstance(body, Rfm) else frozenset()


def _read_of_members(body: Measure) -> frozenset[str]:
    where = columns_of(body.where) if body.where else frozenset()
    return body.aggregate.columns | where | (body.by.columns if body.by else frozenset())


def sources_of(body: Body) -> frozenset[str]:
    """The tables and named sources the body reads rows of."""
    if isinstance(body, Pick):
        return frozenset({body.choice.table} if body.choice else ())
    if isinstance(body, Measure):
        return frozenset() if body.of_members else frozenset({body.source.name})
    if isinstance(body, Top):
        return frozenset(one.source.name for one in body.sources)
    if isinstance(body, Steps | Sql):
        return frozenset(body.codes if isinstance(body, Steps) else body.query.tables)
    branches = body.branches if isinstance(body, Stages) else body
    if isinstance(branches, Cases):
        return frozenset(b.did for case in branches.cases for b in behaviours_of(case.when))
    return frozenset()


def tags_reading(
    book: TagBook, tables: Collection[str], golden: Collection[str]
) -> tuple[str, ...]:
    """The computed tags whose values rows of these tables may change, sorted: those that read them,
    the golden profile made of one of the `golden` tables, or such a tag."""
    found: set[str] = set()
    owners = book.owners
    touches_golden = any(name in golden for name in tables)
    for tag in book.tags.values():  # in dependency order
        reads_golden = isinstance(tag.body, Pick) and touches_golden
        through = any(owners[name].name in found for name in tag.reads if name in owners)
        if reads_golden or through or not tag.tables.isdisjoint(tables):
            found.add(tag.name)
    return tuple(sorted(name for name in found if book.tags[name].is_computed))


def ranks_people(tag: Tag) -> bool:
    """Whether the tag's own value depends on who else there is: shares, fifths, rarity."""
    body = tag.body
    if isinstance(body, Top):
        return body.rarity
    return bool(body.shares) if isinstance(body, Bins) else isinstance(body, Rfm) and not body.edges


def reads_members(tag: Tag) -> bool:
    """Whether the tag's columns to read are those of a group's members."""
    return isinstance(tag.body, Measure) and tag.body.of_members


def golden_name(tag: Tag, pick: Pick) -> str:
    """The column of the golden frame that a tag picks: the profile's, or one chosen for the tag."""
    return f"_{tag.name}" if pick.choice else pick.column


def plain_inputs(tags: tuple[Tag, ...]) -> frozenset[str]:
    """Masked columns of the golden frame whose plain values tags compute from."""
    read = frozenset().union(*(tag.reads for tag in tags))
    return frozenset(
        golden_name(tag, tag.body)
        for tag in tags
        if isinstance(tag.body, Pick) and tag.body.is_high and tag.name in read
    )
