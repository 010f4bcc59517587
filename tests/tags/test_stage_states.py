"""Stages with history: forty nights against a state machine in plain Python, and edges by hand."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from model.fixed_tables import STAGE_STATES
from tags.computing import Memory, TagNight
from tags.definitions import TagBook
from tags.planning import plan_tags
from tests.tags.books import book_of, messages_of
from tests.tags.rows import D, computed_by_both, people_of, rows_of

STAY = 3
TEXT = """
tags:
  n: {title: N, pick: kids_count}
  mood:
    title: M
    stages:
      - {value: busy, when: n >= 2}
      - {value: some, when: n = 1}
    else: quiet
    stay: %s
    give: [stage, since, previous, times_entered]
    values: {busy: B, some: S, quiet: Q}
  asked:
    title: A
    stages: [{value: active, when: {did: orders, over: 3d}}]
    else: idle
    give: [times_entered]
  is_long: {title: L, calc: "mood = 'busy' and days_since(mood_since) >= 3"}
"""
BOOK = book_of(TEXT % f"{STAY}d")
SCHEMA = ", ".join(f"{column.name} {column.type}" for column in STAGE_STATES.columns)
KEPT = ("stage", "since", "previous", "entered")
PARTS = ("mood", "mood_since", "mood_previous", "mood_times_entered")


def night_of(
    spark: SparkSession, counts: Mapping[int, int], day: date, states: DataFrame | None = None,
    book: TagBook = BOOK, names: Sequence[str] | None = None,
) -> TagNight:  # fmt: skip
    """One night of persons with the count that decides their stage, and an order on that day."""
    people = list(counts.items())
    golden = spark.createDataFrame(people, "one_id bigint, kids_count bigint")
    orders = [{"one_id": one_id, "ago": (D - day).days} for one_id in counts]
    plan = plan_tags(book, names)
    sources = {name: rows_of(spark, book.tables[name], orders) for name in plan.tables}
    persons = people_of(spark, list(counts))
    memory = Memory(states)
    return computed_by_both(sources, persons, golden, plan, day, memory=memory)


def kept(night: TagNight) -> list[Any]:
    """The states a night leaves to the next."""
    assert night.states is not None
    return night.states.collect()


def by_person(night: TagNight) -> dict[int, dict[str, Any]]:
    """The wide table by person."""
    return {row["one_id"]: row.asDict() for row in night.wide.collect()}


@dataclass
class Machine:
    """One person's history, as docs/tag-rules.md tells it."""

    stage: str = ""
    since: date = date.min
    previous: str | None = None
    entered: dict[str, int] = field(default_factory=dict)
    held: list[tuple[date, str]] = field(default_factory=list)

    def see(self, day: date, now: str) -> None:
        """A night on which `now` is the first stage whose condition holds."""
        self.held.append((day, now))
        last = self.held[-STAY:]
        in_a_row = len(last) == STAY and {stage for _, stage in last} == {now}
        if not self.stage or (now != self.stage and in_a_row):
            self.previous, self.stage, self.since = self.stage or None, now, day
            self.entered[now] = self.entered.get(now, 0) + 1

    @property
    def kept(self) -> tuple[Any, ...]:
        """What the next night needs to know."""
        return self.stage, self.since, self.previous, self.entered

    @property
    def shown(self) -> tuple[Any, ...]:
        """The columns of the wide table."""
        return self.stage, self.since, self.previous, self.entered[self.stage]


def candidate(count: int) -> str:
    """The first stage whose condition holds."""
    return "busy" if count >= 2 else "some" if count == 1 else "quiet"


def test_forty_nights_equal_a_state_machine(spark: SparkSession) -> None:
    chance = random.Random(11)
    counts = dict.fromkeys(range(12), 0)
    machines: dict[int, Machine] = {}
    states: DataFrame | None = None
    for ago in range(39, -1, -1):
        day = D - timedelta(days=ago)
        # Some are unknown for some nights, as after a merge: they begin anew.
        here = [p for p in counts if not (p in (3, 7) and 10 <= (ago + p) % 20 <= 12)]
        machines = {p: machines.get(p, Machine()) for p in here}
        for person, machine in machines.items():  # moods that last, now and then
            if chance.random() < 0.35:
                counts[person] = chance.randrange(3)
            machine.see(day, candidate(counts[person]))
        night = night_of(spark, {p: counts[p] for p in here}, day, states, names=["mood"])
        rows = kept(night)
        found = {row["one_id"]: tuple(row[part] for part in KEPT) for row in rows}
        assert found == {p: machine.kept for p, machine in machines.items()}, day
        states = spark.createDataFrame(rows, SCHEMA)
    wide = by_person(night)
    assert {p: tuple(row[part] for part in PARTS) for p, row in wide.items()} == {
        p: machine.shown for p, machine in machines.items()
    }
    assert max(machine.entered[machine.stage] for machine in machines.values()) > 1


