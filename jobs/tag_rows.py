"""The rows of one person or thing that entered a tag: how many, and the newest of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from jobs.published_tags import PublishedTags
from language.binding import quoted
from language.conditions import Condition, behaviours_of, columns_of
from language.local_sql import local_source, local_sql
from model.dates import Window
from tags.body_words import rows_in_words
from tags.definitions import EVER, Cases, Measure, Source, Tag, TagColumn, Top
from tags.night import DAY
from tags.planning import filter_sql
from tags.rule_shapes import Sql, Stages, Steps
from tags.subjects import PERSON_ID

NEWEST = 20


@dataclass(frozen=True)
class Asked:
    """Rows that a tag takes of a source: those of a filter and a window, and the columns it reads
    of them. `role` says what they are taken for."""

    source: Source
    where: Condition | None
    window: Window
    columns: frozenset[str]
    role: str = ""


@dataclass(frozen=True)
class EnteredRows:
    """Rows of one person or thing: `count` of all that entered, the `newest` of them first."""

    table: str
    words: str
    role: str
    window: Window
    first: date | None
    last: date
    count: int
    newest: tuple[dict[str, Any], ...]


def entered_rows(
    known: PublishedTags, one_id: int, tag: Tag, column: TagColumn
) -> tuple[EnteredRows, ...]:
    """The rows that entered one column of a tag, one entry per source it reads rows of."""
    return tuple(_entered(known, one_id, asked) for asked in _asked(known, tag, column))


def _asked(known: PublishedTags, tag: Tag, column: TagColumn) -> Iterator[Asked]:
    body, window = tag.body, column.window or EVER
    if isinstance(body, Measure):
        read = body.aggregate.columns | (body.by.columns if body.by else frozenset())
        whose = frozenset({PERSON_ID} if body.of_members else ())
        yield Asked(body.source, body.where, window, read | whose)
    elif isinstance(body, Top):
        for one in body.sources:
            role = f"votes of weight {one.weight}"
            yield Asked(one.source, one.where, window, one.value.columns, role)
    elif isinstance(body, Steps):
        for number, source in enumerate(body.sources, start=1):
            time = known.book.tables[source.table].time
            read = frozenset({time} if time else ())
            yield Asked(source, None, window, read, f"step {number}")
    elif isinstance(body, Sql):
        whole = window if body.query.looks_back else EVER
        for table in body.query.tables:
            read = frozenset(name for of, name in body.query.reads if of == table)
            role = "the query itself chooses among them"
            yield Asked(known.book.sources[table], None, whole, read, role)
    else:
        branches = body.branches if isinstance(body, Stages) else body
        yield from _of_behaviours(known, branches.cases if isinstance(branches, Cases) else ())


def _of_behaviours(known: PublishedTags, cases: Iterable[Any]) -> Iterator[Asked]:
    for one in dict.fromkeys(b for case in cases for b in behaviours_of(case.when)):
        role = f"expected {one.times.text}"
        yield Asked(known.book.sources[one.did], one.where, one.over, frozenset(), role)


def _entered(known: PublishedTags, one_id: int, asked: Asked) -> EnteredRows:
    engine, night = known.engine, known.tag_night
    table = known.book.tables[asked.source.table]
    where = filter_sql(asked.source, asked.where)
    days = night.within(EVER if asked.window.rows else asked.window)
    condition = " and ".join(f"({local_sql(night.bind(sql))})" for sql in (where, days) if sql)
    order = ", ".join(f"{local_sql(quoted(name))} desc" for name in table.order)
    most = f"limit {asked.window.rows}" if asked.window.rows else ""
    rows = known.person_rows(table.name, one_id)
    has = {name: kind for name, kind in table.columns.items() if name in rows.columns}
    entered = engine.kept(engine.rows("entered", f"""
        select *, row_number() over (order by {order}) as _place
        from {local_source('these', has)} r where {condition} order by _place {most}
    """, these=rows))  # fmt: skip
    listed = ", ".join(local_sql(quoted(name)) for name in _shown(has, asked))
    newest = engine.arrow(engine.rows("newest", f"""
        select {listed} from these where _place <= {NEWEST} order by _place
    """, these=entered))  # fmt: skip
    count = engine.one_row("count", "select count(*) as n from these", these=entered)["n"]
    first, last = (None, known.business_date) if asked.window.rows else asked.window.bounds(
        known.business_date
    )
    words = rows_in_words(asked.source, asked.where)
    return EnteredRows(
        table.name.strip("_"), words, asked.role, asked.window, first, last, count,
        tuple(newest.to_pylist(maps_as_pydicts="strict")),
    )  # fmt: skip


def _shown(columns: Collection[str], asked: Asked) -> list[str]:
    """The day and the columns read; a token tells nobody anything and is left out."""
    read = set(asked.columns)
    for condition in (asked.source.condition, asked.where):
        read |= columns_of(condition) if condition else set()
    own = [name for name in columns if name in read and not name.endswith("_token")]
    return list(dict.fromkeys((DAY, *own)))
