"""Plans a book: measures by source table, top tags by their votes, derived tags by level."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from language.aggregates import Aggregate
from language.binding import TIME_ZONE, quoted
from language.conditions import Behaviour, Condition, Times, behaviours_of, render_condition
from tags.definitions import (
    EVER,
    Bins,
    Calc,
    Cases,
    Measure,
    Pick,
    Rfm,
    Source,
    Tag,
    TagBook,
    TagColumn,
    Top,
)
from tags.derived_sql import (
    cases_sql,
    edge_score_sql,
    edges_sql,
    fifths_sql,
    literal,
    scored_value,
    segment_sql,
    shares_sql,
)
from tags.hashing import book_hash
from tags.lineage import golden_name, plain_inputs
from tags.measure_sql import counted_value
from tags.overrides import UNTIL_SOURCE_CHANGES, can_be_set, codes_of
from tags.plans import (
    Ballot,
    Cell,
    DerivedColumn,
    Grouping,
    Picked,
    Rank,
    TagPlan,
    TopCell,
    TopGrouping,
)
from tags.rule_plans import Funnel, Override, PlannedQuery, StageHistory, Step
from tags.rule_shapes import Given, Sql, Stages, Steps
from tags.stage_sql import stage_columns, stage_history

# Hidden columns begin with _, as no tag can.
_DID, _RANK = "_did", "_rank"
_DAY_OF_TIME = f"CAST(from_utc_timestamp({{}}, {TIME_ZONE}) AS date)"
_COUNT = Aggregate("count()", "count", None, "integer", frozenset())


def plan_tags(
    book: TagBook, names: Collection[str] | None = None, carried: Collection[str] = ()
) -> TagPlan:
    """The plan of the computed tags about the book's object, or of the tags `names` and those they
    need.

    Tags in `carried` are not computed: they show the values of the night before.
    """
    shown = book.computed if names is None else needed_tags(book, names)
    return _planned(book, shown, carried)


def plan_over(book: TagBook, names: Collection[str], stored: Collection[str]) -> TagPlan:
    """The plan of the tags `names` and of those they need, over a wide table that has the tags
    `stored`: these are carried from it, and what only they need is in no plan."""
    return _planned(book, needed_tags(book, names, stored), stored)


def _planned(book: TagBook, shown: Sequence[Tag], carried: Collection[str]) -> TagPlan:
    tags = tuple(tag for tag in shown if tag.name not in carried)
    behaviours, histories = _behaviour_columns(tags), _histories(tags)
    return TagPlan(
        columns=tuple(c for t in sorted(shown, key=lambda t: t.location) for c in t.columns),
        picks=tuple(_picks(tags)),
        groupings=_groupings(book, tags, behaviours),
        tops=_tops(book, tags),
        funnels=tuple(_funnels(book, tags)),
        queries=tuple(_queries(tags)),
        histories=tuple(histories.values()),
        overrides=tuple(_overrides(tags)),
        levels=_levels(column for tag in tags for column in _derived(tag, behaviours, histories)),
        absents={c.name: literal(t.absent) for t in tags for c in t.columns
                 if t.absent is not None and not c.part},
        hashes={tag.name: tag.definition_hash for tag in shown},
        definition_hash=book_hash(shown),
        carried=tuple(c for tag in shown if tag.name in carried for c in tag.columns),
        handed_on=tuple(
            tag.name for tag in shown if tag.name in carried and isinstance(tag.body, Stages)
        ),
    )


def needed_tags(
    book: TagBook, names: Collection[str], stored: Collection[str] = ()
) -> tuple[Tag, ...]:
    """The tags `names` and those they need, in dependency order; those in `stored` need none."""
    owners, found = book.owners, set(names)
    for tag in reversed(tuple(book.tags.values())):
        if tag.name in found and tag.name not in stored:
            found |= {owners[column].name for column in tag.reads}
    return tuple(
        tag for tag in book.tags.values() if tag.name in found and tag.object == book.object
    )


def _picks(tags: tuple[Tag, ...]) -> Iterator[Picked]:
    plain = plain_inputs(tags)
    for tag in tags:
        if isinstance(tag.body, Pick):
            name, column = golden_name(tag, tag.body), tag.columns[0]
            is_day_of_time = (tag.body.type, column.type) == ("timestamp", "date")
            sql = _DAY_OF_TIME.format(quoted(name)) if is_day_of_time else quoted(name)
            yield Picked(
                column, name, sql, tag.body.is_high, name in plain, tag.body.column, tag.body.choice
            )


# --- measures -------------------------------------------------------------------------------


def _groupings(
    book: TagBook, tags: tuple[Tag, ...], behaviours: Mapping[Behaviour, TagColumn]
) -> tuple[Grouping, ...]:
    """Cells that one grouping can give, together; in the order their first tag stands in."""
    cells: dict[tuple[str, str, str, bool], list[Cell]] = {}
    for tag in tags:
        if isinstance(tag.body, Measure):
            body = tag.body
            where = filter_sql(body.source, body.where)
            by = f"CAST({body.by.sql} AS string)" if body.by else ""
            for column in tag.columns:
                cell = Cell(column, body.aggregate, where, column.window or EVER)
                is_newest = bool(cell.window.rows)
                key = (body.source.table, by, counted_value(body.aggregate), is_newest)
                cells.setdefault(key, []).append(cell)
    for behaviour, column in behaviours.items():
        source = book.sources[behaviour.did]
        cell = Cell(column, _COUNT, filter_sql(source, behaviour.where), behaviour.over)
        cells.setdefault((source.table, "", "", False), []).append(cell)
    return tuple(
        Grouping(book.tables[table], tuple(found), by, counted)
        for (table, by, counted, _), found in cells.items()
    )


def filter_sql(source: Source, where: Condition | None) -> str:
    """The rows of a source that a tag takes, as one condition over its table; empty: all."""
    parts = [render_condition(part) for part in (source.condition, where) if part is not None]
    return " AND ".join(f"({part})" for part in parts)


def _behaviour_columns(tags: tuple[Tag, ...]) -> dict[Behaviour, TagColumn]:
    """A hidden count for each different behaviour of the cases, whatever its number of times."""
    bodies = [branches for tag in tags if (branches := _branches(tag)) is not None]
    found = dict.fromkeys(
        _counted_alike(behaviour)
        for body in bodies
        for case in body.cases
        for behaviour in behaviours_of(case.when)
    )
    return {b: TagColumn(f"{_DID}_{n}", b.over, type="integer") for n, b in enumerate(found)}


def _branches(tag: Tag) -> Cases | None:
    body = tag.body.branches if isinstance(tag.body, Stages) else tag.body
    return body if isinstance(body, Cases) else None


def _counted_alike(behaviour: Behaviour) -> Behaviour:
    return replace(behaviour, times=Times())


# --- top ------------------------------------------------------------------------------------


def _tops(book: TagBook, tags: tuple[Tag, ...]) -> tuple[TopGrouping, ...]:
    cells: dict[tuple[Ballot, ...], list[TopCell]] = {}
    for tag in tags:
        if isinstance(tag.body, Top):
            body = tag.body
            ballots = tuple(Ballot(book.tables[s.source.table], s.value.sql) for s in body.sources)
            cells.setdefault(ballots, []).extend(_top_cells(tag, body))
    return tuple(TopGrouping(ballots, tuple(found)) for ballots, found in cells.items())


def _top_cells(tag: Tag, body: Top) -> Iterator[TopCell]:
    votes = tuple((filter_sql(s.source, s.where), s.weight) for s in body.sources)
    width = len(body.give)
    for start in range(0, len(tag.columns), width):
        columns = tag.columns[start : start + width]
        window = columns[0].window or EVER
        yield TopCell(
            columns, body.give, body.best, window, votes, body.half_life, body.rarity
        )


# --- steps and sql --------------------------------------------------------------------------


def _funnels(book: TagBook, tags: tuple[Tag, ...]) -> Iterator[Funnel]:
    for tag in tags:
        if isinstance(tag.body, Steps):
            body = tag.body
            steps = tuple(Step(book.tables[s.table], filter_sql(s, None)) for s in body.sources)
            for start in range(0, len(tag.columns), len(body.give)):
                columns = tag.columns[start : start + len(body.give)]
                window = columns[0].window or EVER
                yield Funnel(columns, body.give, body.codes, steps, body.seconds, window)


def _queries(tags: tuple[Tag, ...]) -> Iterator[PlannedQuery]:
    for tag in tags:
        if isinstance(tag.body, Sql):
            query = tag.body.query
            for column in tag.columns:
                yield PlannedQuery(column, query.sql, query.tables, column.window or EVER)


# --- derived --------------------------------------------------------------------------------


def _levels(columns: Iterable[DerivedColumn]) -> tuple[tuple[DerivedColumn, ...], ...]:
    """The columns by depth: each level is one select over the levels before it."""
    depths: dict[str, int] = {}
    levels: list[list[DerivedColumn]] = []
    for derived in columns:
        depth = max((depths.get(name, 0) for name in derived.reads), default=0) + 1
        depths[derived.column.name] = depth
        if depth > len(levels):
            levels.append([])
        levels[depth - 1].append(derived)
    return tuple(map(tuple, levels))


def _histories(tags: tuple[Tag, ...]) -> dict[str, StageHistory]:
    staged = [(tag, tag.body) for tag in tags if isinstance(tag.body, Stages)]
    return {tag.name: stage_history(tag, body, n) for n, (tag, body) in enumerate(staged)}


def _derived(
    tag: Tag, behaviours: Mapping[Behaviour, TagColumn], histories: Mapping[str, StageHistory]
) -> Iterator[DerivedColumn]:
    body, column = tag.body, tag.columns[0]
    if isinstance(body, Calc):
        yield DerivedColumn(column, body.expression.sql, tag.reads)
    elif isinstance(body, Bins) and body.edges:
        yield DerivedColumn(column, edges_sql(body), tag.reads)
    elif isinstance(body, Bins):
        rank = Rank(f"{_RANK}_{column.name}", body.expression.sql)
        yield DerivedColumn(column, shares_sql(body, rank.name), tag.reads, (rank,))
    elif isinstance(body, Cases):
        yield DerivedColumn(column, _branched(body, behaviours), tag.reads)
    elif isinstance(body, Given):
        yield DerivedColumn(column, f"CAST(NULL AS {column.spark_type})", frozenset())
    elif isinstance(body, Stages):
        now = _branched(body.branches, behaviours)
        yield from stage_columns(tag, body, histories[tag.name], now)
    elif isinstance(body, Rfm):
        yield from _rfm(tag, body)


def _overrides(tags: tuple[Tag, ...]) -> Iterator[Override]:
    for tag in tags:
        for column in tag.columns:
            if can_be_set(tag, column):
                while_source = tag.override == UNTIL_SOURCE_CHANGES
                yield Override(column.name, while_source, codes_of(tag, column))


def _branched(cases: Cases, behaviours: Mapping[Behaviour, TagColumn]) -> str:
    return cases_sql(cases, lambda b: b.times.sql(quoted(behaviours[_counted_alike(b)].name)))


def _rfm(tag: Tag, body: Rfm) -> Iterator[DerivedColumn]:
    segment, *scores = tag.columns
    for quantity, column in enumerate(scores):
        if body.edges:
            yield DerivedColumn(column, edge_score_sql(body, quantity), tag.reads)
        else:
            rank = Rank(f"{_RANK}_{column.name}", scored_value(body, quantity))
            yield DerivedColumn(column, fifths_sql(rank.name), tag.reads, (rank,))
    names = [column.name for column in scores]
    yield DerivedColumn(segment, segment_sql(body, names), frozenset(names))
