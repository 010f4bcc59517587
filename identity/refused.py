"""Well-formed identifiers that name nobody: values on the `invalid` lists of conf/identity.yml.

What is ill-formed is refused, and counted by kind, reason and file, where it is read (ops.files);
this is counted by kind, reason and source here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.functions import arrow_udf

from identity.normalise import normalised
from identity.sightings import sighting_state
from model.engines import Engine, Rows
from model.identity_policy import IdentityPolicy
from model.sql_text import date_literal
from privacy.tokens import TokenKey, unseals_of

ANY = "any"


def refused_tokens(identifiers: DataFrame, policy: IdentityPolicy, key: TokenKey) -> DataFrame:
    """Tokens whose value is on an `invalid` list: (kind, scope, token, reason), one row per token.

    `identifiers` is vault.identifiers; its values are opened inside the tasks and go no further.
    The reason names the list: invalid.<kind>, or else invalid.any. A pattern without * is a value,
    in any case of letters, also as values of the kind are spelt: 13800000000 means +8613800000000
    too. * is any text.
    """
    lists = {
        kind: [_listed(policy, kind, name) for name in (kind, ANY)] for kind in policy.kinds
    }

    def reasons(kinds: pa.Array, sealed: pa.Array) -> pa.Array:
        opened = zip(kinds.to_pylist(), unseals_of(key, sealed).to_pylist(), strict=True)
        found = [_reason(lists.get(kind, ()), value) for kind, value in opened]
        return pa.array(found, pa.string())

    # An Arrow UDF, since Spark's built-ins know no AES-SIV; its own stubs cannot tell its kind.
    reason: Callable[..., pa.Array] = arrow_udf(reasons, "string")  # type: ignore[call-overload]
    return identifiers.select(
        "kind", "scope", "token", reason(F.col("kind"), F.col("sealed")).alias("reason")
    ).where(F.col("reason").isNotNull())


def refusing_list(value: str, kind: str, policy: IdentityPolicy) -> str | None:
    """The name of the `invalid` list that holds an identifier, as its kind spells it; None where
    none does."""
    return _reason([_listed(policy, kind, name) for name in (kind, ANY)], value)


def refused_counts(engine: Engine, slices: Rows, refused: Rows, business_date: date) -> Rows:
    """How much of what was seen up to a night names nobody, as identity.refused_identifiers has it.

    `slices` are those of identity.sightings, of every channel; `refused` one row per token, as
    above. One row per (kind, reason, source), without rows for what is refused nowhere.
    """
    held = engine.kept(
        engine.rows(
            "refused_held",
            """
            select distinct sighting_id, r.kind as kind, r.scope as scope, r.token as token,
                r.reason as reason
            from (select sighting_id, explode(identifiers) as identifier from slices) listed
            join refused r on r.kind = identifier.kind and r.scope = identifier.scope
                and r.token = identifier.token
            """,
            slices=slices, refused=refused,
        )
    )  # fmt: skip
    theirs = "select s.* from slices s semi join held h on h.sighting_id = s.sighting_id"
    touched = engine.rows("slices_of_refused", theirs, slices=slices, held=held)
    return engine.rows(
        "refused_counts",
        f"""
        select {date_literal(business_date)} as business_date, kind, reason, source,
            count(distinct concat_ws(' ', scope, token)) as identifier_count,
            cast(sum(row_count) as bigint) as value_count
        from held join state using (sighting_id)
        group by kind, reason, source
        """,
        held=held, state=sighting_state(engine, touched, business_date),
    )  # fmt: skip


@dataclass(frozen=True)
class _List:
    """One `invalid` list as values of a kind meet it; values in small letters."""

    name: str
    values: frozenset[str]
    likes: tuple[re.Pattern[str], ...]

    def holds(self, value: str) -> bool:
        return value.lower() in self.values or any(like.fullmatch(value) for like in self.likes)


def _listed(policy: IdentityPolicy, kind: str, name: str) -> _List:
    patterns = policy.invalid.get(name, ())
    plain = [pattern for pattern in patterns if "*" not in pattern]
    spellings = [normalised(pattern, policy.kinds[kind]) or pattern for pattern in plain]
    likes = [pattern for pattern in patterns if "*" in pattern]
    return _List(
        f"invalid.{name}",
        frozenset(each.lower() for each in (*plain, *spellings)),
        tuple(_like(pattern) for pattern in likes),
    )


def _like(pattern: str) -> re.Pattern[str]:
    parts = map(re.escape, pattern.split("*"))
    return re.compile(".*".join(parts), re.IGNORECASE | re.DOTALL)


def _reason(lists: Sequence[_List], value: str) -> str | None:
    """The name of the first list that holds the value."""
    return next((each.name for each in lists if each.holds(value)), None)
