"""What the rules of identity read of the lake, a function for each of their inputs."""

from __future__ import annotations

from identity.refused import refused_tokens
from identity.rulings import FACTS, JOINS, PINS, Rulings, nothing
from jobs.last_resolution import LastResolution
from jobs.night import Night
from model.engines import Engine, Rows
from model.fixed_tables import VAULT_IDENTIFIERS
from model.ops_tables import LISTED
from model.sql_text import date_literal


def rulings_of(engine: Engine, refused: Rows) -> Rulings:
    """A night's rulings; `refused` are the rows of `listed`, kept.

    No rule gives facts beside those of never-merge kinds, joins or pins yet.
    """
    return Rulings(
        refused=refused,
        facts=nothing(engine, FACTS), joins=nothing(engine, JOINS), pins=nothing(engine, PINS),
    )  # fmt: skip


def listed(night: Night, engine: Engine, last: LastResolution | None) -> Rows:
    """Tokens up to the night whose values are on an `invalid` list: REFUSED of identity.rulings.

    Values that had arrived by the `last` night were opened then.
    """
    def opened(values: Rows) -> Rows:
        return refused_tokens(engine, values, night.definitions.policy, night.key)

    values = night.lake.rows(engine, VAULT_IDENTIFIERS, until=night.business_date)
    if last is None:
        return opened(values)
    new = f"select * from values_until where arrived_date > {date_literal(last.night)}"
    return engine.rows(
        "listed", "select * from earlier union select * from new",
        earlier=night.lake.rows(engine, LISTED),
        new=opened(engine.rows("new_values", new, values_until=values)),
    )  # fmt: skip
