"""Tokens and seals of people's values: keyed, deterministic, and computed only inside tasks.

A token stands for a value where rows must still join (HMAC-SHA-256); a seal is the value itself,
unreadable without the key (AES-SIV). Both keys are derived from one secret. The key travels in a
function's closure, never as a literal: literals show in Spark's plans and event logs.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pyspark.sql import Column

from model.errors import UsageError
from privacy.masks import COMPOUND_SURNAMES, MASKS, masked, masker

__all__ = [
    "COMPOUND_SURNAMES", "MASKS", "TokenKey", "column_kind", "load_key", "masked", "masker", "seal",
    "seal_of", "sealer", "seals_of", "token", "token_of", "tokeniser", "tokens_of", "unseal",
    "unseal_of", "unseals_of",
]  # fmt: skip

SECRET_VARIABLE = "ONEFOLD_PSEUDONYM_SECRET"
SECRET_FILE_VARIABLE = "ONEFOLD_PSEUDONYM_SECRET_FILE"
SHORTEST_SECRET = 32  # characters; 128 bits as hex
SEAL_BYTES = 16  # by which a seal is longer than its value (AES-SIV)
_UNIT = "\x1f"
_BLOCK, _DIGITS = 64, 64  # of SHA-256: bytes of a block, hexadecimal digits of a digest


@dataclass(frozen=True)
class TokenKey:
    """The derived keys, shown by neither str nor repr; `id` names the secret without telling it."""

    id: str
    token_key: bytes = field(repr=False)
    seal_key: bytes = field(repr=False)

    @classmethod
    def from_secret(cls, secret: str) -> TokenKey:
        """The keys of a secret; UsageError where it is too short to resist guessing."""
        if len(secret) < SHORTEST_SECRET:
            raise UsageError(
                f"the pseudonym secret has fewer than {SHORTEST_SECRET} characters; "
                "make one with: openssl rand -hex 32"
            )
        key_id = _derived(secret, b"onefold key id", 2).hex()
        return cls(
            f"k{key_id}", _derived(secret, b"onefold tokens", 32),
            _derived(secret, b"onefold seals", 64),
        )

    def __repr__(self) -> str:
        return "TokenKey(…)"


def _derived(secret: str, purpose: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt=None, info=purpose).derive(secret.encode())


def load_key(env: Mapping[str, str], file: Path, create: bool) -> TokenKey:
    """The key of the environment's secret, else of the secret file.

    `create` makes a missing file, readable by its owner only. UsageError names the cure otherwise.
    """
    if env.get(SECRET_VARIABLE):
        return TokenKey.from_secret(env[SECRET_VARIABLE].strip())
    named = env.get(SECRET_FILE_VARIABLE)
    path = Path(named) if named else file
    if create and not named and not path.exists():
        _create(path)
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise UsageError(
            f"no pseudonym secret: set {SECRET_VARIABLE}, or put one into {path} "
            "(openssl rand -hex 32), or set privacy.create_secret for a demo"
        ) from None
    return TokenKey.from_secret(secret)


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8") as out:
            out.write(secrets.token_hex(32) + "\n")
    except FileExistsError:
        return  # another run made it in between; that one holds


def column_kind(column: str) -> str:
    """The kind under which a column's value is tokenised where it is no identifier."""
    return f"column:{column}"


def token_of(key: TokenKey, kind: str, scope: str, value: str) -> str:
    """`<key id>_<64 hex digits>` of one normalised value."""
    message = _UNIT.join((kind, scope, value)).encode()
    return f"{key.id}_{hmac.digest(key.token_key, message, 'sha256').hex()}"


def seal_of(key: TokenKey, value: str) -> bytes:
    """One value sealed: the same value gives the same bytes."""
    return AESSIV(key.seal_key).encrypt(value.encode(), None)


def unseal_of(key: TokenKey, sealed: bytes) -> str:
    """The value in a seal; UsageError where it was sealed under another secret."""
    return _unsealer(key)(sealed)


