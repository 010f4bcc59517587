"""What the channel files say about how canonical tables are read."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from ingestion.channels import Channel
from model.canonical import CanonicalModel
from model.versions import Reading


def with_readings(model: CanonicalModel, channels: Collection[Channel]) -> CanonicalModel:
    """The model, each table with the reading that the channels feeding it ask for."""
    shadow = frozenset(channel.name for channel in channels if channel.status == "shadow")
    whole: dict[str, set[tuple[str, str]]] = {}
    for channel in channels:
        for dataset in channel.datasets:
            for table in dataset.tables if dataset.entry.arrives == "full" else ():
                whole.setdefault(table.table.name, set()).add((channel.name, dataset.name))
    tables = {
        name: replace(table, reading=Reading(frozenset(whole.get(name, ())), shadow))
        for name, table in model.tables.items()
    }
    return replace(model, tables=tables)
