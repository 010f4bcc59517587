"""Blocks read by Arrow give the records that ingestion.records reads one by one."""

import io
from collections.abc import Iterator

import hypothesis.strategies as st
from hypothesis import given, settings

from ingestion.batch_rules import RawBatch
from ingestion.csv_blocks import batches_of_csv
from ingestion.layout import Layout
from ingestion.records import Record, Tally, records
from ingestion.text_blocks import TextSource, utf8_chunks

NAMES = ("a", "b", "c")
Told = tuple[list[tuple[object, ...]], int, int]
PIECES = st.sampled_from([
    "a", "甲", " ", ",", ",", '"', '""', "\n", "\n", "\r\n", "\r", "\t", ";", "\\", "\0", "\ufeff",
    '"a"', ',"b",', '"a""b"', "a,b,c\n", "1,2,3\r\n", '"x","y,z","w"\n', '"n\nl",2,3\n',
])  # fmt: skip
TEXTS = st.lists(PIECES, max_size=40).map("".join)


def layout(delimiter: str = ",", escape: str | None = None, encoding: str = "utf-8-sig") -> Layout:
    return Layout(
        format="csv", encoding=encoding, delimiter=delimiter, quote='"', escape=escape,
        multiline=True, names=NAMES, fields={"x": ("a",), "y": ("c",), "z": ("elsewhere",)},
        required=(), accepts_empty=True, longest=1 << 20,
    )  # fmt: skip


def one_by_one(data: bytes, of: Layout) -> Told:
    tally = Tally()
    with io.TextIOWrapper(io.BytesIO(data), encoding=of.encoding, newline="") as lines:
        found = [told(record) for record in records(lines, of, tally)]
    return found, tally.blank, tally.data


def told(record: Record) -> tuple[object, ...]:
    values = None if record.values is None else tuple(record.values)
    return record.line, values, record.text, record.problem


def by_blocks(data: bytes, of: Layout, size: int) -> tuple[Told, int]:
    """The same, and how many records Arrow read."""
    tally, found, by_arrow = Tally(), [], 0
    source = TextSource(utf8_chunks(io.BytesIO(data), of.encoding, size))
    for batch in batches_of_csv(source, NAMES, of, tally):
        found += list(rows_of(batch)) if isinstance(batch, RawBatch) else list(map(told, batch))
        by_arrow += len(batch.lines) if isinstance(batch, RawBatch) else 0
    return (sorted(found, key=lambda row: row[0]), tally.blank, tally.data), by_arrow


def rows_of(batch: RawBatch) -> Iterator[tuple[object, ...]]:
    values = zip(*(column.to_pylist() for column in batch.values.values()), strict=True)
    columns = (batch.lines.to_pylist(), batch.texts.to_pylist(), batch.problems.to_pylist())
    for (line, text, problem), row in zip(zip(*columns, strict=True), values, strict=True):
        yield line, row, text, problem


@settings(max_examples=600, deadline=None)
@given(
    text=TEXTS, delimiter=st.sampled_from(",,;\t"), escape=st.sampled_from([None, None, "\\"]),
    size=st.integers(3, 60),
)  # fmt: skip
def test_every_text_gives_the_same_records_both_ways(
    text: str, delimiter: str, escape: str | None, size: int
) -> None:
    data, of = text.encode(), layout(delimiter, escape)
    expected = one_by_one(data, of)
    assert by_blocks(data, of, size)[0] == expected
    assert by_blocks(data, of, 1 << 20)[0] == expected


def test_other_encodings_give_the_same_records() -> None:
    text = '姓名,1,"张,三"\r\n"李""四",2,3\n\n短\n'
    for encoding in ("gbk", "gb18030", "utf-16", "utf-8-sig"):
        of = layout(encoding=encoding)
        data = text.encode(encoding)
        for size in (3, 7, 1 << 20):
            assert by_blocks(data, of, size)[0] == one_by_one(data, of)


def test_arrow_reads_all_but_the_odd_lines_of_plain_and_quoted_blocks() -> None:
    lines = ["1,2,3\n", '"a,b","c ""d""",e\r\n', "\n", "short\n", ",,\n"]
    (rows, blank, data), by_arrow = by_blocks("".join(lines).encode(), layout(), 1 << 20)
    assert by_arrow == 3
    assert (blank, data) == (1, 4)
    assert rows == [
        (1, ("1", "3", None), "1,2,3\n", None),
        (2, ("a,b", "e", None), '"a,b","c ""d""",e\r\n', None),
        (4, None, "short\n", "short_row"),
        (5, ("", "", None), ",,\n", None),
    ]


def test_a_block_that_arrow_could_misread_is_read_line_by_line() -> None:
    for text in ('1,2,"3\n4"\n', "1,2,3\r4,5,6\n", '1,2"x,3"\n', "1,\0,3\n", '"1",2,"3\n'):
        found, by_arrow = by_blocks(text.encode(), layout(), 1 << 20)
        assert by_arrow == 0
        assert found == one_by_one(text.encode(), layout())
