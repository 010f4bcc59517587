"""The codes that `--accept` takes: of all that may hold a night, or keep a tag as it was."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import fields
from typing import get_args

from ingestion.reasons import FileReason
from jobs.definitions import Definitions
from model.errors import UsageError, did_you_mean
from quality.gate import codes_of

# Of a dataset's files: delivered before, cut off, taking back too much, refused for a reason.
_OF_FILES = ("cut", "stale", "withdrawn", *get_args(FileReason))


def refuse_unknown(codes: Collection[str], definitions: Definitions) -> None:
    """UsageError (exit 2) where a code is none that a check of these definitions can have; it lists
    the codes of what the word begins with, or what a code can begin with."""
    known = _known_codes(definitions)
    lines: list[str] = []
    listed: dict[str, tuple[str, ...]] = {}
    for code in codes:
        slice_name = _slice_of(code, known)
        name, _, _ = code.removeprefix(f"{slice_name}.").partition(":")  # <reason>:<field>
        if name not in known.get(slice_name, ()):
            every = [f"{name}.{each}" for name, own in known.items() for each in own]
            lines.append(f"--accept: there is no code {code!r}{did_you_mean(code, every)}")
            if slice_name:
                listed[slice_name] = known[slice_name]
    if lines:
        told = listed or dict.fromkeys(known, ("…",))
        lines += [f"  {name}. {' · '.join(own)}" for name, own in told.items()]
        raise UsageError("\n".join([*lines, "a code is one of these beginnings and a name"]))


def _slice_of(code: str, known: Collection[str]) -> str:
    """The table or dataset that a code is about; empty: none that is known."""
    return max((name for name in known if f"{code}.".startswith(f"{name}.")), key=len, default="")


def _known_codes(definitions: Definitions) -> Mapping[str, tuple[str, ...]]:
    """The names that a code can end with, by what it begins with."""
    quality = definitions.project.settings.quality
    found: dict[str, list[str]] = {}
    for checks in (*definitions.checks, *definitions.dataset_checks):
        own = codes_of(checks, quality.drift, quality.breaks)
        found.setdefault(checks.table_name, []).extend(own)
    for name in _datasets(definitions):
        found.setdefault(name, []).extend(_OF_FILES)
    if gate := definitions.policy.gate:
        limits = (field.name for field in fields(gate) if field.name != "floor")
        found["identity"] = [name for name in limits if getattr(gate, name) is not None]
    return {name: tuple(own) for name, own in sorted(found.items()) if own}


def _datasets(definitions: Definitions) -> Iterator[str]:
    for channel in definitions.channels:
        if channel.status != "paused":
            yield from (dataset.full_name for dataset in channel.datasets)
