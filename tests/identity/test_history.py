"""Histories: what a night makes of them, run once, run again, and with later nights taken back."""

from __future__ import annotations

import random
from datetime import date

import pytest

from identity.history import holding_before, next_history
from model.engines import Engine, Rows
from tests.identity.worlds import night, records, table_of

STATE = "node_id bigint, kind string, tags array<string>"
SCHEMA = f"{STATE}, valid_from date, valid_to date"
Row = tuple[int, str | None, tuple[str, ...], date, date | None]
State = set[tuple[int, str | None, tuple[str, ...]]]


def rows_of(engine: Engine, rows: set[Row] | State, ddl: str) -> Rows:
    names = [part.split()[0] for part in ddl.split(", ")]
    return table_of(engine, [dict(zip(names, row, strict=True)) for row in rows], ddl)


def moved(
    engine: Engine, history: set[Row], state: State, number: int, claims: bool = False
) -> set[Row]:
    found = records(engine, next_history(
        engine, rows_of(engine, history, SCHEMA), rows_of(engine, state, STATE), night(number),
        claims,
    ))  # fmt: skip
    rows = {(r[0], r[1], tuple(r[2]), r[3], r[4]) for r in found}
    assert len(rows) == len(found), "no row twice"
    return rows


A, B, C = (1, "a", ("x",)), (1, "b", ("x",)), (2, None, ())


def test_rows_open_close_and_stay(engine: Engine) -> None:
    first = moved(engine, set(), {A, C}, 1)
    assert first == {(*A, night(1), None), (*C, night(1), None)}
    assert moved(engine, first, {B, C}, 2) == {
        (*A, night(1), night(2)), (*B, night(2), None), (*C, night(1), None),
    }  # fmt: skip


@pytest.mark.parametrize("claims", [False, True])
def test_a_night_run_again_changes_nothing_and_later_nights_come_back(
    engine: Engine, claims: bool
) -> None:
    one = moved(engine, set(), {A, C}, 1, claims)
    two = moved(engine, one, {B, C}, 2, claims)
    three = moved(engine, two, {A}, 3, claims)
    assert moved(engine, three, {A}, 3, claims) == three
    again = moved(engine, three, {B, C}, 2, claims)
    if not claims:
        assert again == two
    assert moved(engine, again, {A}, 3, claims) == three


def test_a_number_taken_back_stays_as_a_claim_until_it_is_opened_again(engine: Engine) -> None:
    one = moved(engine, set(), {A}, 1, claims=True)
    other = moved(engine, one, {B}, 1, claims=True)
    assert other == {(*A, night(1), night(1)), (*B, night(1), None)}
    assert moved(engine, other, {A}, 1, claims=True) == {
        (*A, night(1), None), (*B, night(1), night(1)),
    }  # fmt: skip
    assert moved(engine, other, {A}, 1, claims=False) == {(*A, night(1), None)}


def test_random_nights_say_what_was_true_on_every_day(engine: Engine) -> None:
    choice, history, truth = random.Random(5), set(), {}
    for number in (1, 2, 3, 4, 2, 3, 5):
        truth = {day: state for day, state in truth.items() if day < number}
        truth[number] = {(i, choice.choice("ab"), ()) for i in range(6) if choice.random() < 0.7}
        history = moved(engine, history, truth[number], number, claims=True)
        for day, state in truth.items():
            held = {
                row[:3] for row in history
                if row[3] <= night(day) and (row[4] is None or row[4] > night(day))
            }  # fmt: skip
            assert held == state


def test_the_map_of_the_night_before_ignores_what_later_nights_made_of_it(
    engine: Engine,
) -> None:
    rows = [
        (1, "open", [], night(1), None), (2, "closed later", [], night(1), night(3)),
        (3, "closed before", [], night(1), night(2)),
        (4, "closed that night", [], night(2), night(3)),
        (5, "opened that night", [], night(3), None), (6, "claim", [], night(2), night(2)),
    ]  # fmt: skip
    found = records(engine, holding_before(engine, rows_of(engine, rows, SCHEMA), night(3)))
    assert {row.node_id for row in found} == {1, 2, 4}
