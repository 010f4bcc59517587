"""What happened to OneIDs in a night: the difference between the map before it and after."""

from __future__ import annotations

from datetime import date, timedelta

from identity.anchors import anchors, unanchored
from identity.redirects import homeless, redirected
from identity.sightings import is_weak
from model.engines import Engine, Rows
from model.fixed_tables import ONE_ID_EVENTS
from model.identity_policy import IdentityPolicy
from model.number_events import ANCHORED, MERGED_INTO, MINTED, RETIRED, SPLIT_FROM, last_told
from model.sql_text import date_literal

_REASONS = {
    MINTED: "a person without a number",
    SPLIT_FROM: "no link joins them any longer",
    MERGED_INTO: "links join them",
    RETIRED: "no sighting of it is left that links",
    ANCHORED: "another node stands for it",
}
_ATTACHED = "attached: all it had follows this person"


def one_id_events(
    engine: Engine, before: Rows, after: Rows, log: Rows, claims: Rows, policy: IdentityPolicy,
    business_date: date,
) -> Rows:  # fmt: skip
    """The night's slice of identity.one_id_events, from the maps (rows of identity.one_ids).

    Every number that is new is `minted`, and `split_from` the person most of its sightings come
    from, where there is one. Every number that is gone is `merged_into` the person that has most of
    its sightings, or `retired`. Who held nothing strong and attached to somebody is no merge: it is
    `retired` too, with that person as the other. So people change by minted - merged_into -
    retired, of the rows that are no redirects (identity.redirects).

    Each row bears the anchor of its number; a live one whose anchor left it is `anchored` anew.
    `log` is the table with all its nights, `claims` are redirects.claims_of_runs.
    """
    numbers = engine.kept(_numbers(engine, before, after, policy))
    told = engine.kept(engine.rows(
        "told_before", last_told("log", business_date - timedelta(days=1)), log=log
    ))  # fmt: skip
    moves = engine.kept(_moves(engine, before, after, policy))
    ended = engine.kept(_ended(engine, numbers, moves))
    lost = engine.kept(homeless(engine, claims, numbers, told))
    changed = engine.kept(unanchored(engine, numbers, after, told))
    happened = engine.rows(
        "happened",
        """
        select one_id, event, other_one_id, reason from born
        union all select one_id, event, other_one_id, reason from ended
        union all select one_id, event, other_one_id, reason from redirected
        """,
        born=_born(engine, changed, moves), ended=ended,
        redirected=redirected(
            engine, told, ended, _followed(engine, lost, after, policy), numbers
        ),
    )  # fmt: skip
    new = anchors(engine, after, changed, policy), anchors(engine, lost, lost, policy)
    return _anchored(engine, happened, told, new, business_date)


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


def _born(engine: Engine, changed: Rows, moves: Rows) -> Rows:
    """Rows of numbers that are new, and of live ones that another node stands for now."""
    return engine.rows(
        "born",
        f"""
        select one_id, case when was then '{ANCHORED}' else '{MINTED}' end as event,
            cast(null as bigint) as other_one_id,
            case when was then '{_REASONS[ANCHORED]}' else '{_REASONS[MINTED]}' end as reason
        from changed
        union all
        select c.one_id, '{SPLIT_FROM}', o.most, '{_REASONS[SPLIT_FROM]}'
        from changed c join origins o on o.one_id = c.one_id where not c.was
        """,
        changed=changed,
        origins=_most(engine, moves, of="one_id", other="old_one_id", where="sightings > 0"),
    )  # fmt: skip


def _ended(engine: Engine, numbers: Rows, moves: Rows) -> Rows:
    """Rows of numbers that are gone."""
    return engine.rows(
        "ended",
        f"""
        select n.one_id, s.most as other_one_id,
            case when s.most is not null and n.was_strong then '{MERGED_INTO}'
                else '{RETIRED}' end as event,
            case when s.most is null then '{_REASONS[RETIRED]}'
                when n.was_strong then '{_REASONS[MERGED_INTO]}' else '{_ATTACHED}' end as reason
        from numbers n left join survivors s on s.old_one_id = n.one_id where not n.lives
        """,
        numbers=numbers, survivors=_most(engine, moves, of="old_one_id", other="one_id"),
    )  # fmt: skip


def _followed(engine: Engine, lost: Rows, after: Rows, policy: IdentityPolicy) -> Rows:
    """(one_id, other_one_id) of homeless numbers: who has most of what each of them held."""
    moves = _moves(engine, lost, after, policy)
    return engine.rows(
        "followed",
        """
        select l.one_id, s.most as other_one_id
        from (select distinct one_id from lost) l left join survivors s on s.old_one_id = l.one_id
        """,
        lost=lost, survivors=_most(engine, moves, of="old_one_id", other="one_id"),
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


def _anchored(
    engine: Engine, happened: Rows, told: Rows, new: tuple[Rows, Rows], business_date: date
) -> Rows:
    """The rows with the anchors of their numbers: a new one, else the last that the log told."""
    of_live, of_lost = new
    return engine.rows(
        "one_id_events",
        f"""
        with new_anchors as (select * from of_live union all select * from of_lost), rows_told as (
            select {date_literal(business_date)} as business_date, h.one_id, h.event,
                h.other_one_id, h.reason, coalesce(a.node_id, t.node_id) as node_id
            from happened h
            left join new_anchors a on a.one_id = h.one_id
            left join told t on t.one_id = h.one_id
        )
        select {", ".join(ONE_ID_EVENTS.column_names)} from rows_told
        """,
        happened=happened, told=told, of_live=of_live, of_lost=of_lost,
    )  # fmt: skip
