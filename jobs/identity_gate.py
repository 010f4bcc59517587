"""The identity gate: how much a night changes the map, against `gate` of conf/identity.yml."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import NamedTuple

from identity.night_difference import Held, NightDifference, night_difference
from jobs.night import Night
from lake.readers import valid_at
from lake.tables import Lake
from model.contracts import TableContract
from model.engines import Engine, Rows
from model.fixed_tables import HUBS, ONE_IDS
from model.identity_gate import IdentityGate, Percentage
from quality.expectations import Bounds, judge_bounds
from quality.gate import CheckResult


class _Judged(NamedTuple):
    """A check as it will be told, and what decides whether it is passed."""

    result: CheckResult
    bounds: Bounds


def identity_results(night: Night) -> tuple[CheckResult, ...]:
    """The checks of the identity gate on the map that the night wrote; none without `gate`."""
    gate = night.definitions.policy.gate
    if gate is None:
        return ()
    with night.engine() as engine:
        return checked(gate, difference_of(night, engine))


def checked(gate: IdentityGate, difference: NightDifference) -> tuple[CheckResult, ...]:
    """The result of every limit that `gate` sets, as the quality gate has them; all hold."""
    judged = [*_judged(gate, difference)]
    verdicts = judge_bounds([one.bounds for one in judged])
    return tuple(
        replace(one.result, is_passed=verdict)
        for one, verdict in zip(judged, verdicts, strict=True)
    )


def difference_of(night: Night, engine: Engine) -> NightDifference:
    """What the night changed, computed once a run: the gate and the report tell the same."""
    if not night.difference:
        day, lake = night.business_date, night.lake
        before, after = (held_at(engine, lake, each) for each in (day - timedelta(days=1), day))
        policy = night.definitions.policy
        night.difference.append(night_difference(engine, before, after, policy))
    return night.difference[0]


def held_at(engine: Engine, lake: Lake, day: date) -> Held:
    """What a lake holds of persons at a date."""

    return Held(*(rows_held_at(engine, lake, contract, day) for contract in (ONE_IDS, HUBS)))


def rows_held_at(engine: Engine, lake: Lake, contract: TableContract, day: date) -> Rows:
    """The rows of a history that hold at a date, without valid_to."""
    sql = valid_at("history", contract.column_names, day)
    return engine.rows(f"held_{contract.name}", sql, history=lake.rows(engine, contract))


def _judged(gate: IdentityGate, night: NightDifference) -> Iterator[_Judged]:
    """What each limit says; a first night is new as a whole: only the largest person is judged."""
    if gate.largest_person is not None:
        yield _check(
            "largest_person", f"no person above {gate.largest_person}",
            f"the largest has {night.largest:,}", night.largest, gate.largest_person.sightings,
        )  # fmt: skip
    if not night.people_before:
        return
    change = night.people_after - night.people_before
    shares = (
        ("people_change", gate.people_change, abs(change), f"{change:+,} persons"),
        ("merges", gate.merges, night.merged, f"{night.merged:,} persons merged into others"),
        ("splits", gate.splits, night.split, f"{night.split:,} persons split off"),
    )
    for name, limit, value, told in shares:
        if limit is not None:
            yield _check(
                name, f"{name.replace('_', ' ')} within {limit}, or {gate.floor}",
                f"{told} of {night.people_before:,} ({value / night.people_before:.2%})",
                value, max(gate.floor.persons, _of(limit, night.people_before)),
            )  # fmt: skip
    if gate.new_hubs is not None:
        yield _check(
            "new_hubs", f"new hubs within {gate.new_hubs}",
            f"{night.new_hubs:,} identifiers became hubs", night.new_hubs, gate.new_hubs.number,
        )  # fmt: skip


def _check(name: str, text: str, told: str, value: int, most: float) -> _Judged:
    table = HUBS if name == "new_hubs" else ONE_IDS
    result = CheckResult(
        f"identity.{name}", table.full_name, text, "hold", True, told, row_count=value
    )
    return _Judged(result, Bounds(value, None, most))


def _of(limit: Percentage, persons: int) -> float:
    return limit.percent * persons / 100
