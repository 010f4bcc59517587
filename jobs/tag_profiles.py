"""The golden profiles as a plan of tags reads them: with what some picks choose otherwise."""

from __future__ import annotations

from identity.choices import ChosenColumn, with_chosen
from jobs.night import Night
from model.engines import Engine, Rows
from tags.plans import TagPlan


def profiles(night: Night, engine: Engine, golden: Rows, plan: TagPlan) -> Rows:
    """The night's golden profiles with the columns that picks of the plan choose from the accounts
    of some channels, or by another rule: under the names that the plan gives them."""
    choices = [
        ChosenColumn(pick.golden, pick.source, pick.choice.channels, pick.choice.prefer)
        for pick in plan.picks if pick.choice
    ]  # fmt: skip
    if not choices:
        return golden
    definitions = night.definitions
    (table,) = night.project.model.golden_tables
    accounts = night.person_rows(engine, table)
    trust_ranks = {channel.name: channel.trust_rank for channel in definitions.channels}
    return with_chosen(
        engine, golden, accounts, choices, table, definitions.policy.golden, trust_ranks
    )
