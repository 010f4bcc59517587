"""What the last night made its map of: while that stands, the next looks at what changed only."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from identity.touched import Since
from jobs import resolve_identity
from tests.jobs.conftest import onefold
from tests.jobs.lake_rows import hashes_of, rows_of
from tests.jobs.tiny_project import NIGHTS

pytestmark = pytest.mark.slow
FIRST, SECOND, THIRD = (str(night) for night in NIGHTS)


@pytest.fixture(scope="module")
def ingested(nights: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project after its second night, with the third one's dumps taken in."""
    project = Path(shutil.copytree(nights[1], tmp_path_factory.mktemp("ingested") / "project"))
    assert onefold(project, "run", "--date", THIRD, "--only", "ingest_channels") == 0
    return project


@pytest.fixture
def project(ingested: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(ingested, tmp_path / "project"))


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What resolutions are told of the night before them: None where they look at everything."""
    found = []
    resolve = resolve_identity.resolve_identity

    def told(*given: Any, since: Any, **more: Any) -> Any:
        found.append(since)
        return resolve(*given, since=since, **more)

    monkeypatch.setattr(resolve_identity, "resolve_identity", told)
    return found


def resolve(project: Path, night: str = THIRD) -> int:
    return onefold(project, "run", "--date", night, "--only", "resolve_identity")


def test_a_night_after_another_looks_at_what_changed_for_the_same_tables(
    project: Path, tmp_path: Path, told: list[Any]
) -> None:
    full = Path(shutil.copytree(project, tmp_path / "full"))
    shutil.rmtree(full / "lake" / "ops" / "resolved")
    assert (resolve(project), resolve(full)) == (0, 0)
    assert [since and since.night for since in told] == [NIGHTS[1], None]
    assert hashes_of(project / "lake") == hashes_of(full / "lake")
    for remembered in ("ops/ruled", "ops/listed", "ops/first_held"):
        found, expected = (
            sorted(map(repr, without_nights(rows_of(each / "lake" / remembered)).to_pylist()))
            for each in (project, full)
        )
        assert found == expected and found
    days = [set(rows_of(each / "lake/ops/first_held")["business_date"].to_pylist())
            for each in (project, full)]  # fmt: skip
    assert days == [set(NIGHTS), {NIGHTS[2]}]


def without_nights(rows: pa.Table) -> pa.Table:
    """Which night told it first is another one after a full build."""
    return rows.select([name for name in rows.column_names if name != "business_date"])


def test_a_night_of_many_rows_revises_the_histories_for_the_same_tables(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Path(shutil.copytree(project, tmp_path / "whole"))
    monkeypatch.setattr("identity.resolution._FEW", 0)
    monkeypatch.setattr("jobs.last_resolution.Since", partial(Since, largest_share=100.0))
    assert resolve(project) == 0
    monkeypatch.setattr("model.revisions.MOST_FILES", 0)
    assert resolve(whole) == 0
    assert hashes_of(project / "lake") == hashes_of(whole / "lake")
    files = [
        len(DeltaTable(str(each / "lake" / "identity" / table)).file_uris())
        for table in ("nodes", "links", "one_ids") for each in (project, whole)
    ]  # fmt: skip
    assert files == [2, 1] * 3


def another_limit(project: Path) -> None:
    policy = project / "conf" / "identity.yml"
    policy.write_text(policy.read_text().replace("max_peers: 5", "max_peers: 4"))


def another_state_of_a_channel(project: Path) -> None:
    channel = project / "conf" / "channels" / "line.yml"
    words = channel.read_text()
    channel.write_text(words.replace("channel: line", "channel: line\nstatus: shadow"))


def another_version_of_a_table(project: Path) -> None:
    hubs = str(project / "lake" / "identity" / "hubs")
    write_deltalake(hubs, DeltaTable(hubs).to_pyarrow_table(), mode="overwrite")


def another_slice_of_sightings(project: Path) -> None:
    seen = str(project / "lake" / "identity" / "sightings")
    write_deltalake(
        seen, DeltaTable(seen).to_pyarrow_table(filters=[("business_date", "=", NIGHTS[0])]),
        mode="overwrite", predicate=f"business_date = '{FIRST}'",
    )  # fmt: skip


@pytest.mark.parametrize(
    "changed",
    [another_limit, another_state_of_a_channel, another_version_of_a_table,
     another_slice_of_sightings],
)  # fmt: skip
def test_a_night_looks_at_everything_where_what_made_the_map_is_not_what_it_was(
    project: Path, told: list[Any], changed: Callable[[Path], None]
) -> None:
    changed(project)
    assert resolve(project) == 0
    assert told == [None]


def test_a_night_behind_one_that_was_killed_while_it_wrote_looks_at_everything(
    project: Path, told: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(resolve_identity, "_write", killed)
        assert resolve(project, SECOND) != 0
    assert resolve(project) == 0
    assert told == [None, None]
