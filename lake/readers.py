"""How tables are read at a business date: one SQL text for Spark, DuckDB and generated views."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from model.canonical import CanonicalTable
from model.contracts import TableContract
from model.sql_text import is_one_of
from model.versions import WHOLE, is_mark


def current_rows(
    table: CanonicalTable, source: str, business_date: date, whole: str = ""
) -> str:
    """Newest version of every key that had arrived by D, not deleted, its day not after D.

    Newest by the table's time, then by arrival; by arrival alone where a dataset arrives whole.
    Grain: one row per key of the table. `source` and `whole` as for `held_rows`.
    """
    rows = held_rows(table, source, business_date, whole)
    return f"{rows} and day <= {_literal(business_date)}"


def held_rows(table: CanonicalTable, source: str, business_date: date, whole: str = "") -> str:
    """As `current_rows`, with the rows that wait for their day.

    `source` may be all versions of some keys; then `whole` is where all versions are.
    """
    columns = ", ".join(f"r.{name}" for name in table.contract.column_names)
    # Names stand after a dot, where even SQL's own words (`end`, `group`) may name a column.
    key = ", ".join(f"v.{name}" for name in table.key)
    return (
        f"select {columns} from (select v.*, row_number() over ("
        f"partition by {key} order by {table.newest_first('v')}) as version_no "
        f"from ({_standing(source, business_date, whole or source)}) v) r "
        "where version_no = 1 and not is_deleted"
    )


def _standing(source: str, business_date: date, whole: str) -> str:
    """Versions that had arrived by D, without those of bytes that their file no longer has.

    Superseded files are few: whoever reads skips the parts of a table that have none.
    """
    day = _literal(business_date)
    # The hint is for Spark, which cannot know how few they are.
    return (
        "select /*+ broadcast(g) */ s.* "
        f"from {source} s left join (select s.source_file, max(s.generation) as newest "
        f"from {whole} s where s.arrived_date <= {day} and s.generation > 1 "
        "group by s.source_file) g "
        f"on s.source_file = g.source_file and s.generation < g.newest and s.generation > {WHOLE} "
        f"where g.newest is null and s.arrived_date <= {day} and not {is_mark('s')}"
    )


def valid_at(source: str, names: Sequence[str], business_date: date) -> str:
    """Rows of a history that hold at D, without valid_to, which D does not know."""
    columns = ", ".join(name for name in names if name != "valid_to")
    day = _literal(business_date)
    return (
        f"select {columns} from {source} where valid_from <= {day} "
        f"and (valid_to is null or valid_to > {day})"
    )


def persons_at(source: str, business_date: date) -> str:
    """Everyone the map of D knows, once: one_id."""
    valid = valid_at(source, ("one_id", "valid_from", "valid_to"), business_date)
    return f"select distinct one_id from ({valid}) v"


def by_person(table: CanonicalTable, source: str, one_ids: str, business_date: date) -> str:
    """Current rows left-joined to the map of D: `one_id` is null for anonymous rows.

    A re-issued identifier has a range of event days in the map; everyone else has one row. Rows of
    shadow channels are left out.
    """
    return _with_persons(table, current_rows(table, source, business_date), one_ids, business_date)


def held_by_person(
    table: CanonicalTable, source: str, one_ids: str, business_date: date, whole: str = ""
) -> str:
    """As `by_person`, with the rows that wait for their day; `source` and `whole` as `held_rows`
    has them."""
    rows = held_rows(table, source, business_date, whole)
    return _with_persons(table, rows, one_ids, business_date)


def moved_sightings(one_ids: str, since: date, business_date: date) -> str:
    """Sightings (node_id) of which the map of D says otherwise than that of an earlier night."""
    nights = f"> {_literal(since)}", f"<= {_literal(business_date)}"
    begun, ended = (" and ".join(f"{c} {n}" for n in nights) for c in ("valid_from", "valid_to"))
    return (
        f"select distinct node_id from {one_ids} "
        f"where kind = 'sighting' and ({begun} or {ended})"
    )


def _with_persons(table: CanonicalTable, rows: str, one_ids: str, business_date: date) -> str:
    if table.reading.shadow:
        rows += f" and not {is_one_of('r.channel', sorted(table.reading.shadow))}"
    day = _literal(business_date)
    persons = (
        f"select node_id, one_id, seen_from, seen_to from {one_ids} where kind = 'sighting' "
        f"and valid_from <= {day} and (valid_to is null or valid_to > {day})"
    )
    columns = ", ".join(f"c.{name}" for name in table.contract.column_names)
    return (
        f"select m.one_id, {columns} from ({rows}) c left join ({persons}) m "
        "on c.sighting_id = m.node_id and (m.seen_from is null or c.day >= m.seen_from) "
        "and (m.seen_to is null or c.day <= m.seen_to)"
    )


def standing_lines(quarantine: str, files: str) -> str:
    """Lines of ops.quarantine that wait to be mended: of a line tried several times the last
    verdict, unless that was to accept it or a newer generation of its file has come.

    `quarantine` and `files` are the two tables, or their slices up to a night. Grain: one row per
    file, line and generation.
    """
    return (
        "select q.* from (select v.*, row_number() over ("
        "partition by source_file, source_line, generation order by arrived_date desc) "
        f"as verdict_no from {quarantine} v) q "
        "inner join (select path, max(generation) as newest "
        # Files that were only told of, or refused, replace no line.
        f"from {files} where line_count > 0 group by path) f "
        "on q.source_file = f.path and q.generation = f.newest "
        "where q.verdict_no = 1 and q.reasons is not null"
    )


def published_rows(contract: TableContract, source: str, business_date: date) -> str:
    """What readers of night D see of a table: its slice, its log up to D, or what holds at D."""
    if contract.sliced_by is None:
        if "valid_from" in contract.column_names:
            return valid_at(source, contract.column_names, business_date)
        return f"select * from {source}"
    sign = "=" if contract.is_snapshot else "<="
    return f"select * from {source} where {contract.sliced_by} {sign} {_literal(business_date)}"


def _literal(day: date) -> str:
    return f"DATE '{day.isoformat()}'"
