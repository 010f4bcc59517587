"""What a night takes back: keys gone from a whole state or from a file's new bytes, and what their
rows said about people.

All of it is told by the versions that had arrived before the night and those it takes in, so the
same night again takes back the same. Versions are compared as readers do (model.versions).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date

import pyarrow as pa

from ingestion.channels import Channel, Dataset
from ingestion.planning import PlannedFile
from model.canonical import CanonicalTable
from model.engines import Engine, Rows
from model.fixed_tables import SIGHTINGS
from model.sql_text import date_literal, text_literal
from model.versions import GONE_LINE, WHOLE, is_mark

# Where and when a row came tells no change of it; its day is told by its time, which does.
_PLACE = frozenset({"arrived_date", "generation", "source_file", "source_line", "day"})


def changed_rows(engine: Engine, table: CanonicalTable, arrived: Rows, held: Rows) -> Rows:
    """Rows of a whole state that differ from what holds, one per key; all where nothing holds.

    `held` are the rows that held before the night (lake.readers.held_rows), unique by the key. A
    row that withdraws a key which does not hold says nothing. Several files of a state are its
    parts: the last one's row stands.
    """
    same = " and ".join(
        f"held.`{name}` is not distinct from arrived.`{name}`"
        for name in table.contract.column_names if name not in _PLACE
    )  # fmt: skip
    made = {"generation": f"cast({WHOLE} as int)"}
    columns = ", ".join(
        f"{made.get(name, f'`{name}`')} as `{name}`" for name in table.contract.column_names
    )
    key = ", ".join(f"v.`{name}`" for name in table.key)
    return engine.rows(f"changed_{table.name}", f"""
        select {columns} from (
            select v.*, row_number() over (partition by {key} order by {table.newest_first('v')})
                as version_no
            from arrived v
        ) arrived
        where version_no = 1 and not exists (select 1 from held where {same})
          and (not is_deleted or exists (select 1 from held where {_same_key(table, 'held')}))
    """, arrived=arrived, held=held)  # fmt: skip


def gone_rows(
    engine: Engine, table: CanonicalTable, dataset: Dataset, arrived: Rows, unread: Rows | None,
    held: Rows, business_date: date,
) -> Rows:  # fmt: skip
    """A version that withdraws its key for each held row of the dataset that its whole state lacks.

    `unread`: keys of the state's records that were quarantined. They are there: what held, holds.
    """
    frames = {"arrived": arrived, "held": held}
    if unread is not None:
        frames["unread"] = unread
    absent = " and ".join(
        f"not exists (select 1 from {name} where {_same_key(table, 'held', name)})"
        for name in frames if name != "held"
    )  # fmt: skip
    columns = _as_withdrawn(table, "held", business_date, str(WHOLE), str(GONE_LINE))
    return engine.rows(f"gone_{table.name}", f"""
        select {columns} from held where {is_of(dataset, 'held')} and {absent}
    """, **frames)  # fmt: skip


def vanished_rows(
    engine: Engine, table: CanonicalTable, dataset: Dataset, arrived: Rows, versions: Rows,
    superseding: Sequence[PlannedFile], business_date: date,
) -> Rows:  # fmt: skip
    """A mark for each key that a superseding file had in earlier bytes and no longer has.

    `versions` are those of earlier nights. A mark bears the file's new generation and no line: it
    takes back what this file said; a version from another file stands.
    """
    files = engine.of(pa.table({
        "source_file": pa.array([file.path for file in superseding], pa.string()),
        "newest": pa.array([file.generation for file in superseding], pa.int32()),
    }))
    key = ", ".join(f"v.`{name}`" for name in table.key)
    columns = _as_withdrawn(table, "ranked", business_date, "ranked.newest", "null")
    return engine.rows(f"vanished_{table.name}", f"""
        select {columns} from (
            select v.*, files.newest, row_number() over (
                partition by {key}, v.source_file
                order by v.generation desc, {table.newest_first('v')}) as version_no
            from versions v inner join files on v.source_file = files.source_file
            where {is_of(dataset, 'v')} and v.source_line is not null
        ) ranked
        where version_no = 1 and not exists (
            select 1 from arrived
            where {_same_key(table, 'ranked')} and arrived.source_file = ranked.source_file)
    """, versions=versions, files=files, arrived=arrived)  # files: unique by path  # fmt: skip


def withdrawn_sightings(
    engine: Engine, dataset: Dataset, earlier: Rows, superseding: Sequence[PlannedFile],
    business_date: date,
) -> Rows:  # fmt: skip
    """What superseding files said about people in earlier bytes, taken away (contract SIGHTINGS).

    `earlier` are the slices of identity.sightings before the night.
    """
    paths = engine.of(pa.table({
        "path": pa.array([file.path for file in superseding], pa.string())
    }))
    columns = {
        "business_date": date_literal(business_date),
        "row_count": "cast(-sum(row_count) as bigint)",
    }
    listed = ", ".join(f"{columns.get(c, c)} as {c}" for c in SIGHTINGS.column_names)
    by = ", ".join(c for c in SIGHTINGS.column_names if c not in columns)
    return engine.rows("withdrawn_sightings", f"""
        select {listed} from earlier
        where {is_of(dataset, 'earlier')} and source_file in (select path from paths)
        group by {by} having sum(row_count) <> 0
    """, earlier=earlier, paths=paths)  # fmt: skip


def counted_by_version(channels: Collection[Channel]) -> frozenset[tuple[str, str]]:
    """(channel, dataset) whose rows may be withdrawn one by one: they feed a table that a dataset
    with `deleted`, or one that arrives whole, feeds too. Their sightings are those of the versions
    that stand; other datasets' are those of their records, by file."""
    every = [dataset for channel in channels for dataset in channel.datasets]
    open_tables = {
        table.table.name for dataset in every for table in dataset.tables if withdraws(dataset)
    }
    return frozenset(
        (dataset.channel, dataset.name) for dataset in every
        if any(table.table.name in open_tables for table in dataset.tables)
    )  # fmt: skip


