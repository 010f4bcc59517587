"""Every reason code that can be told is in docs/reason-codes.md, and no other."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import get_args

import pytest

from identity.reasons import IdentifierReason
from identity.refused import ANY
from ingestion import arrivals, planning, standard_batch, typed_fields
from ingestion.reasons import FieldReason, FileReason, RecordReason

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reason-codes.md"
ARRIVALS = {planning.SAME_BYTES, planning.COPY, planning.OLDER_STATE, planning.UNREADY}


def documented(section: str) -> list[str]:
    """The codes of a section, each with four filled cells behind it."""
    text = PAGE.read_text(encoding="utf-8").partition(f"\n## {section} ")[2].partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()
            if line.startswith("| `")]  # fmt: skip
    assert all(len(row) == 4 and all(row) for row in rows)
    return [row[0].strip("`") for row in rows]


@pytest.mark.parametrize(
    ("section", "codes"),
    [
        ("Files", set(get_args(FileReason))),
        ("Arrivals", ARRIVALS),
        ("Records", set(get_args(RecordReason))),
        ("Fields", set(get_args(FieldReason))),
        ("Identifiers", set(get_args(IdentifierReason))),
        ("Identifiers that name nobody", {"invalid.<kind>", f"invalid.{ANY}"}),
    ],
)
def test_the_page_has_every_code_once_and_no_other(section: str, codes: set[str]) -> None:
    found = documented(section)
    assert len(found) == len(set(found))
    assert set(found) == codes


def told_by_fields() -> set[str]:
    """The codes in the source of what judges fields: texts of one word each."""
    told: set[str] = set()
    for module, functions in (
        (typed_fields, {"fault", "_type_fault", "_FAULTS"}), (standard_batch, {"_reasons"}),
    ):  # fmt: skip
        for top in ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8")).body:
            named = getattr(top, "name", "") or _assigned(top)
            if named in functions:
                told |= {
                    node.value for node in ast.walk(top)
                    if isinstance(node, ast.Constant) and isinstance(node.value, str)
                }  # fmt: skip
    return {text for text in told if re.fullmatch("[a-z_]+", text)}


def _assigned(node: ast.stmt) -> str:
    target = node.targets[0] if isinstance(node, ast.Assign) else None
    return target.id if isinstance(target, ast.Name) else ""


def test_what_judges_fields_tells_the_codes_of_fields_only() -> None:
    types = {"text", "integer", "number", "money", "date", "timestamp", "bool", "enum"}
    others = {"quarantine"}  # of `other`
    assert told_by_fields() - types - others == set(get_args(FieldReason))


def test_what_discovery_refuses_is_a_code_of_files() -> None:
    assert arrivals.OUTSIDE in get_args(FileReason)
