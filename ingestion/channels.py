"""The channel files, read and checked as a whole: every problem of every file at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from ingestion.entries import ChannelStatus, DatasetEntry, read_channel_entry
from ingestion.field_checks import check_fields
from ingestion.mapping import IntoTable, map_tables
from ingestion.slots import IdentifierSlot, account_slots, field_slots
from ingestion.source_checks import check_source
from model.canonical import CanonicalModel
from model.contracts import TableContract
from model.errors import Location, Problems
from model.fixed_tables import raw_contract
from model.identity_policy import IdentityPolicy
from model.names import check_name
from model.strict_yaml import YamlMap


@dataclass(frozen=True)
class Dataset:
    """One checked dataset: its entry, the identifiers its fields hold, the tables it feeds.

    `sealed` names the fields that are plain only inside tasks; `accounts` the fields without
    which a record of a golden table has no account.
    """

    channel: str
    name: str
    entry: DatasetEntry
    slots: tuple[IdentifierSlot, ...]
    tables: tuple[IntoTable, ...]
    sealed: frozenset[str]
    accounts: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        """`channel.dataset`, as messages call it."""
        return f"{self.channel}.{self.name}"

    @property
    def raw_contract(self) -> TableContract:
        """The raw table that keeps its records."""
        return raw_contract(self.channel, self.name, tuple(self.entry.fields), self.sealed)

    @property
    def rollup(self) -> IntoTable | None:
        """The table into which records are rolled up, where there is one."""
        return next((table for table in self.tables if table.one_row_per), None)


@dataclass(frozen=True)
class Channel:
    """One checked channel; `trust_rank` 1 is trusted most."""

    name: str
    title: str
    title_en: str
    owner: str
    trust_rank: int
    status: ChannelStatus
    datasets: tuple[Dataset, ...]
    location: Location


def read_channels(
    nodes: Mapping[str, YamlMap], model: CanonicalModel, policy: IdentityPolicy, problems: Problems
) -> tuple[Channel, ...]:
    """The channels of all files, by file name; what is wrong goes to `problems`."""
    channels = [_channel(file, nodes[file], model, policy, problems) for file in sorted(nodes)]
    found = tuple(channel for channel in channels if channel)
    if not nodes:
        problems.add(Location("conf/channels", 1), "no channel files there; expected at least one")
    return found


def _channel(
    file: str, node: YamlMap, model: CanonicalModel, policy: IdentityPolicy, problems: Problems
) -> Channel | None:
    entry = read_channel_entry(node, problems)
    if entry is None:
        return None
    stem = PurePosixPath(file).stem
    if check_name(entry.channel, node.at("channel"), problems) and entry.channel != stem:
        problems.add(node.at("channel"), f"channel {entry.channel!r}: the file is named {stem!r}")
    if not entry.datasets and "datasets" in node:
        problems.add(node.at("datasets"), "no datasets; expected at least one")
    datasets = tuple(
        _dataset(entry.channel, name, dataset, model, policy, problems)
        for name, dataset in entry.datasets.items()
    )
    return Channel(
        entry.channel, entry.title or entry.channel, entry.title_en, entry.owner,
        entry.trust_rank, entry.status, datasets, entry.location,
    )


def _dataset(
    channel: str, name: str, entry: DatasetEntry, model: CanonicalModel, policy: IdentityPolicy,
    problems: Problems,
) -> Dataset:
    check_name(name, entry.location, problems)
    check_source(entry, problems)
    check_fields(entry, problems)
    slots = field_slots(channel, entry, policy, problems)
    accounts, implied = account_slots(channel, entry, model, policy, slots, problems)
    slots = (*slots, *implied)
    high = frozenset(slot.field for slot in slots if policy.kinds[slot.kind].pii == "high")
    tables = map_tables(entry, model, high, problems)
    sealed = frozenset(slot.field for slot in slots).union(*(t.high_fields for t in tables))
    return Dataset(channel, name, entry, slots, tables, sealed, accounts)
