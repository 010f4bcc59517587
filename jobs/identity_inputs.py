"""What the rules of identity read of the lake, a function for each of their inputs."""

from __future__ import annotations

from pyspark.sql import DataFrame

from identity.corrections import with_corrections
from identity.refused import refused_tokens
from identity.rulings import FACTS, JOINS, PINS, Rulings, nothing
from jobs.corrections import all_corrections
from jobs.night import Night
from model.engines import Engine, Rows
from model.fixed_tables import VAULT_IDENTIFIERS


def rulings_of(engine: Engine, refused: Rows) -> Rulings:
    """A night's rulings; `refused` are the rows of `listed`, kept.

    No rule gives facts beside those of never-merge kinds yet; joins and pins are corrections'.
    """
    return Rulings(
        refused=refused,
        facts=nothing(engine, FACTS), joins=nothing(engine, JOINS), pins=nothing(engine, PINS),
    )  # fmt: skip


def corrected(night: Night, engine: Engine, rulings: Rulings) -> Rulings:
    """The rulings, and above them the corrections that hold on the night."""
    corrections = all_corrections(night.lake.root)
    return with_corrections(engine, rulings, corrections, night.business_date)


def listed(night: Night) -> DataFrame:
    """Tokens up to the night whose values are on an `invalid` list: REFUSED of identity.rulings."""
    values = night.lake.read_until(VAULT_IDENTIFIERS, night.business_date)
    return refused_tokens(values, night.definitions.policy, night.key)
