"""Stretches of a slice's keys are the rows that a scan of all its files would find."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lake.keyed_files import KeyedFiles


def written(folder: Path, name: str, keys: list[int], **options: bool) -> Path:
    file = folder / f"{name}.parquet"
    rows = pa.table({"v": [f"{key}" for key in keys], "one_id": pa.array(keys, pa.int64())})
    pq.write_table(rows, file, row_group_size=3, **options)
    return file


@pytest.mark.parametrize("in_order", [True, False])
def test_every_stretch_is_what_a_scan_finds(tmp_path: Path, in_order: bool) -> None:
    chance = random.Random(4)
    keys = sorted(chance.sample(range(100), 40))
    if not in_order:
        chance.shuffle(keys)
    parts = [keys[n : n + 9] for n in range(0, len(keys), 9)]
    files = [written(tmp_path, f"f{n}", part) for n, part in enumerate(parts)]
    files.append(written(tmp_path, "none", []))
    files.append(written(tmp_path, "untold", [7], write_statistics=False))
    keyed = KeyedFiles.of(files, "one_id")
    every = [*keys, 7]
    for first, end in [(None, None), (None, 50), (50, None), (20, 60), (99, 99), (7, 8), (-5, 3)]:
        expected = [k for k in every if (first is None or k >= first) and (end is None or k < end)]
        found = keyed.between(first, end)
        assert sorted(found["one_id"].to_pylist()) == sorted(expected)
        assert found["v"].to_pylist() == [str(key) for key in found["one_id"].to_pylist()]


def test_a_slice_without_files_or_rows_has_its_key(tmp_path: Path) -> None:
    for files in ([], [written(tmp_path, "none", [])]):
        assert KeyedFiles.of(files, "one_id").between(None, None).num_rows == 0
        assert "one_id" in KeyedFiles.of(files, "one_id").between(3, 4).column_names
