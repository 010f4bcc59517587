"""Tokens and seals: the same for the same, different for all else, and a key that hides itself."""

import hashlib
import hmac
import pickle
import re
import stat
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from model.errors import UsageError
from privacy.tokens import (
    TokenKey,
    load_key,
    seal,
    seal_of,
    seals_of,
    token,
    token_of,
    tokens_of,
    unseal,
    unseal_of,
    unseals_of,
)

SECRET = "0123456789abcdef" * 2
KEY = TokenKey.from_secret(SECRET)
OTHER = TokenKey.from_secret(SECRET[::-1])
texts = st.text(st.characters(exclude_categories=("Cs",)), min_size=1)


def test_a_token_is_key_id_and_hmac_over_kind_scope_and_value() -> None:
    made = token_of(KEY, "phone", "global", "+8613812345678")
    message = b"phone\x1fglobal\x1f+8613812345678"
    assert made == f"{KEY.id}_{hmac.new(KEY.token_key, message, hashlib.sha256).hexdigest()}"
    assert re.fullmatch(r"k[0-9a-f]{4}_[0-9a-f]{64}", made)


def test_kind_scope_value_and_secret_each_change_the_token() -> None:
    made = {
        token_of(key, kind, scope, value)
        for key in (KEY, OTHER) for kind in "ab" for scope in "ab" for value in "ab"
    }  # fmt: skip
    assert len(made) == 16


@given(value=texts)
def test_a_seal_opens_to_its_value_and_repeats(value: str) -> None:
    assert unseal_of(KEY, seal_of(KEY, value)) == value
    assert seal_of(KEY, value) == seal_of(KEY, value) != seal_of(OTHER, value)


def test_a_seal_of_another_secret_says_so() -> None:
    with pytest.raises(UsageError, match="another secret"):
        unseal_of(OTHER, seal_of(KEY, "li.lei@mail.cn"))


def test_a_batch_is_what_its_values_are_one_by_one() -> None:
    values = pa.array(["a", None, "b", "a", ""])
    one_by_one = [v if v is None else token_of(KEY, "k", "s", v) for v in values.to_pylist()]
    assert tokens_of(KEY, "k", "s", values).to_pylist() == one_by_one
    assert unseals_of(KEY, seals_of(KEY, values)).to_pylist() == values.to_pylist()


def test_the_key_hides_itself() -> None:
    shown = f"{KEY!r} {KEY} {[KEY]}"
    assert KEY.token_key.hex() not in shown
    assert repr(KEY.seal_key) not in shown
    assert SECRET not in shown
    assert pickle.loads(pickle.dumps(KEY)) == KEY


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(SECRET[::-1])
    assert load_key({"ONEFOLD_PSEUDONYM_SECRET": SECRET}, file, create=False) == KEY
    assert load_key({}, file, create=False) == OTHER
    named = {"ONEFOLD_PSEUDONYM_SECRET_FILE": str(file)}
    assert load_key(named, tmp_path / "none", create=True) == OTHER


def test_a_made_secret_is_its_owners_only_and_stays(tmp_path: Path) -> None:
    file = tmp_path / "secrets" / "key"
    key = load_key({}, file, create=True)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert load_key({}, file, create=True) == key


def test_a_missing_or_short_secret_tells_the_cure(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="ONEFOLD_PSEUDONYM_SECRET"):
        load_key({}, tmp_path / "none", create=False)
    with pytest.raises(UsageError, match="openssl rand"):
        load_key({"ONEFOLD_PSEUDONYM_SECRET": "short"}, tmp_path / "none", create=False)


def test_columns_are_tokenised_without_the_key_in_the_plan(spark: SparkSession) -> None:
    frame = spark.createDataFrame([("a",), (None,)], "value string")
    made = frame.select(
        token(KEY, "k", "s")(frame.value).alias("token"),
        unseal(KEY)(seal(KEY)(frame.value)).alias("value"),
    )
    plan = made._jdf.queryExecution().toString()
    assert KEY.token_key.hex() not in plan
    assert KEY.seal_key.hex() not in plan
    rows = [tuple(row) for row in made.collect()]
    assert set(rows) == {(token_of(KEY, "k", "s", "a"), "a"), (None, None)}