def state(stage: str, **more: Any) -> dict[str, Any]:
    """What the night before left of person 1."""
    day = D - timedelta(days=1)
    known = {"business_date": day, "one_id": 1, "tag": "mood", "stage": stage, "since": day}
    return {**known, "previous": None, "entered": {stage: 1}, **more}


def days(count: int) -> date:
    """So many days before D."""
    return D - timedelta(days=count)


EDGES: dict[str, tuple[Mapping[str, Any], int, tuple[Any, ...]]] = {
    "the same stage stays since when it was taken": (
        state("some", since=days(9)), 1, ("some", days(9), None, 1)
    ),
    "another stage waits on its first night": (state("some"), 2, ("some", days(1), None, 1)),
    "and on its second": (
        state("some", pending="busy", pending_since=days(1)), 2, ("some", days(1), None, 1)
    ),
    "and is taken on its third, which is its first day": (
        state("some", pending="busy", pending_since=days(2), entered={"some": 2, "busy": 4}), 2,
        ("busy", D, "some", 5),
    ),
    "a third stage begins to wait anew": (
        state("some", pending="busy", pending_since=days(2)), 0, ("some", days(1), None, 1)
    ),
    "nights not run count as the night before them": (
        state("some", pending="busy", pending_since=days(5)), 2, ("busy", D, "some", 1)
    ),
    "a stage the definition no longer has is forgotten": (
        state("gone", previous="some", entered={"gone": 3, "some": 2}), 1, ("some", D, None, 1)
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EDGES)
def test_edges_worked_out_by_hand(spark: SparkSession, name: str) -> None:
    known, count, expected = EDGES[name]
    states = spark.createDataFrame([tuple(map(known.get, STAGE_STATES.column_names))], SCHEMA)
    row = by_person(night_of(spark, {1: count}, D, states))[1]
    assert tuple(row[part] for part in PARTS) == expected


def test_a_night_run_again_gives_the_same_rows_and_hidden_columns_stay_hidden(
    spark: SparkSession,
) -> None:
    first = night_of(spark, {1: 2, 2: 0}, D - timedelta(days=1))
    states = spark.createDataFrame(kept(first), SCHEMA)
    nights = [night_of(spark, {1: 0, 2: 1}, D, states) for _ in range(2)]
    assert by_person(nights[0]) == by_person(nights[1])
    assert sorted(kept(nights[0])) == sorted(kept(nights[1]))
    assert nights[0].wide.columns == ["business_date", "one_id", "n", *PARTS, "asked", "is_long"]


def test_without_stay_a_stage_is_taken_at_once(spark: SparkSession) -> None:
    book = book_of(TEXT % "1d")
    states = spark.createDataFrame(
        [tuple(map(state("quiet").get, STAGE_STATES.column_names))], SCHEMA
    )
    row = by_person(night_of(spark, {1: 1}, D, states, book))[1]
    assert tuple(row[part] for part in PARTS) == ("some", D, "quiet", 1)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("stages: [{value: a, when: n = 1}]", "'else' is missing"),
        ("stages: [{value: 1, when: n = 1}], else: b", "stages: 1 is no stage"),
        ("stages: [{value: a}], else: b", "stages: expected {value: …, when: …}"),
        ("stages: [{value: a, when: m = 1}], else: b", "unknown column 'm'"),
        ("stages: [{value: a, when: n = 1}], else: b, stay: 2m", "stay: '2m' is no duration"),
        ("stages: [{value: a, when: n = 1}], else: b, give: [since, since]", "each once"),
        (
            "stages: [{value: a, when: n = 1}], else: b, give: [since], values: {a: A, b: B}",
            "values: since has no codes; give another part first",
        ),
        ("stages: [{value: a, when: n = 1}], else: b, values: {a: A}", "'b' is not in values"),
    ],
)
def test_what_is_wrong_with_stages_is_told_with_its_place(body: str, message: str) -> None:
    text = f"tags:\n  t: {{title: T, {body}}}\n  n: {{title: N, measure: count(), from: orders}}\n"
    (found,) = messages_of(text)
    assert found.startswith("a.yml:2: ")
    assert message in found
