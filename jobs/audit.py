"""The audit: who let what pass, on which night, and why."""

from __future__ import annotations

import getpass
import os
from collections.abc import Sequence
from datetime import datetime, timezone

from jobs.night import Night
from lake.ledger import AuditRecord, record_audit
from quality.gate import CheckResult


def record_accepted(night: Night, results: Sequence[CheckResult]) -> None:
    """A row of ops.audit for every failed check that a person let pass in this run."""
    record_audit(night.lake, [
        AuditRecord(
            datetime.now(timezone.utc), user_name(),
            f"run --date {night.business_date} --accept {result.code}",
            result.accepted_because, result.row_count,
        )
        for result in results if result.accepted_because is not None
    ])  # fmt: skip


def user_name() -> str:
    """The login name of whoever runs the command; in a container without one, the number."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return f"uid {os.getuid()}"
