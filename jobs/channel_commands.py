"""`onefold channels`: which field goes where, and a first draft of a channel file from a sample."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path, PurePosixPath

from rich.console import Console
from rich.table import Table

from ingestion.channels import Channel, Dataset, read_channels
from ingestion.drafting import DraftPlace, draft_channel, path_pattern
from ingestion.field_words import ascii_name
from ingestion.samples import read_sample
from jobs.common_arguments import Common
from jobs.definitions import Definitions, load_ground
from model.contracts import Pii
from model.errors import Problems, UsageError, did_you_mean
from model.names import NAME
from model.project import Project
from model.strict_yaml import parse_yaml


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
                if column.part:
                    expression = f"{column.part} in {column.value.text}"
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
        table = Table(title=title, title_justify="left", box=None)
        for name in ("field", "header", "type", "identifier", "pii", "goes to"):
            table.add_column(name, overflow="fold")
        for _, uses in groupby(field_uses(dataset, definitions), key=lambda use: use.field):
            table.add_row(*_cells(list(uses)))
        console.print(table)
        for into in dataset.tables:
            if into.one_row_per:
                per = ", ".join(into.one_row_per)
                console.print(f"  {into.table.name}: one row per {per}")
    console.print("* required: a record without it goes to quarantine\n")


def _cells(uses: list[FieldUse]) -> list[str]:
    """One field as a row of the table, each of its places on a line of its own."""
    use = uses[0]
    places = [f"{u.column} = {u.expression}" if u.expression else u.column for u in uses]
    return [
        f"{use.field}{' *' if use.required else ''}", " | ".join(use.headers), use.type,
        ", ".join(use.identifiers), "" if use.pii == "none" else use.pii, "\n".join(places),
    ]  # fmt: skip


def new(
    given: Common, sample: str, name: str | None, dataset: str | None, is_written: bool
) -> None:
    """Drafts a channel file from the beginning of a dump: to standard output, or into the project.

    What `onefold check` would say of the draft is told on standard error.
    """
    project, policy = load_ground(given.folder, given.env, given.all_assignments)
    path = Path(sample)
    place = _place(path, name, dataset, project)
    file = given.folder / "conf" / "channels" / f"{place.channel}.yml"
    if is_written and file.exists():
        raise UsageError(f"{file} exists already; name another channel with --name")
    text = draft_channel(read_sample(path), place, project.model, policy)
    if is_written:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{file}\n")
    else:
        sys.stdout.write(text)
    problems = Problems()
    draft = parse_yaml(text, f"conf/channels/{place.channel}.yml", problems)
    read_channels({f"{place.channel}.yml": draft}, project.model, policy, problems)
    for problem in sorted(set(problems.found)):
        sys.stderr.write(f"to do: {problem}\n")


def _place(path: Path, name: str | None, dataset: str | None, project: Project) -> DraftPlace:
    """The draft's names and path: told by the command, else by where the sample lies."""
    landing, full = project.landing_root.resolve(), path.resolve()
    is_landed = full.is_relative_to(landing)
    below = full.relative_to(landing).as_posix() if is_landed else full.name
    stem = ascii_name(re.sub(r"\d+", " ", path.name.partition(".")[0]))
    channel = name or (ascii_name(PurePosixPath(below).parts[0]) if "/" in below else "") or stem
    for word in filter(None, (name, dataset)):
        if not NAME.fullmatch(word):
            raise UsageError(f"{word!r} is no name; expected a-z, 0-9 and _, a letter first")
    return DraftPlace(
        channel or "new_channel", dataset or stem or "rows",
        path_pattern(below, channel or "new_channel"), project.settings.project.time_zone,
        is_landed,
    )  # fmt: skip
