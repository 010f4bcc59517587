"""Identifiers that were given to somebody else (二次放号): where the second owner's time begins.

Silence alone proves nothing, since a person's card of January and their account of August often
share nothing but a phone. So the two sides of a silence have to contradict each other.
"""

from __future__ import annotations

from identity.disputed_names import SealedNames, contradicting_sightings
from identity.rulings import Rulings, nothing
from identity.sides import STARTS, starts_of
from model.engines import Engine, Rows
from model.identity_policy import IdentityPolicy
from model.node_ids import plain_id
from model.sql_text import is_one_of, number_of
from model.threads import both

# Beyond so many sightings an identifier names no single owner, and its pairs would be too many.
CROWD = 100


def reissue_starts(
    engine: Engine, held: Rows, rulings: Rulings, policy: IdentityPolicy, judged: Rows,
    crowds: Rows,
) -> Rows:  # fmt: skip
    """STARTS: first days of owners after the first, each with the sighting that shows it.

    A side of a silence is the owners that stand there: all that its sightings hold of strong kinds,
    and what stands beside that elsewhere. Two sides contradict each other where they share nothing
    of it, and each has one value of the same stronger kind and scope, or of the same rule
    (`facts`), and not the same one; or where names on them cannot be one person's. One value, since
    what several persons use at a time is shared, not handed on; so is what comes back to an earlier
    owner, and nothing of it is cut. Silence is counted in days between sightings that hold
    something stronger. Only identifiers whose sides differ come into a process, with their sides.

    Asked of the identifiers of the holdings `judged`; `crowds` (node_id) are those that name no
    single owner, though `held` has not all their sightings.
    """
    beside = _told_beside(policy)
    owning = engine.rows(
        "owning", "select h.* from held h anti join crowds c on c.node_id = h.node_id",
        held=held, crowds=crowds,
    )  # fmt: skip
    # Sightings on both sides of silences that no one owner spans.
    silent = engine.kept(_silent(engine, held, policy, judged))
    open_ = engine.kept(_without_one_owner(engine, held, silent, beside))
    around = engine.kept(_around(engine, held, owning, open_, beside))
    told = _told(engine, held, owning, open_, around, rulings, beside)
    return engine.by_group("reissue_starts", told, "node_id", starts_of, STARTS)


def _told_beside(policy: IdentityPolicy) -> str:
    """SQL for whether a holding (h) tells who owns the identifier of row s beside it."""
    return f"h.node_id <> s.node_id and not {is_one_of('h.kind', policy.weak_kinds)}"


def _silent(engine: Engine, held: Rows, policy: IdentityPolicy, judged: Rows) -> Rows:
    """Sightings that hold something stronger than an identifier that fell silent between them.

    Columns: node_id, sighting_id, rank, first_date, last_date, part (0, 1, …: silences before).
    """
    lengths = {name: kind.silence.days for name, kind in policy.kinds.items() if kind.silence}
    silence = number_of("kind", lengths)
    ordered = "partition by node_id order by first_date, last_date, sighting_id rows between"
    return engine.rows(
        "silent",
        f"""
        with old as (
            select node_id from judged where {is_one_of("kind", lengths)}
            group by node_id, kind having max(last_date) >= min(first_date) + {silence}
        ), strong as (
            select h.node_id, h.sighting_id, h.kind, h.rank, h.first_date, h.last_date
            from held h semi join old o on o.node_id = h.node_id
            semi join held s on s.sighting_id = h.sighting_id and s.rank < h.rank
        ), ordered as (
            select *, max(last_date) over ({ordered} unbounded preceding and 1 preceding)
                as seen_until
            from strong
        ), parted as (
            select node_id, sighting_id, rank, first_date, last_date,
                cast(sum(case when first_date >= seen_until + {silence} then 1 else 0 end) over (
                    {ordered} unbounded preceding and current row
                ) as int) as part
            from ordered
        )
        select p.* from parted p
        semi join (select node_id from parted where part > 0) s on s.node_id = p.node_id
        """,
        held=held, judged=judged,
    )  # fmt: skip


def _without_one_owner(engine: Engine, held: Rows, silent: Rows, beside: str) -> Rows:
    """Those `silent` of identifiers beside which no one thing stands in all sightings: few."""
    return engine.rows(
        "without_one_owner",
        f"""
        with counted as (
            select node_id, count(*) as n from silent group by node_id
        ), owned as (
            select s.node_id, h.node_id as held_id, count(*) as n
            from silent s join held h on h.sighting_id = s.sighting_id and {beside}
            group by s.node_id, h.node_id
        )
        select s.* from silent s anti join (
            select c.node_id from counted c join owned o on o.node_id = c.node_id and o.n = c.n
        ) one on one.node_id = s.node_id
        """,
        held=held, silent=silent,
    )  # fmt: skip


def _around(engine: Engine, held: Rows, owning: Rows, open_: Rows, beside: str) -> Rows:
    """Sightings of the owners on each side: those of everything that tells who stands there.

    Columns: node_id, part, rank, sighting_id.
    """
    return engine.rows(
        "around",
        f"""
        with beside as (
            select s.node_id, s.part, s.rank, h.node_id as held_id
            from silent s join held h on h.sighting_id = s.sighting_id and {beside}
        ), {_owners("beside")}
        select distinct b.node_id, b.part, b.rank, h.sighting_id
        from beside b semi join owners o on o.node_id = b.held_id
        join held h on h.node_id = b.held_id
        """,
        held=held, owning=owning, silent=open_,
    )  # fmt: skip


