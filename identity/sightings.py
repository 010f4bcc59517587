"""The state of sightings on a night, and the identifiers each of them holds."""

from __future__ import annotations

from datetime import date

from model.engines import Engine, Rows
from model.errors import OnefoldError, UsageError, did_you_mean
from model.identity_policy import IdentityPolicy
from model.node_ids import node_id
from model.sql_text import date_literal, is_one_of, number_of


def sighting_state(engine: Engine, slices: Rows, business_date: date) -> Rows:
    """Sightings with rows left on `business_date`, one row per (sighting_id, channel, dataset).

    The sum of all nights' additions and removals up to that day; rows of later days wait. Dates are
    those of the days that have rows left. Columns: sighting_id, identifiers, source, first_date,
    last_date, row_count.
    """
    night = date_literal(business_date)
    return engine.rows(
        "sighting_state",
        f"""
        select sighting_id, identifiers, concat_ws('.', channel, dataset) as source,
            min(case when rows_left > 0 then first_date end) as first_date,
            max(case when rows_left > 0 then left_until end) as last_date,
            cast(sum(rows_left) as bigint) as row_count
        from (
            select sighting_id, identifiers, channel, dataset, first_date,
                max(case when row_count > 0 then last_date end) as left_until,
                cast(sum(row_count) as bigint) as rows_left
            from slices
            where business_date <= {night} and first_date <= {night}
            group by sighting_id, identifiers, channel, dataset, first_date
        ) by_day
        group by sighting_id, identifiers, channel, dataset
        having sum(rows_left) > 0
        """,
        slices=slices,
    )


def rank_of(kind: str, policy: IdentityPolicy) -> str:
    """SQL for the rank of an identifier's kind; null for a kind the policy does not name."""
    return number_of(kind, {name: rules.rank for name, rules in policy.kinds.items()})


def is_weak(policy: IdentityPolicy) -> str:
    """SQL for whether a row's `kind` only attaches; the others merge."""
    return is_one_of("kind", policy.weak_kinds)


def holdings(engine: Engine, state: Rows, refused: Rows, policy: IdentityPolicy) -> Rows:
    """Identifiers of sightings without the `refused` ones, one row per (sighting_id, node_id).

    Columns: sighting_id, node_id, kind, scope, token, rank, sources, first_date, last_date,
    row_count, set_count (of the sets that share the sighting's number: 1). A sighting all of whose
    identifiers are refused has no row.
    """
    return engine.rows(
        "holdings",
        f"""
        with by_set as (
            select sighting_id, identifiers,
                array_sort(array_distinct(array_agg(source))) as sources,
                min(first_date) as first_date, max(last_date) as last_date,
                cast(sum(row_count) as bigint) as row_count,
                count(*) over (partition by sighting_id) as set_count
            from state
            group by sighting_id, identifiers
        ), seen as (
            select sighting_id, explode(array_distinct(identifiers)) as identifier,
                sources, first_date, last_date, row_count, set_count
            from by_set
        ), held as (
            select *, identifier.kind as kind, identifier.scope as scope, identifier.token as token
            from seen
        )
        select sighting_id, {node_id("token")} as node_id, kind, scope, token,
            {rank_of("kind", policy)} as rank,
            sources, first_date, last_date, row_count, set_count
        from held anti join refused using (kind, scope, token)
        """,
        state=state, refused=refused,
    )  # fmt: skip


def check_holdings(engine: Engine, held: Rows, policy: IdentityPolicy) -> None:
    """OnefoldError where two things share one number, UsageError where a kind is not in the policy.

    One row comes to the driver.
    """
    found = engine.one_row(
        "check_holdings",
        """
        with numbers as (
            select node_id as number, min(token) <> max(token) as is_shared,
                max(case when rank is null then kind end) as unknown_kind
            from held group by node_id
            union all
            select sighting_id, max(set_count) > 1, cast(null as string)
            from held group by sighting_id
        ), uses as (
            select count(*) > 1 or bool_or(is_shared) as is_shared,
                max(unknown_kind) as unknown_kind
            from numbers group by number
        )
        select count(case when is_shared then 1 end) as shared, max(unknown_kind) as unknown_kind
        from uses
        """,
        held=held,
    )
    kind = found["unknown_kind"]
    if kind is not None:
        raise UsageError(
            f"conf/identity.yml: sightings hold identifiers of kind {kind!r}, which the file does "
            f"not name{did_you_mean(kind, list(policy.kinds))}"
        )
    if found["shared"]:
        raise OnefoldError(
            f"{found['shared']} node numbers stand for two different things each (63-bit "
            "collision); change the pseudonym secret and ingest again"
        )
