"""How a dump of unknown layout is written: container, encoding, delimiter, header, columns."""

from __future__ import annotations

import bz2
import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl import Workbook

from ingestion.encodings import encoding_of
from ingestion.samples import Sample, delimiter_of, is_header, read_sample
from model.errors import InputMissingError, UsageError

ROWS = [
    ("编号", "城市", "备注"), ("a1", "上海", "好"), ("a2", "北京", "一般"), ("a3", "广州", "差"),
]  # fmt: skip


def sample_of(data: bytes, folder: Path, name: str = "dump.csv") -> Sample:
    path = folder / name
    path.write_bytes(data)
    return read_sample(path)


@pytest.mark.parametrize(
    ("text", "encoding", "found"),
    [
        ("会员,城市\n1,上海\n", "utf-8", "utf-8"),
        ("会员,城市\n1,上海\n", "utf-8-sig", "utf-8"),
        ("会员,城市\n1,上海\n", "gbk", "gb18030"),
        ("会员,城市\n1,上海㐀\n", "gb18030", "gb18030"),
        ("会员,城市\n1,上海\n", "utf-16", "utf-16"),
        ("id,city\n1,Köln\n2,Orléans\n", "latin-1", "latin-1"),
        ("id,city\n1,Rome\n", "ascii", "utf-8"),
    ],
)
def test_the_encoding_is_that_the_text_was_written_in(
    text: str, encoding: str, found: str
) -> None:
    data = text.encode(encoding)
    assert encoding_of(data) == found
    assert data.decode("utf-8-sig" if found == "utf-8" else found).lstrip("\ufeff") == text


@pytest.mark.parametrize(
    ("lines", "delimiter"),
    [
        (["a,b;c,d", "1,2;3,4"], ","),
        (["a;b;c", "1,5;2,5;3", "4,5;6;7"], ";"),
        (["a\tb", "x, y\t1", "z\t2"], "\t"),
        (["a|b|c", "1,2|3|4", "5|6|7"], "|"),
        ([" id  day  n", " 1 19970101  2", " 22 19970102  3"], " "),
        (['a,b', '"x, y",1', "z,2"], ","),
        (["one", "two", "three"], ","),
        (["a\x01b", "1\x012"], "\x01"),
    ],
)  # fmt: skip
def test_the_delimiter_gives_most_lines_one_number_of_values(
    lines: list[str], delimiter: str
) -> None:
    assert delimiter_of(lines) == delimiter


@pytest.mark.parametrize(
    ("first", "others", "found"),
    [
        (["id", "city"], [["1", "Rome"]], True),
        (["姓名", "手机"], [["王安安", "13911110001"]], True),
        (["1", "Rome"], [["2", "Bonn"]], False),
        (["id", ""], [["1", "Rome"]], False),
        (["id", "id"], [["1", "Rome"]], False),
        (["paid", "Rome"], [["paid", "Bonn"]], False),
        (["x", "a@b.cn"], [["y", "c@d.cn"]], False),
        (["王安安", "上海"], [["李博文", "北京"]], False),
        (["Ann", "Rome"], [["Bo", "Bonn"]], False),
    ],
)
def test_a_header_names_columns_and_is_no_row(
    first: list[str], others: list[list[str]], found: bool
) -> None:
    assert is_header(first, others) is found


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_csv_of_any_delimiter_gives_the_columns(delimiter: str, tmp_path: Path) -> None:
    text = "".join(delimiter.join(row) + "\r\n" for row in ROWS)
    found = sample_of(text.encode("gbk"), tmp_path)
    assert found.columns == {name: [row[n] for row in ROWS[1:]] for n, name in enumerate(ROWS[0])}
    assert (found.format, found.delimiter) == ("tsv" if delimiter == "\t" else "csv", delimiter)
    assert (found.encoding, found.has_header, found.row_count) == ("gb18030", True, 3)


def test_packed_files_parquet_and_workbooks_are_sampled_alike(tmp_path: Path) -> None:
    text = "".join(",".join(row) + "\n" for row in ROWS).encode()
    columns = {name: [row[n] for row in ROWS[1:]] for n, name in enumerate(ROWS[0])}
    book = Workbook()
    for row in ROWS:
        book.active.append(row)
    book.save(tmp_path / "rows.xlsx")
    pq.write_table(pa.table(columns), tmp_path / "rows.parquet")
    packed = {
        "rows.csv.gz": gzip.compress(text), "rows.csv.bz2": bz2.compress(text),
        "rows.csv.zst": pa.compress(text, "zstd", asbytes=True),
    }  # fmt: skip
    for name, data in packed.items():
        assert sample_of(data, tmp_path, name).columns == columns, name
    for name in ("rows.xlsx", "rows.parquet"):
        found = read_sample(tmp_path / name)
        assert (found.columns, found.format) == (columns, name.partition(".")[2]), name


def test_json_lines_and_arrays_give_their_keys_and_name_what_is_nested(tmp_path: Path) -> None:
    objects = [{"id": "a", "n": 1.50, "ok": True, "tags": [1]}, {"id": "b", "n": None, "more": ""}]
    lines = "".join(json.dumps(one) + "\n" for one in objects).encode()
    for name, data in (("x.jsonl", lines), ("x.json", json.dumps(objects).encode())):
        found = sample_of(data, tmp_path, name)
        assert found.format == name.partition(".")[2]
        assert found.columns["id"] == ["a", "b"]
        assert (found.columns["n"], found.columns["ok"]) == (["1.5", None], ["true", None])
        assert found.nested == ("tags",)


def test_rows_of_another_width_are_counted_and_left_out(tmp_path: Path) -> None:
    found = sample_of(b"id,city\n1,Rome\n2\n3,Bonn\n4,Bern\n5,Kiew\n6,Graz\n", tmp_path)
    assert (found.row_count, found.ragged) == (5, 1)


def test_a_sample_is_bounded_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingestion.samples.MOST_BYTES", 100)
    found = sample_of(b"id,city\n" + b"1,Rome\n" * 100, tmp_path)
    assert (found.is_whole, found.row_count, found.ragged) == (False, 13, 0)


def test_what_cannot_be_sampled_is_refused_with_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(InputMissingError, match="there is no file"):
        read_sample(tmp_path / "nothing.csv")
    for name, data in (("empty.csv", b""), ("bad.zip", b"PK\x03\x04xx"), ("bad.gz", b"\x1f\x8bxx")):
        with pytest.raises(UsageError):
            sample_of(data, tmp_path, name)
