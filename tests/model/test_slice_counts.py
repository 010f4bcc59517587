"""Counts of a slice against counting in plain Python."""

from collections import Counter
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.ddl_types import arrow_schema
from model.local_engine import LocalEngine
from model.slice_counts import (
    CATEGORIES_KEPT,
    FILES_NAMED,
    SliceCounts,
    SliceQuestions,
    count_slice,
)

SCHEMA = arrow_schema("file string, word string, size bigint")
ROWS = st.lists(
    st.fixed_dictionaries({
        "file": st.sampled_from("abcde"),
        "word": st.none() | st.sampled_from(["x", "y", "it's", "$z"]),
        "size": st.none() | st.integers(-2, 2),
    }),
    max_size=40,
)  # fmt: skip
ASKED = {
    "row_count": "count(*)",
    "judged": "count(size)",
    "failing": "count(case when size < 0 then 1 end)",
}


@pytest.fixture(scope="module")
def engine():
    """One for all examples: to open one takes longer than to count."""
    with LocalEngine() as opened:
        yield opened


def counted(engine, rows, questions):
    slice_ = engine.of(pa.Table.from_pylist(rows, SCHEMA))
    return count_slice(engine, "test", slice_, questions, "file")


@given(rows=ROWS)
def test_counts_files_and_categories_are_those_of_plain_python(engine, rows):
    asked = SliceQuestions(ASKED, {"failing": ("judged", Decimal(0))}, ["word"])
    found = counted(engine, rows, asked)
    failing = Counter(row["file"] for row in rows if row["size"] is not None and row["size"] < 0)
    assert found.counts == {
        "row_count": len(rows),
        "judged": sum(row["size"] is not None for row in rows),
        "failing": failing.total(),
    }
    most = tuple(sorted(failing.items(), key=lambda each: (-each[1], each[0]))[:FILES_NAMED])
    assert dict(found.files) == ({"failing": most} if most else {})
    words = Counter(row["word"] for row in rows if row["word"] is not None)
    assert found.categories == {"word": dict(words)}


@pytest.mark.parametrize(("share", "files"), [("0.49", (("a", 1),)), ("0.5", None)])
def test_files_are_named_only_where_more_fails_than_may(engine, share, files):
    rows = [{"file": "a", "word": "x", "size": size} for size in (-1, 1)]
    found = counted(engine, rows, SliceQuestions(ASKED, {"failing": ("judged", Decimal(share))}))
    assert found.files.get("failing") == files


def test_only_the_commonest_categories_are_told_apart(engine):
    rows = [
        {"file": "a", "word": f"w{n:03}", "size": 1}
        for n in range(CATEGORIES_KEPT + 9)
        for _ in range(n + 1)
    ]
    found = counted(engine, rows, SliceQuestions(ASKED, {}, ["word"])).categories["word"]
    assert len(found) == CATEGORIES_KEPT
    assert min(found) == "w009"


def test_nothing_asked_is_nothing_counted(engine):
    assert counted(engine, [], SliceQuestions()) == SliceCounts({})
