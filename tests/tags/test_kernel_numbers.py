"""The kernel's numbers: orders, sums and truths, against plain Python and against row by row."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from language.binding import quoted
from model.local_engine import LocalEngine
from tags.kernel.conditions import truths_of
from tags.kernel.ranges import UnitRows
from tags.kernel.values import Sums, in_order, whole

WHOLE = st.one_of(
    st.integers(-5, 5), st.integers(-(1 << 63), (1 << 63) - 1), st.integers(-(1 << 40), 1 << 40)
)
TEXTS = st.one_of(st.none(), st.sampled_from(["", "a", "b", "page_view"]))
CONDITIONS = (
    "coalesce(`name` = 'a', false)", "`name` IS NULL", "coalesce(`name` <> `channel`, false)",
    "coalesce(`name` = 'a', false) AND coalesce(`n` > 1, false)",
    "coalesce(`n` = 2, false)", "true",
)  # fmt: skip


@given(st.lists(st.tuples(st.integers(0, 6), WHOLE)))
def test_rows_in_order_of_units_and_numbers_stay_as_they_stood(rows: list[tuple[int, int]]) -> None:
    unit, numbers = (np.array([row[n] for row in rows], np.int64) for n in (0, 1))
    expected = sorted(range(len(rows)), key=lambda n: rows[n])
    assert in_order(unit, numbers).tolist() == expected


@given(st.lists(WHOLE, max_size=30), st.data())
def test_sums_of_stretches_are_exact(numbers: list[int], data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(numbers)))
    end = data.draw(st.integers(start, len(numbers)))
    sums = Sums.of(np.array(numbers, np.int64))
    (found,) = sums.between(np.array([start]), np.array([end])).tolist()
    assert int(found) == sum(numbers[start:end])


@pytest.fixture(scope="module")
def engine() -> Iterator[LocalEngine]:
    """One for all examples: to open one takes longer than to ask it."""
    with LocalEngine() as opened:
        yield opened


@given(
    rows=st.lists(st.tuples(TEXTS, TEXTS, st.one_of(st.none(), st.integers(0, 3))), max_size=40)
)
def test_conditions_hold_of_combinations_as_of_rows(
    engine: LocalEngine, rows: list[tuple[object, ...]]
) -> None:
    names = ("name", "channel", "n")
    table = pa.table({
        name: pa.array([row[n] for row in rows], pa.int64() if name == "n" else pa.string())
        for n, name in enumerate(names)
    })  # fmt: skip
    coded = pa.table({
        name: whole(table[name]).dictionary_encode() if name != "n" else table[name]
        for name in names
    })  # fmt: skip

    def compute(over: pa.Table, texts: list[str]) -> list[pa.Array]:
        listed = ", ".join(f"{sql} as c{n}" for n, sql in enumerate(texts))
        made = engine.over("test", f"select {listed} from these", over)
        return [whole(made[f"c{n}"]) for n in range(len(texts))]

    expected = compute(table, list(CONDITIONS))
    found = truths_of(coded, CONDITIONS, compute)
    for condition, truths in zip(CONDITIONS, expected, strict=True):
        assert found[condition].tolist() == truths.to_pylist(), condition
    assert quoted("name") in CONDITIONS[0]


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 30), st.booleans())))
def test_ranges_of_some_rows_are_those_of_the_rows_alone(
    rows: list[tuple[int, int, bool]]
) -> None:
    rows.sort()
    unit, day = (np.array([row[n] for row in rows], np.int64) for n in (0, 1))
    kept = np.flatnonzero(np.array([row[2] for row in rows], bool))
    bounds = [(None, _day(20)), (_day(5), _day(20)), (_day(21), _day(40))]
    part = UnitRows(unit, day, 5).where(kept)
    alone = UnitRows(unit[kept], day[kept], 5)
    for one, other in zip(part.ranges(bounds), alone.ranges(bounds), strict=True):
        assert one.start.tolist() == other.start.tolist()
        assert one.end.tolist() == other.end.tolist()
        assert other.to_the_end or not one.to_the_end


def _day(number: int) -> date:
    return date(1970, 1, 1) + timedelta(days=number)
