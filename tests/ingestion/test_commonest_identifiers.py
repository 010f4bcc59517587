"""How much of a night's sets of identifiers one value is in."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pytest

from ingestion import commonest_identifiers as module
from ingestion.commonest_identifiers import commonest_identifiers
from model.ddl_types import arrow_schema
from model.fixed_tables import SIGHTINGS
from model.local_engine import LocalEngine

DAY = date(2024, 6, 2)


def sighting(number: int, *words: str, **more: Any) -> dict[str, Any]:
    return {
        "business_date": DAY, "sighting_id": number, "channel": "crm", "dataset": "members",
        "identifiers": [
            {"kind": kind, "scope": "global", "token": value}
            for kind, value in (word.split(":") for word in words)
        ],
        "first_date": DAY, "last_date": DAY, "row_count": 1, "source_file": "crm/a.csv", **more,
    }  # fmt: skip


def commonest(rows: list[dict[str, Any]]) -> dict[str, dict[str, tuple[int, int]]]:
    with LocalEngine() as engine:
        given = engine.of(pa.Table.from_pylist(rows, schema=arrow_schema(SIGHTINGS.schema)))
        found = commonest_identifiers(engine, given, DAY)
    return {name: dict(kinds) for name, kinds in found.items()}


def test_sets_are_counted_by_dataset_and_kind_once_each() -> None:
    rows = [sighting(n, f"card:{n}", "phone:1" if n < 15 else f"phone:{n}") for n in range(20)]
    rows += rows[:5]  # on several days, from several files
    rows += [sighting(n, f"card:{n}") for n in range(20, 25)]
    rows += [sighting(n, f"phone:{n}", dataset="cases") for n in range(100, 119)]
    assert commonest(rows) == {"crm.members": {"card": (25, 1), "phone": (20, 15)}}


def test_only_what_the_night_added_is_looked_at() -> None:
    added = [sighting(n, f"phone:{n}") for n in range(20)]
    taken = [sighting(n, "phone:1", row_count=-1) for n in range(50, 90)]
    earlier = [sighting(n, "phone:1", business_date=DAY - timedelta(days=1)) for n in range(9, 60)]
    assert commonest([*added, *taken, *earlier]) == {"crm.members": {"phone": (20, 1)}}


def test_of_very_many_sets_a_sample_shows_the_same_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOKED_AT", 100)
    rows = [sighting(n * 7_919, "phone:1" if n % 3 else f"phone:{n}") for n in range(1_000)]
    ((sets, most),) = commonest(rows)["crm.members"].values()
    assert 80 < sets < 120
    assert abs(most / sets - 2 / 3) < 0.15
    assert commonest(rows[::-1]) == commonest(rows)
