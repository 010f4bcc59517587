"""OneIDs: numbers handed on by overlap, taken back by those who once held them, or newly given."""

from __future__ import annotations

from datetime import date

import pyarrow as pa

from identity.graph import on_all_days
from identity.history import holding_before
from model.ddl_types import arrow_schema
from model.engines import Engine, Rows
from model.sql_text import date_literal

_SETTLED = "component bigint, one_id bigint"
_ALONE = 2  # a pair that nobody contests counts itself on either side


def numbered(
    engine: Engine, members: Rows, history: Rows, events: Rows, pins: Rows, business_date: date
) -> Rows:
    """(component, one_id) of every person: no number twice, none that was somebody else's.

    The exception is a number pinned (`pins`, of identity.rulings): it goes to the person that holds
    the node, whoever had it; of two pins that cannot both hold, the older number, then the person
    first seen.

    `members` are the night's nodes (node_id, kind, is_strong, component, first_date, token);
    `history` is identity.one_ids and `events` identity.one_id_events, with all they ever held.
    """
    people = engine.kept(_persons(engine, members))
    # A sighting of two persons by its days speaks for neither.
    voices = on_all_days(engine, history)
    before = holding_before(engine, voices, business_date)
    handed_on = engine.kept(_handed_on(engine, members, people, before, pins))
    unclaimed = """
        select h.* from history h anti join before_night b on b.one_id = h.one_id
        anti join handed_on n on n.one_id = h.one_id
    """
    claims = engine.rows(
        "claims_left", unclaimed, history=voices, before_night=before, handed_on=handed_on
    )
    new = _without(engine, people, handed_on)
    returned = engine.kept(_returned(engine, members, new, claims, business_date))
    nameless = _without(engine, new, returned)
    largest = _largest_ever(engine, history, events, handed_on, business_date)
    fresh = _fresh(engine, nameless, largest)
    return engine.few(engine.rows(
        "numbered",
        """
        select component, one_id from handed_on
        union all select component, one_id from returned
        union all select component, one_id from fresh
        """,
        handed_on=handed_on, returned=returned, fresh=fresh,
    ))  # fmt: skip


def _persons(engine: Engine, members: Rows) -> Rows:
    """Components that have a sighting: (component, first_seen, smallest_token).

    They order persons; the component tells apart those that share the token of a re-issued
    identifier, and persons without one, all of whose links a rule refused.
    """
    return engine.rows(
        "persons",
        """
        select * from (
            select component, min(case when kind = 'sighting' then first_date end) as first_seen,
                min(token) as smallest_token
            from members group by component
        ) components
        where first_seen is not null
        """,
        members=members,
    )


def _without(engine: Engine, people: Rows, settled: Rows) -> Rows:
    left = "select p.* from people p anti join settled s on s.component = p.component"
    return engine.rows("without", left, people=people, settled=settled)


def _handed_on(
    engine: Engine, members: Rows, people: Rows, before: Rows, pins: Rows
) -> Rows:
    """Pinned numbers, then those of the night before by overlap: most sightings, then the older.

    A person of whom only strong identifiers are left (its rows were replaced) overlaps too, behind
    all who share sightings. Of the parts of a split the one first seen wins a tie.
    """
    shares = engine.rows(
        "overlaps",
        """
        with kept as (
            select node_id, one_id, false as is_pinned from before_night
            union all
            select distinct node_id, one_id, true from pins
        )
        select m.component, k.one_id, bool_or(k.is_pinned) as is_pinned,
            count(case when m.kind = 'sighting' and not k.is_pinned then 1 end) as shared
        from members m join kept k on k.node_id = m.node_id
        where m.kind = 'sighting' or m.is_strong or k.is_pinned
        group by m.component, k.one_id
        """,
        members=members, before_night=before, pins=pins,
    )  # fmt: skip
    order = (
        "is_pinned desc nulls last, case when is_pinned then 0 else shared end desc nulls last, "
        "one_id nulls first, first_seen nulls first, smallest_token nulls first, component"
    )
    return _settled(engine, shares, people, order)


