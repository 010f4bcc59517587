"""What a night's rows change against what holds: whole states, withdrawn keys, their sightings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from ingestion.channels import Dataset
from ingestion.ingest import IngestedDataset
from ingestion.planning import FilePlan
from ingestion.withdrawals import (
    as_sightings,
    changed_rows,
    counted_by_version,
    gone_rows,
    is_of,
    sighting_changes,
    vanished_rows,
    withdrawn_sightings,
)
from jobs.file_plans import Objection, Planned, cut_off, hold, refused_files
from jobs.night import Night
from lake.readers import held_rows
from model.canonical import CanonicalTable
from model.contracts import TableContract
from model.engines import Engine, Rows
from model.fixed_tables import SIGHTINGS


@dataclass(frozen=True)
class _Settled:
    """A table's rows of one dataset, and how many keys they withdraw of how many."""

    rows: Rows
    withdrawn_count: int = 0
    held_count: int = 0


def settled(
    night: Night, engine: Engine, planned: Sequence[Planned], ingested: Sequence[IngestedDataset]
) -> list[IngestedDataset]:
    """The datasets with the rows and sightings that the night adds and takes away.

    GateHeldError (exit 3), before anything is written, where a required dataset has refused or
    cut files, or where a dataset withdraws more of its keys than one night may.
    """
    objections = [
        objection
        for (_, dataset, plan), one in zip(planned, ingested, strict=True)
        for objection in (
            *refused_files(dataset, plan, dict(one.refused)), *cut_off(dataset, plan, one.cut)
        )
    ]
    found = []
    for (_, dataset, plan), one in zip(planned, ingested, strict=True):
        tables = {
            name: _settled(night, engine, night.project.model.tables[name], dataset, plan, one)
            for name in one.clean
        }
        found.append(replace(one, clean={name: each.rows for name, each in tables.items()}))
        objections += _too_many(night, dataset, plan, tables)
    hold(night, objections)
    return _with_sightings(night, engine, planned, found)


def _settled(
    night: Night, engine: Engine, table: CanonicalTable, dataset: Dataset, plan: FilePlan,
    one: IngestedDataset,
) -> _Settled:  # fmt: skip
    arrived = one.clean[table.name]
    if not plan.take:
        return _Settled(arrived)
    if dataset.entry.arrives == "full":
        return _whole_state(night, engine, table, dataset, one)
    superseding = [file for file in plan.superseding if file.path in one.accounts]
    if not superseding:
        return _Settled(arrived)
    versions = before(night, engine, table.contract)
    kept = engine.kept(arrived)
    marks = engine.kept(vanished_rows(
        engine, table, dataset, kept, versions, superseding, night.business_date
    ))  # fmt: skip
    gone, stay = _count(engine, marks), _count(engine, kept)
    return _Settled(engine.united(table.contract, [kept, marks]), gone, gone + stay)


def _whole_state(
    night: Night, engine: Engine, table: CanonicalTable, dataset: Dataset, one: IngestedDataset
) -> _Settled:
    """What changed, and what is gone; a state of which a file was refused lacks nothing."""
    versions = before(night, engine, table.contract)
    held_before = night.business_date - timedelta(days=1)
    held = engine.kept(engine.rows(
        f"held_{table.name}", held_rows(table, "versions", held_before), versions=versions
    ))  # fmt: skip
    arrived = engine.kept(one.clean[table.name])
    changed = changed_rows(engine, table, arrived, held)
    if one.refused or not one.accounts:
        return _Settled(changed)
    gone = engine.kept(gone_rows(
        engine, table, dataset, arrived, one.unread.get(table.name), held, night.business_date
    ))  # fmt: skip
    held_own = engine.rows(
        "held_own", f"select * from held where {is_of(dataset, 'held')}", held=held
    )
    rows = engine.united(table.contract, [changed, gone])
    return _Settled(rows, _count(engine, gone), _count(engine, held_own))


def _too_many(
    night: Night, dataset: Dataset, plan: FilePlan, tables: dict[str, _Settled]
) -> list[Objection]:
    largest = night.project.settings.ingestion.largest_withdrawal
    bytes_of = " ".join(file.sha256[:12] for file in plan.take)
    return [
        Objection(
            f"{dataset.full_name}.withdrawn", f"{name} {bytes_of}",
            f"{name}: {each.withdrawn_count:,} of {each.held_count:,} keys are gone",
        )
        for name, each in tables.items() if each.withdrawn_count > largest * each.held_count
    ]  # fmt: skip


def _with_sightings(
    night: Night, engine: Engine, planned: Sequence[Planned], ingested: Sequence[IngestedDataset]
) -> list[IngestedDataset]:
    by_version = counted_by_version(night.definitions.channels)
    found = []
    for (_, dataset, plan), one in zip(planned, ingested, strict=True):
        superseding = [file for file in plan.superseding if file.path in one.accounts]
        if (dataset.channel, dataset.name) in by_version:
            found.append(replace(one, sightings=engine.united(SIGHTINGS, [])))
        elif superseding:
            earlier = before(night, engine, SIGHTINGS)
            gone = withdrawn_sightings(
                engine, dataset, earlier, superseding, night.business_date
            )
            rows = engine.united(SIGHTINGS, [one.sightings, gone])
            found.append(replace(one, sightings=rows))
        else:
            found.append(one)
    if by_version and found:
        rows = _of_versions(night, engine, ingested, by_version)
        both = engine.united(SIGHTINGS, [found[0].sightings, rows])
        found[0] = replace(found[0], sightings=both)
    return found


def _of_versions(
    night: Night, engine: Engine, ingested: Sequence[IngestedDataset],
    by_version: frozenset[tuple[str, str]],
) -> Rows:  # fmt: skip
    """What the tables' versions tell, of all datasets together: one may withdraw another's key."""
    every = [dataset for channel in night.definitions.channels for dataset in channel.datasets]
    names = {
        table.table.name
        for dataset in every if (dataset.channel, dataset.name) in by_version
        for table in dataset.tables
    }  # fmt: skip
    changes = []
    for name in sorted(names):
        table = night.project.model.tables[name]
        parts = [one.clean[name] for one in ingested if name in one.clean]
        if parts:
            changes.append(sighting_changes(
                engine, table, engine.united(table.contract, parts),
                before(night, engine, table.contract), by_version, night.business_date,
            ))  # fmt: skip
    if not changes:
        return engine.united(SIGHTINGS, [])
    sets = [before(night, engine, SIGHTINGS), *(one.sightings for one in ingested)]
    return as_sightings(engine, changes, sets, night.business_date)


def before(night: Night, engine: Engine, contract: TableContract) -> Rows:
    """A table's rows of earlier nights."""
    return night.lake.rows(engine, contract, until=night.business_date - timedelta(days=1))


def _count(engine: Engine, rows: Rows) -> int:
    told = engine.one_row("counted", "select count(*) as row_count from counted", counted=rows)
    return int(told["row_count"])
