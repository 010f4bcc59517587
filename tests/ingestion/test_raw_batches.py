"""Ranges of a file, read in batches, hold the records of the file read as a whole."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestion.layout import Layout
from ingestion.raw_batches import raw_batches
from ingestion.record_types import Tally
from ingestion.splits import splits_of
from tests.ingestion.test_splits import BLANKS, LINES, THIRD, TWO, Counts, of_whole, texts


def of_ranges(path: Path, how: Layout, target: int) -> tuple[list[tuple[object, ...]], Counts]:
    tally, found = Tally(), []
    for start, end, line in splits_of(path, how, target):
        for batch in raw_batches(path, start, end, line, how, tally):
            columns = (batch.lines, batch.texts, batch.problems, *batch.values.values())
            found += zip(*(column.to_pylist() for column in columns), strict=True)
    return sorted(found, key=lambda row: row[0]), (tally.header, tally.blank, tally.data)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # one file, written anew
@given(
    lines=texts, head=st.sampled_from(["A,B\n", "\n\nA,B\r\n", '"A",B\n', "A  B\n", "x\ny\nA,B\n"]),
    how=st.sampled_from([TWO, BLANKS, LINES, THIRD]), target=st.integers(1, 20),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"]),
)  # fmt: skip
def test_ranges_in_batches_give_the_records_of_the_whole(
    scratch: Path, lines: list[str], head: str, how: Layout, target: int, encoding: str
) -> None:
    path = scratch / "f.csv"
    path.write_bytes((head + "".join(lines)).encode(encoding))
    how = replace(how, encoding=encoding if encoding in ("gb18030", "utf-16") else "utf-8-sig")
    records, counts = of_whole(path, how)
    unread = (None,) * len(how.fields)
    told = [(r.line, r.text, r.problem, *(r.values or unread)) for r in records]
    assert of_ranges(path, how, target) == (told, counts)
