"""No plain identifier outside the vault: every cell, Delta's logs, the log, Spark's event logs."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from tests.examples.conftest import Demo

pytestmark = pytest.mark.slow
PHONE = re.compile(r"(?<!\d)(?:86)?(1[3-9]\d{9})(?!\d)")
EMAIL = re.compile(r"[a-z0-9._+-]+@[a-z0-9.-]+", re.IGNORECASE)
CARD = re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)")
FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}


@dataclass(frozen=True)
class Known:
    """The identifiers and the full names that stand in the demo's dumps."""

    phones: frozenset[str]
    emails: frozenset[str]
    cards: frozenset[str]
    names: frozenset[str]

    def found_in(self, text: str) -> set[str]:
        """The kinds of identifiers that the text shows."""
        shown = {
            "phone": self.phones.intersection(PHONE.findall(text)),
            "email": self.emails.intersection(map(str.lower, EMAIL.findall(text))),
            "card": self.cards.intersection(map(str.upper, CARD.findall(text))),
        }
        return {kind for kind, values in shown.items() if values}


@pytest.fixture(scope="module")
def known(demo: Demo) -> Known:
    rows = [
        *_rows(demo.landing / "crm", "gbk", ","),
        *_rows(demo.landing / "accounts", "utf-8", ";"),
    ]
    texts = ["\n".join(row.values()).translate(FULL_WIDTH) for row in rows]
    names = {(row.get("姓名") or row.get("real_name") or "").strip() for row in rows}
    phones = {
        digits[-11:]
        for row in [*rows, *_rows(demo.landing / "pos", "utf-8", ",")]
        for digits in [
            re.sub(r"\D", "", (row.get("手机") or row.get("mobile") or "").translate(FULL_WIDTH))
        ]
        if len(digits) >= 11
    }
    found = Known(
        frozenset(phones),
        frozenset(found.lower() for text in texts for found in EMAIL.findall(text)),
        frozenset(found.upper() for text in texts for found in CARD.findall(text)),
        frozenset(name for name in names if " " in name),
    )
    assert min(map(len, (found.phones, found.emails, found.cards, found.names))) > 30
    return found


def _rows(folder: Path, encoding: str, delimiter: str) -> Iterator[dict[str, str]]:
    for file in sorted(folder.rglob("*.csv")):
        with file.open(encoding=encoding, newline="") as lines:
            yield from csv.DictReader(lines, delimiter=delimiter)


def _cells(lake: Path) -> Iterator[tuple[str, str]]:
    """Every distinct cell of every table as text, binary ones too, with its column."""
    for log in sorted(lake.glob("*/*/_delta_log")):
        table = DeltaTable(str(log.parent)).to_pyarrow_table()
        for name, column in zip(table.column_names, table.columns, strict=True):
            place = f"{log.parent.parent.name}.{log.parent.name}.{name}"
            values = column.to_pylist() if pa.types.is_nested(column.type) else column.unique()
            for value in {str(value) for value in values}:
                yield place, value


def test_the_search_finds_what_is_plain(demo: Demo, known: Known) -> None:
    """The test of the test: the dumps themselves are full of it."""
    crm = next(iter(sorted((demo.landing / "crm").rglob("*.csv")))).read_text(encoding="gbk")
    assert known.found_in(crm) == {"phone", "email", "card"}


def test_no_cell_of_any_table_shows_an_identifier_or_a_full_name(demo: Demo, known: Known) -> None:
    shown, cells = set(), 0
    for place, text in _cells(demo.lake):
        cells += 1
        shown |= {f"{place}: {kind}" for kind in known.found_in(text)}
        if " " in text and any(name in text for name in known.names):
            shown.add(f"{place}: name")
    assert cells > 10_000
    assert sorted(shown) == []


def test_no_log_shows_an_identifier(demo: Demo, known: Known) -> None:
    logs = [
        demo.log,
        *(path for path in demo.event_logs.rglob("*") if path.is_file()),
        *(path for path in demo.lake.glob("*/*/_delta_log/*") if path.is_file()),
        *(path for path in demo.lake.glob("*.*") if path.is_file()),
        *demo.lake.glob("views/*"), *demo.lake.glob("reports/*"), *demo.lake.glob("ops/*.json"),
    ]  # fmt: skip
    shown, size = set(), 0
    for path in logs:
        text = path.read_bytes().decode("utf-8", errors="replace")
        size += len(text)
        shown |= {f"{path.name}: {kind}" for kind in known.found_in(text)}
    assert size > 1_000_000
    assert sorted(shown) == []
