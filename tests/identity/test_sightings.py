"""The state of sightings: sums of additions and removals, and rows that wait for their day."""

from __future__ import annotations

from typing import Any

import pytest

from identity.graph import identifier_nodes
from identity.sightings import check_numbers, holdings, identified, live_count, sighting_state
from model.engines import Engine, Rows
from model.errors import OnefoldError, UsageError
from model.fixed_tables import SIGHTINGS
from tests.identity.worlds import (
    POLICY,
    night,
    node,
    records,
    refused_rows,
    seen,
    sighting,
    table_of,
)


def state(engine: Engine, rows: list[dict[str, Any]], number: int) -> dict[int, Any]:
    slices = table_of(engine, rows, SIGHTINGS.schema)
    found = records(engine, sighting_state(engine, slices, night(number)))
    return {row.sighting_id: (row.first_date, row.last_date, row.row_count) for row in found}


def test_the_state_is_the_sum_up_to_the_night(engine: Engine) -> None:
    rows = [
        seen("account:1", on=1, rows=3, day=night(-9), last=night(0)),
        seen("account:1", on=2, rows=-2, day=night(-9), last=night(-9)),
        seen("account:2", on=1, rows=2), seen("account:2", on=2, rows=-2, day=night(1)),
        seen("account:3", on=3),
        seen("account:4", on=1, day=night(3)),
        seen("account:5", on=1, rows=4, day=night(-5)),
        seen("account:5", on=1, rows=4, day=night(-2)),
        seen("account:5", on=2, rows=-4, day=night(-5)),
    ]  # fmt: skip
    two = state(engine, rows, 2)
    assert two == {
        sighting("account:1"): (night(-9), night(0), 1),
        sighting("account:5"): (night(-2), night(-2), 4),
    }
    assert sighting("account:2") in state(engine, rows, 1), "taken away on night 2"
    assert set(state(engine, rows, 3)) - set(two) == {sighting("account:3"), sighting("account:4")}


def test_what_was_taken_away_does_not_count_for_the_size_of_a_night(engine: Engine) -> None:
    rows = [seen("account:1"), seen("account:1", on=2, dataset="other"), seen("phone:1", on=3)]
    rows += [
        seen("account:2", on=number, rows=1 if number % 2 else -1, day=night(1))
        for number in range(1, 9)
    ]
    slices = table_of(engine, rows, SIGHTINGS.schema)
    assert [live_count(engine, slices, night(number)) for number in (1, 2, 3, 8)] == [2, 2, 4, 3]


def found_in(engine: Engine, rows: list[dict[str, Any]], *refused: str) -> Rows:
    slices = table_of(engine, rows, SIGHTINGS.schema)
    return identified(engine, slices, refused_rows(engine, *refused), POLICY, night(1))


def check(engine: Engine, rows: list[dict[str, Any]]) -> None:
    found = found_in(engine, rows)
    check_numbers(engine, found, identifier_nodes(engine, holdings(engine, found)), POLICY)


def test_each_identifier_is_held_once_with_the_sources_of_its_sighting(engine: Engine) -> None:
    rows = [
        seen("account:1 phone:1", dataset="b", rows=2), seen("account:1 phone:1", dataset="a"),
        seen("phone:1", day=night(-3)), seen("phone:1", day=night(-2)),
    ]  # fmt: skip
    found = records(engine, holdings(engine, found_in(engine, rows, *["account:1"] * 2)))
    both, alone = sorted(found, key=lambda row: -row.row_count)
    assert (both.sighting_id, both.node_id) == (sighting("account:1 phone:1"), node("phone:1"))
    assert (both.sources, both.row_count, both.rank) == (["shop.a", "shop.b"], 3, 5)
    assert (alone.sighting_id, alone.first_date) == (sighting("phone:1"), night(-3))


def test_a_kind_the_policy_does_not_name_is_an_error(engine: Engine) -> None:
    with pytest.raises(UsageError, match=r"phon'.*did you mean 'phone'"):
        check(engine, [seen("phon:1")])


def test_two_tokens_with_one_number_are_an_error(engine: Engine) -> None:
    one, other = seen("phone:1"), seen("phone:2")
    other["identifiers"][0]["token"] = one["identifiers"][0]["token"][:30] + "0" * 40
    with pytest.raises(OnefoldError, match="1 node numbers stand for two"):
        check(engine, [one, other])
    same_set = seen("phone:2") | {"sighting_id": one["sighting_id"]}
    with pytest.raises(OnefoldError, match="collision"):
        check(engine, [one, same_set])
    check(engine, [one, seen("phone:2")])
