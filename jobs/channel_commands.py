"""`onefold channels`: which field goes where, and a first draft of a channel file from a sample."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table

from ingestion.channels import Channel, Dataset
from jobs.common_arguments import Common
from jobs.definitions import Definitions
from model.contracts import Pii
from model.errors import UsageError, did_you_mean


@dataclass(frozen=True)
class FieldUse:
    """One field of a dataset and one place it goes to; a field with no place has one row too.

    field and headers are empty where a column is given a constant; `column` and `expression` are
    empty where no table takes the field (its identifiers live in sightings and the vault).
    """

    channel: str
    dataset: str
    field: str
    headers: tuple[str, ...]
    type: str
    required: bool
    identifiers: tuple[str, ...]
    pii: Pii
    column: str
    expression: str


def show(given: Common, channel: str | None, form: str) -> None:
    """Every dataset with its fields and the columns they become; one channel, or all of them."""
    definitions = given.definitions()
    known = {one.name: one for one in definitions.channels}
    if channel is not None and channel not in known:
        raise UsageError(f"unknown channel {channel!r}{did_you_mean(channel, list(known))}")
    chosen = [one for name, one in known.items() if channel in (None, name)]
    if form == "json":
        for one in chosen:
            for dataset in one.datasets:
                for use in field_uses(dataset, definitions):
                    sys.stdout.write(json.dumps(asdict(use), ensure_ascii=False) + "\n")
        return
    console = Console()
    for one in chosen:
        _print_channel(console, one, definitions)


def field_uses(dataset: Dataset, definitions: Definitions) -> Iterator[FieldUse]:
    """The uses of a dataset's fields, in the file's order; constants of columns at the end."""
    places = _places(dataset)
    for name, field in dataset.entry.fields.items():
        slots = [slot for slot in dataset.slots if slot.field == name]
        for column, expression in places.pop(name, [("", "")]):
            yield FieldUse(
                dataset.channel, dataset.name, name, field.headers(name), field.type,
                field.required or name in dataset.accounts,
                tuple(s.kind if s.scope == "global" else f"{s.kind}@{s.scope}" for s in slots),
                _pii(dataset, name, definitions), column, expression,
            )  # fmt: skip
    for column, expression in places.pop("", []):
        yield FieldUse(
            dataset.channel, dataset.name, "", (), "", False, (), "none", column, expression
        )


def _places(dataset: Dataset) -> dict[str, list[tuple[str, str]]]:
    """(table.column, expression) by field; those of no field of the dumps stand under ""."""
    places: dict[str, list[tuple[str, str]]] = {}
    for table in dataset.tables:
        for column in table.columns:
            place = f"{table.table.name}.{column.name}"
            own = [name for name in dataset.entry.fields if name in column.value.columns]
            for name in own or [""]:
                expression = "" if column.field == name else column.value.text
                places.setdefault(name, []).append((place, expression))
    return places


def _pii(dataset: Dataset, field: str, definitions: Definitions) -> Pii:
    """How personal a field is: the highest class of its identifiers and of the columns it fills."""
    kinds = definitions.policy.kinds
    found: list[Pii] = [kinds[slot.kind].pii for slot in dataset.slots if slot.field == field]
    for table in dataset.tables:
        found += [one.column.pii for one in table.columns if field in one.value.columns]
    order: tuple[Pii, ...] = ("high", "low", "none")
    return next((each for each in order if each in found), "none")


def _print_channel(console: Console, channel: Channel, definitions: Definitions) -> None:
    console.print(
        f"[bold]{channel.name}[/] {channel.title} · owner {channel.owner or '-'} · "
        f"trust rank {channel.trust_rank} · {channel.status}"
    )
    for dataset in channel.datasets:
        entry = dataset.entry
        title = (
            f"{dataset.full_name}: {entry.path} · {entry.format} {entry.encoding} · "
            f"arrives {entry.arrives}{'' if entry.required else ', not required'}"
        )
        table = Table(
            "field", "header", "type", "identifier", "pii", "goes to", title=title,
            title_justify="left", box=None,
        )  # fmt: skip
        for use in field_uses(dataset, definitions):
            told = f"{use.column} = {use.expression}" if use.expression else use.column
            table.add_row(
                f"{use.field}{' *' if use.required else ''}", " | ".join(use.headers), use.type,
                ", ".join(use.identifiers), "" if use.pii == "none" else use.pii, told,
            )  # fmt: skip
        console.print(table)
        for into in dataset.tables:
            if into.one_row_per:
                per = ", ".join(into.one_row_per)
                console.print(f"  {into.table.name}: one row per {per}")
    console.print("* required: a record without it goes to quarantine\n")
