"""What happened to OneIDs in a night: the difference between the map before it and after."""

from __future__ import annotations

from datetime import date

from identity.sightings import is_weak
from model.engines import Engine, Rows
from model.fixed_tables import ONE_ID_EVENTS
from model.identity_policy import IdentityPolicy
from model.sql_text import date_literal

_REASONS = {
    "minted": "a person without a number",
    "split_from": "no link joins them any longer",
    "merged_into": "links join them",
    "retired": "no sighting of it is left that links",
}
_ATTACHED = "attached: all it had follows this person"


def one_id_events(
    engine: Engine, before: Rows, after: Rows, policy: IdentityPolicy, business_date: date
) -> Rows:
    """The night's slice of identity.one_id_events, from the maps (node_id, kind, one_id).

    Every number that is new is `minted`, and `split_from` the person most of its sightings come
    from, where there is one. Every number that is gone is `merged_into` the person that has most of
    its sightings, or `retired`. Who held nothing strong and attached to somebody is no merge: it is
    `retired` too, with that person as the other. So people change by minted - merged_into -
    retired.
    """
    reasons = " ".join(f"when '{event}' then '{why}'" for event, why in _REASONS.items())
    moves = _moves(engine, before, after, policy)
    return engine.rows(
        "one_id_events",
        f"""
        with happened as (
            select one_id, 'minted' as event, cast(null as bigint) as other_one_id
            from numbers where not was
            union all
            select n.one_id, 'split_from', o.most
            from numbers n join origins o on o.one_id = n.one_id where not n.was
            union all
            select n.one_id,
                case when s.most is not null and n.was_strong then 'merged_into' else 'retired' end,
                s.most
            from numbers n left join survivors s on s.old_one_id = n.one_id where not n.lives
        ), told as (
            select {date_literal(business_date)} as business_date, one_id, event, other_one_id,
                case when event = 'retired' and other_one_id is not null then '{_ATTACHED}'
                    else case event {reasons} end
                end as reason
            from happened
        )
        select {", ".join(ONE_ID_EVENTS.column_names)} from told
        """,
        numbers=_numbers(engine, before, after, policy),
        origins=_most(engine, moves, of="one_id", other="old_one_id", where="sightings > 0"),
        survivors=_most(engine, moves, of="old_one_id", other="one_id"),
    )  # fmt: skip


def _numbers(engine: Engine, before: Rows, after: Rows, policy: IdentityPolicy) -> Rows:
    """(one_id, was, was_strong, lives): whether a number was in the map before, with anything
    strong, and whether it is in the one after."""
    return engine.rows(
        "numbers",
        f"""
        select one_id, bool_or(was) as was, bool_or(was_strong) as was_strong,
            bool_or(lives) as lives
        from (
            select one_id, true as was, false as lives,
                kind <> 'sighting' and not {is_weak(policy)} as was_strong
            from before_night
            union all select one_id, false, true, false from after_night
        ) both_maps group by one_id
        """,
        before_night=before, after_night=after,
    )  # fmt: skip


def _moves(engine: Engine, before: Rows, after: Rows, policy: IdentityPolicy) -> Rows:
    """(old_one_id, one_id, sightings): nodes that changed person; weak identifiers do not count."""
    return engine.rows(
        "moves",
        f"""
        select o.one_id as old_one_id, n.one_id,
            count(case when n.kind = 'sighting' then 1 end) as sightings
        from after_night n
        join (select node_id, one_id from before_night where not {is_weak(policy)}) o
            on o.node_id = n.node_id
        where n.one_id <> o.one_id
        group by o.one_id, n.one_id
        """,
        before_night=before, after_night=after,
    )  # fmt: skip


def _most(engine: Engine, moves: Rows, of: str, other: str, where: str = "true") -> Rows:
    """(of, most): for every number in `of`, the one in `other` with most sightings, then the
    older."""
    return engine.rows(
        "most",
        f"""
        select {of}, {other} as most from (
            select {of}, {other}, row_number() over (
                partition by {of} order by sightings desc nulls last, {other} nulls first
            ) as place
            from moves where {where}
        ) placed
        where place = 1
        """,
        moves=moves,
    )
