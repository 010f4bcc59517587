"""Periods of an identifier: what is cut where its window ends, or where it was re-issued.

Each period is a node of its own. The first one keeps the identifier's number, so that a cut moves
nothing but what comes after it; the number of a later one is of the token and its first day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from identity.reissued import reissue_starts
from identity.rulings import Rulings, nothing
from identity.sightings import is_weak
from model.engines import Engine, Rows
from model.identity_policy import IdentityPolicy
from model.node_ids import period_id, plain_id
from model.sql_text import is_one_of, number_of

WINDOW, REISSUED = "window", "re-issued"
_IN_ORDER = "partition by node_id order by first_date, last_date, sighting_id"


@dataclass(frozen=True)
class Starts:
    """STARTS of later periods: by the window, of identifiers; and by re-issue, of these."""

    aged: Rows
    given: Rows


@dataclass(frozen=True)
class KnownPeriods:
    """Where only the identifiers `judged` (node_id) are cut anew: the starts of all others as they
    are known, and which identifiers (by window, node_id) are `crowds`: too many hold them to own
    anything (identity.reissued)."""

    judged: Rows
    starts: Starts
    crowds: Rows


@dataclass(frozen=True)
class Periods:
    """Holdings by period, and what the cuts between periods leave.

    `held`: the holdings with the node_id of the period of their last day, and `period_from`, its
    first day (null for the first period). `cuts` (columns of identity.rejected_links but its
    validity): a row per cut, the sighting that opens the later period and the node of the one
    before. `across`: sightings with days on both sides of a cut, a row for each period they lie in:
    sighting_id, node_id, kind, rank, seen_from, seen_to (days, null at either end), home (the
    node_id they have in `held`). `starts` are all that the holdings are cut at, `cuts` those of
    identifiers that were judged.
    """

    held: Rows
    across: Rows
    cuts: Rows
    starts: Starts


def periods(
    engine: Engine, held: Rows, rulings: Rulings, policy: IdentityPolicy,
    known: KnownPeriods | None = None,
) -> Periods:  # fmt: skip
    """The holdings, each identifier cut into its periods by `window` and `reissued_after`.

    Facts and disputed names of the `rulings` tell two owners apart (identity.reissued). Counted
    over all sightings at once, so that no order of rows decides.
    """
    windows = {name: kind.window for name, kind in policy.kinds.items() if kind.window}
    lengths = {name: window.days for name, window in windows.items()}
    crowds = nothing(engine, "node_id bigint") if known is None else known.crowds
    aged = engine.kept(_window_starts(engine, _judged(engine, held, known), lengths))
    all_aged = aged if known is None else engine.together("all_starts", aged, known.starts.aged)
    by_window = _split(engine, held, all_aged)
    judged = _judged(engine, by_window, known)
    given = engine.kept(
        reissue_starts(engine, by_window, rulings, policy, judged, crowds)
    )
    cuts = engine.rows(
        "cuts", "select * from aged union all select * from given",
        aged=_cuts(engine, held, aged, WINDOW), given=_cuts(engine, by_window, given, REISSUED),
    )  # fmt: skip
    all_given = given if known is None else engine.together("all_starts", given, known.starts.given)
    starts = Starts(all_aged, all_given)
    return Periods(*cut_at(engine, held, starts), cuts, starts)


def cut_at(engine: Engine, held: Rows, starts: Starts) -> tuple[Rows, Rows]:
    """The holdings by period, and the sightings that lie in several, where the starts are known."""
    by_window = _split(engine, held, starts.aged)
    across = _across(engine, by_window, starts.given)
    return _split(engine, by_window, starts.given), across


def _judged(engine: Engine, held: Rows, known: KnownPeriods | None) -> Rows:
    if known is None:
        return held
    those = f"select h.* from held h semi join judged j on j.node_id = {plain_id('h')}"
    return engine.rows("judged_holdings", those, held=held, judged=known.judged)


def _window_starts(engine: Engine, held: Rows, lengths: Mapping[str, int]) -> Rows:
    """STARTS (identity.reissued): where no sighting's days come within the window of all before."""
    window = number_of("kind", lengths)
    return engine.rows(
        "window_starts",
        f"""
        with old as (
            select node_id from held where {is_one_of("kind", lengths)}
            group by node_id, kind having max(last_date) > min(first_date) + {window}
        ), ordered as (
            select node_id, sighting_id, kind, first_date, max(last_date) over (
                {_IN_ORDER} rows between unbounded preceding and 1 preceding
            ) as seen_until
            from held h semi join old o on o.node_id = h.node_id
        )
        select node_id, first_date as starts_on, sighting_id
        from ordered where first_date > seen_until + {window}
        """,
        held=held,
    )


