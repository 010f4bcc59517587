"""A file read range by range gives the records of the whole file."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestion.layout import Layout, without_mark
from ingestion.record_types import Record, Tally
from ingestion.records import records
from ingestion.splits import header_names, layout_of_part, splits_of
from tests.ingestion.fixtures import layout

CSV = """
channel: c
datasets:
  d:
    path: "{date}.csv"
    fields: {a: {from: A}, b: {from: B}}
    into: {orders: {columns: {order_id: a}}}
"""
TWO = layout(CSV)
BLANKS = layout(CSV.replace("    fields", "    delimiter: ' '\n    fields"))
LINES = layout(CSV.replace('csv"', 'jsonl"\n    format: jsonl'))
THIRD = layout(CSV.replace("    fields", "    header: 3\n    fields"))
Counts = tuple[int, int, int]


def open_part(path: Path, how: Layout, start: int, end: int) -> io.TextIOWrapper:
    """The lines of one byte range, by the layout of the part."""
    part = path.read_bytes()[start:end]
    text = without_mark(part, how) if start == 0 else part
    return io.TextIOWrapper(io.BytesIO(text), encoding=how.encoding, newline="")


def of_whole(path: Path, how: Layout) -> tuple[list[Record], Counts]:
    tally = Tally()
    with open_part(path, how, 0, path.stat().st_size) as lines:
        found = list(records(lines, how, tally))
    return found, (tally.header, tally.blank, tally.data)


def of_parts(path: Path, how: Layout, target: int) -> tuple[list[Record], Counts, int]:
    tally, found = Tally(), []
    splits = splits_of(path, how, target)
    assert [splits[0][0], splits[-1][1]] == [0, path.stat().st_size]
    assert [end for _, end, _ in splits[:-1]] == [start for start, _, _ in splits[1:]]
    part = layout_of_part(how, header_names(path, how) if how.is_csv else ())
    for start, end, line in splits:
        own = part if start else how
        with open_part(path, own, start, end) as lines:
            found += [
                each._replace(line=each.line + line - 1) for each in records(lines, own, tally)
            ]
    return found, (tally.header, tally.blank, tally.data), len(splits)


texts = st.lists(
    st.sampled_from([
        "1,2\n", '"x, y",2\n', '"say ""hi""",2\r\n', "\n", " \n", '"open,2\n', 'a"b,2\n', "1\r",
        "1,2,3\n", '"x\ny",2\n', "男,\n", '"男"\n', "\0,1\n", "\ufeff1,2\n", '{"A": 1}\n', "1  2\n",
    ]),
    max_size=12,
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # one file, written anew
@given(
    lines=texts, head=st.sampled_from(["A,B\n", "\n\nA,B\r\n", '"A",B\n', "A  B\n", "x\ny\nA,B\n"]),
    how=st.sampled_from([TWO, BLANKS, LINES, THIRD]), target=st.integers(1, 20),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "gb18030"]),
)  # fmt: skip
def test_ranges_give_the_records_and_lines_of_the_whole(
    scratch: Path, lines: list[str], head: str, how: Layout, target: int, encoding: str
) -> None:
    path = scratch / "f.csv"
    path.write_bytes((head + "".join(lines)).encode(encoding))
    how = replace(how, encoding="gb18030" if encoding == "gb18030" else "utf-8-sig")
    found, counts, _ = of_parts(path, how, target)
    assert (found, counts) == of_whole(path, how)


@pytest.mark.parametrize(
    ("text", "how", "is_cut"),
    [
        ("A,B\n" + "1,2\n" * 9, TWO, True),
        ('A,B\r\n"1","2"\r\n' * 9, TWO, True),
        ("A,B\n1,2\n" * 9 + '"open,2', TWO, True),
        ("A,B\n1,2\n" * 9 + '"open,2\n', TWO, False),
        ("A,B\n1,2\n" * 9 + "1\r2,3\n", TWO, False),
        ("A,B\n1,2\n" * 9 + "1,2\r", TWO, False),
        ('A,B\n"open,2\n' * 9, replace(TWO, multiline=False), True),
        ("A,B\n1,2\n" * 9, replace(TWO, escape="\\"), False),
        ("A,B\n1,2\n" * 9, replace(TWO, encoding="utf-16"), False),
        ("A B\n\"1 2\n" * 9, BLANKS, True),
        ('{"A": "x"}\n{"A": "\n' * 9, LINES, True),
    ],
)
def test_a_file_is_cut_only_where_no_record_can_span_lines(
    scratch: Path, text: str, how: Layout, is_cut: bool
) -> None:
    path = scratch / "f.csv"
    path.write_bytes(text.encode())
    assert (len(splits_of(path, how, 8)) > 1) == is_cut


def test_a_packed_file_is_one_range(scratch: Path) -> None:
    path = scratch / "f.csv"
    path.write_bytes(b"\x1f\x8b" + b"A,B\n" * 9)
    assert splits_of(path, TWO, 4) == [(0, 38, 1)]


def test_ranges_are_about_as_large_as_wished(
    scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingestion.splits._CHUNK", 1000)
    path = scratch / "f.csv"
    path.write_bytes(b"A,B\n" + b'"123456",2\r\n' * 10_000)
    splits = splits_of(path, TWO, 10_000)
    assert len(splits) == 12
    assert {end - start for start, end, _ in splits[1:-1]} == {10_008}
    assert splits[1][2] == 2 + (splits[1][0] - 4) // 12
