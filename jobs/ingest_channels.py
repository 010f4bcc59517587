"""Stage 1: dumps that arrived by D → clean versions, sightings, vault, quarantine, file ledger."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial, reduce

from pyspark.sql import DataFrame

from ingestion.channels import Channel, Dataset
from ingestion.ingest import IngestedDataset, IngestionContext, ingest_dataset
from ingestion.planning import FilePlan, LedgerEntry, arrived_files, plan_files
from jobs.night import Night
from lake.ledger import file_rows
from lake.scans import no_rows
from lake.tables import side_by_side
from model.contracts import TableContract
from model.errors import InputMissingError
from model.fixed_tables import SIGHTINGS, VAULT_IDENTIFIERS, VAULT_PROFILES
from model.ops_tables import FILES, QUARANTINE

NAME = "ingest_channels"
Planned = tuple[Channel, Dataset, FilePlan]


def run(night: Night) -> None:
    """Takes in every file with a path date ≤ D that the ledger does not have yet."""
    planned = plan_night(night)
    _refuse_missing(planned)
    ingested = _ingest_side_by_side(night, planned)
    try:
        pairs = zip(planned, ingested, strict=True)
        raw = [(dataset.raw_contract, one.raw) for (_, dataset, _), one in pairs]
        side_by_side(_writes(night, [*raw, *_shared(night, ingested)]))
        # The ledger last: a night killed before this line takes the same files again.
        files = [record for one in ingested for record in one.files]
        night.lake.replace_records(FILES, files, night.business_date)
    finally:
        for one in ingested:
            one.release()


def tables(night: Night) -> Sequence[TableContract]:
    """The tables this stage writes."""
    clean = (table.contract for table in night.definitions.tables)
    raw = (dataset.raw_contract for _, dataset in _datasets(night)) if _keeps_raw(night) else ()
    return (*raw, *clean, SIGHTINGS, VAULT_IDENTIFIERS, VAULT_PROFILES, QUARANTINE, FILES)


def plan_night(night: Night) -> list[Planned]:
    """For every dataset, the files this night takes and those it finds missing."""
    ledger: dict[tuple[str, str], list[LedgerEntry]] = {}
    for row in file_rows(night.project.lake_root):
        entry = LedgerEntry(row["path"], row["sha256"], row["generation"], row["arrived_date"])
        ledger.setdefault((row["channel"], row["dataset"]), []).append(entry)
    root, day = night.project.landing_root, night.business_date
    planned = []
    for channel, dataset in _datasets(night):
        arrived = arrived_files(root, channel, dataset, day)
        known = ledger.get((channel.name, dataset.name), [])
        planned.append((channel, dataset, plan_files(arrived, known, day, dataset)))
    return planned


def _datasets(night: Night) -> list[tuple[Channel, Dataset]]:
    return [
        (channel, dataset)
        for channel in night.definitions.channels
        if channel.status != "paused"
        for dataset in channel.datasets
    ]


def _refuse_missing(planned: Sequence[Planned]) -> None:
    """A night that cannot be whole does not begin."""
    missing = [path for _, _, plan in planned for path in plan.missing]
    if missing:
        raise InputMissingError(
            f"required dumps have not arrived: {', '.join(missing)}; run again when they are there"
        )
    vanished = [entry.path for _, _, plan in planned for entry in plan.vanished]
    if vanished:
        raise InputMissingError(
            "dumps this night took before are gone or changed, and running it again would lose "
            f"their rows: {', '.join(vanished)}; put them back first"
        )


def _ingest_side_by_side(night: Night, planned: Sequence[Planned]) -> list[IngestedDataset]:
    settings = night.project.settings
    context = IngestionContext(
        night.business_date, settings.project.time_zone, night.project.model,
        night.definitions.policy, night.key, night.project.landing_root, settings.ingestion,
    )
    with ThreadPoolExecutor(settings.ingestion.parallel_datasets) as pool:
        futures = [
            pool.submit(ingest_dataset, night.lake.spark, channel, dataset, plan.take, context)
            for channel, dataset, plan in planned
        ]
        return [future.result() for future in futures]


def _shared(
    night: Night, ingested: Sequence[IngestedDataset]
) -> list[tuple[TableContract, DataFrame]]:
    """The tables that several datasets feed, each with the rows of all of them."""
    frames = [
        (table.contract, [one.clean[table.name] for one in ingested if table.name in one.clean])
        for table in night.definitions.tables
    ]
    frames.append((SIGHTINGS, [one.sightings for one in ingested]))
    frames.append((QUARANTINE, [one.quarantine for one in ingested]))
    united = [(contract, _union(parts, contract, night)) for contract, parts in frames]
    identifiers = _union([one.identifiers for one in ingested], VAULT_IDENTIFIERS, night)
    values = _union([one.profile_values for one in ingested], VAULT_PROFILES, night)
    return [
        *united,
        (VAULT_IDENTIFIERS, _new_values(night, VAULT_IDENTIFIERS, identifiers)),
        (VAULT_PROFILES, _new_values(night, VAULT_PROFILES, values)),
    ]


def _writes(
    night: Night, frames: Sequence[tuple[TableContract, DataFrame | None]]
) -> list[Callable[[], None]]:
    return [
        partial(night.lake.replace_slice, contract, rows, night.business_date)
        for contract, rows in frames
        if rows is not None
    ]


def _new_values(night: Night, vault: TableContract, values: DataFrame) -> DataFrame:
    """Values no earlier night has sealed yet, once each."""
    earlier = night.lake.read(vault).where(f"arrived_date < DATE '{night.business_date}'")
    # A token has one seal: rows that are equal in all are one value, and none else are.
    return values.distinct().join(
        earlier.select(*vault.key), on=list(vault.key), how="left_anti"
    )


def _union(parts: Sequence[DataFrame], contract: TableContract, night: Night) -> DataFrame:
    if not parts:
        return no_rows(night.lake.spark, contract.schema)
    return reduce(DataFrame.unionByName, parts)


def _keeps_raw(night: Night) -> bool:
    return night.project.settings.ingestion.keep_raw


if __name__ == "__main__":
    from jobs.command_line import submit

    submit("run", "--only", NAME)
