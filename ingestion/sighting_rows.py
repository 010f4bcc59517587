"""What a night's records say about people: their sets of identifiers, and in how many rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.standards import Standards
from ingestion.versions import ACCEPTED
from language.binding import quoted
from model.canonical import SPARK_TYPES
from model.contracts import IDENTIFIER_TYPE
from model.ddl_types import arrow_type
from model.engines import Engine, Rows
from model.fixed_tables import SIGHTINGS
from model.node_ids import sighting_number
from model.sql_text import date_literal

_SETS = f"array<{IDENTIFIER_TYPE}>"
Slots = tuple[tuple[str, str], ...]  # (kind, scope) of every token column


def united_sightings(
    engine: Engine, standard: Rows, known: Rows | None, standards: Standards
) -> Rows | None:
    """For roll-ups whose records differ in their identifiers: the identifiers of all of them
    (`known_sets`).

    One row per such roll-up key: the key's fields, `_united` (sorted identifiers) and their number.
    None where the dataset rolls nothing up. Most receipts show one set of identifiers on every
    line; those need no row here.
    """
    rollup, dataset = standards.dataset.rollup, standards.dataset
    if rollup is None or known is None:
        return None
    names = rollup.one_row_per
    keys = ", ".join(map(quoted, names))
    mixed = engine.rows("lines_of_mixed_roll_ups", f"""
        select concat_ws('|', {keys}) as _key, {keys}, {', '.join(_tokens(standards))}
        from (
            select distinct _sighting, {keys} from standard
            where {ACCEPTED} and ({keys}) in (
                select {keys} from standard where {ACCEPTED} group by {keys}
                having min(_sighting) <> max(_sighting)
                    or (count(_sighting) >= 1 and count(_sighting) < count(*)))
        ) as lines inner join known on lines._sighting = known._sighting
    """, standard=standard, known=known)  # known: unique by _sighting  # fmt: skip
    fields = dataset.entry.fields
    types = {name: SPARK_TYPES[fields[name].type] for name in names}
    columns = ", ".join(f"`{name}` {type_}" for name, type_ in types.items())
    return engine.by_group(
        "united", mixed, "_key", _uniter(names, _slots(standards)),
        f"{columns}, _united {_SETS}, _united_id bigint",
    )  # fmt: skip


def with_united(
    engine: Engine, standard: Rows, united: Rows | None, standards: Standards
) -> Rows:
    """The accepted records; `_sighting_id` is that of the roll-up they belong to, whose `_united`
    identifiers are given where the dataset has one."""
    rollup = standards.dataset.rollup
    if united is None or rollup is None:
        return engine.rows("records", f"""
            select *, _sighting as _sighting_id from standard where {ACCEPTED}
        """, standard=standard)  # fmt: skip
    same = " and ".join(
        f"united.{quoted(name)} = standard.{quoted(name)}" for name in rollup.one_row_per
    )
    return engine.rows("records", f"""
        select standard.*, _united, coalesce(_united_id, _sighting) as _sighting_id
        from standard left join united on {same} where {ACCEPTED}
    """, standard=standard, united=united)  # united: unique by the key  # fmt: skip


def known_sets(
    engine: Engine, standard: Rows, told: Rows | None, standards: Standards
) -> Rows | None:
    """The sets of identifiers that accepted records show: `_sighting`, its key, and the tokens and
    seals. None where the dataset has no identifiers.

    `told` are these, some more than once; None: the records tell themselves.
    Records are many and sets are few: what depends on the set alone is read here.
    """
    if not standards.dataset.slots:
        return None
    columns = ", ".join(standards.set_columns)
    if told is None:
        # first: unique by _at.
        return engine.kept(engine.rows("known_sets", f"""
            select standard._sighting, {columns}
            from standard inner join (
                select min(_order) as _at from standard
                where {ACCEPTED} and _sighting is not null group by _sighting
            ) as first on standard._order = first._at
            where {ACCEPTED}
        """, standard=standard))  # fmt: skip
    counts = engine.one_row("sets_told", """
        select count(*) as row_count, count(distinct _sighting) as set_count from told
    """, told=told)  # fmt: skip
    if counts["row_count"] == counts["set_count"]:  # one task has met them all
        return told
    slots = _slots(standards)
    each = ", ".join(f"any_value({name}) as {name}" for name in standards.set_columns)
    once = f"select _sighting, {each} from told group by _sighting"
    if len(set(slots)) < len(slots):  # two slots of one kind may hold the same either way
        once = f"""select _sighting, {columns} from (
            select *, row_number() over (partition by _sighting order by {columns}) as _rank
            from told
        ) as ranked where _rank = 1"""
    return engine.kept(engine.rows("known_sets", once, told=told))


def sightings(
    engine: Engine, records: Rows, known: Rows | None, duplicated: Rows | None,
    paths: Sequence[str], standards: Standards,
) -> Rows:  # fmt: skip
    """The night's sightings (contract SIGHTINGS), by file, of records (`with_united`); `known` are
    the `known_sets`, which records show by themselves; `paths` are those of the files, by number.

    Duplicates are left out. Rows of days after the night are one group per day, so that they can
    wait for it. Deleted rows say nothing about people any more.
    """
    if known is None:
        return engine.united(SIGHTINGS, [])
    grouped = _by_number(engine, records, duplicated, paths, standards)
    # known: unique by _sighting; a united set is nobody's own, and may be missing there.
    with_sets = engine.rows("sightings_with_tokens", f"""
        select grouped.*, {', '.join(_tokens(standards))}
        from grouped left join known on grouped._sighting_id = known._sighting
    """, grouped=grouped, known=known)  # fmt: skip
    told = _teller(paths, standards)
    return engine.mapped_slice("sightings", with_sets, told, SIGHTINGS, standards.business_date)


def _by_number(
    engine: Engine, records: Rows, duplicated: Rows | None, paths: Sequence[str],
    standards: Standards,
) -> Rows:  # fmt: skip
    """The standing records, counted by path, number of their set, and the day they wait for; a
    path's `_number` is that of its last file."""
    night = date_literal(standards.business_date)
    day = f"coalesce({standards.day(standards.dataset.tables[0])}, {night})"
    said = {"records": records} | ({} if duplicated is None else {"duplicated": duplicated})
    stands = "" if duplicated is None else """ and not exists (
        select 1 from duplicated
        where duplicated._number = records._number and duplicated._line = records._line)"""
    united = ["_united"] if "_united" in records.columns else []
    by = f"_number, _sighting_id{_listed(united)}, _waits"
    return engine.rows("sightings_by_number", f"""
        select {by}, min(_on) as _first, max(_on) as _last, count(*) as _rows
        from (
            select {_number_of_path(paths)} as _number, _sighting_id{_listed(united)},
                   {day} as _on, case when {day} > {night} then {day} end as _waits
            from records
            where _sighting_id is not null and not _deleted{stands}
        ) as standing
        group by {by}
    """, **said)  # fmt: skip


