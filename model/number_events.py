"""What identity.one_id_events says of a number, told once for all who read it: SQL of both engines.

A number is live from the night it is minted until the night it merged_into another or is retired.
Its last row says where it leads: a live number to itself, another to a live one, or to nobody.
"""

from __future__ import annotations

from datetime import date

from model.sql_text import date_literal

MINTED, SPLIT_FROM, ANCHORED = "minted", "split_from", "anchored"
MERGED_INTO, RETIRED = "merged_into", "retired"
REDIRECTED = "redirected"  # how the reasons begin of rows about numbers that led to another

HAS_ENDED = f"event in ('{MERGED_INTO}', '{RETIRED}')"
# Of such rows people change by minted - merged_into - retired.
COUNTS_PEOPLE = f"reason not like '{REDIRECTED}%'"
_LEADS_TO = f"case when {HAS_ENDED} then other_one_id else one_id end"


def last_told(events: str, until: date) -> str:
    """The last row about each number up to and with a night; of two of one night either will do.

    `events` are rows of identity.one_id_events. Grain: one row per one_id, all its columns.
    """
    return f"""
        select * from (
            select e.*, row_number() over (
                partition by one_id order by business_date desc, event, other_one_id nulls first
            ) as place
            from {events} e where business_date <= {date_literal(until)}
        ) placed
        where place = 1
    """


def redirects(events: str, until: date) -> str:
    """Where every number ever given leads on a night: one row per one_id.

    Columns: one_id, current_one_id (itself while it is live; null: nobody is left of it), and of
    its last row: event, other_one_id, reason, business_date.
    """
    return (
        f"select one_id, {_LEADS_TO} as current_one_id, event, other_one_id, reason, business_date "
        f"from ({last_told(events, until)}) told"
    )
