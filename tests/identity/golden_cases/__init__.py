"""Identifiers as people and systems write them, and what each must become: one table a kind.

A line is `value | spelling, or !reason | what a known library says, where it differs | why`. `==`
begins a part of the table and gives the options of the kind; # is a remark. In values and spellings
\\t, \\n and \\u0007 stand for the characters they name, x{40} for forty x.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, cast

from model.identity_policy import IdentifierKind, Normaliser

FOLDER = Path(__file__).parent
_ESCAPED = re.compile(r"\\(?:u(?P<code>[0-9a-f]{4})|(?P<name>[tn]))")
_REPEATED = re.compile(r"(.)\{(\d+)\}")
_NAMED = {"t": "\t", "n": "\n"}


class Case(NamedTuple):
    """One line: of the two `spelling` and `reason` one is None. `peer` is what the library says, in
    words of its own test; empty: the same as we do."""

    place: str
    kind: IdentifierKind
    value: str
    spelling: str | None
    reason: str | None
    peer: str


def cases(name: str) -> Iterator[Case]:
    """The cases of a way to normalise, in the table's order."""
    options: dict[str, str] = {}
    lines = (FOLDER / f"{name}.txt").read_text(encoding="utf-8").split("\n")
    for number, line in enumerate(lines, start=1):
        if line.startswith("=="):
            options = dict(_option(each) for each in line[2:].split(",") if each.strip())
        elif line.strip() and not line.startswith("#"):
            cells = [cell.strip() for cell in line.split("|")]
            value, expected, peer = (*map(_meant, cells), "")[:3]
            is_refused = expected.startswith("!")
            yield Case(
                f"{name}.txt:{number}",
                IdentifierKind(1, cast(Normaliser, name), **options),  # type: ignore[arg-type]
                value, None if is_refused else expected, expected[1:] if is_refused else None, peer,
            )  # fmt: skip


def _option(text: str) -> tuple[str, str]:
    name, _, value = text.partition(":")
    return name.strip(), value.strip()


def _meant(cell: str) -> str:
    return _REPEATED.sub(lambda found: found[1] * int(found[2]), _ESCAPED.sub(_unescaped, cell))


def _unescaped(found: re.Match[str]) -> str:
    return _NAMED.get(found["name"]) or chr(int(found["code"], 16))
