"""Accepted records become the rows of canonical tables, one per key of each."""

from __future__ import annotations

from ingestion.mapping import IntoTable, MappedColumn
from ingestion.reader import LINE_BITS
from ingestion.standards import Standards
from ingestion.versions import newest_rows, row_tables
from language.aggregates import Aggregate
from language.binding import quoted
from model.engines import Engine, Rows
from model.sql_text import date_literal, text_literal


def clean_rows(
    engine: Engine, records: Rows, files: Rows, beaten: Rows | None, table: IntoTable,
    standards: Standards,
) -> Rows:  # fmt: skip
    """One table's rows of this night, one per key and file (its contract).

    `files` is small: a row a file. `records` are accepted ones (ingestion.sighting_rows); `beaten`
    (ingestion.versions) holds those that do not stand.
    """
    name = table.table.name
    rows = engine.rows(
        f"rows_of_{name}",
        (_rolled_up if table.one_row_per else _row_by_row)(table, beaten is not None, standards),
        **{"records": records} | ({"beaten": beaten} if beaten is not None else {}),
    )
    night = date_literal(standards.business_date)
    made = {
        "channel": text_literal(standards.dataset.channel),
        "dataset": text_literal(standards.dataset.name),
        "sighting_id": "made._sighting_id",
        "day": f"coalesce(made._day, {night})",
        "arrived_date": night,
        "generation": "files.generation",
        "source_file": "files.source_file",
        "source_line": "made._line",
        "is_deleted": "made._deleted",
    }
    columns = ", ".join(
        f"{made.get(column, f'made.{quoted(column)}')} as {quoted(column)}"
        for column in table.table.contract.column_names
    )
    # files: unique by _number.
    rows = engine.rows(
        f"clean_{name}",
        f"select {columns} from made inner join files on made._number = files._number",
        made=rows, files=files,
    )  # fmt: skip
    # Records that are rows are one per key and file by now; a roll-up's key may be another.
    return newest_rows(engine, rows, table.table) if table.one_row_per else rows


def _standing(table: str, beaten_how: str = "true") -> str:
    return f"""not exists (
        select 1 from beaten where beaten._table = '{table}' and {beaten_how}
        and beaten._number = records._number and beaten._line = records._line)"""


def _row_by_row(table: IntoTable, has_beaten: bool, standards: Standards) -> str:
    columns = [
        column for name in table.table.columns for column in _columns_of(name, table, standards)
    ]
    stands = f" and {_standing(table.table.name, 'beaten._in_file')}" if has_beaten else ""
    return f"""
        select _number, _line, _sighting_id, _deleted, {standards.day(table)} as _day,
               {', '.join(columns)}
        from records where {standards.takes(table)}{stands}"""


def _rolled_up(table: IntoTable, has_beaten: bool, standards: Standards) -> str:
    """One row per roll-up key over the night's standing lines; deleted lines add nothing.

    Its place is that of its last line; it is deleted where every line is.
    """
    others = row_tables(standards)
    stands = f" and {_standing(others[0].table.name)}" if has_beaten and others else ""
    columns = [
        column for name in table.table.columns for column in _columns_of(name, table, standards)
    ]
    keys = ", ".join(quoted(name) for name in table.one_row_per)
    return f"""
        select cast(_order >> {LINE_BITS} as int) as _number,
               _order & {(1 << LINE_BITS) - 1} as _line, grouped.*
        from (
            select max(_sighting_id) as _sighting_id, bool_and(_deleted) as _deleted,
                   max(_order) as _order, {_day_of(table, standards)} as _day,
                   {', '.join(columns)}
            from records where {standards.takes(table)}{stands}
            group by {keys}
        ) as grouped"""


def _columns_of(name: str, table: IntoTable, standards: Standards) -> list[str]:
    """The stored columns of one canonical column, each with its name."""
    column = table.table.columns[name]
    given = table.given(name)
    if given is None:
        stored = column.stored_as(name)
        return [f"cast(null as {each.type}) as {quoted(each.name)}" for each in stored]
    if given.is_high:
        prefix = standards.prefix(given)
        return [f"{prefix}_{part} as `{name}_{part}`" for part in ("token", "mask")]
    if isinstance(given.value, Aggregate):
        (stored_one,) = column.stored_as(name)
        made = standards.aggregate(table, given)
        return [f"cast({made} as {stored_one.type}) as {quoted(name)}"]
    return [f"{standards.source(table, given)} as {quoted(name)}"]


def _day_of(table: IntoTable, standards: Standards) -> str:
    """The day of a rolled-up row: that of the time that stands for it."""
    given: MappedColumn | None = table.given(table.table.time)
    day = standards.day(table)
    if given is None or not isinstance(given.value, Aggregate):
        return f"max({day})"
    return standards.aggregate(table, given, day)