def _listed(columns: Sequence[str]) -> str:
    return "".join(f", {name}" for name in columns)


def _number_of_path(paths: Sequence[str]) -> str:
    """SQL of the number of a record's path: lines tried again may come from earlier bytes of it."""
    last = {path: number for number, path in enumerate(paths)}
    others = [(number, last[path]) for number, path in enumerate(paths)]
    cases = "".join(f" when {n} then {own}" for n, own in others if n != own)
    return f"cast(case _number{cases} else _number end as int)" if cases else "_number"


def _slots(standards: Standards) -> Slots:
    return tuple((slot.kind, slot.scope) for slot in standards.dataset.slots)


def _tokens(standards: Standards) -> list[str]:
    return [f"_token_{n}" for n in range(len(standards.dataset.slots))]


def _identifiers(row: dict[str, str], slots: Slots) -> set[tuple[str, str, str]]:
    tokens = (row[f"_token_{n}"] for n in range(len(slots)))
    return {(*slot, token) for slot, token in zip(slots, tokens, strict=True) if token is not None}


def _structs(identifiers: set[tuple[str, str, str]]) -> list[dict[str, str]]:
    names = ("kind", "scope", "token")
    return [dict(zip(names, each, strict=True)) for each in sorted(identifiers)]


def _uniter(names: tuple[str, ...], slots: Slots) -> Callable[[pa.Table], pa.Table]:
    def unite(lines: pa.Table) -> pa.Table:
        """One row per key with the identifiers of all its lines."""
        sets: dict[tuple[object, ...], set[tuple[str, str, str]]] = {}
        for row in lines.to_pylist():
            key = tuple(row[name] for name in names)
            sets.setdefault(key, set()).update(_identifiers(row, slots))
        keys = {
            name: pa.array([key[n] for key in sets], lines.schema.field(name).type)
            for n, name in enumerate(names)
        }
        united = pa.array(map(_structs, sets.values()), arrow_type(_SETS))
        numbers = pa.array(map(sighting_number, sets.values()), pa.int64())
        return pa.table(keys | {"_united": united, "_united_id": numbers})

    return unite


def _teller(paths: Sequence[str], standards: Standards) -> Callable[[pa.Table], pa.Table]:
    slots, channel, dataset = _slots(standards), standards.dataset.channel, standards.dataset.name

    def tell(groups: pa.Table) -> pa.Table:
        """Groups of rows with their identifiers' tokens, as sightings; `paths` are those of their
        numbers."""
        groups = groups.combine_chunks()
        sets = _sets_of(groups, slots)
        if "_united" in groups.column_names:
            united = groups["_united"].combine_chunks().cast(sets.type)
            sets = pc.if_else(united.is_null(), sets, united)
        numbers = groups["_number"].combine_chunks().dictionary_encode()
        files = pa.array([paths[number] for number in numbers.dictionary.to_pylist()], pa.string())
        return pa.table({
            "sighting_id": groups["_sighting_id"],
            "identifiers": sets,
            "channel": pa.repeat(channel, len(groups)),
            "dataset": pa.repeat(dataset, len(groups)),
            "first_date": groups["_first"],
            "last_date": groups["_last"],
            "row_count": groups["_rows"],
            "source_file": files.take(numbers.indices),
        })

    return tell


def _sets_of(groups: pa.Table, slots: Slots) -> pa.Array:
    """The identifiers of every group, sorted, as lists of structs."""
    if len(set(slots)) < len(slots):  # two fields of one kind: of equal tokens one counts
        sets = [_structs(_identifiers(row, slots)) for row in groups.to_pylist()]
        return pa.array(sets, arrow_type(_SETS))
    order = sorted(range(len(slots)), key=slots.__getitem__)
    tokens = [groups[f"_token_{n}"].combine_chunks() for n in order]
    held = np.stack([each.is_valid().to_numpy(zero_copy_only=False) for each in tokens], axis=1)
    rows, places = np.nonzero(held)  # row by row, and in a row in the slots' order
    at = pa.array(places * len(groups) + rows)
    kinds, scopes = (
        pa.array([slots[n][part] for n in order], pa.string()).take(pa.array(places))
        for part in (0, 1)
    )
    values = pa.concat_arrays(tokens).take(at)
    structs = pa.StructArray.from_arrays([kinds, scopes, values], ["kind", "scope", "token"])
    offsets = np.concatenate(([0], np.cumsum(held.sum(axis=1)))).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), structs).cast(arrow_type(_SETS))
