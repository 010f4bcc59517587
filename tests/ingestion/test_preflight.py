"""Files refused whole, each with its reason code; all others may be read."""

import bz2
import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from ingestion.formats import records_of
from ingestion.preflight import refusal_of
from ingestion.record_types import Tally
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


@pytest.mark.parametrize("chunk", [1, 4 << 20])
@pytest.mark.parametrize("pack", [bytes, bz2.compress, gzip.compress])
@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", ""), ("utf-8", "\ufeff"), ("utf-8-sig", ""), ("utf-8-sig", "\ufeff"),
        ("utf-16", ""), ("gbk", ""), ("gb18030", ""), ("gb18030", "\ufeff"), ("latin-1", ""),
    ],
)  # fmt: skip
def test_each_encoding_is_read_as_itself_whatever_the_chunks(
    scratch: Path, monkeypatch: pytest.MonkeyPatch, encoding: str, mark: str,
    pack: Callable[[bytes], bytes], chunk: int,
) -> None:  # fmt: skip
    monkeypatch.setattr("ingestion.text_check._CHUNK", chunk)
    name = "é" if encoding == "latin-1" else "张三㐀𠮷" if encoding.startswith("utf") else "张三"
    text = CSV.replace("    fields", f"    encoding: {encoding}\n    fields")
    data = pack(f"{mark}A,B\r\n{name},2\n".encode(encoding))
    assert refusal(scratch, data, text=text) is None
    tally = Tally()
    [record] = records_of(scratch / "f.csv", layout(text), tally)
    assert (record.values, record.line, tally.lines) == ([name, "2"], 2, 2)
    if pack is bytes and encoding != "latin-1":
        cut = 7 if encoding == "utf-16" else 4  # in the middle of a letter
        assert refusal(scratch, data[:-cut], text=text) == "encoding"


@pytest.mark.parametrize(
    ("text", "longest", "code"),
    [
        ("A,B\n男男,2\n", 4, None),
        ("A,B\n男男男,2\n", 4, "line_too_long"),
        ("A,B\r\n12,2\r\n1,2", 4, None),
        ("A,B\r\n123,2\r\n1,2", 4, "line_too_long"),
        ("A,B\r12,2\r1,2\n", 4, None),
        ("A,B\n1,23456", 4, "line_too_long"),
    ],
)
@pytest.mark.parametrize("chunk", [1, 4 << 20])
@pytest.mark.parametrize("encoding", ["utf-8", "gbk", "utf-16"])
def test_the_longest_line_is_counted_in_characters_without_its_end(
    scratch: Path, monkeypatch: pytest.MonkeyPatch, text: str, longest: int, code: str | None,
    chunk: int, encoding: str,
) -> None:  # fmt: skip
    monkeypatch.setattr("ingestion.text_check._CHUNK", chunk)
    channel = CSV.replace("    fields", f"    encoding: {encoding}\n    fields")
    (scratch / "f.csv").write_bytes(text.encode(encoding))
    assert refusal_of(scratch / "f.csv", layout(channel, longest)) == code


def test_a_file_that_vanished_is_missing_input(scratch: Path) -> None:
    with pytest.raises(InputMissingError, match="still be arriving"):
        refusal_of(scratch / "none.csv", layout(CSV))
