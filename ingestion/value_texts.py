"""Values of typed files as the text that ingestion.typed_fields reads back as the same value."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

_EXACT = 2**53  # below it a float holds every whole number


def number_text(value: float) -> str:
    """A float's shortest spelling; a whole number is spelt as one, since integers with gaps are
    often kept as floats."""
    is_whole = value.is_integer() and abs(value) < _EXACT
    return str(int(value)) if is_whole else repr(value)


def value_text(value: bool | int | float | datetime | date | time | timedelta) -> str:
    """Any single value that is no text: true or false, a number, a time."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return number_text(value)
    return str(value) if isinstance(value, int) else time_text(value)


def time_text(value: datetime | date | time | timedelta) -> str:
    """ISO 8601 with a blank between day and time; a duration as hours:minutes:seconds."""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    seconds, fraction = divmod(abs(value), timedelta(seconds=1))
    clock = f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    after = f".{fraction // timedelta(microseconds=1):06}" if fraction else ""
    return f"{'-' if value < timedelta(0) else ''}{clock}{after}"


class RowTexts:
    """A row's own text: the JSON object of its columns, in their order, as quarantine keeps it."""

    def __init__(self, names: Sequence[str]) -> None:
        self.keys = [_json(name) + ":" for name in names]

    def of(self, texts: Sequence[str | None]) -> str:
        """The text of one row; values beyond the named columns stand under their places."""
        keys = [*self.keys, *(f'"column {n + 1}":' for n in range(len(self.keys), len(texts)))]
        pairs = zip(keys, texts, strict=False)
        return "{" + ",".join(k + ("null" if v is None else _json(v)) for k, v in pairs) + "}"


def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
