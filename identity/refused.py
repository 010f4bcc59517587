"""Well-formed identifiers that name nobody: values on the `invalid` lists of conf/identity.yml."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from identity.normalise import normalised
from model.identity_policy import IdentityPolicy
from privacy.tokens import TokenKey, unseal

ANY = "any"
_LISTED = "kind string, pattern string, is_own boolean"


def refused_tokens(identifiers: DataFrame, policy: IdentityPolicy, key: TokenKey) -> DataFrame:
    """Tokens whose value is on an `invalid` list: (kind, scope, token, reason), one row per token.

    `identifiers` is vault.identifiers; its values are opened inside the tasks and go no further.
    The reason names the list: invalid.<kind>, or else invalid.any. A pattern without * is a value,
    in any case of letters, also as values of the kind are spelt: 13800000000 means +8613800000000
    too. * is any text.
    """
    opened = identifiers.select(
        "kind", "scope", "token", unseal(key)(F.col("sealed")).alias("value")
    )
    forms = F.broadcast(_forms(identifiers.sparkSession, policy))  # unique by kind and form
    met = opened.withColumn("form", F.lower("value")).join(forms, on=["kind", "form"], how="left")
    is_own = F.coalesce("is_own", F.lit(False)) | _is_like(policy, own=True)
    is_any = F.col("is_own").isNotNull() | _is_like(policy, own=False)
    reason = F.when(is_own, F.concat(F.lit("invalid."), "kind")).when(is_any, f"invalid.{ANY}")
    return met.select("kind", "scope", "token", reason.alias("reason")).where(
        F.col("reason").isNotNull()
    )


def _patterns(policy: IdentityPolicy) -> Iterator[tuple[str, str, bool]]:
    """(kind, pattern, whether it is of the kind's own list) of every kind."""
    for kind in policy.kinds:
        for listed in (kind, ANY):
            for pattern in policy.invalid.get(listed, ()):
                yield kind, pattern, listed == kind


def _forms(spark: SparkSession, policy: IdentityPolicy) -> DataFrame:
    """The listed values as they may be met, in small letters: (kind, form, is_own)."""
    rows = [row for row in _patterns(policy) if "*" not in row[1]]
    listed = spark.createDataFrame(rows, _LISTED)
    spellings = [_spelling(kinds, policy) for kinds in _alike(policy)]
    both = F.array("pattern", F.coalesce(F.lit(None).cast("string"), *spellings))
    forms = listed.select("kind", F.explode(both).alias("form"), "is_own")
    return (
        forms.where(F.col("form").isNotNull())
        .groupBy("kind", F.lower("form").alias("form"))
        .agg(F.bool_or("is_own").alias("is_own"))
    )


def _alike(policy: IdentityPolicy) -> list[list[str]]:
    """The kinds by the way they are normalised: one expression serves all of a group."""
    groups: dict[tuple[str, str | None], list[str]] = {}
    for name, kind in policy.kinds.items():
        groups.setdefault((kind.normalise, kind.region), []).append(name)
    return list(groups.values())


def _spelling(kinds: Sequence[str], policy: IdentityPolicy) -> Column:
    spelt = normalised(F.col("pattern"), policy.kinds[kinds[0]])
    return F.when(F.col("kind").isin(*kinds), spelt)


def _is_like(policy: IdentityPolicy, own: bool) -> Column:
    """Whether the value is like a pattern with *, of its kind's own list or of `any`."""
    holds = F.lit(False)
    for kind, pattern, is_own in _patterns(policy):
        if "*" in pattern and is_own == own:
            parts = (rf"\Q{part}\E" if part else "" for part in re.split(r"\*", pattern))
            like = F.col("value").rlike(f"(?is)^{'.*'.join(parts)}$")
            holds = holds | ((F.col("kind") == kind) & like)
    return holds