def _owners(rows: str) -> str:
    """SQL of `owners`: the node_id of each `held_id` of rows that is no crowd's."""
    return f"""
        owners as (
            select h.node_id from owning h semi join {rows} r on r.held_id = h.node_id
            group by h.node_id having count(*) <= {CROWD}
        )
    """


def _told(
    engine: Engine, held: Rows, owning: Rows, open_: Rows, around: Rows, rulings: Rulings,
    beside: str,
) -> Rows:  # fmt: skip
    """What `starts_of` reads, of identifiers that may have two owners (_asked).

    Rows of three sorts, by node_id and part: what is there (rule, value, thing); disputes
    (other_part); the day and the sighting with which the part begins (starts_on, sighting_id).
    """
    # Names are compared on one core.
    disputes, there = both(
        lambda: engine.kept(_disputes(engine, around, rulings.person_names)),
        lambda: engine.kept(_there(engine, held, owning, around, rulings.facts, beside)),
    )
    return engine.rows(
        "told_of_sides",
        """
        with told as (
            select node_id, part, rule, value, thing, cast(null as int) as other_part,
                cast(null as date) as starts_on, cast(null as bigint) as sighting_id
            from there
            union all
            select node_id, part, null, null, null, other_part, null, null from disputes
            union all
            select node_id, part, null, null, null, null, first_date, sighting_id from (
                select *, row_number() over (partition by node_id, part
                    order by first_date, last_date, sighting_id) as place
                from silent
            ) placed
            where place = 1
        )
        select t.* from told t semi join asked a on a.node_id = t.node_id
        """,
        there=there, disputes=disputes, silent=open_, asked=_asked(engine, there, disputes),
    )  # fmt: skip


def _asked(engine: Engine, there: Rows, disputes: Rows) -> Rows:
    """The identifiers (node_id) two of whose parts share nothing, and have one value each of one
    rule, not the same, or a dispute. All others have one owner, whichever parts are joined."""
    return engine.rows(
        "asked",
        """
        with single as (
            select node_id, part, rule, min(value) as value from there where rule is not null
            group by node_id, part, rule having min(value) = max(value)
        ), differing as (
            select a.node_id, a.part, b.part as other_part from single a join single b
                on b.node_id = a.node_id and b.rule = a.rule and b.part > a.part
            where a.value <> b.value
            union
            select node_id, least(part, other_part), greatest(part, other_part) from disputes
            where part <> other_part
        ), shared as (
            select distinct a.node_id, a.part, b.part as other_part from there a join there b
                on b.node_id = a.node_id and b.thing = a.thing and b.part > a.part
        )
        select distinct d.node_id from differing d anti join shared s
            on s.node_id = d.node_id and s.part = d.part and s.other_part = d.other_part
        """,
        there=there, disputes=disputes,
    )  # fmt: skip


def _there(
    engine: Engine, held: Rows, owning: Rows, around: Rows, facts: Rows, beside: str
) -> Rows:
    """(node_id, part, rule, value, thing): what the owners on each side hold, once each.

    `thing` is an identifier, by which the same owner is known again; `rule` and `value` are a
    stronger identifier or a fact, by which two owners are told apart.
    """
    return engine.rows(
        "what_is_on_sides",
        f"""
        with beside as (
            select s.node_id, s.part, h.node_id as held_id, {plain_id("h")} as thing,
                h.kind, h.scope, h.rank < s.rank as is_stronger
            from around s join held h on h.sighting_id = s.sighting_id and {beside}
        ), {_owners("beside")}, kept as (
            select distinct b.* from beside b semi join owners o on o.node_id = b.held_id
        ), told_of as (
            select node_id, part, sighting_id as told_id from around
            union
            select node_id, part, held_id from kept
        ), facts_told as (
            select t.node_id, t.part, f.rule, f.scope, min(f.value) as value
            from told_of t join facts f on f.node_id = t.told_id
            group by t.node_id, t.part, t.told_id, f.rule, f.scope
        )
        select node_id, part, case when is_stronger then concat_ws('|', kind, scope) end as rule,
            case when is_stronger then cast(thing as string) end as value, thing
        from kept
        union all
        select distinct node_id, part, concat_ws('|', rule, scope), value, cast(null as bigint)
        from facts_told
        """,
        held=held, owning=owning, around=around, facts=facts,
    )  # fmt: skip


def _disputes(engine: Engine, around: Rows, names: SealedNames | None) -> Rows:
    """(node_id, part, other_part) of sides, or of one side, whose names cannot be one person's."""
    if names is None:
        return nothing(engine, "node_id bigint, part int, other_part int")
    pairs = engine.rows(
        "pairs_of_names",
        f"""
        with named as (
            select a.* from around a semi join borne b on b.sighting_id = a.sighting_id
        ), small as (
            select n.* from named n semi join (
                select node_id from named group by node_id having count(*) <= {CROWD}
            ) f on f.node_id = n.node_id
        )
        select a.node_id, a.part, b.part as other_part, a.sighting_id,
            b.sighting_id as other_sighting_id
        from small a join small b on b.node_id = a.node_id and b.sighting_id > a.sighting_id
        """,
        around=around, borne=names.borne,
    )  # fmt: skip
    kept = engine.kept(pairs)
    asked = engine.rows(
        "asked", "select distinct sighting_id, other_sighting_id from pairs", pairs=kept
    )
    return engine.rows(
        "disputes",
        """
        select distinct p.node_id, p.part, p.other_part
        from pairs p semi join judged j
            on j.sighting_id = p.sighting_id and j.other_sighting_id = p.other_sighting_id
        """,
        pairs=kept, judged=contradicting_sightings(engine, asked, names),
    )  # fmt: skip
