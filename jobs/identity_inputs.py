"""What the rules of identity read of the lake, a function for each of their inputs."""

from __future__ import annotations

from identity.corrections import with_corrections
from identity.disputed_names import SealedNames
from identity.person_facts import composite_facts
from identity.refused import refused_tokens
from identity.rulings import FACTS, JOINS, PINS, Rulings, nothing
from jobs.corrections import corrections_of
from jobs.last_resolution import LastResolution
from jobs.night import Night
from jobs.person_names import TableOfPersons
from model.engines import Engine, Rows
from model.fixed_tables import VAULT_IDENTIFIERS
from model.ops_tables import LISTED
from model.sql_text import date_literal
from model.threads import both


def rulings_of(
    night: Night, engine: Engine, persons: TableOfPersons | None, last: LastResolution | None
) -> Rulings:
    """A night's rulings; `persons` tells facts and names (None: the model describes nobody).

    Joins and pins are corrections' (`corrected`). What is refused is kept, since opening the
    vault's values costs most of it: that is work for one core, beside which the names are read.
    After a `last` resolution names are looked up when it is known of whom.
    """
    def told() -> tuple[Rows, SealedNames | None]:
        if persons is None:
            return nothing(engine, FACTS), None
        facts = composite_facts(engine, persons.rows, persons.table, night.definitions.policy)
        return facts, persons.names if last is None else persons.names_looked_up

    refused, (facts, names) = both(lambda: engine.kept(listed(night, engine, last)), told)
    return Rulings(
        refused=refused, facts=facts, joins=nothing(engine, JOINS), pins=nothing(engine, PINS),
        person_names=names,
    )  # fmt: skip


def corrected(night: Night, engine: Engine, rulings: Rulings) -> Rulings:
    """The rulings, and above them the corrections that hold on the night."""
    corrections = corrections_of(night.lake.root, tags=False)
    return with_corrections(engine, rulings, corrections, night.business_date)


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
