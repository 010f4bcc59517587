"""Each value is asked once, whatever batch it comes in, and answers stay with their values."""

import pyarrow as pa
import pytest

from ingestion import known_values
from ingestion.known_values import Known, KnownValues

TYPES = [pa.int64(), pa.string()]


class Asked:
    """Lengths (none of "b") and capitals of texts; notes what it was asked."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def __call__(self, texts: pa.Array) -> list[pa.Array]:
        asked = texts.to_pylist()
        self.texts += asked
        lengths = [None if text == "b" else len(text) for text in asked]
        return [pa.array(lengths, pa.int64()), pa.array([text.upper() for text in asked])]


def results(known: Known) -> list[pa.Array]:
    return [known.result(n) for n in range(len(TYPES))]


def test_a_value_is_asked_once_and_null_never() -> None:
    asked, known = Asked(), KnownValues()
    first = known.of("f", lambda: asked, pa.array(["aa", None, "b", "aa"]), TYPES)
    second = known.of("f", lambda: asked, pa.array(["b", "ccc", "aa"]), TYPES)
    assert [each.to_pylist() for each in results(first)] == [
        [2, None, None, 2], ["AA", None, "B", "AA"],
    ]  # fmt: skip
    assert [each.to_pylist() for each in results(second)] == [[None, 3, 2], ["B", "CCC", "AA"]]
    assert asked.texts == ["aa", "b", "ccc"]
    assert (first.places.to_pylist(), second.places.to_pylist()) == ([0, None, 1, 0], [1, 2, 0])
    assert (first.count, second.count) == (2, 3)
    assert second.result(1, pa.array([2, None], pa.int32())).to_pylist() == ["CCC", None]


def test_batches_without_values_have_results_of_the_right_types() -> None:
    for values in (pa.array([], pa.string()), pa.nulls(2, pa.string())):
        found = results(KnownValues().of("f", Asked, values, TYPES))
        assert [each.type for each in found] == TYPES
        assert [each.null_count for each in found] == [len(values)] * 2


def test_what_is_known_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_values, "MOST", 3)
    known, asked = KnownValues(), Asked()
    for batch in (["a", "b"], ["a", "c", "d"], ["a"]):
        found = known.of("f", lambda: asked, pa.array(batch), TYPES)
        assert found.result(1).to_pylist() == [text.upper() for text in batch]
    assert asked.texts == ["a", "b", "c", "d", "a"]
    assert known.times_forgotten == 1, "places mean other values now"


def test_what_is_known_is_bounded_in_bytes_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_values, "MOST_BYTES", 100)
    known, asked = KnownValues(), Asked()
    for _ in range(2):
        known.of("f", lambda: asked, pa.array(["a" * 200]), TYPES)
    assert len(asked.texts) == 2
