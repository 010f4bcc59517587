"""docs/tables.md from the contracts: `python -m jobs.dictionary > docs/tables.md`, `make docs`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from jobs.definitions import load_definitions
from model.contracts import TableContract

ZONES = {
    "clean": "Typed, standardised rows, one canonical table each; versions by `arrived_date`.",
    "vault": "Sealed values; read by path permission only.",
    "identity": "Who is who: sightings, the graph, the map, golden profiles.",
    "tags": "The wide table of tags, what its columns mean, and what changed.",
    "insight": "What the report shows, as tables.",
    "ops": "The ledger: files, quarantine, runs, quality results, published nights.",
}
_HEAD = """# Tables

Generated from the contracts by `make docs`; do not edit. Delta tables at `<lake>/<zone>/<table>`.
Zone `raw` holds one table per dataset, its source fields as text (sealed where they are pii).
Views `by_person.<table>` are the current rows of a clean table with their `one_id`.
"""


def described(contracts: Iterable[TableContract]) -> str:
    """The tables as Markdown, by zone in the order of the journey."""
    order = list(ZONES)
    known = sorted(contracts, key=lambda contract: order.index(contract.zone))
    parts = [_HEAD]
    for zone, tables in groupby(known, key=lambda contract: contract.zone):
        parts.append(f"## {zone}\n\n{ZONES[zone]}\n")
        parts += [_table(contract) for contract in tables]
    return "\n".join(parts)


def _table(contract: TableContract) -> str:
    sliced = f" · sliced by `{contract.sliced_by}`" if contract.sliced_by else ""
    rows = [
        f"| `{column.name}` | `{column.type}` | {column.title} | {column.title_en} | {column.pii} |"
        for column in contract.columns
    ]
    return "\n".join([
        f"### {contract.full_name}\n",
        f"{contract.comment}  ",
        f"Key: {', '.join(f'`{name}`' for name in contract.key)}{sliced}\n",
        "| column | type | 中文 | meaning | pii |",
        "|---|---|---|---|---|",
        *rows,
        "",
    ])  # fmt: skip


def main() -> None:
    """Prints the dictionary of the project in this folder."""
    sys.stdout.write(described(load_definitions(Path(), "local", []).contracts))


if __name__ == "__main__":
    main()
