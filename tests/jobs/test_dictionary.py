"""docs/tables.md says what the contracts say."""

from __future__ import annotations

from pathlib import Path

from jobs.definitions import load_definitions
from jobs.dictionary import described

ROOT = Path(__file__).parents[2]


def test_the_written_dictionary_is_that_of_the_contracts() -> None:
    contracts = load_definitions(ROOT, "local", []).contracts
    assert (ROOT / "docs/tables.md").read_text(encoding="utf-8") == described(contracts)
