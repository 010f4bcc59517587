"""Sets of identifiers are numbered as identity numbers them, and each is told once."""

from collections.abc import Sequence

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion import known_sets, known_values
from ingestion.known_sets import KnownSets, KnownSlot
from ingestion.known_values import KnownValues
from ingestion.slots import IdentifierSlot
from model.node_ids import sighting_number, sighting_numbers

# The last two are of one kind and scope; of the others one begins as another does.
SLOTS = [
    IdentifierSlot("a", "account", "shop"), IdentifierSlot("b", "phone", "global"),
    IdentifierSlot("c", "account", "shop|"), IdentifierSlot("d", "email", "x"),
    IdentifierSlot("e", "email", "x"),
]  # fmt: skip
Row = tuple[str | None, ...]


def batches(width: int) -> st.SearchStrategy[list[list[Row]]]:
    words = st.none() | st.sampled_from(["k_1", "k_2", "k_3"])
    return st.lists(st.lists(st.tuples(*[words] * width), min_size=1, max_size=8), max_size=5)


def expected(row: Row, slots: Sequence[IdentifierSlot]) -> int | None:
    named = zip(slots, row, strict=True)
    return sighting_number({(s.kind, s.scope, word) for s, word in named if word is not None})


def numbered(
    sets: KnownSets, values: KnownValues, rows: Sequence[Row], slots: Sequence[IdentifierSlot],
    are_sound: Sequence[bool] | None = None,
) -> tuple[list[int | None], list[dict[str, object]]]:  # fmt: skip
    """The rows' numbers and the new sets; a word is its own token, its seal the bytes of it."""
    known = []
    for n, (slot, column) in enumerate(zip(slots, zip(*rows, strict=True), strict=True)):
        texts = pa.array(column, pa.string())
        types = [pa.string(), pa.binary()]
        found = values.of(f"_id_{n}", lambda: lambda v: [v, v.cast(pa.binary())], texts, types)
        known.append(KnownSlot(slot, found, 0, 1))
    sound = [True] * len(rows) if are_sound is None else are_sound
    numbers, new = sets.of(known, values, pa.array(sound, pa.bool_()))
    return numbers.to_pylist(), new.to_pylist()


@given(st.data(), st.integers(1, len(SLOTS)), st.sampled_from([2, 5, 1000]))
def test_every_record_has_the_number_of_its_set(
    data: st.DataObject, width: int, most: int
) -> None:
    slots, sets, values = SLOTS[:width], KnownSets(), KnownValues()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(known_values, "MOST", most)
        patch.setattr(known_sets, "MOST", most)
        told: list[dict[str, object]] = []
        sound_ones: set[int | None] = set()
        for rows in data.draw(batches(width)):
            are_sound = [data.draw(st.booleans()) for _ in rows]
            numbers, new = numbered(sets, values, rows, slots, are_sound)
            told += new
            assert numbers == [expected(row, slots) for row in rows]
            sound_ones |= {n for n, is_sound in zip(numbers, are_sound, strict=True) if is_sound}
            assert sound_ones - {None} == {each["_sighting"] for each in told}
    for each in told:
        tokens = tuple(each[f"_token_{n}"] for n in range(width))
        assert each["_sighting"] == expected(tokens, slots)  # type: ignore[arg-type]
        seals = [each[f"_sealed_{n}"] for n in range(width)]
        assert seals == [None if t is None else str(t).encode() for t in tokens]


def test_a_set_is_told_once() -> None:
    slots, sets, values = SLOTS[:2], KnownSets(), KnownValues()
    _, first = numbered(sets, values, [("k_1", None), ("k_1", None), (None, None)], slots)
    _, second = numbered(sets, values, [("k_1", None), ("k_1", "k_2")], slots)
    assert [(row["_token_0"], row["_token_1"]) for row in first] == [("k_1", None)]
    assert [(row["_token_0"], row["_token_1"]) for row in second] == [("k_1", "k_2")]


def test_a_set_that_only_faulty_records_show_is_not_told() -> None:
    slots, sets, values = SLOTS[:1], KnownSets(), KnownValues()
    numbers, first = numbered(sets, values, [("k_1",), ("k_2",)], slots, [False, True])
    again, second = numbered(sets, values, [("k_1",), ("k_2",)], slots)
    assert numbers == again
    assert [row["_token_0"] for row in (*first, *second)] == ["k_2", "k_1"]


def test_many_sets_are_numbered_as_one_is() -> None:
    tokens = [pa.array(["t", None, None, "t"]), pa.array(["u", "t", None, "t"])]
    slots = [("phone", "global"), ("account", "shop")]
    assert sighting_numbers(slots, tokens).to_pylist() == [
        sighting_number({("phone", "global", "t"), ("account", "shop", "u")}),
        sighting_number({("account", "shop", "t")}), None,
        sighting_number({("phone", "global", "t"), ("account", "shop", "t")}),
    ]  # fmt: skip
