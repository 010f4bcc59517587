"""Checks of how a dataset's files lie and are written, the options not supported yet among them."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo

from ingestion.entries import DatasetEntry
from model.errors import Problems

DATE_MARKS = ("{date}", "{yyyymmdd}")
_FORMATS = ("csv", "tsv", "jsonl")
_CONTAINERS = (".zip", ".bz2", ".zst", ".xz", ".7z", ".tar")


def check_source(entry: DatasetEntry, problems: Problems) -> None:
    """Adds a problem for each option that is wrong or that this version would ignore."""
    for message in [*_path(entry), *_layout(entry), *_not_yet(entry)]:
        key = message.partition(" ")[0].rstrip(":")
        problems.add(entry.written.at(key), message)


def _path(entry: DatasetEntry) -> list[str]:
    messages = []
    path = entry.path
    if path.startswith("/") or ".." in path.split("/") or "\\" in path or "://" in path:
        messages.append(f"path {path!r}: expected a path under the landing root")
    for mark in re.findall(r"\{[^}]*\}?", path):
        if mark not in DATE_MARKS:
            messages.append(f"path: unknown mark {mark!r}; expected {{date}} or {{yyyymmdd}}")
    if entry.arrives == "daily" and not any(mark in path for mark in DATE_MARKS):
        messages.append(f"path {path!r} tells no date; put {{date}} or {{yyyymmdd}} into it")
    messages += [
        f"path: files in {end} are not supported yet; expected plain or .gz files"
        for end in _CONTAINERS if path.endswith(end)
    ]
    return messages


def _layout(entry: DatasetEntry) -> list[str]:
    messages = []
    for key, value in (("delimiter", entry.separator), ("quote", entry.quote)):
        if len(value) != 1 or value in "\r\n\0 ":
            messages.append(f"{key}: expected one character that is no blank")
    if len(entry.escape) > 1 or (entry.escape and entry.escape in (entry.quote, entry.separator)):
        messages.append("escape: expected one character of its own; RFC 4180 needs none")
    if entry.separator == entry.quote:
        messages.append("delimiter and quote are the same character")
    if entry.header is False:
        messages.append("header: false tells no names; list them: header: [name, …]")
    if entry.time_zone and not _is_zone(entry.time_zone):
        messages.append(f"time_zone: unknown zone {entry.time_zone!r}; expected Asia/Shanghai, …")
    if "/" in entry.ready or "\\" in entry.ready:
        messages.append(f"ready: {entry.ready!r} is no name of a file beside the dumps")
    if entry.deleted and entry.deleted.field not in entry.fields:
        messages.append(f"deleted: unknown field {entry.deleted.field!r}")
    return messages


def _not_yet(entry: DatasetEntry) -> list[str]:
    messages = []
    if entry.format not in _FORMATS:
        expected = ", ".join(_FORMATS)
        messages.append(f"format {entry.format} is not supported yet; expected one of {expected}")
    return messages


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
