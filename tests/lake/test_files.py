"""Small text files beside the tables."""

from __future__ import annotations

from pathlib import Path

from lake.files import read_text, write_text


def test_a_text_is_read_as_it_was_written_in_folders_made_on_the_way(scratch: Path) -> None:
    root = str(scratch / "湖 o'lake")
    assert write_text(root, "views/duckdb.sql", "select '客户';\n") == f"{root}/views/duckdb.sql"
    assert read_text(root, "views/duckdb.sql") == "select '客户';\n"
    assert (Path(root) / "views/duckdb.sql").read_bytes() == "select '客户';\n".encode()


def test_a_text_written_again_is_replaced_whole_and_leaves_nothing_beside_it(scratch: Path) -> None:
    write_text(str(scratch), "run.json", "a much longer text")
    write_text(f"{scratch}/", "run.json", "short")
    assert read_text(str(scratch), "run.json") == "short"
    assert [path.name for path in scratch.iterdir()] == ["run.json"]


def test_a_file_that_is_not_there_reads_as_none(scratch: Path) -> None:
    (scratch / "views").mkdir()
    assert read_text(str(scratch), "views/spark.sql") is None
    assert read_text(str(scratch), "views") is None


def test_a_url_names_the_same_file_as_its_path(scratch: Path) -> None:
    write_text(scratch.as_uri(), "run.json", "{}")
    assert read_text(str(scratch), "run.json") == "{}"
