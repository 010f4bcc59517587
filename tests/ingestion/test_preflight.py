"""Files refused whole, each with its reason code; all others may be read."""

import gzip
from pathlib import Path

import pytest

from ingestion.preflight import refusal_of
from model.errors import InputMissingError
from tests.ingestion.fixtures import layout

CSV = """
channel: c
datasets:
  d:
    path: "{date}.csv"
    fields: {a: {from: [A, 甲], required: true}, b: {from: B}}
    into: {orders: {columns: {order_id: a}}}
"""
GOOD = b"A,B\n1,2\n"


def refusal(folder: Path, data: bytes, name: str = "f.csv", text: str = CSV) -> str | None:
    (folder / name).write_bytes(data)
    return refusal_of(folder / name, layout(text, longest=1000))


@pytest.mark.parametrize(
    ("data", "name", "code"),
    [
        (GOOD, "f.csv", None),
        (b"\xef\xbb\xbf" + GOOD, "f.csv", None),
        (gzip.compress(GOOD, mtime=0), "f.csv.gz", None),
        (GOOD, "f.csv.gz", "not_gzip"),
        (gzip.compress(GOOD * 1000, mtime=0)[:-20], "f.csv.gz", "truncated_gzip"),
        (gzip.compress(GOOD, mtime=0)[:-8] + b"01234567", "f.csv.gz", "broken_gzip"),
        (b"PK\x03\x04 and so on", "f.csv", "unsupported_container"),
        ("A,B\n男,2\n".encode("gbk"), "f.csv", "encoding"),
        ("A,B\n1,2\n".encode("utf-16"), "f.csv", "encoding"),
        (b"A,B\n" + b"x" * 1001 + b",2\n", "f.csv", "line_too_long"),
        (b"A,B\r" + b"x" * 998 + b",2\r", "f.csv", None),
        (b"", "f.csv", "empty"),
        (b"\n\n", "f.csv", "empty"),
        (b"A,B\n\n", "f.csv", "empty"),
        (b"X,Y\n1,2\n", "f.csv", "no_known_column"),
        (b"B\n1\n", "f.csv", "missing_column:a"),
        (b"A,B,a \n1,2,3\n", "f.csv", "duplicate_column:a"),
        ("A,B,甲\n1,2,3\n".encode(), "f.csv", "duplicate_column:a"),
        (b"x,x,A\n1,2,3\n", "f.csv", None),
        (b'"A,B\n1,2\n', "f.csv", "broken_header"),
        (b",".join(b"c%d" % n for n in range(150)) + b",A\n" + b"," * 150 + b"\n", "f.csv", None),
    ],
)
def test_a_file_is_refused_for_the_right_reason(
    scratch: Path, data: bytes, name: str, code: str | None
) -> None:
    assert refusal(scratch, data, name) == code


def test_a_gzip_bomb_is_refused_while_it_unpacks(scratch: Path) -> None:
    with gzip.open(scratch / "bomb.csv.gz", "wb") as out:
        out.write(GOOD)
        for _ in range(80):
            out.write(b"1,2\n" * (1 << 18))
    assert refusal_of(scratch / "bomb.csv.gz", layout(CSV)) == "expansion_ratio"


def test_an_empty_file_may_be_accepted(scratch: Path) -> None:
    text = CSV.replace("    fields", "    empty: accept\n    fields")
    assert refusal(scratch, b"", text=text) is None
    assert refusal(scratch, b"A,B\n", text=text) is None
    assert refusal(scratch, b"B\n", text=text) == "missing_column:a"


def test_each_encoding_is_read_as_itself(scratch: Path) -> None:
    for encoding in ("gbk", "gb18030", "utf-16", "utf-8-sig"):
        text = CSV.replace("    fields", f"    encoding: {encoding}\n    fields")
        data = "甲,B\n张三,2\n".encode(encoding)
        assert refusal(scratch, data, text=text) is None


def test_a_file_that_vanished_is_missing_input(scratch: Path) -> None:
    with pytest.raises(InputMissingError, match="still be arriving"):
        refusal_of(scratch / "none.csv", layout(CSV))
