"""The sealed values behind tokens: what the vault keeps of a night."""

from __future__ import annotations

from collections.abc import Sequence

from ingestion.standards import Standards
from ingestion.versions import ACCEPTED
from model.engines import Engine, Rows
from model.sql_text import date_literal, text_literal


def identifier_values(engine: Engine, known: Rows | None, standards: Standards) -> Rows:
    """Every well-formed identifier of the records (contract VAULT_IDENTIFIERS), quarantined ones
    left out: what is not accepted may not name anybody. `known` are the records' sets
    (ingestion.sighting_rows.known_sets).
    """
    entries = [
        (f"{text_literal(slot.kind)} as kind, {text_literal(slot.scope)} as scope",
         f"_token_{n}", f"_sealed_{n}")
        for n, slot in enumerate(standards.dataset.slots if known is not None else ())
    ]
    return _shown_values(engine, known, "true", standards, ("kind", "scope"), entries)


def profile_values(engine: Engine, standard: Rows, standards: Standards) -> Rows:
    """Every value of a high-pii column (contract VAULT_PROFILES), by column and token."""
    entries = [
        (f"{text_literal(each.name)} as column_name",
         f"{each.prefix}_token", f"{each.prefix}_sealed")
        for each in standards.high
    ]
    return _shown_values(engine, standard, ACCEPTED, standards, ("column_name",), entries)


def _shown_values(
    engine: Engine, holders: Rows | None, where: str, standards: Standards, names: Sequence[str],
    entries: Sequence[tuple[str, str, str]],
) -> Rows:  # fmt: skip
    """The vault's rows of all entries, one for each record that shows the value: who writes them
    leaves one of each (a token has one seal)."""
    sources = [
        f"select {named}, {token} as token, {sealed} as sealed from holders where {where}"
        for named, token, sealed in entries
    ]
    nothing = ", ".join(f"'' as {name}" for name in names)
    # Where nothing is kept, rows there are none of still have their columns.
    sources = sources or [
        f"select {nothing}, cast(null as string) as token, cast(null as binary) as sealed"
    ]
    return engine.rows("vault_values", f"""
        select {date_literal(standards.business_date)} as arrived_date, {', '.join(names)},
               token, sealed
        from ({' union all '.join(sources)}) as entries
        where token is not null
    """, **({} if holders is None else {"holders": holders}))  # fmt: skip
