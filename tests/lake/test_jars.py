"""Which jars a session takes, how they are verified, and what a user reads when one is missing."""

import hashlib
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from lake import jars
from lake.jars import Jar, carve, ensure_jars, jar_folder, jar_paths, locked_jars, session_jars
from model.errors import MissingToolError

LARGE = "org.example:large:1"
CARVED = "io.graphframes:small:1"
PLAIN = "io.delta:plain:1"


def large_jar(path: Path, names: Sequence[str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as jar:
        for name in names:
            jar.writestr(name, f"bytes of {name}")
    return path


def locked(coordinate: str, content: bytes, carved_from: str = "") -> Jar:
    return Jar(coordinate, len(content), hashlib.sha256(content).hexdigest(), carved_from)


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """A lock of three jars and a registry that gives them; tests may spoil what it gives."""
    large = large_jar(tmp_path / "l.jar", ["org/graphframes/A.class", "org/sedona/B.class"])
    small = carve(large, tmp_path / "s.jar").read_bytes()
    given = {LARGE: large.read_bytes(), PLAIN: b"plain"}
    lock = [locked(PLAIN, b"plain"), locked(LARGE, given[LARGE]), locked(CARVED, small, LARGE)]

    def fetch(coordinates: Sequence[str], folder: Path, log: Path) -> Iterator[tuple[str, Path]]:
        for coordinate in coordinates:
            path = folder / coordinate.replace(":", "_")
            path.write_bytes(given[coordinate])
            yield coordinate, path

    monkeypatch.setattr(jars, "locked_jars", lambda: lock)
    monkeypatch.setattr(jars, "fetch_jars", fetch)
    return given


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_lock_lists_delta_and_graphframes_and_nothing_of_sedona() -> None:
    names = [jar.file_name for jar in session_jars()]
    assert len(names) == 8
    assert names[0] == "delta-spark_4.2_2.13-4.4.0.jar"
    assert names[-1] == "graphframes-spark4_2.13-0.9.2.jar"
    assert not any("sedona" in name for name in names)


def test_every_carved_jar_names_a_locked_source() -> None:
    coordinates = {jar.coordinate for jar in locked_jars()}
    assert {jar.carved_from for jar in locked_jars()} - {""} <= coordinates


def test_what_is_missing_is_fetched_and_the_large_jar_is_not_kept(
    registry: dict[str, bytes], tmp_path: Path
) -> None:
    said: list[str] = []
    paths = ensure_jars(tmp_path / "jars", said.append)
    assert [path.name for path in paths] == ["plain-1.jar", "small-1.jar"]
    assert names_in(tmp_path / "jars") == ["complete", "plain-1.jar", "small-1.jar"]
    assert len(said) == 3


def test_a_full_folder_fetches_nothing(registry: dict[str, bytes], tmp_path: Path) -> None:
    ensure_jars(tmp_path / "jars", lambda _: None)
    registry.clear()
    assert len(ensure_jars(tmp_path / "jars", lambda _: None)) == 2


def test_a_damaged_jar_of_the_right_size_is_fetched_again(
    registry: dict[str, bytes], tmp_path: Path
) -> None:
    damaged = ensure_jars(tmp_path / "jars", lambda _: None)[0]
    damaged.write_bytes(b"PLAIN")
    ensure_jars(tmp_path / "jars", lambda _: None)
    assert damaged.read_bytes() == b"plain"


@pytest.mark.parametrize("spoilt", [b"plaim", b"plain and more"])
def test_a_file_that_is_not_the_locked_one_is_refused(
    registry: dict[str, bytes], tmp_path: Path, spoilt: bytes
) -> None:
    registry[PLAIN] = spoilt
    with pytest.raises(MissingToolError, match="not the locked one"):
        ensure_jars(tmp_path / "jars", lambda _: None)
    assert names_in(tmp_path / "jars") == []


def test_carving_takes_graphframes_only_and_gives_the_same_bytes_whatever_the_order(
    tmp_path: Path,
) -> None:
    names = ["org/graphframes/B.class", "org/apache/spark/sql/graphframes/A.class", "META-INF/s"]
    one = carve(large_jar(tmp_path / "1", names), tmp_path / "1.jar")
    two = carve(large_jar(tmp_path / "2", names[::-1]), tmp_path / "2.jar")
    assert one.read_bytes() == two.read_bytes()
    with zipfile.ZipFile(one) as jar:
        assert jar.namelist() == sorted(names[:2])
        assert jar.read(names[0]) == b"bytes of org/graphframes/B.class"


def test_missing_jars_are_one_line_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(MissingToolError) as caught:
        jar_paths(tmp_path)
    assert "python -m lake.jars" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_jar_cut_short_counts_as_missing(registry: dict[str, bytes], tmp_path: Path) -> None:
    ensure_jars(tmp_path, lambda _: None)[0].write_bytes(b"pla")
    with pytest.raises(MissingToolError, match=r"1 jars missing .*plain-1\.jar"):
        jar_paths(tmp_path)


def test_a_users_own_graphframes_jar_stands_in_for_the_carved_one(
    registry: dict[str, bytes], tmp_path: Path
) -> None:
    own = tmp_path / "own.jar"
    own.write_bytes(b"own")
    ensure_jars(tmp_path / "jars", lambda _: None)
    (tmp_path / "jars" / "small-1.jar").unlink()
    assert [p.name for p in jar_paths(tmp_path / "jars", str(own))] == ["plain-1.jar", "own.jar"]
    with pytest.raises(MissingToolError, match="graphframes_jar"):
        jar_paths(tmp_path / "jars", str(tmp_path / "nowhere.jar"))


def test_the_folder_is_the_setting_or_below_onefold_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONEFOLD_HOME", "/somewhere")
    assert jar_folder() == Path("/somewhere/jars")
    assert jar_folder("/else/where") == Path("/else/where")
    monkeypatch.delenv("ONEFOLD_HOME")
    assert jar_folder() == Path.home() / ".cache" / "onefold" / "jars"
