"""Checks of a dataset's fields: names, types and the rules that only some types know."""

from __future__ import annotations

import re

from ingestion.entries import DatasetEntry, FieldEntry
from ingestion.time_formats import EPOCHS, format_problem
from model.errors import Problems
from model.names import check_name

_RANGED = ("integer", "number", "money")


def check_fields(entry: DatasetEntry, problems: Problems) -> None:
    """Adds a problem for each field whose rules do not fit its type."""
    if not entry.fields:
        problems.add(entry.location, "no fields; expected at least one")
    for name, field in entry.fields.items():
        check_name(name, field.location, problems)
        if name not in entry.doubtful:
            for message in [*_types(field), *_rules(field)]:
                problems.add(field.location, f"{name}: {message}")


def _types(field: FieldEntry) -> list[str]:
    messages = []
    if field.type == "enum" and not field.values:
        messages.append("an enum lists its values: {found in the file: canonical}")
    if field.values and field.type != "enum":
        messages.append(f"values belong to type enum, not to {field.type}")
    if field.formats and field.type not in ("date", "timestamp"):
        messages.append(f"formats belong to dates and timestamps, not to {field.type}")
    messages += [message for text in field.formats for message in _format(field.type, text)]
    return messages


def _format(type_: str, text: str) -> list[str]:
    if text in EPOCHS:
        return [] if type_ == "timestamp" else [f"{text} is a timestamp, not a date"]
    problem = format_problem(text)
    return [f"format {text!r}: {problem}"] if problem else []


def _rules(field: FieldEntry) -> list[str]:
    messages = []
    if field.range and field.type not in _RANGED:
        messages.append(f"range belongs to {', '.join(_RANGED)}, not to {field.type}")
    if field.range and (len(field.range) != 2 or field.range[0] > field.range[1]):  # noqa: PLR2004
        messages.append("range: expected [lowest, highest]")
    if field.pattern and field.type != "text":
        messages.append(f"pattern belongs to text, not to {field.type}")
    if field.pattern:
        messages += _pattern(field.pattern)
    return messages


def _pattern(text: str) -> list[str]:
    try:
        re.compile(text)
    except re.error as error:
        return [f"pattern is no regular expression: {error}"]
    return []
