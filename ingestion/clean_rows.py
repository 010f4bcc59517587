"""Accepted records become the rows of canonical tables, one per key of each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ingestion.mapping import IntoTable, MappedColumn
from ingestion.reader import LINE_BITS
from ingestion.standards import Standards
from ingestion.task_outputs import RowsOutput
from ingestion.versions import newest_rows, row_tables
from language.aggregates import Aggregate
from language.binding import quoted
from model.ddl_types import arrow_schema
from model.engines import Engine, Rows
from model.local_engine import LocalEngine
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


def rows_output(table: IntoTable, standards: Standards) -> RowsOutput | None:
    """How tasks write the table's rows; None where more is needed than a record as it stands:
    a roll-up, a condition, an expression."""
    dataset = standards.dataset
    is_mixed = dataset.rollup is not None and dataset.slots  # a record has its roll-up's sighting
    if table.one_row_per or table.where or is_mixed or not standards.is_done_early:
        return None
    columns = {"sighting_id": "_sighting", "source_line": "_line", "is_deleted": "_deleted",
               "day": standards.day(table)}  # fmt: skip
    for given in table.columns:
        if given.is_high:
            prefix = standards.prefix(given)
            columns |= {f"{given.name}_{part}": f"{prefix}_{part}" for part in ("token", "mask")}
        else:
            is_field = given.part is None  # no expression is left
            columns[given.name] = (
                str(given.field) if is_field else standards.source(table, given)
            )
    contract = table.table.contract
    schema = arrow_schema(contract.schema)
    return RowsOutput(
        schema.remove(schema.get_field_index(str(contract.sliced_by))), columns,
        {"channel": dataset.channel, "dataset": dataset.name}, standards.business_date,
    )  # fmt: skip


def written_rows(
    engine: LocalEngine, files: Sequence[tuple[int, Path]], places: Rows, beaten: Rows | None,
    table: IntoTable, standards: Standards,
) -> Rows:  # fmt: skip
    """The table's rows that tasks have written (`rows_output`), but for beaten ones: files that
    have any are written anew.

    `files` are these by the number of the file they come from, `places` the latter's rows.
    """
    name, contract = table.table.name, table.table.contract
    night = standards.business_date
    touched: set[int] = set()
    if beaten is not None:
        found = engine.rows("files_with_beaten", f"""
            select distinct _number from beaten where _table = '{name}' and _in_file
        """, beaten=beaten)  # fmt: skip
        touched = set(engine.arrow(found)["_number"].to_pylist())
    whole = [file for number, file in files if number not in touched]
    parts = [engine.of_slice(contract, whole, night)] if whole else []
    if beaten is not None and touched:
        others = [file for number, file in files if number in touched]
        # places: unique by _number; beaten: by table, file and line.
        parts.append(engine.rows(f"standing_{name}", f"""
            select rows_.* from rows_ where not exists (
                select 1 from beaten inner join places on beaten._number = places._number
                where beaten._table = '{name}' and beaten._in_file
                and places.source_file = rows_.source_file and beaten._line = rows_.source_line)
        """, rows_=engine.of_slice(contract, others, night), beaten=beaten, places=places,
        ))  # fmt: skip
    return engine.united(contract, parts)


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
