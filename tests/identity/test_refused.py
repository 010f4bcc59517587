"""Values that name nobody: `invalid` lists against sealed values."""

from __future__ import annotations

from dataclasses import replace

import pytest

from identity.refused import refused_counts, refused_tokens
from identity.touched import held_ever
from model.ddl_types import arrow_schema
from model.engines import Engine
from model.fixed_tables import REFUSED_IDENTIFIERS, SIGHTINGS
from model.identity_policy import IdentifierKind, IdentityPolicy
from model.local_engine import LocalEngine
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


VAULT = "kind string, scope string, token string, sealed binary"


def reasons(
    engine: Engine, *values: tuple[str, str], policy: IdentityPolicy = POLICY
) -> dict[tuple[str, str], str]:
    rows = [
        {
            "kind": kind, "scope": "global", "token": token_of(KEY, kind, "global", value),
            "sealed": seal_of(KEY, value),
        }
        for kind, value in values
    ]  # fmt: skip
    names = {row["token"]: value for row, value in zip(rows, values, strict=True)}
    vault = table_of(engine, rows, VAULT)
    found = engine.arrow(refused_tokens(engine, vault, policy, KEY)).to_pylist()
    return {names[row["token"]]: row["reason"] for row in found}


def test_values_on_a_list_are_refused_with_the_lists_name(engine: Engine) -> None:
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
        ("other", "null"),
    ]  # fmt: skip
    assert reasons(engine, *listed, *fine) == listed


def test_a_value_in_letters_of_more_bytes_is_on_the_list_too() -> None:
    policy = replace(POLICY, invalid={"any": ("unknown", "ÉTÉ", "无")})
    values = [("account", value) for value in ("un\u212anown", "UNKNOWN", "été", "无", "unkown")]
    with LocalEngine() as engine:
        assert reasons(engine, *values, policy=policy).keys() == set(values[:4])


def test_no_letter_but_the_sign_of_kelvin_becomes_a_small_one_of_ascii() -> None:
    others = (chr(code) for code in range(128, 0x110000) if not 0xD800 <= code < 0xE000)
    assert [letter for letter in others if letter.lower().isascii()] == ["\u212a"]


def test_only_values_that_may_be_listed_are_opened(engine: Engine) -> None:
    """The others are sealed under another secret here: to open one is an error."""
    other = TokenKey.from_secret("fedcba9876543210" * 2)
    rows = [
        {"kind": kind, "scope": "global", "token": f"t{n}", "sealed": seal_of(other, value)}
        for n, (kind, value) in enumerate([("phone", "+8613911112222"), ("account", "u1")])
    ]
    vault = table_of(engine, rows, VAULT)
    assert engine.arrow(refused_tokens(engine, vault, POLICY, KEY)).num_rows == 0


def test_without_lists_nothing_is_refused(engine: Engine) -> None:
    assert reasons(engine, ("account", "null"), policy=IdentityPolicy(kinds=POLICY.kinds)) == {}


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
    pairs = held_ever(engine, slices, POLICY)
    found = engine.arrow(
        refused_counts(engine, slices, pairs, table_of(engine, listed, REFUSED), night(on))
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
