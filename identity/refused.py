"""Well-formed identifiers that name nobody: values on the `invalid` lists of conf/identity.yml."""

from __future__ import annotations

import re

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from identity.normalise import normalised
from model.identity_policy import IdentifierKind, IdentityPolicy
from privacy.tokens import TokenKey, unseal


def refused_tokens(identifiers: DataFrame, policy: IdentityPolicy, key: TokenKey) -> DataFrame:
    """Tokens whose value is on an `invalid` list: (kind, scope, token, reason), one row per token.

    `identifiers` is vault.identifiers; its values are opened inside the tasks and go no further.
    The reason names the list: invalid.any or invalid.<kind>.
    """
    reason: Column = F.lit(None).cast("string")
    for name, kind in policy.kinds.items():
        listed = _list_of(F.col("value"), name, kind, policy)
        reason = F.when(F.col("kind") == name, listed).otherwise(reason)
    value = unseal(key)(F.col("sealed")).alias("value")
    opened = identifiers.select("kind", "scope", "token", value)
    return opened.select("kind", "scope", "token", reason.alias("reason")).where(
        F.col("reason").isNotNull()
    )


def _list_of(value: Column, name: str, kind: IdentifierKind, policy: IdentityPolicy) -> Column:
    """The first list that holds the value, of the kind's own and `any`; null where none does."""
    lists = [
        F.when(is_listed(value, pattern, kind), f"invalid.{listed}")
        for listed in (name, "any")
        for pattern in policy.invalid.get(listed, ())
    ]
    return F.coalesce(F.lit(None).cast("string"), *lists)


def is_listed(value: Column, pattern: str, kind: IdentifierKind) -> Column:
    """Whether a normalised value is what `pattern` says, in any case of letters; * is any text.

    A pattern without * is a value: it is normalised as values of the kind are, so that
    13800000000 also means +8613800000000.
    """
    if "*" in pattern:
        parts = (rf"\Q{part}\E" if part else "" for part in re.split(r"\*", pattern))
        return value.rlike(f"(?is)^{'.*'.join(parts)}$")
    same = F.lower(value) == F.lower(F.lit(pattern))
    return same | F.coalesce(value == normalised(F.lit(pattern), kind), F.lit(False))