def _returned(
    engine: Engine, members: Rows, new: Rows, claims: Rows, business_date: date
) -> Rows:
    """Numbers that new persons take back, in the order of first_seen and smallest token.

    What a sighting held last up to this night (by an earlier run of it, say) goes before what it
    held at other times; then most sightings, then the older number.
    """
    until_now = f"case when valid_from <= {date_literal(business_date)} then valid_from end"
    shares = engine.rows(
        "claimed",
        f"""
        with held as (
            select node_id, one_id, valid_from is not distinct from
                max({until_now}) over (partition by node_id) as is_last
            from claims where kind = 'sighting'
        )
        select m.component, h.one_id, count(distinct h.node_id) as shared,
            bool_or(h.is_last) as is_last
        from members m join held h on h.node_id = m.node_id
        where m.kind = 'sighting'
        group by m.component, h.one_id
        """,
        members=members, claims=claims,
    )  # fmt: skip
    order = (
        "is_last desc nulls last, first_seen nulls first, smallest_token nulls first, "
        "component, shared desc nulls last, one_id nulls first"
    )
    return _settled(engine, shares, new, order)


def _settled(engine: Engine, shares: Rows, people: Rows, order: str) -> Rows:
    """(component, one_id) chosen greedily in `order`, a total one: both sides at most once.

    `shares` are what `people` have in common with numbers; a share of anybody else is left out.

    Pairs that nobody contests are taken as they are. The others meet in one process: they are the
    persons of a night's merges and splits, some 100 bytes each.
    """
    rivals = """
        select s.*, p.first_seen, p.smallest_token, count(*) over (partition by s.component)
            + count(*) over (partition by s.one_id) as rivals
        from shares s join people p on p.component = s.component
    """
    counted = engine.kept(engine.rows("counted", rivals, shares=shares, people=people))
    contested = f"""
        select 'all' as task, component, one_id, row_number() over (order by {order}) as place
        from counted where rivals > {_ALONE}
    """
    rows = engine.rows("contested", contested, counted=counted)
    settled = engine.by_group("settled", rows, "task", _greedy, _SETTLED)
    clear = f"""
        select component, one_id from counted where rivals = {_ALONE}
        union all
        select component, one_id from settled
    """
    return engine.rows("clear", clear, counted=counted, settled=settled)


def _greedy(pairs: pa.Table) -> pa.Table:
    """Takes pairs in order of place while neither side is taken."""
    ordered = pairs.sort_by("place")
    persons: set[int] = set()
    numbers: set[int] = set()
    taken = []
    for component, one_id in zip(
        ordered["component"].to_pylist(), ordered["one_id"].to_pylist(), strict=True
    ):
        if component not in persons and one_id not in numbers:
            persons.add(component)
            numbers.add(one_id)
            taken.append({"component": component, "one_id": one_id})
    return pa.Table.from_pylist(taken, schema=arrow_schema(_SETTLED))


def _largest_ever(
    engine: Engine, history: Rows, events: Rows, handed_on: Rows, business_date: date
) -> Rows:
    """One row: the largest number ever given, taken back or not; 0 before the first. A pinned
    number (among those `handed_on`) counts.

    Events of this night or later are those of runs that were killed (their numbers nobody has
    seen), or have their numbers in the history too.
    """
    return engine.rows(
        "largest_ever",
        f"""
        with earlier as (
            select * from events where business_date < {date_literal(business_date)}
        )
        select coalesce(max(one_id), 0) as largest from (
            select one_id from history
            union all select one_id from earlier
            union all select other_one_id from earlier
            union all select one_id from handed_on
        ) given
        """,
        history=history, events=events, handed_on=handed_on,
    )  # fmt: skip


def _fresh(engine: Engine, people: Rows, largest: Rows) -> Rows:
    """The next numbers, in the order of first_seen and smallest token; numbered day by day in
    parallel, behind the counts of the days before."""
    return engine.rows(
        "fresh",
        """
        with days as (
            select first_seen, count(*) as person_count from people group by first_seen
        ), starts as (
            select first_seen, coalesce(sum(person_count) over (
                order by first_seen nulls first
                rows between unbounded preceding and 1 preceding
            ), 0) as already
            from days
        )
        select p.component, cast(
            (select max(largest) from largest_ever) + s.already + row_number() over (
                partition by p.first_seen order by p.smallest_token nulls first, p.component
            ) as bigint
        ) as one_id
        from people p join starts s on s.first_seen = p.first_seen
        """,
        people=people, largest_ever=largest,
    )  # fmt: skip
