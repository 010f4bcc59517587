"""Stage 1: dumps that arrived by D → clean versions, sightings, vault, quarantine, file ledger."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pyarrow as pa

from ingestion.accounting import told_records
from ingestion.channels import Channel, Dataset
from ingestion.ingest import IngestedDataset, IngestionContext, engine_for, ingest_dataset
from jobs.file_plans import (
    Planned,
    accepted_plans,
    datasets_of,
    plan_night,
    refuse_moved,
    refuse_unready,
)
from jobs.night import Night
from jobs.redrives import Redrives
from jobs.settling import before, settled
from model.contracts import TableContract
from model.engines import Engine, Rows
from model.fixed_tables import SIGHTINGS, VAULT_IDENTIFIERS, VAULT_PROFILES
from model.ops_tables import FILES, QUARANTINE
from model.slice_counts import SliceCounts
from model.threads import side_by_side
from quality.measures import record_checks

NAME = "ingest_channels"


def run(night: Night) -> None:
    """Takes in every file with a path date ≤ D that the ledger does not have yet."""
    planned = plan_night(night)
    refuse_unready(planned)
    planned = accepted_plans(night, planned)
    taken = [file for _, _, plan in planned for file in plan.take]
    redrives = Redrives.of(night, planned)
    root, settings = night.project.landing_root, night.project.settings.ingestion
    with engine_for(taken, root, night.lake.spark, settings) as engine:
        ingested = _ingest_side_by_side(night, engine, planned, redrives)
        ingested = settled(night, engine, planned, ingested)
        refuse_moved(night.project.landing_root, planned)
        pairs = zip(planned, ingested, strict=True)
        raw = [(dataset.raw_contract, one.raw) for (_, dataset, _), one in pairs]
        side_by_side(_writes(night, engine, [*raw, *_shared(night, engine, ingested)]))
    night.counted.update(_counted(planned, ingested))
    redrives.record(night)
    # The ledger last: a night killed before this line takes the same files again.
    files = [record for one in ingested for record in one.files]
    files += [
        record for _, dataset, plan in planned
        for record in told_records(
            dataset, night.business_date, (*plan.stale, *plan.copies, *plan.unready, *plan.told))
    ]  # fmt: skip
    night.lake.replace_records(FILES, files, night.business_date)


def tables(night: Night) -> Sequence[TableContract]:
    """The tables this stage writes."""
    clean = (table.contract for table in night.definitions.tables)
    raw = (dataset.raw_contract for _, dataset in _datasets(night)) if _keeps_raw(night) else ()
    return (*raw, *clean, SIGHTINGS, VAULT_IDENTIFIERS, VAULT_PROFILES, QUARANTINE, FILES)


def _datasets(night: Night) -> list[tuple[Channel, Dataset]]:
    return datasets_of(night.definitions)


def _ingest_side_by_side(
    night: Night, engine: Engine, planned: Sequence[Planned], redrives: Redrives
) -> list[IngestedDataset]:
    settings = night.project.settings
    context = IngestionContext(
        night.business_date, settings.project.time_zone, night.project.model,
        night.definitions.policy, night.key, night.project.landing_root, settings.ingestion,
        {each.table_name: record_checks(each) for each in night.definitions.dataset_checks},
    )
    with ThreadPoolExecutor(settings.ingestion.parallel_datasets) as pool:
        futures = [
            pool.submit(
                ingest_dataset, night.lake.spark, engine, channel, dataset, plan.take, context,
                redrives.lines.get(dataset.full_name),
            )
            for channel, dataset, plan in planned
        ]
        return [future.result() for future in futures]


def _counted(
    planned: Sequence[Planned], ingested: Sequence[IngestedDataset]
) -> dict[str, SliceCounts]:
    """The gate's counts by `channel.dataset`; a dataset that is not due has none without files."""
    return {
        dataset.full_name: one.counts
        for (_, dataset, plan), one in zip(planned, ingested, strict=True)
        if one.counts is not None and (plan.take or dataset.entry.arrives == "daily")
    }


def _shared(
    night: Night, engine: Engine, ingested: Sequence[IngestedDataset]
) -> list[tuple[TableContract, Rows]]:
    """The tables that several datasets feed, each with the rows of all of them."""
    parts = {
        table.contract: [one.clean[table.name] for one in ingested if table.name in one.clean]
        for table in night.definitions.tables
    } | {
        SIGHTINGS: [one.sightings for one in ingested],
        QUARANTINE: [one.quarantine for one in ingested],
        VAULT_IDENTIFIERS: [one.identifiers for one in ingested],
        VAULT_PROFILES: [one.profile_values for one in ingested],
    }
    united = [
        (contract, engine.united(contract, rows)) for contract, rows in parts.items()
        if rows or _has_slice(night, contract)  # no dataset feeds the others
    ]
    vaults = (VAULT_IDENTIFIERS, VAULT_PROFILES)
    return [
        (contract, _new_values(night, engine, contract, rows) if contract in vaults else rows)
        for contract, rows in united
    ]


def _writes(
    night: Night, engine: Engine, tables: Sequence[tuple[TableContract, Rows | None]]
) -> list[Callable[[], None]]:
    def write(contract: TableContract, rows: Rows) -> None:
        made = engine.output(rows)
        is_empty = isinstance(made, pa.Table) and made.num_rows == 0
        if not is_empty or _has_slice(night, contract):
            night.lake.replace_slice(contract, made, night.business_date)

    return [partial(write, contract, rows) for contract, rows in tables if rows is not None]


def _has_slice(night: Night, contract: TableContract) -> bool:
    """Whether an earlier run of this night wrote rows, which even no rows must replace."""
    return night.business_date in night.lake.days_of(contract)


def _new_values(night: Night, engine: Engine, vault: TableContract, values: Rows) -> Rows:
    """Values no earlier night has sealed yet, once each."""
    same = " and ".join(f"earlier.{name} = once.{name}" for name in vault.key)
    # A token has one seal, and tells one value: rows of one key are equal.
    columns = ", ".join(
        name if name in vault.key else f"any_value({name}) as {name}" for name in vault.column_names
    )
    return engine.rows(f"new_{vault.name}", f"""
        select * from (select {columns} from found group by {', '.join(vault.key)}) as once
        where not exists (select 1 from earlier where {same})
    """, found=values, earlier=before(night, engine, vault))  # fmt: skip


def _keeps_raw(night: Night) -> bool:
    return night.project.settings.ingestion.keep_raw


if __name__ == "__main__":
    from jobs.command_line import submit

    submit("run", "--only", NAME)
