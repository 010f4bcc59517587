"""Hubs: identifiers that join nobody, and the ones that must not be taken for hubs."""

from __future__ import annotations

from identity.graph import identifier_nodes
from identity.guards import hubs
from identity.sightings import holdings, identified, sighting_state
from model.engines import Engine
from model.fixed_tables import SIGHTINGS
from tests.identity.worlds import POLICY, night, node, records, refused_rows, seen, table_of


def found_hubs(engine: Engine, *sightings: str) -> dict[int, tuple[str, int, int]]:
    rows = table_of(engine, [seen(words) for words in sightings], SIGHTINGS.schema)
    state = sighting_state(engine, rows, night(1))
    held = holdings(engine, identified(engine, state, rows, refused_rows(engine), POLICY))
    found = records(engine, hubs(engine, held, identifier_nodes(engine, held), POLICY))
    return {row.node_id: (row.reason, row.sighting_count, row.peer_count) for row in found}


def test_limits_are_the_last_number_allowed(engine: Engine) -> None:
    at_limit = [f"phone:1 email:{i}" for i in range(6)]
    past_limit = [f"phone:2 email:{i}" for i in range(7)]
    peers_at = [f"account:{i} phone:3" for i in range(3)]
    peers_past = [f"account:{i} phone:4" for i in range(4)]
    assert found_hubs(engine, *at_limit, *past_limit, *peers_at, *peers_past) == {
        node("phone:2"): ("max_sightings", 7, 0),
        node("phone:4"): ("max_peers", 4, 4),
    }


def test_peers_are_distinct_values_of_one_stronger_kind(engine: Engine) -> None:
    one_value_often = [f"account:1 phone:1 email:{i}" for i in range(5)]
    kinds_side_by_side = ["account:1 phone:2", "account:2 phone:2", "national_id:1 phone:2",
                          "national_id:2 phone:2"]  # fmt: skip
    weaker_do_not_count = [f"phone:3 cookie:{i}" for i in range(5)]
    found = found_hubs(engine, *one_value_often, *kinds_side_by_side, *weaker_do_not_count)
    assert found == {}


def test_a_weaker_identifier_beside_two_cards_is_a_hub(engine: Engine) -> None:
    found = found_hubs(
        engine, "card:1 phone:1", "card:2 phone:1", "card:1 email:1 card:2", "card:3 phone:2",
        "account:1 card:4", "account:1 card:5",
    )  # fmt: skip
    assert found == {
        node("phone:1"): ("disagree", 2, 2),
        node("email:1"): ("disagree", 1, 2),
    }, "the account is stronger than the cards beside it"


def test_values_of_never_merge_kinds_are_no_hubs(engine: Engine) -> None:
    assert found_hubs(engine, *(f"national_id:1 account:{i}" for i in range(30))) == {}
