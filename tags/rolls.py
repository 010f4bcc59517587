"""Those a night's tags are about, each with a number by which engines know it.

Engines know persons by their OneID. A thing, a group or a relation gets a number of one night for
it, in the order of its ids; numbers are read by nobody and end where tables are written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from language.binding import quoted
from model.engines import Engine, Rows
from model.sql_text import date_literal
from tags.definitions import SourceTable
from tags.night import DAY, ONE_ID
from tags.subjects import MEMBERS, OF_MEMBERS, PERSON_ID, Subject

NUMBER = "_number"  # where a one_id is an id of a relation


@dataclass(frozen=True)
class Roll:
    """Whom tags are about: `people` have the `one_id` of everyone of tonight, `sources` their rows
    by table, `earlier` the tags of the night before, unique by one_id.

    `numbers` tell of each number the ids of the subject; None: persons, who are known by it.
    """

    subject: Subject
    people: Rows
    sources: Mapping[str, Rows]
    earlier: Rows
    numbers: Rows | None = None

    def numbered(self, engine: Engine, rows: Rows) -> Rows:
        """Rows with one_id in the place of the subject's ids."""
        if self.numbers is None:
            return rows
        return tags_by_number(engine, self.subject, rows, self.numbers)

    def named(self, engine: Engine, rows: Rows) -> Rows:
        """Rows with the subject's ids in the place of one_id."""
        if self.numbers is None:
            return rows
        listed = _listed("n", self.subject.id_names) + _listed(
            "r", (name for name in rows.columns if name != ONE_ID)
        )
        sql = f"select {', '.join(listed)} from r join n on r.{ONE_ID} = n.{NUMBER}"
        return engine.rows("named", sql, r=rows, n=self.numbers)


def roll_of(
    engine: Engine, subject: Subject, sources: Mapping[str, Rows], earlier: Rows
) -> Roll:
    """Everything that rows of tonight's `sources` tell of, and its rows.

    `sources` are by_person rows by table, and `members_of`; a row without an id tells of nothing.
    `earlier` is unique by the subject's ids.
    """
    ids = subject.id_names
    known = " and ".join(f"{quoted(name)} is not null" for name in ids)
    told = {f"s{n}": rows for n, rows in enumerate(sources.values())}
    names = ", ".join(map(quoted, ids))
    every = " union all ".join([
        *(f"select {names}, 1 as is_tonight from {name} where {known}" for name in told),
        f"select {names}, 0 as is_tonight from earlier",
    ])
    # One task puts all of them in order: ids only, once each.
    numbers = engine.kept(engine.rows("numbers", f"""
        select cast(row_number() over (order by {names}) as bigint) as {NUMBER}, d.*
        from (select {names}, max(is_tonight) as is_tonight from ({every}) e group by {names}) d
    """, earlier=earlier, **told))  # fmt: skip
    return Roll(
        subject,
        engine.rows(
            "people", f"select {NUMBER} as {ONE_ID} from n where is_tonight = 1", n=numbers
        ),
        {name: rows_by_number(engine, subject, subject.tables[name], rows, numbers)
         for name, rows in sources.items()},
        tags_by_number(engine, subject, earlier, numbers),
        numbers,
    )  # fmt: skip


def numbers_of(engine: Engine, subject: Subject, wide: Rows) -> Rows:
    """The numbers of everything that a slice of wide tables tells of, unique by the subject's ids.
    """
    names = ", ".join(map(quoted, subject.id_names))
    return engine.kept(engine.rows("numbers", f"""
        select cast(row_number() over (order by {names}) as bigint) as {NUMBER}, {names} from wide
    """, wide=wide))  # fmt: skip


def members_of(
    engine: Engine, subject: Subject, wide: Rows, groups: Rows, business_date: date
) -> Rows:
    """The tags of the night of those who are members, as a source of their groups' tags.

    `wide` is unique by one_id; `groups` tell the id of the subject by one_id, once each.
    """
    columns = subject.tables[MEMBERS].columns
    day = date_literal(business_date)
    names = subject.id_names
    own = (*OF_MEMBERS, *names)
    shown = [name for name in wide.columns if name in columns and name not in own]
    listed = [*_listed("g", names), *_listed("w", shown)]
    sql = (
        f"select g.{ONE_ID}, {day} as {DAY}, {day} as arrived_date, {', '.join(listed)} "
        f"from g join w on g.{ONE_ID} = w.{ONE_ID}"
    )
    return engine.rows("members", sql, g=groups, w=wide)


def rows_by_number(
    engine: Engine, subject: Subject, table: SourceTable, rows: Rows, numbers: Rows
) -> Rows:
    """Rows of a table under the numbers of what they tell of, with whose they are."""
    has = set(rows.columns)
    own = dict.fromkeys([*table.columns, *table.order])
    listed = [
        f"r.{ONE_ID} as {PERSON_ID}",
        *_listed("r", (name for name in own if name in has and name not in (ONE_ID, PERSON_ID))),
    ]
    sql = f"select n.{NUMBER} as {ONE_ID}, {', '.join(listed)} from r join n on {_same(subject)}"
    return engine.rows(f"of_{table.name.strip('_')}", sql, r=rows, n=numbers)


def tags_by_number(engine: Engine, subject: Subject, rows: Rows, numbers: Rows) -> Rows:
    """Rows of wide tables with one_id in the place of the subject's ids."""
    shown = (name for name in rows.columns if name not in subject.id_names)
    listed = ", ".join([f"n.{NUMBER} as {ONE_ID}", *_listed("r", shown)])
    sql = f"select {listed} from r join n on {_same(subject)}"
    return engine.rows("by_number", sql, r=rows, n=numbers)


def _same(subject: Subject) -> str:
    """SQL: the rows r tell of what the numbers n tell."""
    ids = map(quoted, subject.id_names)
    return " and ".join(f"r.{name} = n.{name}" for name in ids)


def _listed(rows: str, names: Iterable[str]) -> list[str]:
    return [f"{rows}.{quoted(name)}" for name in names]