def withdraws(dataset: Dataset) -> bool:
    """Whether single rows of the dataset can withdraw a key."""
    return dataset.entry.deleted is not None or dataset.entry.arrives == "full"


def sighting_changes(
    engine: Engine, table: CanonicalTable, arrived: Rows, versions: Rows,
    datasets: Collection[tuple[str, str]], business_date: date,
) -> Rows:  # fmt: skip
    """By how many of a table's standing rows each sighting grows or shrinks this night.

    `arrived` are the night's rows of all datasets, `versions` those of earlier nights; `datasets`
    are those counted by version. A version stands until its file has new bytes or a withdrawal of
    its key comes before it in the order of reading; an edit leaves it standing. Columns:
    sighting_id, channel, dataset, day, source_file, row_count (0: came and went this night).
    """
    of_these = " or ".join(
        f"(channel = {text_literal(channel)} and dataset = {text_literal(name)})"
        for channel, name in sorted(datasets)
    )
    judged = _judged(engine, table, arrived, versions, business_date)
    return engine.rows(f"sighting_changes_{table.name}", f"""
        select sighting_id, channel, dataset, day, source_file,
            cast(sum(stands - stood) as bigint) as row_count
        from (
            select *,
                case when is_superseded or coalesce(is_withdrawn, false) then 0 else 1 end
                    as stands,
                case when not is_earlier or was_superseded or coalesce(was_withdrawn, false)
                    then 0 else 1 end as stood
            from judged where not is_deleted
        ) counted
        where sighting_id is not null and ({of_these}) and (stands <> stood or not is_earlier)
        group by sighting_id, channel, dataset, day, source_file
    """, judged=judged)  # fmt: skip


