"""Checks of how a dataset's files lie and are written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from zoneinfo import ZoneInfo

from ingestion.entries import DatasetEntry
from model.errors import Problems

DATE_MARKS = ("{date}", "{yyyymmdd}")
_CONTAINERS = (".zip", ".xz", ".7z", ".tar", ".tgz", ".rar")
_PACKED = (".gz", ".bz2", ".zst")
# Which formats an option of the layout is for.
_LINED = ("csv", "tsv")
_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "delimiter": _LINED, "quote": _LINED, "escape": _LINED, "multiline": _LINED,
    "encoding": (*_LINED, "jsonl", "json"),
    "header": (*_LINED, "xlsx"),
    "sheet": ("xlsx",),
}


def check_source(entry: DatasetEntry, problems: Problems) -> None:
    """Adds a problem for each option that is wrong or that this version would ignore."""
    for message in [*_path(entry), *_layout(entry), *_arrival(entry)]:
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
        f"path: files in {end} are not supported; expected plain, .gz, .bz2 or .zst files"
        for end in _CONTAINERS if path.lower().endswith(end)
    ]
    if entry.format in ("parquet", "xlsx") and path.lower().endswith(_PACKED):
        messages.append(f"path: {entry.format} is packed itself; expected such files as they are")
    return messages


def _layout(entry: DatasetEntry) -> list[str]:
    messages = [
        f"{key}: means nothing in {entry.format}; remove it"
        for key, formats in _OPTIONS.items()
        if key in entry.written and entry.format not in formats
    ]
    for key, value in (("delimiter", entry.separator), ("quote", entry.quote)):
        if len(value) != 1 or value in "\r\n\0" or (value == " " and key == "quote"):
            messages.append(f"{key}: expected one character; of blanks, only a delimiter")
    if len(entry.escape) > 1 or (entry.escape and entry.escape in (entry.quote, entry.separator)):
        messages.append("escape: expected one character of its own; RFC 4180 needs none")
    if entry.separator == " " and entry.escape:
        messages.append("escape: means nothing where blanks part the values; remove it")
    if entry.separator == entry.quote:
        messages.append("delimiter and quote are the same character")
    if entry.header_line < 1:
        messages.append("header: lines are counted from 1; expected true, a line or the names")
    if entry.header is False:
        messages.append("header: false tells no names; list them: header: [name, …]")
    if entry.time_zone and not _is_zone(entry.time_zone):
        messages.append(f"time_zone: unknown zone {entry.time_zone!r}; expected Asia/Shanghai, …")
    return messages


def _arrival(entry: DatasetEntry) -> list[str]:
    messages = []
    if "/" in entry.ready or "\\" in entry.ready:
        messages.append(f"ready: {entry.ready!r} is no name of a file beside the dumps")
    if entry.deleted and entry.deleted.field not in entry.fields:
        messages.append(f"deleted: unknown field {entry.deleted.field!r}")
    return messages


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
