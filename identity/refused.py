"""Well-formed identifiers that name nobody: values on the `invalid` lists of conf/identity.yml.

What is ill-formed is refused, and counted by kind, reason and file, where it is read (ops.files);
this is counted by kind, reason and source here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from identity.normalise import normalised
from identity.rulings import REFUSED
from identity.sightings import sighting_state
from model.engines import Engine, Rows
from model.identity_policy import IdentityPolicy
from model.node_ids import node_id
from model.sql_text import date_literal, is_one_of, text_literal
from privacy.tokens import SEAL_BYTES, TokenKey, token_of, unseals_of

ANY = "any"


def refused_tokens(
    engine: Engine, identifiers: Rows, policy: IdentityPolicy, key: TokenKey
) -> Rows:
    """Tokens whose value is on an `invalid` list: (kind, scope, token, reason), one row per token.

    `identifiers` is vault.identifiers; its values are opened inside the tasks and go no further,
    and only those that may be on a list.
    The reason names the list: invalid.<kind>, or else invalid.any. A pattern without * is a value,
    in any case of letters, also as values of the kind are spelt: 13800000000 means +8613800000000
    too. * is any text.
    """
    lists = {
        kind: [_listed(policy, kind, name) for name in (kind, ANY)] for kind in policy.kinds
    }

    def reasons(values: pa.Table) -> pa.Table:
        opened = zip(
            values["kind"].to_pylist(), unseals_of(key, values["sealed"]).to_pylist(), strict=True
        )
        found = pa.array([_reason(lists[kind], value) for kind, value in opened], pa.string())
        told = values.select(["kind", "scope", "token"]).append_column("reason", found)
        return told.filter(found.is_valid())

    every = "select distinct kind, scope from identifiers"
    scopes = engine.arrow(engine.rows("scopes", every, identifiers=identifiers)).to_pylist()
    perhaps = " or ".join(
        _may_hold(each["kind"], each["scope"], lists[each["kind"]], key)
        for each in scopes if each["kind"] in lists
    )  # fmt: skip
    candidates = engine.rows(
        "perhaps_listed",
        f"select distinct kind, scope, token, sealed from identifiers where {perhaps or 'false'}",
        identifiers=identifiers,
    )
    return engine.mapped("refused_tokens", candidates, reasons, REFUSED)


def _may_hold(kind: str, scope: str, lists: Sequence[_List], key: TokenKey) -> str:
    """SQL for whether an identifier of a kind and scope may be on its lists, without its value: by
    its token where a value has no letters, by its length where it has some."""
    is_theirs = f"kind = {text_literal(kind)} and scope = {text_literal(scope)}"
    if any(each.is_open for each in lists):
        return f"({is_theirs})"
    values = sorted({value for each in lists for value in each.values})
    tokens = {token_of(key, kind, scope, value) for value in values if not _has_letters(value)}
    lengths = {length for value in values if _has_letters(value) for length in _lengths(value)}
    sealed = ", ".join(str(length + SEAL_BYTES) for length in sorted(lengths))
    by_length = f" or octet_length(sealed) in ({sealed})" if sealed else ""
    return f"({is_theirs} and ({is_one_of('token', sorted(tokens))}{by_length}))"


def _has_letters(value: str) -> bool:
    """Whether another text may be this one in small letters."""
    return value.lower() != value.upper()


def _lengths(value: str) -> Iterator[int]:
    """The bytes of an ASCII value, in whatever letters: the sign of Kelvin is a k, of three."""
    return (len(value) + 2 * signs for signs in range(value.count("k") + 1))


def refusing_list(value: str, kind: str, policy: IdentityPolicy) -> str | None:
    """The name of the `invalid` list that holds an identifier, as its kind spells it; None where
    none does."""
    return _reason([_listed(policy, kind, name) for name in (kind, ANY)], value)


def refused_counts(
    engine: Engine, slices: Rows, pairs: Rows, refused: Rows, business_date: date
) -> Rows:
    """How much of what was seen up to a night names nobody, as identity.refused_identifiers has it.

    `slices` are those of identity.sightings, of every channel, and `pairs` what they ever held
    (identity.touched.held_ever); `refused` one row per token, as above. One row per (kind, reason,
    source), without rows for what is refused nowhere.
    """
    held = engine.kept(
        engine.rows(
            "refused_held",
            f"""
            select p.sighting_id, r.kind, r.scope, r.token, r.reason
            from pairs p join (
                select *, {node_id("token")} as node_id from refused
            ) r on r.node_id = p.node_id
            """,
            pairs=pairs, refused=refused,
        )
    )  # fmt: skip
    theirs = "select s.* from slices s semi join held h on h.sighting_id = s.sighting_id"
    touched = engine.few(engine.rows("slices_of_refused", theirs, slices=slices, held=held))
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
    like: re.Pattern[str] | None

    @property
    def is_open(self) -> bool:
        """Whether the length of a value does not tell that it is not on the list."""
        return self.like is not None or any(
            _has_letters(value) and not value.isascii() for value in self.values
        )

    def holds(self, value: str) -> bool:
        return value.lower() in self.values or (
            self.like is not None and self.like.fullmatch(value) is not None
        )


def _listed(policy: IdentityPolicy, kind: str, name: str) -> _List:
    patterns = policy.invalid.get(name, ())
    plain = [pattern for pattern in patterns if "*" not in pattern]
    spellings = [normalised(pattern, policy.kinds[kind]) or pattern for pattern in plain]
    likes = [pattern for pattern in patterns if "*" in pattern]
    return _List(
        f"invalid.{name}",
        frozenset(each.lower() for each in (*plain, *spellings)),
        _like(likes) if likes else None,
    )


def _like(patterns: Sequence[str]) -> re.Pattern[str]:
    """One for all, since each of them is asked of every value."""
    likes = (".*".join(map(re.escape, pattern.split("*"))) for pattern in patterns)
    return re.compile("|".join(likes), re.IGNORECASE | re.DOTALL)


def _reason(lists: Sequence[_List], value: str) -> str | None:
    """The name of the first list that holds the value."""
    for each in lists:
        if each.holds(value):
            return each.name
    return None
