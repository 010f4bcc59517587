"""Which of several records of one key stands: per file, and over the files of a night."""

from __future__ import annotations

from ingestion.mapping import IntoTable
from ingestion.standards import Standards
from model.canonical import CanonicalTable
from model.engines import Engine, Rows, hash_of

ACCEPTED = "_counts is null and _reasons = ''"  # records that are data and have no fault


def row_tables(standards: Standards) -> tuple[IntoTable, ...]:
    """The tables in which a record is a row of its own."""
    return tuple(table for table in standards.dataset.tables if not table.one_row_per)


def beaten_records(engine: Engine, standard: Rows, standards: Standards) -> Rows:
    """Records whose key a newer record of the night has, by the table they are beaten in.

    Columns: `_table`, `_number`, `_line`, `_in_file` (the newer one is of the same file),
    `_takes_count` (tables that take the record). Key: table, file, line.
    """
    parts = [_beaten(engine, standard, table, standards) for table in row_tables(standards)]
    frames = {f"part_{n}": rows for n, rows in enumerate(parts)}
    every = " union all ".join(f"select * from {name}" for name in frames)
    return engine.rows("beaten", every, **frames)


def _beaten(engine: Engine, standard: Rows, table: IntoTable, standards: Standards) -> Rows:
    sources = [standards.source(table, column) for column in table.key]
    keys = ", ".join(sources)
    given = table.given(table.table.time)
    time = f"{standards.source(table, given)} desc nulls last, " if given else ""
    takes = " + ".join(f"cast({standards.takes(t)} as int)" for t in row_tables(standards))
    whole = "".join(f" and {source} is not null" for source in sources)
    # Whatever the sources are called: names for the hash.
    hashed = [f"_key_{n}" for n in range(len(sources))]
    named = ", ".join(f"{source} as {name}" for source, name in zip(sources, hashed, strict=True))
    taken = engine.rows(f"taken_by_{table.table.name}", f"""
        select *, {named} from standard where {ACCEPTED} and {standards.takes(table)}{whole}
    """, standard=standard)  # fmt: skip
    # Few keys occur again: only those are put in order (and some of an equal hash, for nothing).
    again = engine.recurring(f"keys_again_of_{table.table.name}", taken, hashed)
    return engine.rows(f"beaten_in_{table.table.name}", f"""
        select '{table.table.name}' as _table, _number, _line, _rank_in_file > 1 as _in_file,
               _takes_count
        from (
            select _number, _line, {takes} as _takes_count,
                   row_number() over (partition by {keys} order by {time}_order desc) as _rank,
                   row_number() over (partition by {keys}, _number order by {time}_order desc)
                       as _rank_in_file
            from taken where {hash_of(hashed)} in (select hashed from again)
        ) as ranked
        where _rank > 1
    """, taken=taken, again=again)  # fmt: skip


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
