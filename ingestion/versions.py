"""Which of several records of one key stands: per file, and over the files of a night."""

from __future__ import annotations

from ingestion.mapping import IntoTable
from ingestion.standards import Standards
from model.canonical import CanonicalTable
from model.engines import Engine, Rows

ACCEPTED = "_counts is null and _reasons = ''"  # records that are data and have no fault


def row_tables(standards: Standards) -> tuple[IntoTable, ...]:
    """The tables in which a record is a row of its own."""
    return tuple(table for table in standards.dataset.tables if not table.one_row_per)


def beaten_records(engine: Engine, standard: Rows, standards: Standards) -> Rows:
    """Records whose key a newer record of the night has, by the table they are beaten in.

    Columns: `_table`, `_number`, `_line`, `_in_file` (the newer one is of the same file),
    `_takes_count` (tables that take the record). Key: table, file, line.
    """
    parts = [_beaten(table, standards) for table in row_tables(standards)]
    return engine.rows("beaten", " union all ".join(parts), standard=standard)


def _beaten(table: IntoTable, standards: Standards) -> str:
    keys = ", ".join(standards.source(table, column) for column in table.key)
    given = table.given(table.table.time)
    time = f"{standards.source(table, given)} desc nulls last, " if given else ""
    takes = " + ".join(f"cast({standards.takes(t)} as int)" for t in row_tables(standards))
    is_taken = f"{ACCEPTED} and {standards.takes(table)}"
    # Few keys occur again: only those are put in order.
    return f"""
        select '{table.table.name}' as _table, _number, _line, _rank_in_file > 1 as _in_file,
               _takes_count
        from (
            select _number, _line, {takes} as _takes_count,
                   row_number() over (partition by {keys} order by {time}_order desc) as _rank,
                   row_number() over (partition by {keys}, _number order by {time}_order desc)
                       as _rank_in_file
            from standard
            where {is_taken} and ({keys}) in (
                select {keys} from standard where {is_taken} group by {keys} having count(*) > 1)
        ) as ranked
        where _rank > 1"""


def duplicates(engine: Engine, beaten: Rows) -> Rows:
    """Records that are beaten within their file in every table that takes them; key: file, line."""
    return engine.rows("duplicates", """
        select _number, _line from beaten group by _number, _line
        having sum(cast(_in_file as int)) >= max(_takes_count)
    """, beaten=beaten)  # fmt: skip


def newest_rows(engine: Engine, rows: Rows, table: CanonicalTable) -> Rows:
    """One row per key and file of a clean table's rows of one night.

    The newest of a file stands: by the table's time (missing times first), then by line. Files are
    compared when the table is read (model.versions): another file's row counts again once the
    newest is withdrawn.
    """
    time = f"`{table.time}` desc nulls last, " if table.time else ""
    keys = ", ".join(f"`{name}`" for name in table.key)
    columns = ", ".join(f"`{name}`" for name in table.contract.column_names)
    return engine.rows(f"newest_{table.name}", f"""
        select {columns} from (
            select *, row_number() over (partition by {keys}, source_file
                order by {time}generation desc, source_line desc, dataset desc) as _rank
            from clean
        ) as ranked where _rank = 1
    """, clean=rows)  # fmt: skip