def tokeniser(key: TokenKey, kind: str, scope: str) -> Callable[[pa.Array], pa.Array]:
    """Normalised values → their tokens, one by one; null of null.

    HMAC as RFC 2104 writes it, its two keyed states made once: half of what the library's own
    copies cost, and millions are made a night.
    """
    block = key.token_key.ljust(_BLOCK, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
    inner.update(_UNIT.join((kind, scope, "")).encode())
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def digest(value: bytes) -> bytes:
        within, around = inner.copy(), outer.copy()
        within.update(value)
        around.update(within.digest())
        return around.digest()

    return lambda values: _of_all(values, lambda held: _hexadecimal(key.id, map(digest, held)))


def sealer(key: TokenKey) -> Callable[[pa.Array], pa.Array]:
    """Values → their seals, one by one; null of null."""
    encrypt = AESSIV(key.seal_key).encrypt

    def sealed(held: list[bytes]) -> pa.Array:
        return pa.array([encrypt(value, None) for value in held], pa.binary())

    return lambda values: _of_all(values, sealed)


def _of_all(values: pa.Array, made: Callable[[list[bytes]], pa.Array]) -> pa.Array:
    """What is made of the bytes of those values that are there, at their places; null of null."""
    results = made(values.drop_null().cast(pa.binary()).to_pylist())
    if not values.null_count:
        return results
    return pc.replace_with_mask(pa.nulls(len(values), results.type), values.is_valid(), results)


def _hexadecimal(key_id: str, digests: Iterable[bytes]) -> pa.Array:
    """`<key id>_<64 hex digits>` of each digest."""
    digits = np.frombuffer(b"".join(digests).hex().encode(), np.uint8).reshape(-1, _DIGITS)
    before = np.frombuffer(f"{key_id}_".encode(), np.uint8)
    letters = np.empty((len(digits), len(before) + _DIGITS), np.uint8)
    letters[:, : len(before)], letters[:, len(before) :] = before, digits
    ends = np.arange(len(digits) + 1, dtype=np.int32) * letters.shape[1]
    return pa.StringArray.from_buffers(len(digits), pa.py_buffer(ends), pa.py_buffer(letters))


def tokens_of(key: TokenKey, kind: str, scope: str, values: pa.Array) -> pa.Array:
    """Tokens of a batch, computed once per distinct value; null of null."""
    return once_each(tokeniser(key, kind, scope), values)


def seals_of(key: TokenKey, values: pa.Array) -> pa.Array:
    """Seals of a batch, computed once per distinct value; null of null."""
    return once_each(sealer(key), values)


def once_each(function: Callable[[pa.Array], pa.Array], values: pa.Array) -> pa.Array:
    """A function of arrays, given every distinct value of a batch once."""
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    coded = values.dictionary_encode()
    return function(coded.dictionary).take(coded.indices)


def unseals_of(key: TokenKey, sealed: pa.Array) -> pa.Array:
    """The values in a batch of seals; null of null. UsageError under another secret."""
    return per_distinct(_unsealer(key), sealed, pa.string())


def _unsealer(key: TokenKey) -> Callable[[bytes], str]:
    decrypt = AESSIV(key.seal_key).decrypt

    def unsealed(data: bytes) -> str:
        try:
            return decrypt(data, None).decode()
        except InvalidTag:
            raise UsageError(
                "a sealed value does not open: the lake was written with another secret"
            ) from None

    return unsealed


def per_distinct(function: Callable[[Any], Any], values: pa.Array, type_: pa.DataType) -> pa.Array:
    """`function` of every value of a batch, called once per distinct value; null of null."""
    return once_each(lambda held: pa.array(map(function, held.to_pylist()), type_), values)


# The builders below are Arrow UDFs since Spark's built-ins know no keyed token and no AES-SIV, and
# would show the key in the plan.
def token(key: TokenKey, kind: str, scope: str) -> Callable[[Column], Column]:
    """Column → column: the token of each value of this kind and scope."""

    def tokens(values: pa.Array) -> pa.Array:
        return tokens_of(key, kind, scope, values)

    return _arrow_column(tokens, "string")


def seal(key: TokenKey) -> Callable[[Column], Column]:
    """Column → column: each text value sealed, as binary."""

    def seals(values: pa.Array) -> pa.Array:
        return seals_of(key, values)

    return _arrow_column(seals, "binary")


def unseal(key: TokenKey) -> Callable[[Column], Column]:
    """Column → column: the text in each seal. For frames that stay inside tasks only."""

    def plain_values(sealed: pa.Array) -> pa.Array:
        return unseals_of(key, sealed)

    return _arrow_column(plain_values, "string")


def _arrow_column(
    function: Callable[[pa.Array], pa.Array], returns: str
) -> Callable[[Column], Column]:
    # It imports pandas, and most tasks need no such column.
    from pyspark.sql.pandas.functions import arrow_udf  # noqa: PLC0415

    # Spark reads the kind of UDF off the function's annotations; its own stubs do not know that.
    return arrow_udf(function, returns)  # type: ignore[call-overload]
