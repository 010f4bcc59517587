"""The map from nodes to persons, made anew from the log of numbers where the map is lost.

Who belongs together follows from sightings and rules. Which number a person bears does not: it is
told by the anchors of identity.one_id_events.
"""

from __future__ import annotations

from datetime import date, timedelta

from identity.events import one_id_events
from identity.history import holding_before
from model.engines import Engine, Rows
from model.errors import InputMissingError
from model.fixed_tables import ONE_ID_EVENTS, ONE_IDS
from model.identity_policy import IdentityPolicy
from model.number_events import HAS_ENDED, last_told
from model.sql_text import date_literal


def refuse_a_lost_map(engine: Engine, log: Rows, business_date: date) -> None:
    """For a night before which the map holds nobody: InputMissingError where the log tells of
    persons, since to go on would give everybody another number."""
    living = f"""
        select count(case when not {HAS_ENDED} then 1 end) as n, max(business_date) as last_date
        from ({last_told("log", _day_before(business_date))}) told
    """
    told = engine.one_row("living", living, log=log)
    if told["n"]:
        raise InputMissingError(
            f"identity.one_ids holds nobody before {business_date}, but identity.one_id_events "
            f"tells of {told['n']:,} persons up to {told['last_date']}; make a lost map "
            "anew as of the last night that was resolved, and then run this one: "
            f"onefold run --date {told['last_date']} --from resolve_identity --rebuild-map"
        )


def told_map(
    engine: Engine, log: Rows, members: Rows, business_date: date, until: date | None = None
) -> Rows:
    """A map of anchors, for a night to hand numbers on from: rows of identity.one_ids.

    One row holds before the night for every number that lives at its end (or at the end of
    `until`); all else that the log ever told is a claim. `members` are the night's nodes.
    """
    eve = date_literal(_day_before(business_date))
    return engine.rows(
        "told_map",
        f"""
        with living as (
            select one_id, node_id
            from ({last_told("log", until or business_date)}) told where not {HAS_ENDED}
        ), stood as (
            select distinct one_id, node_id from log where node_id is not null
        ), rows_told as (
            select s.node_id, coalesce(m.kind, 'unseen') as kind, s.one_id, {eve} as valid_from,
                case when l.one_id is null then {eve} end as valid_to,
                cast(null as date) as seen_from, cast(null as date) as seen_to
            from stood s
            left join living l on l.one_id = s.one_id and l.node_id = s.node_id
            left join (select distinct node_id, kind from members) m on m.node_id = s.node_id
        )
        select {", ".join(ONE_IDS.column_names)} from rows_told
        """,
        log=log, members=members,
    )  # fmt: skip


def told_events(
    engine: Engine, log: Rows, members: Rows, after: Rows, policy: IdentityPolicy,
    business_date: date,
) -> Rows:  # fmt: skip
    """The night's slice of identity.one_id_events after its map is made anew (`after`).

    What the log says of the night stays, but for numbers of which it is no longer true, since
    rules or sightings have changed: of these it says what became of them since the night before.
    """
    eve = _day_before(business_date)
    before = holding_before(
        engine, told_map(engine, log, members, business_date, until=eve), business_date
    )
    of_the_night = engine.rows(
        "told_of_the_night",
        f"""
        select distinct l.one_id, l.node_id, coalesce(m.kind, 'unseen') as kind,
            cast(null as date) as seen_from, cast(null as date) as seen_to
        from log l left join (select distinct node_id, kind from members) m on m.node_id = l.node_id
        where l.business_date = {date_literal(business_date)}
        """,
        log=log, members=members,
    )  # fmt: skip
    changes = one_id_events(
        engine, before, after, log, of_the_night, policy, business_date
    )
    columns = ", ".join(f"e.{name}" for name in ONE_ID_EVENTS.column_names)
    return engine.rows(
        "told_events",
        f"""
        select {columns} from log e semi join still_true s on s.one_id = e.one_id
        where e.business_date = {date_literal(business_date)}
        union all
        select {columns} from changes e anti join still_true s on s.one_id = e.one_id
        """,
        log=log, changes=changes,
        still_true=engine.kept(_still_true(engine, log, after, business_date)),
    )  # fmt: skip


def _still_true(engine: Engine, log: Rows, after: Rows, business_date: date) -> Rows:
    """(one_id) of numbers of which the log's last row up to the night is true in its map: they live
    and hold their anchor, or are gone and lead to somebody who lives, or to nobody."""
    return engine.rows(
        "still_true",
        f"""
        with told as (
            select one_id, {HAS_ENDED} as has_ended, other_one_id, node_id
            from ({last_told("log", business_date)}) told
        ), living as (
            select distinct one_id from after_night
        ), holding as (
            select distinct one_id, node_id from after_night
        )
        select t.one_id from told t
        left join living l on l.one_id = t.one_id
        left join living o on o.one_id = t.other_one_id
        left join holding h on h.one_id = t.one_id and h.node_id = t.node_id
        where case when t.has_ended
            then l.one_id is null and (t.other_one_id is null or o.one_id is not null)
            else h.one_id is not null end
        """,
        log=log, after_night=after,
    )  # fmt: skip


def _day_before(day: date) -> date:
    return day - timedelta(days=1)
