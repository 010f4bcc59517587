"""Breaks with the nights before: what holds a night without being asked, and what is chance."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from model.slice_counts import SliceCounts
from quality.checks import TableChecks
from quality.gate import CheckResult, CountedSlice, held, judge_slices
from quality.measures import Metric, metrics_of, questions_of
from quality.past import History
from quality.rules import Subject

DAY = date(2017, 3, 29)
FIELDS = Subject({"phone": "text", "note": "text"}, identifiers=("phone",))
TABLE = TableChecks("crm.members", subject=FIELDS, watched=("phone", "note"))


def counts(
    rows: int = 100, phones: int | None = None, notes: int = 0, repeated: int = 0,
    commonest: int | None = 1, sets: int = 60,
) -> SliceCounts:  # fmt: skip
    """A night of members, of whom most tell a phone."""
    filled = {"phone": rows * 9 // 10 if phones is None else phones, "note": notes}
    asked = questions_of(TABLE).aggregates
    assert set(asked) == {"row_count", "filled_0", "filled_1"}
    kinds = {} if commonest is None else {"phone": (sets, commonest)}
    return SliceCounts(
        {"row_count": rows, "filled_0": filled["note"], "filled_1": filled["phone"]},
        repeated=repeated, commonest=kinds,
    )  # fmt: skip


def judged(
    night: SliceCounts, *before: SliceCounts, table: TableChecks = TABLE
) -> tuple[CheckResult, ...]:
    nights = {DAY - timedelta(days=n): metrics_of(TABLE, one) for n, one in enumerate(before, 1)}
    pasts = {"crm.members": History(nights)}
    return judge_slices([CountedSlice(table, night)], pasts, DAY, None, has_breaks=True)


def holding(night: SliceCounts, *before: SliceCounts) -> set[str]:
    return {one.code.removeprefix("crm.members.") for one in held(judged(night, *before))}


USUAL = counts()


@pytest.mark.parametrize("nights", [2, 7])
def test_a_usual_night_passes_and_says_what_it_was_compared_with(nights: int) -> None:
    found = judged(counts(rows=160, repeated=20), *[USUAL] * nights)
    assert {one.code for one in found} == {
        f"crm.members.{code}" for code in ("no_rows", "emptied", "one_value", "repeated")
    }
    assert all(one.is_passed and one.severity == "hold" for one in found)


@pytest.mark.parametrize("nights", [0, 1])
def test_the_first_two_nights_have_nothing_to_break_with(nights: int) -> None:
    assert judged(counts(phones=0, commonest=60, repeated=90), *[USUAL] * nights) == ()


def test_a_dataset_that_fell_silent_holds_unless_it_ever_is() -> None:
    silent = counts(rows=0, commonest=None)
    assert holding(silent, USUAL, USUAL) == {"no_rows"}
    assert holding(silent, USUAL, silent) == set(), "closed on Sundays"
    assert holding(silent, USUAL, counts(rows=19)) == set(), "few rows say nothing"
    assert holding(silent, USUAL, counts(rows=20)) == {"no_rows"}
    assert holding(silent, *[USUAL] * 7, silent) == {"no_rows"}, "a week is looked at"


@pytest.mark.parametrize(
    ("rows", "phones", "is_held"),
    [
        (100, 0, True), (100, 44, True), (100, 45, False), (100, 90, False),
        (40, 10, True), (40, 16, False),  # 36 expected, 4 standard deviations are 24
        (20, 0, True), (17, 0, False),  # 15.3 expected: of so few, none may be chance
    ],
)  # fmt: skip
def test_an_identifier_that_falls_away_holds_where_it_is_not_chance(
    rows: int, phones: int, is_held: bool
) -> None:
    assert holding(counts(rows, phones), USUAL, USUAL) == ({"emptied"} if is_held else set())


def test_the_least_of_the_nights_is_what_an_identifier_is_compared_with() -> None:
    assert holding(counts(phones=20), USUAL, counts(phones=38)) == set()
    assert holding(counts(phones=20), USUAL, counts(phones=60)) == {"emptied"}


def test_a_field_that_is_no_identifier_may_fall_away() -> None:
    assert holding(counts(notes=0), *[counts(notes=95)] * 7) == set()


@pytest.mark.parametrize(
    ("commonest", "most_before", "is_held"),
    [(30, 1, False), (31, 1, True), (60, 1, True), (60, 29, True), (57, 29, False),
     (60, 30, False)],
)  # fmt: skip
def test_one_value_in_most_sets_holds_unless_it_ever_was(
    commonest: int, most_before: int, is_held: bool
) -> None:
    night, before = counts(commonest=commonest), counts(commonest=most_before)
    assert holding(night, before, before) == ({"one_value"} if is_held else set())


@pytest.mark.parametrize(
    ("rows", "repeated", "before", "is_held"),
    [(200, 100, 0, True), (200, 50, 0, False), (200, 51, 0, True), (60, 19, 0, False),
     (60, 20, 0, True), (200, 100, 26, False), (200, 100, 24, True)],
)  # fmt: skip
def test_records_that_come_again_hold_unless_they_ever_did(
    rows: int, repeated: int, before: int, is_held: bool
) -> None:
    past = counts(repeated=before)
    found = holding(counts(rows, repeated=repeated), past, past)
    assert found == ({"repeated"} if is_held else set())


def test_a_channel_in_shadow_is_warned_of() -> None:
    table = TABLE.without_hold()
    found = judged(counts(phones=0), USUAL, USUAL, table=table)
    (failed,) = [one for one in found if not one.is_passed]
    assert (failed.code, failed.severity) == ("crm.members.emptied", "warn")


def test_breaks_are_told_in_counts_and_can_be_switched_off() -> None:
    nights = {DAY - timedelta(days=n): metrics_of(TABLE, USUAL) for n in (1, 2)}
    pasts = {"crm.members": History(nights)}
    one = CountedSlice(TABLE, counts(phones=0))
    assert judge_slices([one], pasts, DAY, None) == ()
    unwatched = replace(one, table=replace(TABLE, watched=None))
    assert judge_slices([unwatched], pasts, DAY, None, has_breaks=True) == ()
    (failed,) = held(judge_slices([one], pasts, DAY, None, has_breaks=True))
    assert failed.observed == "phone 0.0% filled; at least 90.0% on the 2 nights before"
    metrics = metrics_of(TABLE, counts(repeated=25, commonest=15))
    assert metrics[Metric("repeated")] == metrics[Metric("one_value", "phone")] == 0.25
