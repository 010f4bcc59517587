"""The last act of a night: one row in ops.published, then the views readers use."""

from __future__ import annotations

from collections.abc import Sequence

from jobs.night import Night
from lake.ledger import record_published
from lake.published import write_views
from lake.snapshots import versions
from model.contracts import TableContract

NAME = "publish"


def run(night: Night) -> None:
    """From its commit on, readers see the night; views left over by a kill are written again."""
    definitions, lake = night.definitions, night.lake
    contracts = definitions.published_contracts
    published = record_published(
        lake, night.business_date, versions(lake.root, contracts), definitions.fingerprint
    )
    write_views(lake.root, published, contracts, definitions.tables)


def tables(night: Night) -> Sequence[TableContract]:
    """The tables this stage writes: none but the ledger."""
    return ()


if __name__ == "__main__":
    from jobs.command_line import submit

    submit("run", "--only", NAME)
