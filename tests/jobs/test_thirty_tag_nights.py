"""Thirty nights of tags that grow by what changed are those of thirty full nights, in each cell."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from jobs import tiles
from jobs.tiles import Tiles
from lake.log_tables import read_rows
from lake.readers import by_person, valid_at
from lake.tables import Lake
from model.ddl_types import arrow_schema
from model.fixed_tables import ONE_IDS
from model.local_engine import LocalEngine
from model.ops_tables import TILED
from tags.kernel.computing import compute_tags_here
from tags.kernel.groupings import asked_of
from tags.kernel.prepared import Given
from tags.night import Night
from tags.planning import plan_tags
from tests.tags.books import book_of, shipped_model

pytestmark = pytest.mark.slow
FIRST, NIGHTS, PERSONS, A_NIGHT = date(2024, 3, 1), 30, 200, 100
LATE, REFUNDED, DELETED, MERGED, SPLIT = 0.02, 0.01, 0.005, 0.005, 0.001
ORDERS = shipped_model().tables["orders"]
PLAN = plan_tags(book_of("""
defaults: {from: orders, where: "status = 'paid'"}
tags:
  orders: {title: T, measure: count(), over: [7d, 30d, 31d..90d, ever, "this month", "last 3"]}
  spend: {title: T, measure: sum(amount), over: [1d, 7d, 30d, ever, "last 3"]}
  refunds: {title: T, measure: count(), where: "status = 'refunded'", over: [30d, ever]}
  largest: {title: T, measure: max(amount), over: [30d, ever]}
  last_store: {title: T, measure: last(store_id), over: [30d, ever]}
  first_store: {title: T, measure: first(store_id), over: ever}
  stores: {title: T, measure: distinct(store_id), over: [30d, ever]}
  days: {title: T, measure: days(), over: [30d, ever]}
  since: {title: T, measure: days_since_last(), over: ever}
  newest: {title: T, measure: "list(amount, 3)", over: ever}
  fav_store: {title: T, top: store_id, over: [30d, ever], best: 2, give: [value, score]}
  by_store: {title: T, measure: sum(amount), by: store_id, over: 30d}
  share: {title: T, calc: "share(spend_30d, spend_ever)"}
  level: {title: T, bins: spend_ever, shares: [10%, 30%, rest], values: {a: A, b: B, c: C}}
