"""Parquet: every value as the text that is typed back to it, or a reason."""

from __future__ import annotations

import json
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingestion.entries import FieldEntry
from ingestion.known_values import KnownValues
from ingestion.formats import records_of
from ingestion.parquet_records import texts_of
from ingestion.preflight import refusal_of
from ingestion.record_types import Tally
from ingestion.typed_fields import typed
from tests.ingestion.format_layouts import outcomes, two_fields

HOW = two_fields("parquet")
UTC = timezone.utc


def written(folder: Path, columns: dict[str, Any], **options: Any) -> Path:
    path = folder / "f.parquet"
    pq.write_table(pa.table(columns), path, **options)
    return path


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        (pa.array([1, -(2**63), None]), ["1", "-9223372036854775808", None]),
        (pa.array([2**64 - 1], pa.uint64()), ["18446744073709551615"]),
        (pa.array([1.5, 13812345678.0, 1e300, 0.1, float("nan"), float("inf")]),
         ["1.5", "13812345678", "1e+300", "0.1", "nan", "inf"]),
        (pa.array([0.1], pa.float32()), ["0.10000000149011612"]),
        (pa.array([np.float16(0.5)], pa.float16()), ["0.5"]),
        (pa.array([Decimal("1.50"), Decimal("-0.01")]), ["1.50", "-0.01"]),
        (pa.array([Decimal("0E-10"), Decimal("1E-10")]), ["0.0000000000", "0.0000000001"]),
        (pa.array([True, False, None]), ["true", "false", None]),
        (pa.array([date(2024, 2, 29)]), ["2024-02-29"]),
        (pa.array([1714521600000], pa.date64()), ["2024-05-01 00:00:00"]),
        (pa.array([datetime(2024, 5, 1, 10), datetime(2024, 5, 1, 10, 0, 0, 500)]),
         ["2024-05-01 10:00:00", "2024-05-01 10:00:00.0005"]),
        (pa.array([datetime(2024, 5, 1, 2, tzinfo=UTC)], pa.timestamp("ms", "Asia/Shanghai")),
         ["2024-05-01 10:00:00+0800"]),
        (pa.array([1714557600000000001], pa.timestamp("ns", "UTC")),
         ["2024-05-01 10:00:00.000000001Z"]),
        (pa.array(["x", None, "x"]).dictionary_encode(), ["x", None, "x"]),
        (pa.array(["男"], pa.large_string()), ["男"]),
        (pa.nulls(2), [None, None]),
    ],
)  # fmt: skip
def test_values_become_exact_texts(values: pa.Array, texts: list[str | None]) -> None:
    assert texts_of(values) == (texts, None)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        (pa.array([[1, 2], None]), "nested_value"),
        (pa.array([{"x": 1}, None]), "nested_value"),
        (pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64())), "nested_value"),
        (pa.array([b"\xff", None]), "unsupported_type"),
        (pa.array([5, None], pa.duration("s")), "unsupported_type"),
        (pa.array(["a\0b", None]), "nul"),
        (pa.array(["", None]), None),
    ],
)
def test_what_has_no_text_says_so_and_nothing_stays_nothing(
    values: pa.Array, problem: str | None
) -> None:
    texts, problems = texts_of(values)
    assert (texts[0] is not None, texts[1]) == (True, None)
    assert (problems or (None, None)) == ([problem, None] if problem else (None, None))


def test_texts_that_are_no_utf8_are_told() -> None:
    broken = pa.array([b"ok", b"\xff\xfe", None]).view(pa.string())
    assert texts_of(broken) == (["ok", "\\xff\\xfe", None], [None, "bad_unicode", None])


def test_times_are_typed_back_to_the_instant_whether_they_have_a_zone_or_not() -> None:
    instants = [datetime(2024, 5, 1, 2, 3, 4, n) for n in (0, 5, 120000)]
    for zone in (None, "UTC", "Asia/Shanghai", "America/New_York"):
        column = pa.array(instants, pa.timestamp("us")).cast(pa.timestamp("us", zone))
        texts = pa.array(texts_of(column).values, pa.string())
        found = typed(FieldEntry(type="timestamp"), texts, "UTC", KnownValues())
        assert [each.replace(tzinfo=None) for each in found.to_pylist()] == instants


def test_columns_are_read_by_name_and_rows_kept_whole(scratch: Path) -> None:
    path = written(scratch, {"x": [[1], None], "b ": [1.0, None], "甲": ["男", "1"]})
    assert outcomes(path, HOW) == ([(1, ["男", "1"]), (2, ["1", None])], (0, 0, 2))
    texts = [json.loads(record.text) for record in records_of(path, HOW, Tally())]
    assert texts == [{"x": "[1]", "b ": "1", "甲": "男"}, {"x": None, "b ": None, "甲": "1"}]


def test_only_columns_that_are_read_cause_a_problem(scratch: Path) -> None:
    path = written(scratch, {"A": [b"x", None], "B": [1, 2], "c": [b"x", b"y"]})
    assert outcomes(path, HOW)[0] == [(1, "unsupported_type"), (2, [None, "2"])]


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"A": [1]}, None),
        ({"A": pa.nulls(0)}, "empty"),
        ({"X": [1]}, "no_known_column"),
        ({"A": [1], "甲": [2]}, "duplicate_column:a"),
        ({"A": ["x" * 600], "B": ["y" * 600]}, "line_too_long"),
        ({"A": pa.array(np.zeros(70_000_000, np.int8))}, "expansion_ratio"),
    ],
)
def test_a_file_is_refused_for_what_it_says_of_itself(
    scratch: Path, columns: dict[str, Any], code: str | None
) -> None:
    path = written(scratch, columns)
    assert refusal_of(path, two_fields("parquet", longest=1000)) == code


def test_a_damaged_page_is_found_before_any_row_is_taken(scratch: Path) -> None:
    path = written(scratch, {"A": [f"{n}" for n in range(1000)]}, compression="zstd")
    data = bytearray(path.read_bytes())
    data[300:330] = b"\0" * 30
    path.write_bytes(data)
    assert refusal_of(path, HOW) == "broken_parquet"


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"", "empty"), (b"A,B\n", "not_parquet"), (b"PAR1" + b"\0" * 50, "broken_parquet")],
)
def test_what_is_no_parquet_is_refused(scratch: Path, data: bytes, code: str) -> None:
    (scratch / "f.parquet").write_bytes(data)
    assert refusal_of(scratch / "f.parquet", HOW) == code
