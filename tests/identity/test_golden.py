"""Golden profiles: which value survives, and what is said about where it comes from."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest
from pyspark.sql import SparkSession

from identity.golden import golden_contract, golden_profiles
from model.canonical import CanonicalColumn, CanonicalModel, CanonicalTable
from model.errors import UsageError
from model.identity_policy import ColumnSurvivorship, GoldenPolicy, IdentityPolicy

TABLE = CanonicalTable(
    key=("channel", "account_id"), time="updated_at", golden=True, name="profiles",
    columns={
        "account_id": CanonicalColumn("text"),
        "city": CanonicalColumn("text", "城市", "City"),
        "phone": CanonicalColumn("text", pii="high"),
        "kids_count": CanonicalColumn("integer"),
        "updated_at": CanonicalColumn("timestamp"),
    },
)  # fmt: skip
MODEL = CanonicalModel({}, {"profiles": TABLE}, {})
SCHEMA = (
    "one_id bigint, channel string, account_id string, city string, phone_token string, "
    "phone_mask string, kids_count bigint, updated_at timestamp"
)
PLAIN = GoldenPolicy()
TRUST = {"crm": 1, "shop": 2}
D = date(2017, 9, 28)
OLD, NEW = datetime(2017, 1, 1), datetime(2017, 6, 1)


def profiles(
    spark: SparkSession, *accounts: tuple[Any, ...], golden: GoldenPolicy = PLAIN
) -> dict[int, Any]:
    frame = golden_profiles(
        spark.createDataFrame(list(accounts), SCHEMA), TRUST, TABLE,
        IdentityPolicy(kinds={}, golden=golden), D,
    )  # fmt: skip
    assert frame.columns == list(golden_contract(MODEL).column_names)
    types = {name: kind.lower() for name, kind in frame.dtypes}
    assert types["provenance"].startswith("map<string,struct<channel:string,record:string")
    return {row.one_id: row for row in frame.collect()}


def test_the_most_trusted_channels_newest_value_survives(spark: SparkSession) -> None:
    row = profiles(
        spark,
        (1, "shop", "a", "Hefei", "t-shop", "m-shop", 3, NEW),
        (1, "crm", "b", "Wuhan", None, None, None, OLD),
        (1, "crm", "c", "Xi'an", None, None, None, NEW),
        (1, "wild", "d", "Lhasa", "t-wild", "m-wild", 9, NEW),
        (None, "crm", "e", "Nobody", "t", "m", 1, NEW),
    )[1]
    assert (row.business_date, row.city, row.kids_count) == (D, "Xi'an", 3)
    assert (row.phone_token, row.phone_mask) == ("t-shop", "m-shop"), "a null does not compete"
    assert row.provenance["city"].asDict() == {
        "channel": "crm", "record": "c", "rule": "trusted", "at": NEW,
    }  # fmt: skip
    assert row.provenance["phone"].channel == "shop"


def test_a_column_nobody_knows_is_null_and_has_no_provenance(spark: SparkSession) -> None:
    row = profiles(spark, (1, "crm", "a", "Hefei", None, None, None, None))[1]
    assert (row.phone_token, row.kids_count, row.updated_at) == (None, None, None)
    assert set(row.provenance) == {"city"} and row.provenance["city"].at is None


def test_a_column_may_choose_by_frequency_or_time_instead(spark: SparkSession) -> None:
    chosen = {"phone": ColumnSurvivorship("frequent"), "city": ColumnSurvivorship("latest")}
    row = profiles(
        spark,
        (1, "crm", "a", "Hefei", "rare", "m1", 1, OLD),
        (1, "shop", "b", "Wuhan", "often", "m2", 2, NEW),
        (1, "wild", "c", "Xi'an", "often", "m2", 3, None),
        (2, "crm", "d", "Lhasa", "rare", "m1", 3, OLD),
        golden=GoldenPolicy(per_column=chosen),
    )[1]
    assert (row.city, row.phone_token, row.phone_mask) == ("Wuhan", "often", "m2")
    assert row.kids_count == 1, "the default rule: the most trusted"
    assert row.provenance["phone"].rule == "frequent"


def test_ties_end_at_channel_and_key_whatever_the_order_of_rows(spark: SparkSession) -> None:
    tied = [(1, channel, account, f"{channel}-{account}", None, None, None, NEW)
            for channel in ("x", "y") for account in "abc"]  # fmt: skip
    for seed in range(3):
        shuffled = random.Random(seed).sample(tied, len(tied))
        assert profiles(spark, *shuffled)[1].city == "x-a"


def test_the_contract_names_every_column_but_the_key() -> None:
    contract = golden_contract(MODEL)
    assert contract.column_names == (
        "business_date", "one_id", "city", "phone_token", "phone_mask", "kids_count",
        "updated_at", "provenance",
    )  # fmt: skip
    assert contract.sliced_by == "business_date"
    two = CanonicalModel({}, {"profiles": TABLE, "members": replace(TABLE, name="members")}, {})
    with pytest.raises(UsageError, match="profiles, members"):
        golden_contract(two)