"""))  # fmt: skip


@dataclass
class Shop:
    """Orders and their people, night by night; `now` is whose a sighting is."""

    lake: Lake
    chance: random.Random
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    now: dict[int, int] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    newest: int = PERSONS

    def night(self, day: date) -> None:
        """New orders, some late; refunds and withdrawals of earlier ones; merges and splits."""
        count = 3000 if day == FIRST else A_NIGHT
        told = [self._order(day, len(self.orders) + n) for n in range(count)]
        for order in self.chance.sample(sorted(self.orders), len(self.orders) and A_NIGHT):
            if self.chance.random() < REFUNDED * len(self.orders) / A_NIGHT / NIGHTS:
                told.append({**self.orders[order], "status": "refunded", "arrived_date": day})
            elif self.chance.random() < DELETED * len(self.orders) / A_NIGHT / NIGHTS:
                told.append({**self.orders[order], "is_deleted": True, "arrived_date": day})
        told = [{**row, "source_file": f"{day}", "source_line": n} for n, row in enumerate(told)]
        self.orders |= {row["order_id"]: row for row in told}
        rows = pa.Table.from_pylist(told, arrow_schema(ORDERS.contract.schema))
        self.lake.replace_slice(ORDERS.contract, rows, day)
        self._move(day)

    def _order(self, day: date, number: int) -> dict[str, Any]:
        is_old = day == FIRST or self.chance.random() < LATE
        at = day - timedelta(days=int(self.chance.expovariate(1 / 40)) if is_old else 0)
        if self.chance.random() < 0.01:
            at = day + timedelta(days=2)  # it waits for its day
        return {
            "channel": "pos", "dataset": "orders", "sighting_id": self._sighting(), "day": at,
            "arrived_date": day, "generation": 1, "is_deleted": False, "order_id": f"o{number}",
            "status": self.chance.choice(["paid", "paid", "paid", "cancelled"]),
            "amount": Decimal(self.chance.randrange(1, 9000)) / 100,
            "store_id": self.chance.choice(["a", "b", "c", None]),
            "paid_at": datetime(at.year, at.month, at.day, self.chance.randrange(8, 22),
                                tzinfo=timezone.utc),
        }  # fmt: skip

    def _sighting(self) -> int:
        return 2 * self.chance.randrange(1, PERSONS) + self.chance.randrange(2)

    def _move(self, day: date) -> None:
        if not self.now:
            self._is_now({2 * n + side: n for n in range(1, PERSONS) for side in (0, 1)}, day)
        people = sorted(set(self.now.values()))
        for person in people:
            theirs = [s for s, one in self.now.items() if one == person]
            if self.chance.random() < MERGED:
                self._is_now(dict.fromkeys(theirs, self.chance.choice(people)), day)
            elif len(theirs) > 1 and self.chance.random() < SPLIT * 5:
                self.newest += 1
                self._is_now({theirs[-1]: self.newest}, day)
        table = pa.Table.from_pylist(self.history, arrow_schema(ONE_IDS.schema))
        self.lake.overwrite(ONE_IDS, table)

    def _is_now(self, persons: dict[int, int], day: date) -> None:
        for row in self.history:
            if row["node_id"] in persons and row["valid_to"] is None:
                row["valid_to"] = day
        self.history += [
            {"node_id": node, "kind": "sighting", "one_id": one_id, "valid_from": day,
             "valid_to": None, "seen_from": None, "seen_to": None}
            for node, one_id in persons.items()
        ]  # fmt: skip
        self.history = [row for row in self.history if row["valid_from"] != row["valid_to"]]
        self.now |= persons


def computed(shop: Shop, day: date, *, with_tiles: bool) -> list[dict[str, Any]]:
    """The wide rows of one night: grown by what changed, or from all rows."""
    night = Night(day, "UTC")
    with LocalEngine() as engine:
        engine.learn()
        one_ids = shop.lake.rows(engine, ONE_IDS)
        persons = engine.rows("persons", f"""
            select distinct one_id from ({valid_at('o', ONE_IDS.column_names, day)}) v
        """, o=one_ids)  # fmt: skip
        versions = shop.lake.rows(engine, ORDERS.contract, until=day)
        rows = engine.rows(
            "orders", by_person(ORDERS, "versions", "one_ids", day),
            versions=versions, one_ids=one_ids,
        )  # fmt: skip
        found = {}
        if with_tiles:
            own: Any = SimpleNamespace(business_date=day, lake=shop.lake)
            tile = Tiles(own, engine).of(ORDERS, asked_of(PLAN, "orders", night))
            assert tile is not None
            found = {"orders": tile}
        tables = {grouping.table.name: grouping.table for grouping in PLAN.groupings}
        given = Given({"orders": rows}, tables, persons, persons, {}, tiles=found)
        wide = compute_tags_here(
            engine, given, PLAN, night.business_date, time_zone="UTC", rows_at_once=700
        )
        return wide.to_pylist(maps_as_pydicts="strict")


def test_thirty_nights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiles, "FEWEST", 0)
    shop = Shop(Lake(None, str(tmp_path)), random.Random(11))  # type: ignore[arg-type]
    days = [FIRST + timedelta(days=n) for n in range(NIGHTS)]
    kept = {}
    for day in days:
        shop.night(day)
        kept[day] = computed(shop, day, with_tiles=True)
        assert kept[day] == computed(shop, day, with_tiles=False), day
    bases = {row["base_date"] for row in read_rows(str(tmp_path), TILED)}
    assert len(bases) == 1 and max(bases) < days[-1], "the last nights grew by what changed"
    told = [row["status"] for row in shop.orders.values()]
    assert min(told.count("refunded"), sum(row["is_deleted"] for row in shop.orders.values())) > 5
    assert len(shop.history) > 2 * len(shop.now) // 2 + 60, "people merged and split"
    # A past night computed again is what it was, by either way.
    for day in (days[4], days[17], days[-2]):
        assert computed(shop, day, with_tiles=False) == kept[day]
        assert computed(shop, day, with_tiles=True) == kept[day]
