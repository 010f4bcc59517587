"""Columns of the golden table as some channels tell them, or by another rule than the profile's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from identity.golden import place_sql, rules_of, trust_sql
from model.canonical import CanonicalTable
from model.engines import Engine, Rows
from model.identity_policy import GoldenPolicy, Prefer
from model.sql_text import is_one_of


@dataclass(frozen=True)
class ChosenColumn:
    """A column of the golden table under another name: the value that survives among the accounts
    of `channels` (empty: all), first by `prefer` (None: by the column's own rule)."""

    name: str
    column: str
    channels: tuple[str, ...] = ()
    prefer: Prefer | None = None


def with_chosen(
    engine: Engine, golden: Rows, accounts: Rows, choices: Sequence[ChosenColumn],
    table: CanonicalTable, policy: GoldenPolicy, trust_ranks: Mapping[str, int],
) -> Rows:  # fmt: skip
    """The golden profiles with the chosen columns, stored as the model stores them: a sealed one as
    `<name>_token` and `<name>_mask` of one account. Null: no account of the channels has a value.

    At least one is chosen. `golden` is unique by one_id and keeps its rows; `accounts` are the
    current rows of `table` with their one_id, as golden profiles are made of.
    """
    survivors = _survivors(engine, accounts, choices, table, policy, trust_ranks)
    names = ", ".join(f"s.{n}" for one in choices for n in _stored(one, table).values())
    return engine.rows("with_chosen", f"""
        select g.*, {names} from golden g left join survivors s on g.one_id = s.one_id
    """, golden=golden, survivors=survivors)  # fmt: skip


def _survivors(
    engine: Engine, accounts: Rows, choices: Sequence[ChosenColumn], table: CanonicalTable,
    policy: GoldenPolicy, trust_ranks: Mapping[str, int],
) -> Rows:  # fmt: skip
    """One row per person with the values of the accounts that come first, of every choice; unique
    by one_id. All in one grouping by person, whatever the number of choices."""
    trust = trust_sql(trust_ranks)
    counts, places, values = [], [], []
    for n, choice in enumerate(choices):
        stored = _stored(choice, table)
        value = f"`{next(iter(stored))}`"  # what tells two values apart: the value, or its token
        own = f" and {is_one_of('channel', choice.channels)}" if choice.channels else ""
        kept = f"{value} is not null{own}"
        first, then = rules_of(choice.column, policy)
        order = place_sql(table, (choice.prefer or first, then), trust, f"_count{n}")
        counts.append(f"""
            count(case when {kept} then 1 end) over (partition by one_id, {value}) as _count{n}""")
        places.append(f"""
            case when {kept} then row_number() over (partition by one_id
            order by case when {kept} then 0 else 1 end, {", ".join(order)}) end as _place{n}""")
        values += [f"max(case when _place{n} = 1 then `{own}` end) as {new}"
                   for own, new in stored.items()]  # fmt: skip
    return engine.rows("chosen", f"""
        select one_id, {", ".join(values)} from (
            select c.*, {", ".join(places)} from (
                select a.*, {", ".join(counts)} from accounts a where one_id is not null
            ) c
        ) placed group by one_id
    """, accounts=accounts)  # fmt: skip


def _stored(choice: ChosenColumn, table: CanonicalTable) -> dict[str, str]:
    """The stored columns of the choice's own, each with its new name."""
    parts = table.columns[choice.column].stored_as(choice.column)
    return {part.name: choice.name + part.name.removeprefix(choice.column) for part in parts}