def _judged(
    engine: Engine, table: CanonicalTable, arrived: Rows, versions: Rows, business_date: date
) -> Rows:
    """All versions of the night's keys, and whether they are superseded or withdrawn: now, and the
    night before."""
    key = ", ".join(f"v.`{name}`" for name in table.key)
    columns = ", ".join(f"`{name}`" for name in table.contract.column_names)
    return engine.rows(f"judged_{table.name}", f"""
        with concerned as (
            select {columns} from versions
            where exists (select 1 from arrived where {_same_key(table, 'versions')})
            union all select {columns} from arrived
        ), dated as (
            select v.*, v.arrived_date < {date_literal(business_date)} as is_earlier,
                {is_mark('v')} as is_mark,
                {_superseded(key, business_date)}
            from concerned v
        )
        select v.*,
            {_withdrawn(table, key, 'not v.is_superseded')} as is_withdrawn,
            {_withdrawn(table, key, 'v.is_earlier and not v.was_superseded')} as was_withdrawn
        from dated v
    """, arrived=arrived, versions=versions)  # fmt: skip


def as_sightings(
    engine: Engine, changes: Sequence[Rows], sets: Sequence[Rows], business_date: date
) -> Rows:
    """Changes of sightings with their identifiers (contract SIGHTINGS), of all tables together.

    `sets` are rows of SIGHTINGS that list each sighting's identifiers: the night's own and earlier.
    """
    frames = {f"changes_{n}": rows for n, rows in enumerate(changes)}
    listed = {f"sets_{n}": rows for n, rows in enumerate(sets)}
    columns = {
        "business_date": date_literal(business_date), "identifiers": "known.identifiers",
        "first_date": "changed.day", "last_date": "changed.day",
    }  # fmt: skip
    made = ", ".join(f"{columns.get(c, f'changed.{c}')} as {c}" for c in SIGHTINGS.column_names)
    return engine.rows("sightings_of_versions", f"""
        with changed as (
            select sighting_id, channel, dataset, day, source_file,
                cast(sum(row_count) as bigint) as row_count
            from ({_all_of(frames, '*')}) every_table
            group by sighting_id, channel, dataset, day, source_file
        ), known as (
            select distinct sighting_id, identifiers
            from ({_all_of(listed, 'sighting_id, identifiers')}) listed
            where sighting_id in (select sighting_id from changed)
        )
        select {made} from changed inner join known on changed.sighting_id = known.sighting_id
    """, **frames, **listed)  # known: unique, a number stands for one set  # fmt: skip


def _superseded(key: str, business_date: date) -> str:
    """SQL of `is_superseded` and `was_superseded`: now, and the night before.

    Every key of superseded bytes has a row or a mark of the newer ones.
    """
    before = f"case when v.arrived_date < {date_literal(business_date)} then v.generation end"
    by = f"over (partition by {key}, v.source_file)"
    older = f"v.generation > {WHOLE} and v.generation <"
    return (
        f"{older} max(v.generation) {by} as is_superseded, "
        f"{older} coalesce(max({before}) {by}, 0) as was_superseded"
    )


def _withdrawn(table: CanonicalTable, key: str, counts: str) -> str:
    """SQL: whether a newer version of the key withdraws it."""
    return (
        f"bool_or(v.is_deleted and not v.is_mark and {counts}) over (partition by {key} "
        f"order by {table.newest_first('v')} rows between unbounded preceding and 1 preceding)"
    )


def _as_withdrawn(
    table: CanonicalTable, rows: str, business_date: date, generation: str, line: str
) -> str:
    """A version's columns as those of the one that withdraws its key."""
    made = {
        "arrived_date": date_literal(business_date), "is_deleted": "true",
        "source_line": f"cast({line} as bigint)", "generation": f"cast({generation} as int)",
    }  # fmt: skip
    return ", ".join(
        f"{made.get(name, f'{rows}.`{name}`')} as `{name}`" for name in table.contract.column_names
    )


def _same_key(table: CanonicalTable, rows: str, arrived: str = "arrived") -> str:
    return " and ".join(f"{arrived}.`{name}` = {rows}.`{name}`" for name in table.key)


def is_of(dataset: Dataset, rows: str) -> str:
    """SQL: whether a row came from the dataset."""
    return (
        f"{rows}.channel = {text_literal(dataset.channel)} "
        f"and {rows}.dataset = {text_literal(dataset.name)}"
    )


def _all_of(frames: Collection[str], columns: str) -> str:
    return " union all ".join(f"select {columns} from {name}" for name in frames)
