"""One writer per lake: a lease taken by an atomic Delta commit, renewed while the run lives.

The table `ops.leases` always holds one row. To take the lease is to overwrite that row at the
version that was read: of two runners that read the same version, Delta lets one commit through.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from dataclasses import dataclass
from types import TracebackType

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

from lake.snapshots import rows_of
from model.errors import LakeBusyError

_SCHEMA = pa.schema(
    [("holder", pa.string()), ("run_id", pa.string()), ("expires_at", pa.float64())]
)
_FREE = ""
BEATS_PER_LEASE = 3


@dataclass(frozen=True)
class _Row:
    holder: str
    run_id: str
    expires_at: float


class Lease:
    """A context manager that holds the lake for one run; LakeBusyError (exit 5) where it is held.

    The holder is named `host:pid`: a dead process of this host is taken over at once, anything
    else when its `seconds` have run out without a renewal.
    """

    def __init__(self, lake_root: str, run_id: str, seconds: int) -> None:
        self._path = f"{lake_root.rstrip('/')}/ops/leases".replace("s3a://", "s3://", 1)
        self._run_id = run_id
        self._seconds = seconds
        self._holder = f"{socket.gethostname()}:{os.getpid()}"
        self._is_lost = False
        self._ended = threading.Event()
        self._heart = threading.Thread(target=self._beat, name="lease", daemon=True)

    def __enter__(self) -> Lease:
        self._create_where_missing()
        table = DeltaTable(self._path)
        self._refuse_held(table)
        try:
            self._write(table, self._holder)
        except (CommitFailedError, DeltaError):
            raise LakeBusyError("another run took the lake just now; try again later") from None
        self._heart.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._heart.join()
        table = DeltaTable(self._path)
        if _read(self._path, table).run_id == self._run_id:
            self._write(table, _FREE)

    def refuse_held(self) -> None:
        """Raises LakeBusyError where another run holds the lake; takes and writes nothing."""
        try:
            self._refuse_held(DeltaTable(self._path))
        except TableNotFoundError:
            return  # nobody has held it yet

    def confirm(self) -> None:
        """Raises LakeBusyError when the lease ran out and another run has taken it since."""
        if self._is_lost or _read(self._path, DeltaTable(self._path)).run_id != self._run_id:
            raise LakeBusyError("this run's lease ran out and another run took the lake; try again")

    def _beat(self) -> None:
        while not self._ended.wait(self._seconds / BEATS_PER_LEASE):
            try:
                table = DeltaTable(self._path)
                if _read(self._path, table).run_id != self._run_id:
                    self._is_lost = True
                    return
                self._write(table, self._holder)
            except (DeltaError, OSError):
                continue  # a store that did not answer once: the next beat is still in time

    def _refuse_held(self, table: DeltaTable) -> None:
        row = _read(self._path, table)
        if row.holder != _FREE and self._is_alive(row):
            raise LakeBusyError(
                f"run {row.run_id} on {row.holder} holds the lake; try again when it has ended "
                f"(a dead run's lease ends within {self._seconds} seconds)"
            )

    def _is_alive(self, row: _Row) -> bool:
        host, _, pid = row.holder.rpartition(":")
        if host == socket.gethostname() and not _process_exists(int(pid)):
            return False
        return row.expires_at > time.time()

    def _create_where_missing(self) -> None:
        try:
            DeltaTable(self._path)
        except TableNotFoundError:
            try:
                write_deltalake(self._path, self._table(_FREE), mode="error")
            except DeltaError:  # somebody else made it in the meantime
                DeltaTable(self._path)

    def _write(self, table: DeltaTable, holder: str) -> None:
        metadata = {"userMetadata": self._run_id}
        stamp = CommitProperties(custom_metadata=metadata, max_commit_retries=0)
        write_deltalake(table, self._table(holder), mode="overwrite", commit_properties=stamp)

    def _table(self, holder: str) -> pa.Table:
        expires_at = time.time() + self._seconds if holder != _FREE else 0.0
        values = {"holder": [holder], "run_id": [self._run_id], "expires_at": [expires_at]}
        return pa.table(values, schema=_SCHEMA)


def _read(path: str, table: DeltaTable) -> _Row:
    rows = rows_of(path, table)
    return _Row(**rows[0]) if rows else _Row(_FREE, "", 0.0)


def _process_exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
