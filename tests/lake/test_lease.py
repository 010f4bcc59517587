"""One writer per lake: a lease is taken, renewed, freed, and taken over from the dead."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from lake import lease
from lake.lease import Lease
from model.errors import LakeBusyError

HERE = socket.gethostname()
IN_AN_HOUR = time.time() + 3600


def row(root: Path) -> dict[str, object]:
    """The lease table's one row."""
    rows = DeltaTable(str(root / "ops/leases")).to_pyarrow_table().to_pylist()
    assert len(rows) == 1
    return rows[0]


def plant(root: Path, holder: str, expires_at: float) -> None:
    """Makes the run `other` hold the lake."""
    values = {"holder": [holder], "run_id": ["other"], "expires_at": [expires_at]}
    write_deltalake(str(root / "ops/leases"), pa.table(values), mode="overwrite")


def wait_until(holds: Callable[[], bool]) -> None:
    """Returns as soon as it holds; fails after ten seconds."""
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_lake_is_held_while_a_run_lives_and_free_when_it_ends(scratch: Path) -> None:
    with Lease(str(scratch), "one", 60) as held:
        held.confirm()
        assert row(scratch)["holder"] == f"{HERE}:{os.getpid()}"
        assert row(scratch)["run_id"] == "one"
    assert row(scratch)["holder"] == ""
    with Lease(str(scratch), "two", 60):
        assert row(scratch)["run_id"] == "two"


def test_a_second_runner_is_refused_and_told_who_holds_the_lake(scratch: Path) -> None:
    second = Lease(str(scratch), "two", 60)
    with (
        Lease(str(scratch), "one", 60) as first,
        pytest.raises(LakeBusyError, match=f"run one on {HERE}:{os.getpid()} holds the lake"),
    ):
        second.__enter__()
    assert LakeBusyError.exit_code == 5
    assert row(scratch)["run_id"] == "one"
    assert not first._heart.is_alive()


def test_a_run_that_fails_frees_the_lake(scratch: Path) -> None:
    with pytest.raises(RuntimeError, match="stage"), Lease(str(scratch), "one", 60):
        raise RuntimeError("stage")
    assert row(scratch)["holder"] == ""


@pytest.mark.parametrize("holder", ["elsewhere:1", f"{HERE}:{os.getpid()}"], ids=["far", "near"])
def test_a_holder_that_renewed_in_time_is_left_alone(scratch: Path, holder: str) -> None:
    plant(scratch, holder, IN_AN_HOUR)
    with pytest.raises(LakeBusyError, match="run other"), Lease(str(scratch), "one", 60):
        pass
    assert row(scratch)["holder"] == holder


def test_an_expired_holder_is_taken_over(scratch: Path) -> None:
    plant(scratch, "elsewhere:1", time.time() - 1)
    with Lease(str(scratch), "one", 60) as taken:
        taken.confirm()


def test_a_dead_process_of_this_host_is_taken_over_before_its_lease_ends(scratch: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        dead.wait()
    plant(scratch, f"{HERE}:{dead.pid}", IN_AN_HOUR)
    with Lease(str(scratch), "one", 60) as taken:
        taken.confirm()


def test_of_two_runners_that_read_the_same_version_one_gets_through(
    scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(scratch, "", 0.0)
    both_have_read, both_are_done, first_read = threading.Barrier(2), threading.Barrier(2), set()
    outcomes = []

    def read_together(path: str, table: DeltaTable) -> lease._Row:
        found = plain_read(path, table)
        if threading.get_ident() not in first_read:
            first_read.add(threading.get_ident())
            both_have_read.wait(10)
        return found

    def run(name: str) -> None:
        try:
            with Lease(str(scratch), name, 60):
                outcomes.append(f"{name} holds")
                both_are_done.wait(10)
        except LakeBusyError as error:
            outcomes.append(str(error))
            both_are_done.wait(10)

    plain_read = lease._read
    monkeypatch.setattr(lease, "_read", read_together)
    runners = [threading.Thread(target=run, args=[name]) for name in ("one", "two")]
    for runner in runners:
        runner.start()
    for runner in runners:
        runner.join()
    assert sorted(outcomes)[0] == "another run took the lake just now; try again later"
    assert sorted(outcomes)[1] in ("one holds", "two holds")


def test_a_living_run_renews_its_lease(scratch: Path) -> None:
    with Lease(str(scratch), "one", 1):
        taken_until = row(scratch)["expires_at"]
        wait_until(lambda: row(scratch)["expires_at"] > taken_until)  # type: ignore[operator]


def test_a_run_whose_lease_was_taken_over_is_told_and_leaves_the_new_holder_alone(
    scratch: Path,
) -> None:
    with Lease(str(scratch), "one", 60) as lost:
        plant(scratch, "elsewhere:1", IN_AN_HOUR)
        with pytest.raises(LakeBusyError, match="another run took the lake"):
            lost.confirm()
    assert row(scratch)["holder"] == "elsewhere:1"


def test_renewal_ends_when_another_run_has_taken_the_lake(scratch: Path) -> None:
    with Lease(str(scratch), "one", 1) as lost:
        plant(scratch, "elsewhere:1", IN_AN_HOUR)
        wait_until(lambda: not lost._heart.is_alive())
        assert row(scratch)["run_id"] == "other"


def test_a_renewal_that_fails_once_is_tried_again(
    scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Lease(str(scratch), "one", 1) as held:
        taken_until = row(scratch)["expires_at"]
        broken = threading.Event()

        def fail_once(table: DeltaTable, holder: str) -> None:
            monkeypatch.setattr(held, "_write", plain_write)
            broken.set()
            raise OSError("the store did not answer")

        plain_write = held._write
        monkeypatch.setattr(held, "_write", fail_once)
        assert broken.wait(10)
        wait_until(lambda: row(scratch)["expires_at"] > taken_until)  # type: ignore[operator]
