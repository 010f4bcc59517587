"""The golden profiles as a plan of tags reads them: with what some picks choose otherwise."""

from __future__ import annotations

from collections.abc import Callable

from identity.choices import ChosenColumn, with_chosen
from jobs.definitions import Definitions
from model.canonical import CanonicalTable
from model.engines import Engine, Rows
from tags.plans import TagPlan


def profiles(
    engine: Engine, definitions: Definitions, golden: Rows,
    person_rows: Callable[[CanonicalTable], Rows], plan: TagPlan,
) -> Rows:  # fmt: skip
    """A night's golden profiles with the columns that picks of the plan choose from the accounts
    of some channels, or by another rule: under the names that the plan gives them. `person_rows`
    gives the rows of a canonical table by person."""
    choices = [
        ChosenColumn(pick.golden, pick.source, pick.choice.channels, pick.choice.prefer)
        for pick in plan.picks if pick.choice
    ]  # fmt: skip
    if not choices:
        return golden
    (table,) = definitions.project.model.golden_tables
    accounts = person_rows(table)
    trust_ranks = {channel.name: channel.trust_rank for channel in definitions.channels}
    return with_chosen(
        engine, golden, accounts, choices, table, definitions.policy.golden, trust_ranks
    )
