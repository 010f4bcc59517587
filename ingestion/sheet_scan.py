"""A worksheet's XML looked at ahead of its reader: bounds to keep, formulas without a value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO
from xml.parsers import expat

from model.errors import OnefoldError

MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384  # Excel's own
_MOST_ELEMENTS = 1_000_000  # of one row, or of all that is no row
_CHUNK = 1 << 20
_CELL = re.compile(r"([A-Z]{1,3})([1-9][0-9]*)")


class BrokenSheetError(OnefoldError):
    """A worksheet that no spreadsheet program would have written."""

    def __init__(self) -> None:
        super().__init__("a worksheet breaks the bounds of its format; save it anew")


def formulas_without_value(sheet: IO[bytes]) -> Iterator[tuple[int, frozenset[int]]]:
    """(row, columns) of the cells that hold a formula whose result nobody saved; both from 1.

    BrokenSheetError where rows do not ascend or where there are more rows, columns or elements than
    a sheet has; expat.ExpatError where it is no XML. Keeps no more than one row.
    """
    scan = _Scan()
    while chunk := sheet.read(_CHUNK):
        scan.parser.Parse(chunk, False)
        yield from scan.taken()
    scan.parser.Parse(b"", True)
    yield from scan.taken()


class _Scan:
    def __init__(self) -> None:
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.StartDoctypeDeclHandler = self.refuse  # entities may grow without bound
        self.found: list[tuple[int, frozenset[int]]] = []
        self.row, self.column = 0, 0
        self.in_row = self.has_formula = self.has_value = False
        self.missing: set[int] = set()
        self.elements = self.others = 0

    def taken(self) -> list[tuple[int, frozenset[int]]]:
        found, self.found = self.found, []
        return found

    def refuse(self, *_: object) -> None:
        raise BrokenSheetError

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if self.in_row:
            self.elements += 1
        else:
            self.others += name != "row"
        if max(self.elements, self.others) > _MOST_ELEMENTS:
            raise BrokenSheetError
        if name == "row":
            self.open_row(attributes.get("r", ""))
        elif name == "c" and self.in_row:
            self.open_cell(attributes.get("r", ""))
        elif name == "f":
            self.has_formula = True
        elif name in ("v", "is"):
            self.has_value = True

    def open_row(self, told: str) -> None:
        number = int(told) if told.isdecimal() else self.row + 1
        if self.in_row or not self.row < number <= MOST_ROWS:
            raise BrokenSheetError
        self.row, self.column, self.in_row, self.elements = number, 0, True, 0

    def open_cell(self, told: str) -> None:
        match = _CELL.fullmatch(told)
        number = _column(match[1]) if match else self.column + 1
        if not self.column < number <= MOST_COLUMNS or (match and int(match[2]) != self.row):
            raise BrokenSheetError
        self.column, self.has_formula, self.has_value = number, False, False

    def end(self, tag: str) -> None:
        name = tag.rpartition(":")[2]
        if name == "c" and self.has_formula and not self.has_value:
            self.missing.add(self.column)
        elif name == "row":
            if self.missing:
                self.found.append((self.row, frozenset(self.missing)))
            self.in_row, self.missing = False, set()


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number
