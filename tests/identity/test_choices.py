"""Columns chosen from some channels' accounts, against a plain oracle and the golden profile."""

from __future__ import annotations

import random
from datetime import datetime, timezone
from itertools import product
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from identity.choices import ChosenColumn, with_chosen
from identity.golden import golden_profiles
from model.engines import Engine, SparkEngine
from model.identity_policy import ColumnSurvivorship, GoldenPolicy, IdentityPolicy, Prefer
from model.local_engine import LocalEngine
from tests.identity.test_golden import SCHEMA, TABLE, TRUST, D

POLICY = GoldenPolicy(per_column={"kids_count": ColumnSurvivorship("frequent")})
PREFERENCES: tuple[Prefer | None, ...] = (None, "trusted", "latest", "frequent")
CHANNELS = ((), ("crm",), ("wild", "shop"), ("none",))
COLUMNS = ("city", "phone", "kids_count")
CHOICES = [
    ChosenColumn(f"_t{n}", column, CHANNELS[(n + n // 4) % 4], prefer)
    for n, (column, prefer) in enumerate(product(COLUMNS, PREFERENCES))
]
Account = dict[str, Any]


def accounts_of(seed: int) -> list[Account]:
    """Accounts with gaps, equal times and values, of few persons and of nobody."""
    chance = random.Random(seed)
    found = []
    for number in range(60):
        phone = chance.choice([None, "1", "2", "3"])
        found.append({
            "one_id": chance.choice([None, 1, 2, 3, 4]), "account_id": f"{number:02}",
            "channel": chance.choice(["crm", "shop", "wild"]),
            "city": chance.choice([None, "Hefei", "Wuhan"]), "kids_count": chance.choice([None, 1]),
            "phone_token": phone and f"t{phone}", "phone_mask": phone and f"m{phone}",
            "updated_at": chance.choice([None, *(datetime(2017, m, 1) for m in (1, 2))]),
        })  # fmt: skip
    return found


def oracle(accounts: list[Account], choice: ChosenColumn, one_id: int) -> Account | None:
    """The account that comes first, by the rules as a person would read them."""
    value = "phone_token" if choice.column == "phone" else choice.column
    own = [
        a for a in accounts if a["one_id"] == one_id and a[value] is not None
        and (not choice.channels or a["channel"] in choice.channels)
    ]  # fmt: skip
    rule = choice.prefer or ("frequent" if choice.column == "kids_count" else "trusted")

    def place(one: Account) -> tuple[Any, ...]:
        times = one["updated_at"].replace(tzinfo=timezone.utc).timestamp(), 0
        ranks = {
            "trusted": TRUST.get(one["channel"], 99),
            "latest": -times[0],
            "frequent": -sum(a[value] == one[value] for a in own),
        }
        return ranks[rule], ranks["latest"], one["channel"], one["account_id"]

    timed = [{**a, "updated_at": a["updated_at"] or datetime(1970, 1, 2)} for a in own]
    return min(timed, key=place, default=None)


@pytest.fixture(params=["spark", "local"])
def engine(request: pytest.FixtureRequest, spark: SparkSession) -> Engine:
    """Either engine."""
    return SparkEngine(spark) if request.param == "spark" else LocalEngine(spark)


def test_the_value_that_survives_among_some_channels_by_some_rule(
    engine: Engine, spark: SparkSession
) -> None:
    accounts = accounts_of(7)
    with engine:
        rows = engine.of(spark.createDataFrame(accounts, SCHEMA))
        golden = engine.of(pa.table({"one_id": pa.array([1, 2, 3, 4, 9], pa.int64())}))
        found = engine.arrow(
            with_chosen(engine, golden, rows, CHOICES, TABLE, POLICY, TRUST)
        ).to_pylist()
    assert sorted(row["one_id"] for row in found) == [1, 2, 3, 4, 9]
    for row, choice in product(found, CHOICES):
        best = oracle(accounts, choice, row["one_id"]) or {}
        parts = ("_token", "_mask") if choice.column == "phone" else ("",)
        shown = [row[f"{choice.name}{part}"] for part in parts]
        assert shown == [best.get(f"{choice.column}{part}") for part in parts], (row, choice)


def test_a_choice_without_channels_and_rule_is_the_golden_profile(spark: SparkSession) -> None:
    accounts = spark.createDataFrame(accounts_of(11), SCHEMA)
    policy = IdentityPolicy(kinds={}, golden=POLICY)
    golden = golden_profiles(accounts, TRUST, TABLE, policy, D)
    plain = [ChosenColumn(f"_{column}", column) for column in ("city", "kids_count")]
    with SparkEngine(spark) as engine:
        found = with_chosen(engine, golden, accounts, plain, TABLE, POLICY, TRUST)
        for row in engine.frame(found).collect():
            assert (row["_city"], row["_kids_count"]) == (row["city"], row["kids_count"])
