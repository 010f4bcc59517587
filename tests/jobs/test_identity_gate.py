"""The identity gate: which change of the map holds a night, which is few, and how one goes on."""

from __future__ import annotations

import pytest

from identity.night_difference import NightDifference
from jobs.identity_gate import checked
from model.identity_gate import Count, IdentityGate, Percentage, PersonCount, SightingCount

GATE = IdentityGate(SightingCount(50), Percentage(5), Percentage(2), Percentage(0.5), Count(100))
THOUSANDS = 10_000


def held(gate: IdentityGate, **changed: int) -> set[str]:
    """Codes of the checks that fail where a night of ten thousand persons changed so much."""
    before = changed.pop("people_before", THOUSANDS)
    night = {"people_before": before, "people_after": before, **changed}
    results = checked(gate, NightDifference(**night))
    assert {result.severity for result in results} <= {"hold"}
    return {result.code.removeprefix("identity.") for result in results if not result.is_passed}


@pytest.mark.parametrize(
    ("name", "last", "first_held"),
    [
        ("largest_person", {"largest": 50}, {"largest": 51}),
        ("people_change", {"people_after": 10_500}, {"people_after": 10_501}),
        ("people_change", {"people_after": 9_500}, {"people_after": 9_499}),
        ("merges", {"merged": 200}, {"merged": 201}),
        ("splits", {"split": 50}, {"split": 51}),
        ("new_hubs", {"new_hubs": 100}, {"new_hubs": 101}),
    ],
)
def test_a_limit_is_the_last_value_allowed(
    name: str, last: dict[str, int], first_held: dict[str, int]
) -> None:
    assert held(GATE, **last) == set()
    assert held(GATE, **first_held) == {name}


def test_up_to_the_floor_no_percentage_holds() -> None:
    few = {"people_after": 60, "merged": 20, "split": 20, "people_before": 40}
    assert held(GATE, **few) == set()
    assert held(GATE, **few | {"people_after": 61, "merged": 21, "split": 21}) == {
        "people_change", "merges", "splits",
    }  # fmt: skip
    strict = IdentityGate(merges=Percentage(2), floor=PersonCount(0))
    assert held(strict, people_before=40, merged=1) == {"merges"}


def test_a_first_night_is_held_for_its_largest_person_only() -> None:
    first = {"people_before": 0, "people_after": 90_000, "split": 900, "new_hubs": 5_000}
    assert held(GATE, **first, largest=50) == set()
    assert held(GATE, **first, largest=51) == {"largest_person"}


def test_a_limit_that_is_not_set_asks_nothing() -> None:
    assert checked(IdentityGate(), NightDifference(people_before=1, merged=900)) == ()


def test_a_result_tells_the_limit_and_the_counts() -> None:
    (result,) = checked(
        IdentityGate(merges=Percentage(2)), NightDifference(people_before=THOUSANDS, merged=1_234)
    )
    assert (result.code, result.table_name) == ("identity.merges", "identity.one_ids")
    assert result.check_text == "merges within 2%, or 20 persons"
    assert result.observed == "1,234 persons merged into others of 10,000 (12.34%)"
    assert result.row_count == 1_234
