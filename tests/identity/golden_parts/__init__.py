"""Names and addresses as people write them, and the parts that each must tell: one table a reader.

A line is `value | first part | second part | why`; an empty part is not told. # begins a remark.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent


class Case(NamedTuple):
    """One line."""

    place: str
    value: str
    parts: tuple[str | None, str | None]


def cases(name: str) -> Iterator[Case]:
    """The cases of a reader, in the table's order."""
    lines = (FOLDER / f"{name}.txt").read_text(encoding="utf-8").split("\n")
    for number, line in enumerate(lines, start=1):
        if line.strip() and not line.startswith("# "):
            value, first, second, *_ = (*(cell.strip() for cell in line.split("|")), "", "")
            yield Case(f"{name}.txt:{number}", value, (first or None, second or None))