def _split(engine: Engine, held: Rows, starts: Rows) -> Rows:
    """The holdings, those of a later period with its node_id and first day. A sighting across a
    start belongs to the period of its last day. As they are where nothing starts: all steps of a
    night read them."""
    if not engine.one_row("starts", "select count(*) as n from starts", starts=starts)["n"]:
        return held
    later = engine.kept(engine.rows(  # a few, read by each step that reads the holdings
        "later",
        """
        select h.node_id, h.sighting_id, max(s.starts_on) as starts_on
        from held h join starts s on s.node_id = h.node_id and s.starts_on <= h.last_date
        group by h.node_id, h.sighting_id
        """,
        held=held, starts=starts,
    ))  # fmt: skip
    kept = "kind, scope, h.token, rank, sources, first_date, last_date, row_count"
    return engine.rows(
        "by_period",
        f"""
        select h.sighting_id,
            case when l.starts_on is null then h.node_id
                else {period_id("h.token", "l.starts_on")} end as node_id,
            {kept}, coalesce(l.starts_on, h.period_from) as period_from
        from held h
        left join later l on l.node_id = h.node_id and l.sighting_id = h.sighting_id
        """,
        held=held, later=later,
    )  # fmt: skip


def _cuts(engine: Engine, held: Rows, starts: Rows, rule: str) -> Rows:
    """The link that each start takes away: of its sighting to the period before."""
    before = period_id("h.token", "s.before")
    return engine.rows(
        "cuts_of_rule",
        f"""
        with sequence as (
            select *, lag(starts_on) over (partition by node_id order by starts_on) as before
            from starts
        )
        select s.sighting_id,
            case when s.before is null then h.node_id else {before} end as node_id,
            h.kind, '{rule}' as rule
        from sequence s
        join held h on h.node_id = s.node_id and h.sighting_id = s.sighting_id
        """,
        held=held, starts=starts,
    )  # fmt: skip


def _across(engine: Engine, held: Rows, starts: Rows) -> Rows:
    """Sightings that lie in several periods, as in Periods."""
    number = f"case when {{0}} is null then h.node_id else {period_id('h.token', '{0}')} end"
    return engine.rows(
        "across",
        f"""
        with bounds as (
            select node_id, starts_on,
                lead(starts_on) over (partition by node_id order by starts_on) as next_on
            from starts
            union all
            select node_id, cast(null as date), min(starts_on) from starts group by node_id
        ), pieces as (
            select h.sighting_id, {number.format("b.starts_on")} as node_id, h.kind, h.rank,
                case when b.starts_on > h.first_date then b.starts_on end as seen_from,
                case when b.next_on <= h.last_date then b.next_on - 1 end as seen_to,
                h.node_id as identifier
            from held h join bounds b on b.node_id = h.node_id
                and (b.starts_on is null or b.starts_on <= h.last_date)
                and (b.next_on is null or b.next_on > h.first_date)
        )
        select sighting_id, node_id, kind, rank, seen_from, seen_to,
            max(case when seen_to is null then node_id end)
                over (partition by sighting_id, identifier) as home
        from pieces where seen_from is not null or seen_to is not null
        """,
        held=held, starts=starts,
    )  # fmt: skip


def ranged(engine: Engine, across: Rows, linkable: Rows, policy: IdentityPolicy) -> Rows:
    """Those `across` whose person the identifier alone decides, so that it depends on the day.

    Nothing else that is strong, or ranks as high, links the sighting (`linkable`: holdings without
    hubs). Columns: sighting_id, node_id, seen_from, seen_to.
    """
    return engine.rows(
        "ranged",
        f"""
        with links as (
            select l.sighting_id, l.node_id, l.rank, not {is_weak(policy)} as is_strong
            from linkable l semi join across a on a.sighting_id = l.sighting_id
        ), decided as (
            select h.sighting_id, h.home
            from (select distinct sighting_id, home, rank from across) h
            join links l on l.sighting_id = h.sighting_id
            group by h.sighting_id, h.home
            having bool_or(l.node_id = h.home)
                and not bool_or(l.node_id <> h.home and (l.is_strong or l.rank <= h.rank))
        )
        select a.sighting_id, a.node_id, a.seen_from, a.seen_to
        from across a semi join decided d on d.sighting_id = a.sighting_id and d.home = a.home
        """,
        across=across, linkable=linkable,
    )  # fmt: skip
