"""The audit: who let what pass, on which night, and why."""

from __future__ import annotations

import getpass
import os
from collections.abc import Sequence
from datetime import datetime, timezone

from jobs.night import Night
from lake.ledger import AuditRecord, record_audit
from lake.log_tables import append_records
from model.ops_tables import AUDIT


def record_accepted(night: Night, accepted: Sequence[tuple[str, str, int]]) -> None:
    """A row of ops.audit for all that a person let pass in this run: (code, reason, rows)."""
    record_audit(night.lake, [
        AuditRecord(
            datetime.now(timezone.utc), user_name(),
            f"run --date {night.business_date} --accept {code}", reason, row_count,
        )
        for code, reason, row_count in accepted
    ])  # fmt: skip


def record_command(
    lake_root: str, commands: Sequence[str], purpose: str | None, row_count: int
) -> None:
    """A row of ops.audit for each command, written without a session; `commands` are told without
    the identifiers they were given, `row_count` is of each."""
    now, user = datetime.now(timezone.utc), user_name()
    append_records(
        lake_root, AUDIT, [(now, user, command, purpose, row_count) for command in commands], {}
    )


def user_name() -> str:
    """The login name of whoever runs the command; in a container without one, the number."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return f"uid {os.getuid()}"
