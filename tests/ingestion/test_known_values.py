"""Each value is asked once, whatever batch it comes in, and answers stay with their values."""

import pyarrow as pa
import pytest

from ingestion import known_values
from ingestion.known_values import KnownValues

TYPES = [pa.int64(), pa.string()]


def test_a_value_is_asked_once_and_null_never() -> None:
    asked: list[str] = []

    def answer(text: str) -> tuple[int | None, str]:
        asked.append(text)
        return (None if text == "b" else len(text)), text.upper()

    known = KnownValues()
    first = known.of("f", lambda: answer, pa.array(["aa", None, "b", "aa"]), TYPES)
    second = known.of("f", lambda: answer, pa.array(["b", "ccc", "aa"]), TYPES)
    assert [each.to_pylist() for each in first] == [[2, None, None, 2], ["AA", None, "B", "AA"]]
    assert [each.to_pylist() for each in second] == [[None, 3, 2], ["B", "CCC", "AA"]]
    assert asked == ["aa", "b", "ccc"]


def test_batches_without_values_have_results_of_the_right_types() -> None:
    for values in (pa.array([], pa.string()), pa.nulls(2, pa.string())):
        found = KnownValues().of("f", lambda: lambda text: (1, text), values, TYPES)
        assert [each.type for each in found] == TYPES
        assert [each.null_count for each in found] == [len(values)] * 2


def test_what_is_known_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_values, "MOST", 3)
    known, asked = KnownValues(), []

    def answer(text: str) -> list[str]:
        asked.append(text)
        return [text]

    for batch in (["a", "b"], ["a", "c", "d"], ["a"]):
        values = pa.array(batch)
        assert known.of("f", lambda: answer, values, [pa.string()])[0].equals(values)
    assert asked == ["a", "b", "c", "d", "a"]
