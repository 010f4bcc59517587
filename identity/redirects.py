"""A number once given leads to a live person or to nobody, in one step, for ever."""

from __future__ import annotations

from datetime import date

from model.engines import Engine, Rows
from model.number_events import HAS_ENDED, MERGED_INTO, REDIRECTED, RETIRED
from model.sql_text import date_literal

_TAKEN_BACK = f"{REDIRECTED}: an earlier run of the night gave it, and nobody bears it now"
_ONWARD = f"{REDIRECTED}: the person it led to follows another one now"
_NOWHERE = f"{REDIRECTED}: nobody is left of the person it led to"
# Numbers given up to the night by runs that are no longer true, with all they held.
_OF_UNTRUE_RUNS = "(valid_from = {night} or valid_to = valid_from) and valid_from <= {night}"


def claims_of_runs(engine: Engine, history: Rows, business_date: date) -> Rows:
    """Rows of identity.one_ids, as found, by runs of this night or taken back up to it."""
    where = _OF_UNTRUE_RUNS.format(night=date_literal(business_date))
    return engine.rows("claims_of_runs", f"select * from history where {where}", history=history)


def homeless(engine: Engine, claims: Rows, numbers: Rows, told: Rows) -> Rows:
    """What numbers held that somebody may have seen and that lead nowhere yet: (one_id, node_id,
    kind, seen_from, seen_to).

    `numbers` are those of the maps before and after the night, `told` what the log said last of
    each before it.
    """
    return engine.rows(
        "homeless",
        f"""
        select distinct c.one_id, c.node_id, c.kind, c.seen_from, c.seen_to from claims c
        anti join numbers n on n.one_id = c.one_id
        anti join (select one_id from told where {HAS_ENDED}) t on t.one_id = c.one_id
        """,
        claims=claims, numbers=numbers, told=told,
    )  # fmt: skip


def redirected(engine: Engine, told: Rows, ended: Rows, lost: Rows, numbers: Rows) -> Rows:
    """(one_id, event, other_one_id, reason): rows that change no number of people.

    `ended` is (one_id, other_one_id) of the persons that end in this night, `lost` the same of the
    homeless; the other is who has most of what they had, null: nobody. All numbers that led to one
    of them follow it, so that none leads to a number that is not live.
    """
    return engine.rows(
        "redirected",
        f"""
        with gone as (
            select one_id, other_one_id from ended
            union all
            select one_id, other_one_id from lost
        ), onward as (
            select t.one_id, g.other_one_id,
                case when g.other_one_id is null then '{_NOWHERE}' else '{_ONWARD}' end as reason
            from (select one_id, other_one_id from told where {HAS_ENDED}) t
            join gone g on g.one_id = t.other_one_id
            anti join numbers n on n.one_id = t.one_id
            union all
            select one_id, other_one_id, '{_TAKEN_BACK}' from lost
        )
        select one_id, other_one_id, reason,
            case when other_one_id is null then '{RETIRED}' else '{MERGED_INTO}' end as event
        from onward
        """,
        told=told, ended=ended, lost=lost, numbers=numbers,
    )  # fmt: skip
