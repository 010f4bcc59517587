"""What the rules of identity read of the lake, a function for each of their inputs."""

from __future__ import annotations

from identity.corrections import with_corrections
from identity.disputed_names import SealedNames
from identity.person_facts import composite_facts, sealed_names
from identity.refused import refused_tokens
from identity.rulings import FACTS, JOINS, PINS, Rulings, nothing
from jobs.corrections import corrections_of
from jobs.last_resolution import LastResolution
from jobs.night import Night
from lake.readers import current_rows
from model.engines import Engine, Rows
from model.fixed_tables import VAULT_IDENTIFIERS, VAULT_PROFILES
from model.ops_tables import LISTED
from model.sql_text import date_literal


def rulings_of(night: Night, engine: Engine, refused: Rows) -> Rulings:
    """A night's rulings; `refused` are the rows of `listed`, kept.

    Joins and pins are corrections' (`corrected`).
    """
    facts, names = told_of_persons(night, engine)
    return Rulings(
        refused=refused, facts=facts, joins=nothing(engine, JOINS), pins=nothing(engine, PINS),
        person_names=names,
    )  # fmt: skip


def corrected(night: Night, engine: Engine, rulings: Rulings) -> Rulings:
    """The rulings, and above them the corrections that hold on the night."""
    corrections = corrections_of(night.lake.root, tags=False)
    return with_corrections(engine, rulings, corrections, night.business_date)


def told_of_persons(night: Night, engine: Engine) -> tuple[Rows, SealedNames | None]:
    """The facts and the names that the golden table's current rows tell."""
    golden = night.project.model.golden_tables
    if not golden:
        return nothing(engine, FACTS), None
    (table,) = golden
    versions = night.lake.rows(engine, table.contract, until=night.business_date)
    current = current_rows(table, "versions", night.business_date)
    rows = engine.rows("golden_rows", current, versions=versions)
    vault = night.lake.rows(engine, VAULT_PROFILES, until=night.business_date)
    policy = night.definitions.policy
    return (
        composite_facts(engine, rows, table, policy),
        sealed_names(engine, rows, vault, table, night.key),
    )


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
