"""Values that name nobody: `invalid` lists against sealed values."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from identity.refused import refused_counts, refused_tokens
from model.ddl_types import arrow_schema
from model.engines import Engine
from model.fixed_tables import REFUSED_IDENTIFIERS, SIGHTINGS
from model.identity_policy import IdentifierKind, IdentityPolicy
from privacy.tokens import TokenKey, seal_of, token_of
from tests.identity.worlds import REFUSED, night, seen, table_of, token

KEY = TokenKey.from_secret("0123456789abcdef" * 2)
POLICY = IdentityPolicy(
    kinds={
        "phone": IdentifierKind(1, "phone"),
        "email": IdentifierKind(2, "email"),
        "account": IdentifierKind(3, "text"),
    },
    invalid={
        "any": ("", "null", "n/a", "-1"),
        "phone": ("13800000000",),
        "email": ("*@example.*", "noreply@*", "a.b@*.cn"),
    },
)


def reasons(spark: SparkSession, *values: tuple[str, str]) -> dict[str, str]:
    rows = [
        (kind, "global", token_of(KEY, kind, "global", value), bytearray(seal_of(KEY, value)))
        for kind, value in values
    ]
    vault = spark.createDataFrame(rows, "kind string, scope string, token string, sealed binary")
    names = {row[2]: value for row, (_, value) in zip(rows, values, strict=True)}
    return {
        names[row.token]: row.reason for row in refused_tokens(vault, POLICY, KEY).collect()
    }  # fmt: skip


def test_values_on_a_list_are_refused_with_the_lists_name(spark: SparkSession) -> None:
    listed = {
        ("phone", "+8613800000000"): "invalid.phone",
        ("email", "someone@example.com.cn"): "invalid.email",
        ("email", "noreply@shop.cn"): "invalid.email",
        ("email", "a.b@mail.cn"): "invalid.email",
        ("account", "NULL"): "invalid.any",
        ("account", "-1"): "invalid.any",
    }
    fine = [
        ("phone", "+8613800000001"), ("email", "me@myexample.com"), ("email", "axb@mail.cn"),
        ("account", "13800000000"), ("account", "nullable"), ("email", "xnoreply@shop.cn"),
    ]  # fmt: skip
    found = reasons(spark, *listed, *fine)
    assert found == {value: reason for (_, value), reason in listed.items()}


def test_without_lists_nothing_is_refused(spark: SparkSession) -> None:
    plain = IdentityPolicy(kinds=POLICY.kinds)
    rows = [("account", "global", "t", bytearray(seal_of(KEY, "null")))]
    vault = spark.createDataFrame(rows, "kind string, scope string, token string, sealed binary")
    assert refused_tokens(vault, plain, KEY).collect() == []


LISTED = {
    "phone:0": "invalid.phone", "phone:9": "invalid.phone", "phone:null": "invalid.any",
    "email:none": "invalid.any",
}  # fmt: skip


def counted(
    engine: Engine, rows: list[dict[str, object]], on: int
) -> dict[tuple[str, ...], tuple[int, int]]:
    """By kind, reason and source: different identifiers, and values."""
    listed = [
        {"kind": word.split(":")[0], "scope": "global", "token": token(word), "reason": reason}
        for word, reason in LISTED.items()
    ]
    slices = table_of(engine, rows, SIGHTINGS.schema)
    found = engine.arrow(
        refused_counts(engine, slices, table_of(engine, listed, REFUSED), night(on))
    )
    assert found.schema.names == list(REFUSED_IDENTIFIERS.column_names)
    assert found.schema.types == arrow_schema(REFUSED_IDENTIFIERS.schema).types
    told = found.to_pylist()
    assert {row["business_date"] for row in told} <= {night(on)}
    return {
        (row["kind"], row["reason"], row["source"]): (row["identifier_count"], row["value_count"])
        for row in told
    }  # fmt: skip


def test_every_value_that_names_nobody_is_counted_by_kind_list_and_source(engine: Engine) -> None:
    rows = [
        seen("phone:0 email:a", rows=5),
        seen("phone:0 email:b", rows=2),
        seen("phone:0 email:none", rows=3),
        seen("phone:9", rows=1),
        seen("phone:0 email:a", rows=7, dataset="other"),
        seen("phone:null email:c", rows=4),
        seen("phone:1 email:d", rows=100),
    ]
    assert counted(engine, rows, on=1) == {
        ("phone", "invalid.phone", "shop.rows"): (2, 11),
        ("phone", "invalid.any", "shop.rows"): (1, 4),
        ("email", "invalid.any", "shop.rows"): (1, 3),
        ("phone", "invalid.phone", "shop.other"): (1, 7),
    }


def test_two_such_values_in_a_row_count_twice_and_a_set_seen_again_once_more(
    engine: Engine,
) -> None:
    rows = [seen("phone:0 phone:9", rows=2), seen("phone:0 phone:9", on=2, rows=3)]
    assert counted(engine, rows, on=2) == {("phone", "invalid.phone", "shop.rows"): (2, 10)}


def test_rows_that_are_taken_away_or_still_to_come_are_not_counted(engine: Engine) -> None:
    rows = [
        seen("phone:0 email:a", rows=5), seen("phone:0 email:a", on=2, day=night(1), rows=-2),
        seen("phone:0 email:b", rows=1), seen("phone:0 email:b", on=2, day=night(1), rows=-1),
        seen("phone:9", on=1, day=night(3), rows=6),
    ]  # fmt: skip
    source = ("phone", "invalid.phone", "shop.rows")
    arrived = [row for row in rows if row["business_date"] == night(1)]
    assert counted(engine, arrived, on=1) == {source: (1, 6)}
    assert counted(engine, rows, on=2) == {source: (1, 3)}
    assert counted(engine, rows, on=3) == {source: (2, 9)}


@pytest.mark.parametrize("words", ["phone:1", "email:0 phone:2"])
def test_where_nothing_is_refused_nothing_is_counted(engine: Engine, words: str) -> None:
    assert counted(engine, [seen(words)], on=1) == {}
