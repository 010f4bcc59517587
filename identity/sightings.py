"""The state of sightings on a night, and the identifiers each of them holds."""

from __future__ import annotations

from datetime import date

from model.engines import Engine, Rows
from model.errors import OnefoldError, UsageError, did_you_mean
from model.identity_policy import IdentityPolicy
from model.node_ids import node_id
from model.sql_text import date_literal, is_one_of, number_of


def sighting_state(engine: Engine, slices: Rows, business_date: date) -> Rows:
    """Sightings with rows left on `business_date`, one row per (sighting_id, source).

    The sum of all nights' additions and removals up to that day; rows of later days wait. Dates are
    those of the days that have rows left. Columns: sighting_id, source, first_date, last_date,
    row_count.
    """
    night = date_literal(business_date)
    return engine.rows(
        "sighting_state",
        f"""
        select sighting_id, concat_ws('.', channel, dataset) as source,
            min(case when rows_left > 0 then first_date end) as first_date,
            max(case when rows_left > 0 then left_until end) as last_date,
            cast(sum(rows_left) as bigint) as row_count
        from (
            select sighting_id, channel, dataset, first_date,
                max(case when row_count > 0 then last_date end) as left_until,
                cast(sum(row_count) as bigint) as rows_left
            from slices
            where business_date <= {night} and first_date <= {night}
            group by sighting_id, channel, dataset, first_date
        ) by_day
        group by sighting_id, channel, dataset
        having sum(rows_left) > 0
        """,
        slices=slices,
    )


def live_count(engine: Engine, slices: Rows, business_date: date) -> int:
    """How many sightings have rows left on `business_date`, each once for every source of it: what
    a night works on, whatever was added and taken away before."""
    counted = "select count(*) as n from state"
    state = sighting_state(engine, slices, business_date)
    return int(engine.one_row("live_count", counted, state=state)["n"])


def rank_of(kind: str, policy: IdentityPolicy) -> str:
    """SQL for the rank of an identifier's kind; null for a kind the policy does not name."""
    return number_of(kind, {name: rules.rank for name, rules in policy.kinds.items()})


def is_weak(policy: IdentityPolicy) -> str:
    """SQL for whether a row's `kind` only attaches; the others merge."""
    return is_one_of("kind", policy.weak_kinds)


def identified(
    engine: Engine, slices: Rows, refused: Rows, policy: IdentityPolicy, business_date: date
) -> Rows:
    """Identifiers of the sightings with rows left on `business_date`, one row per (sighting_id,
    node_id).

    `slices` are whole: all that tell of a sighting up to the night. Columns: sighting_id, node_id,
    kind, scope, token, rank, sources, first_date, last_date, row_count, is_refused, and for the
    check of numbers set_size: two sets of one number have more rows together than either.
    """
    return engine.rows(
        "identified",
        f"""
        select sighting_id, {node_id("token")} as node_id, kind, scope, token,
            {rank_of("kind", policy)} as rank,
            sources, first_date, last_date, row_count,
            r.is_refused is not null as is_refused, set_size
        from (
            select sighting_id, identifier.kind as kind, identifier.scope as scope,
                identifier.token as token, set_size, sources, first_date, last_date, row_count
            from listed
        ) held
        left join (select distinct kind, scope, token, true as is_refused from refused) r
            using (kind, scope, token)
        """,
        listed=_listed(engine, slices, business_date), refused=refused,
    )  # fmt: skip


def _listed(engine: Engine, slices: Rows, business_date: date) -> Rows:
    """(sighting_id, set_size, identifier, sources, first_date, last_date, row_count): what each
    sighting holds. Most are told of by one row of one slice, of which nothing is to be summed or
    compared, which costs most."""
    night = date_literal(business_date)
    told_again = "select sighting_id from slices group by sighting_id having count(*) > 1"
    again = engine.kept(engine.rows("told_again", told_again, slices=slices))
    theirs = "select s.* from slices s semi join again a on a.sighting_id = s.sighting_id"
    rows = engine.kept(engine.rows("slices_again", theirs, slices=slices, again=again))
    return engine.rows(
        "listed",
        f"""
        select sighting_id, array_size(identifiers) as set_size, explode(identifiers) as identifier,
            sources, first_date, last_date, row_count
        from (
            select s.sighting_id, s.identifiers,
                array_repeat(concat_ws('.', s.channel, s.dataset), 1) as sources,
                s.first_date, s.last_date, s.row_count
            from slices s anti join again a on a.sighting_id = s.sighting_id
            where s.business_date <= {night} and s.first_date <= {night} and s.row_count > 0
            union all select * from summed
        ) told
        """,
        slices=slices, again=again, summed=_summed(engine, rows, business_date),
    )


def _summed(engine: Engine, slices: Rows, business_date: date) -> Rows:
    """(sighting_id, identifiers, sources, first_date, last_date, row_count): the set behind each
    sighting's number, once however often it was seen, and every other set of that number."""
    return engine.rows(
        "summed",
        """
        with seen as (
            select sighting_id, array_sort(array_agg(source)) as sources,
                min(first_date) as first_date, max(last_date) as last_date,
                cast(sum(row_count) as bigint) as row_count
            from state group by sighting_id
        )
        select s.sighting_id, s.identifiers, n.sources, n.first_date, n.last_date, n.row_count
        from (select distinct sighting_id, identifiers from slices) s
        join seen n on n.sighting_id = s.sighting_id
        """,
        slices=slices, state=sighting_state(engine, slices, business_date),
    )  # fmt: skip


def holdings(engine: Engine, found: Rows) -> Rows:
    """The identified without those refused: a sighting all of whose identifiers are has no row.

    `period_from` is null: no identifier is cut into periods yet (identity.periods).
    """
    columns = (
        "sighting_id, node_id, kind, scope, token, rank, sources, first_date, last_date, "
        "row_count, cast(null as date) as period_from"
    )
    return engine.rows(
        "holdings", f"select {columns} from found where not is_refused", found=found
    )


def check_numbers(engine: Engine, found: Rows, nodes: Rows, policy: IdentityPolicy) -> None:
    """OnefoldError where two things share one number, UsageError where a kind is not in the policy.

    `found` are the identified, `nodes` their identifiers. One row comes to the driver.
    """
    told = engine.one_row(
        "check_numbers",
        """
        with numbers as (
            select node_id as number, count(*) > 1 as is_shared from nodes group by node_id
            union all
            select sighting_id, count(*) <> min(set_size) from found group by sighting_id
        ), uses as (
            select count(*) > 1 or bool_or(is_shared) as is_shared from numbers group by number
        )
        select (select count(*) from uses where is_shared) as shared,
            (select max(case when rank is null then kind end) from found) as unknown_kind
        """,
        found=found, nodes=nodes,
    )  # fmt: skip
    kind = told["unknown_kind"]
    if kind is not None:
        raise UsageError(
            f"conf/identity.yml: sightings hold identifiers of kind {kind!r}, which the file does "
            f"not name{did_you_mean(kind, list(policy.kinds))}"
        )
    if told["shared"]:
        raise OnefoldError(
            f"{told['shared']} node numbers stand for two different things each (63-bit "
            "collision); change the pseudonym secret and ingest again"
        )
