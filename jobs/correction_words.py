"""The words of `onefold correct`: from arguments, a file or standard input, as drafts to be judged.

A file or standard input holds one correction a line, its words separated by commas as in csv; where
there is one correction only, its words may also stand on lines of their own.
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from identity.corrections import CorrectionKind
from jobs.identifier_lookup import Wanted, wanted
from model.errors import UsageError
from model.identity_policy import IdentityPolicy

NAMES: dict[CorrectionKind, tuple[str, ...]] = {
    "link": ("A", "B"), "unlink": ("A", "B"), "block": ("A",), "pin": ("A", "ONE_ID"),
    "tag": ("PERSON", "TAG", "VALUE"),
}  # fmt: skip
LARGEST_NUMBER = 2**63 - 1
_BLANKS = " \t\r\n\ufeff"


@dataclass(frozen=True)
class Draft:
    """One correction as it was asked for; `place` says where, as `FILE:LINE: `, or is empty."""

    place: str
    identifiers: tuple[Wanted, ...]
    one_id: int | None = None


def drafts(
    kind: CorrectionKind, words: Sequence[str], file: str | None, policy: IdentityPolicy
) -> list[Draft]:
    """All that was asked for; UsageError names every word that is wrong, by place and name."""
    problems: list[str] = []
    found = [
        draft
        for place, entry in entries(NAMES[kind], words, file)
        if (draft := _draft(kind, place, entry, policy, problems))
    ]
    if problems:
        raise UsageError("\n".join(problems))
    return found


def _draft(
    kind: CorrectionKind, place: str, words: Sequence[str], policy: IdentityPolicy,
    problems: list[str],
) -> Draft | None:  # fmt: skip
    identifiers, numbers = [], []
    for name, word in zip(NAMES[kind], words, strict=True):
        try:
            if name == "ONE_ID":
                numbers.append(one_id_of(word))
            else:
                identifiers.append(wanted(word, policy))
        except UsageError as error:
            problems.append(f"{place}{name}: {error}")
    if len(identifiers) + len(numbers) < len(words):
        return None
    return Draft(place, tuple(identifiers), *numbers)


def one_id_of(word: str) -> int:
    """The OneID that a word is; UsageError where it is none."""
    text = word.strip()
    if not re.fullmatch("[0-9]{1,19}", text) or not 0 < int(text) <= LARGEST_NUMBER:
        raise UsageError("expected a OneID, a number such as 12")
    return int(text)


def entries(
    names: Sequence[str], words: Sequence[str], file: str | None
) -> Iterator[tuple[str, Sequence[str]]]:
    """(place, words) of each correction; UsageError where words are missing or too many."""
    told = " ".join(names)
    if words:
        if file is not None or len(words) != len(names):
            raise UsageError(f"expected {told}, or no word and --file FILE or standard input")
        yield "", words
        return
    source = "standard input" if file is None else file
    rows = list(_rows(file))
    if len(rows) == len(names) and all(len(row) == 1 for _, row in rows):
        yield f"{source}:{rows[0][0]}: ", [row[0] for _, row in rows]
        return
    wrong = [number for number, row in rows if len(row) != len(names)]
    if wrong or not rows:
        where = f"{source}:{wrong[0]}" if wrong else source
        raise UsageError(f"{where}: expected {','.join(names)} on every line")
    for number, row in rows:
        yield f"{source}:{number}: ", row


def _rows(file: str | None) -> Iterator[tuple[int, list[str]]]:
    """(line, words) of every line that is not blank."""
    try:
        if file is None:
            yield from _rows_of(sys.stdin)
            return
        with Path(file).open(encoding="utf-8-sig", newline="") as lines:
            yield from _rows_of(lines)
    except (OSError, UnicodeDecodeError, csv.Error) as error:  # whose words may hold a line
        source = "standard input" if file is None else file
        raise UsageError(f"{source}: cannot be read ({type(error).__name__})") from None


def _rows_of(lines: TextIO) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(lines)
    for row in reader:
        words = [word.strip(_BLANKS) for word in row]
        if any(words):
            yield reader.line_num, words
