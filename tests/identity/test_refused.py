"""Values that name nobody: `invalid` lists against sealed values."""

from __future__ import annotations

from pyspark.sql import SparkSession

from identity.refused import refused_tokens
from model.identity_policy import IdentifierKind, IdentityPolicy
from privacy.tokens import TokenKey, seal_of, token_of

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
