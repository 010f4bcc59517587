"""What the rows of golden tables tell of persons: composites that keep apart, and names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from identity.disputed_names import SealedNames
from identity.rulings import FACTS, nothing
from model.canonical import CanonicalColumn, CanonicalTable
from model.engines import Engine, Rows
from model.identity_policy import IdentityPolicy
from model.sql_text import is_one_of, text_literal
from privacy.tokens import TokenKey

# Words of a column's own name that say which part of a name it holds; a whole name has neither.
_FAMILY = re.compile("family|last|sur")
_GIVEN = re.compile("given|first|fore")


def composite_facts(
    engine: Engine, rows: Rows, table: CanonicalTable, policy: IdentityPolicy
) -> Rows:
    """The facts (FACTS of identity.rulings) of never-merge composites, by sighting.

    `rows` are the current rows of the golden table; those of channels in shadow tell nothing, nor
    does one in which a part is not filled. A sighting has one value: of two rows the newer one's,
    as for versions of one key, since it is what was said last and may mend the other; then by
    channel and key.
    """
    keys = ", ".join(f"r.{name}" for name in table.key)
    order = f"{table.newest_first('r')}, r.channel, {keys}"
    parts = [
        f"""
        select r.sighting_id as node_id,
            {text_literal(f"never_merge {'+'.join(columns)}")} as rule, '' as scope,
            concat_ws(chr(31), {", ".join(f"cast({name} as string)" for name in stored)}) as value,
            row_number() over (partition by r.sighting_id order by {order}) as place
        from told r
        where {_tells_a_person(table)}
            and {" and ".join(f"{name} is not null" for name in stored)}
        """
        for columns in policy.never_merge_composites
        for stored in [[_told(table, name) for name in columns]]
    ]
    if not parts:
        return nothing(engine, FACTS)
    return engine.rows(
        "composite_facts",
        f"""
        select node_id, rule, scope, value from ({" union all ".join(parts)}) told_by_row
        where place = 1
        """,
        told=rows,
    )


def sealed_names(
    engine: Engine, rows: Rows, vault: Rows, table: CanonicalTable, key: TokenKey
) -> SealedNames | None:
    """The names that the current rows of the golden table tell, by sighting; None where it has no
    high-pii column that holds any. `vault` is vault.profiles up to the night; channels in shadow
    tell no names.

    A column masked as a name is a whole one, but a family's and a given one beside it make one
    together: what the model reads from a whole, and else the words of their own names, tell them.
    What was read from a whole counts only in rows without it.
    """
    if (borne := names_told(table, "told")) is None:
        return None
    # Both are read by each step that asks who bears which name.
    names = engine.kept(engine.rows("names_borne", borne, told=rows))
    sealed = f"""
        select v.token, v.sealed from vault v
        semi join (
            select token from borne union select given_token from borne
        ) b on b.token = v.token
        where {is_one_of('v.column_name', _name_columns(table))}
    """
    return SealedNames(
        names, engine.kept(engine.rows("names_sealed", sealed, vault=vault, borne=names)), key
    )


def names_told(table: CanonicalTable, rows: str) -> str | None:
    """SQL of the names that rows of the golden table tell (`borne` of SealedNames); None where no
    column holds any."""
    columns = _name_columns(table)
    return " union ".join(
        f"select sighting_id, {token} as token, {given} as given_token from {rows} r "
        f"where {_tells_a_person(table)} and {token} is not null and {counts}"
        for token, given, counts in _stored_names(columns, table)
    ) if columns else None


def table_of_names(table: CanonicalTable) -> CanonicalTable:
    """The golden table with those of its columns alone that tell names, or which version stands."""
    columns = _name_columns(table)
    wholes = {told.column for name in columns if (told := table.columns[name].read_from)}
    read = {*columns, *wholes, *table.key, table.time}
    return replace(table, columns={n: each for n, each in table.columns.items() if n in read})


def _name_columns(table: CanonicalTable) -> list[str]:
    return [name for name in table.high_pii if _holds_names(table.columns[name])]


def _stored_names(
    columns: Sequence[str], table: CanonicalTable
) -> Iterator[tuple[str, str, str]]:
    """SQL of the tokens of every whole name, or family's name, and of the given one beside it; and
    of whether the row's counts."""
    families = [name for name in columns if _is_part(name, table, "family_name", _FAMILY)]
    givens = [
        name for name in columns
        if _is_part(name, table, "given_name", _GIVEN) and name not in families
    ]  # fmt: skip
    pairs = list(zip(families, givens, strict=False))
    for name in columns:
        if not any(name in pair for pair in pairs):
            yield f"{name}_token", "cast(null as string)", "true"
    for family, given in pairs:
        read_from = table.columns[family].read_from
        is_alone = f"{read_from.column}_token is null" if read_from else "true"
        yield f"{family}_token", f"{given}_token", is_alone


def _holds_names(column: CanonicalColumn) -> bool:
    part = column.read_from.part if column.read_from else ""
    return column.mask == "name" or part in ("family_name", "given_name")


def _is_part(name: str, table: CanonicalTable, part: str, words: re.Pattern[str]) -> bool:
    read_from = table.columns[name].read_from
    return read_from.part == part if read_from else words.search(name) is not None


def _tells_a_person(table: CanonicalTable) -> str:
    """SQL: the row `r` has a sighting, and its channel may join persons."""
    is_shadow = is_one_of("r.channel", sorted(table.reading.shadow))
    return f"r.sighting_id is not null and not {is_shadow}"


def _told(table: CanonicalTable, name: str) -> str:
    """What tells two values of a column apart: the value, or its token."""
    return f"r.{table.columns[name].stored_as(name)[0].name}"
